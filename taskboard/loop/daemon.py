"""The daemon: one per board. It waits for a save, for news in the ledger, for a run to end or
for a moment that something waits for, and then does one turn."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from taskboard import __version__
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.hindrances import settles_at
from taskboard.core.spending import next_day
from taskboard.core.state import Kind
from taskboard.core.task import World
from taskboard.core.units import stamp
from taskboard.core.wake import due
from taskboard.errors import Conflict, TaskboardError
from taskboard.files import Stat
from taskboard.log import log
from taskboard.loop.absorb import is_absorbed, prepare
from taskboard.loop.choice import load_agents
from taskboard.loop.context import Context, Memory
from taskboard.loop.late import has_late_saves
from taskboard.loop.notify import Notifier
from taskboard.loop.project import project
from taskboard.loop.pulse import NO_PULSE, Pulse
from taskboard.loop.reclaim import has_dead
from taskboard.loop.space import tidy
from taskboard.loop.tick import tick
from taskboard.loop.watch import Changes, Debounce

WRITE_EVERY = 2.0
"""Seconds between two write-backs of a daemon, so that an editor is rarely in the way."""

_JUMP = 0.5
"""Seconds that the wall clock may differ from the awake clock after one poll: more, and the
machine has slept or somebody has set its clock."""

_LEAST = 0.001
"""Seconds a wait lasts at least: a moment that rounding puts just ahead is then past."""


class Daemon:
    """The loop around the turn. ``stop`` may be called from a signal handler."""

    def __init__(
        self,
        ctx: Context,
        memory: Memory,
        changes: Changes,
        progress: Callable[[], None] | None = None,
        pulse: Pulse = NO_PULSE,
    ) -> None:
        self.ctx, self.memory, self.changes = ctx, memory, changes
        self._pulse = pulse
        self._progress = progress
        self._debounce = Debounce(ctx.settings.debounce, ctx.settings.debounce_max)
        self._noticed: Stat | None = None
        """The board's file as last noticed: a hint about the same file is no save."""
        self._ledger: Stat | None = None
        self._untrusted = False
        self._prepared = True
        """The save that is not quiet yet was read ahead."""
        self._unwritten = False
        self._woke = ctx.clock.now()
        """When the last turn began: what was due then it has dealt with."""
        self._began = ctx.clock.awake()
        self._lead = self._wall_lead()
        self._stop = False
        self._notifier = Notifier(ctx)
        memory.patient = True

    def stop(self) -> None:
        """End cleanly: as setting ``on_stop`` says, runs are handed back or finished."""
        self._stop = True
        self.memory.stopping = True
        self.memory.news.set()

    async def run(self) -> None:
        """Work until stopped. Raises what makes going on impossible (a damaged ledger)."""
        space = self.ctx.workspace
        names = frozenset({space.board.name, space.ledger.name, space.settings.name})
        self.changes.start(space.root, names, self._told)
        load_agents(self.ctx, self.memory)
        try:
            await self._say(E.DAEMON_STARTED)
            await self._notifier.start()
            await self._turn(start=True)
            self._pulse.ready()
            while not self._stop:
                await tidy(self.ctx, self.memory)
                await self._wait()
                if not self._stop:
                    await self._turn()
            self._pulse.stopping()
            await self._shut_down()
        finally:
            self._notifier.abandon()
            self.changes.stop()

    def _told(self, name: str) -> None:
        """A hint: look at what it names."""
        if name == self.ctx.workspace.board.name:
            self._look_at_board(hinted=True)
        else:
            self._look_at_ledger()
        self.memory.news.set()

    def _look_at_board(self, *, hinted: bool = False) -> None:
        """Another file, or (when a hint came) other bytes in it: a save that is not absorbed."""
        stat = self.ctx.files.stat(self.ctx.workspace.board)
        if stat != self._noticed or (hinted and not is_absorbed(self.ctx, self.memory)):
            self._noticed = stat
            self._debounce.touch(self.ctx.clock.awake())
            self._prepared = False
            self.memory.noticed = True

    def _look_at_ledger(self) -> None:
        if self.ctx.files.stat(self.ctx.workspace.ledger) != self._ledger:
            self.memory.due = True

    async def _wait(self) -> None:
        """Until a turn has something to do; the poll catches whatever no hint told of."""
        self._pulse.beat()
        while not self._stop and not self.memory.due:
            patience = await self._patience()
            moment = self.ctx.clock.awake() + patience
            if patience <= 0:
                return
            if await self._prepare(patience):
                continue
            try:
                look = min(patience, self.ctx.settings.poll, self._pulse.every)
                async with asyncio.timeout(max(look, _LEAST)):
                    await self.memory.news.wait()
            except TimeoutError:
                self._look_at_board()
                self._look_at_ledger()
                self.memory.due = self.memory.due or has_late_saves(self.ctx)
                self.memory.due = self.memory.due or await has_dead(self.ctx, self.memory)
                self.memory.due = self.memory.due or self._is_trusted_again()
                self.memory.due = self.memory.due or self._has_come()
                self.memory.due = self._has_jumped() or self.memory.due
            self.memory.news.clear()
            self._pulse.beat()
            if self.ctx.clock.awake() >= moment:
                return
            if self._progress is not None:
                self._progress()

    async def _prepare(self, patience: float) -> bool:
        """Read a save ahead in the middle of its quiet period, when nothing else is near."""
        half = self.ctx.settings.debounce / 2
        due = self._debounce.due()
        if self._prepared or due is None or patience < half / 2:
            return False
        early = due - half - self.ctx.clock.awake()
        if early > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(max(min(early, patience, self._pulse.every), _LEAST)):
                    await self.memory.news.wait()
                return False
            self._pulse.beat()
            return True
        self._prepared = True
        try:
            await prepare(self.ctx, self.memory)
        except (TaskboardError, OSError) as error:
            log.debug("a save could not be read ahead: %s", error)
        return True

    def _wall_lead(self) -> float:
        return self.ctx.clock.now().timestamp() - self.ctx.clock.awake()

    def _has_jumped(self) -> bool:
        """Whether the wall clock has jumped since the last poll (by a sleep, too): moments that
        something waits for may lie behind it now, and no timer of ours told of them."""
        before, self._lead = self._lead, self._wall_lead()
        return abs(self._lead - before) > _JUMP

    def _is_trusted_again(self) -> bool:
        """Trust is given elsewhere, and nothing in the folder tells of it."""
        return self._untrusted and self.ctx.untrusted() is None

    def _has_come(self) -> bool:
        """Whether an input is there that a task has waited for."""
        return any(self.ctx.files.stat(path) is not None for path in self.memory.awaited)

    async def _patience(self) -> float:
        """Seconds until a moment that something waits for; infinite when nothing does."""
        clock, moments = self.ctx.clock, [math.inf]
        quiet = self._debounce.due()
        if quiet is not None:
            moments.append(quiet - clock.awake())
        if self._unwritten and self.memory.wrote is not None:
            moments.append(self.memory.wrote + WRITE_EVERY - clock.awake())
        retry = self.ctx.writeback.retry_at
        if retry is not None and retry > self._began:  # else the last turn could not write it
            moments.append(retry - clock.awake())
        world = await self.ctx.ledger.look()
        now = clock.now()
        held = self.memory.sight.held is not None
        # What the last turn could not end by time alone would be due for ever.
        waiting = None if held else due(world, now=now, after=self._woke, uptime=self.ctx.uptime())
        if waiting is not None:
            moments.append(waiting)
        for task in world.tasks.values():
            settled = settles_at(task, self.ctx.settings.settle, now)
            if task.kind is Kind.READY and settled is not None and settled > now:
                moments.append((settled - now).total_seconds())
        return min([*moments, *self._allowed_again(world)])

    def _allowed_again(self, world: World) -> Iterator[float]:
        """Seconds until an answer of the decision layer has held long enough, until executors
        that refused their service are asked again, and until what models may cost in a day
        begins anew."""
        ctx = self.ctx
        holds = [self.memory.thought.until] if self.memory.thought is not None else []
        for until in (*holds, *(until for _fit, until in self.memory.unable.values())):
            if until > self._began:
                yield until - ctx.clock.awake()
        if any(t.kind is Kind.READY for t in world.tasks.values()):
            ends = next_day(self._woke)  # of the day that the last turn saw
            if world.costs.get(stamp(self._woke)[:10]):
                yield (ends - ctx.clock.now()).total_seconds()

    async def _turn(self, *, start: bool = False) -> None:
        """One turn; the board is left unread while a save is not quiet."""
        self.memory.due = False
        moment = self._debounce.due()
        quiet = moment is None or moment <= self.ctx.clock.awake()
        if quiet:
            self._debounce.clear()
            self.memory.noticed = False
        write = self._may_write()
        self._woke, self._began = self.ctx.clock.now(), self.ctx.clock.awake()
        try:
            await tick(self.ctx, self.memory, start=start, board=quiet, write=write)
        except Conflict as conflict:
            log.info("%s", conflict.message)
            self.memory.due = True
        self.memory.settling = True  # what is new from now on may be half typed
        self._unwritten = not write
        self._untrusted = self.ctx.untrusted() is not None
        self._ledger = self.ctx.files.stat(self.ctx.workspace.ledger)
        if quiet:
            self._noticed = self.memory.sight.stat
            self._look_at_board()  # a save that came while this turn wrote waits for its quiet
        self._notifier.news()
        if self._progress is not None:
            self._progress()

    def _may_write(self) -> bool:
        wrote = self.memory.wrote
        return wrote is None or self.ctx.clock.awake() >= wrote + WRITE_EVERY

    async def _shut_down(self) -> None:
        """Hand runs back (or let them finish), write the board once more, say goodbye."""
        for active in list(self.memory.active.values()):
            if self.ctx.settings.on_stop == "release" and active.stop is None:
                active.stop = "release"
                active.job.cancel()
        jobs = [a.job for a in self.memory.active.values()]
        for judge in self.memory.judged.values():
            judge.cancel()
        others: list[asyncio.Task[Any]] = list(self.memory.judged.values())
        if self.memory.thought is not None:
            self.memory.thought.job.cancel()
            others.append(self.memory.thought.job)
        await asyncio.gather(*jobs, *others, return_exceptions=True)
        try:
            await tick(self.ctx, self.memory, write=False)
            await project(self.ctx, self.memory)
        except TaskboardError as error:
            log.warning("the board could not be written at the end: %s", error.message)
        await self._notifier.stop()
        await self._say(E.DAEMON_STOPPED)

    async def _say(self, event: E) -> None:
        me = self.ctx.processes.me()
        data: dict[str, Any] = {"pid": me.pid, "slots": self.ctx.settings.slots}
        data["version"] = __version__
        if self.ctx.bell is not None:
            data["notify"] = True  # what happens from here on is told, if need be later
        await self.ctx.ledger.append([Draft(type=event, data=data)])
