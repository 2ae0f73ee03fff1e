"""The real product on the simulated edges: a daemon, and commands of people and agents."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from simworld.stage import BOARD, LEDGER, STATE, Program, Stage, Violation
from simworld.watched import WatchedLedger, WatchedWriteBack
from simworld.work import SimExecutor
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.state import Kind
from taskboard.core.task import World
from taskboard.deciders.priority import Decider
from taskboard.errors import Conflict, TaskboardError
from taskboard.ledgers.jsonl import JsonlLedger
from taskboard.ledgers.leases import DirectoryLeases
from taskboard.loop import agents, command, find, people
from taskboard.loop.absorb import absorb
from taskboard.loop.context import Context, Memory
from taskboard.loop.daemon import Daemon
from taskboard.loop.writeback import WriteBack
from taskboard.testing.processes import FakeMachine, FakeProcesses
from taskboard.workspace import Workspace


class Hints:
    """``Changes`` that a simulation tells."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.tell: Callable[[str], None] | None = None

    def start(self, _folder: Path, names: frozenset[str], tell: Callable[[str], None]) -> None:
        self.tell = lambda name: tell(name) if name in names else None
        self.stage.heard.append(self._later)

    def _later(self, name: str) -> None:
        tell = self.tell
        if tell is not None:
            asyncio.get_running_loop().call_soon(tell, name)

    def stop(self) -> None:
        if self._later in self.stage.heard:
            self.stage.heard.remove(self._later)


class Opened(Program):
    """A program with the whole product opened in it."""

    def __init__(self, stage: Stage, name: str, acked: dict[int, str]) -> None:
        super().__init__(stage, name)
        space, files, clock = Workspace(BOARD), self.files, stage.clock
        self.processes = FakeProcesses(stage.machine)
        self.inner = JsonlLedger(
            files,
            clock,
            path=LEDGER,
            state=STATE,
            device="mac1",
            board=BOARD.name,
            threads=False,
        )
        ledger = WatchedLedger(self.inner, acked, self._asked)
        self.writeback = WatchedWriteBack(
            WriteBack(files, clock, board=BOARD, state=STATE, boot=self.processes.me().boot),
            stage.say,
        )
        self.memory = Memory()
        self.ctx = Context(
            workspace=space,
            settings=stage.settings,
            files=files,
            clock=clock,
            processes=self.processes,
            ledger=ledger,
            history=ledger,
            leases=DirectoryLeases(files, space.locks),
            writeback=self.writeback,
            executors={"shell": SimExecutor(stage, self, self.processes)},
            decider=Decider(),
            fallback=Decider(),
            device="mac1",
            mark=f"{stage.dice.randrange(4096):03x}",
            owner="ada",
            untrusted=lambda: None,
            git=stage.git,
        )

    def _asked(self, drafts: Sequence[Draft]) -> None:
        if not self.dead:
            self.stage.say(
                f"  {self.name}: "
                + ", ".join(
                    f"{d.type} {d.task or ''}{'->' + d.to if d.to else ''}" for d in drafts
                )
            )

        for draft in drafts:
            if draft.type is E.RECLAIMED and not self.dead and self._holder_lives(draft):
                raise Violation(f"{draft.task}: {draft.run} is taken from a holder that lives")

    def _holder_lives(self, draft: Draft) -> bool:
        lease = self.ctx.leases.find(draft.task or "", draft.attempt or 0)
        if lease is None or lease.run != draft.run or lease.boot != self.processes.me().boot:
            return False
        if lease.supervisor is None:
            return (lease.expires_boot or 0.0) > self.stage.clock.boot()
        return self.stage.supervises(lease.run)

    def kill(self) -> None:
        super().kill()
        self.stage.machine.exit(self.processes.me())
        self.processes.machine = FakeMachine()  # the dead end nobody


class DaemonProgram(Opened):
    """One life of the daemon."""

    def __init__(self, stage: Stage, acked: dict[int, str]) -> None:
        super().__init__(stage, "daemon", acked)
        self.hints = Hints(stage)
        self.daemon = Daemon(self.ctx, self.memory, self.hints)
        stage.supervises = self._supervises

    def _supervises(self, run: str) -> bool:
        active = self.memory.active.get(run)
        return not self.dead and active is not None and active.stop is None

    def _asked(self, drafts: Sequence[Draft]) -> None:
        super()._asked(drafts)
        noticed = self.daemon._debounce.pending
        if noticed and any(d.type is E.CLAIMED for d in drafts):
            self.stage.say("VIOLATION")
            raise Violation("a task is claimed while a noticed save is not absorbed")


class Commands:
    """People and agents at the command line. Agents remember runs, also when they are over."""

    def __init__(self, stage: Stage, acked: dict[int, str]) -> None:
        self.stage, self.acked, self.dice = stage, acked, stage.dice
        self.labels: list[str] = []
        self.program: Opened | None = None
        self.ids = 0
        self.paused = False

    def opened(self) -> Opened:
        """A fresh process for each command in principle; its folded ledger is kept for speed."""
        old = self.program
        if old is None or old.dead:
            self.program = Opened(self.stage, "command", self.acked)
        else:
            old.memory = Memory()
        assert self.program is not None
        return self.program

    async def say_yes(self) -> None:
        """A person means the board as it is, and whatever git brought."""
        await self._do(self._accept)
        await self._do(self._approve)

    async def leave(self) -> None:
        """An agent claims what it can get, and is never heard of again."""
        await self._do(self._take)

    async def act(self) -> None:
        """One command, refused or not."""
        kinds = [self._take] * 3 + [self._complete] * 2 + [self._beat, self._fail, self._back]
        kinds += [self._ready, self._cancel, self._block, self._done, self._add, self._pause]
        kinds += [self._again] * 3 + [self._accept] * 3 + [self._approve]
        kind = self._resume if self.paused else self.dice.choice(kinds)
        await self._do(kind)

    async def _do(self, kind: Callable[..., Any]) -> None:
        program = self.opened()
        self.stage.say(f"command {kind.__name__.strip('_')}")
        try:
            await self._run(program, kind)
        except Conflict:
            self.stage.say("  conflict")
        except TaskboardError as refused:
            if refused.code in ("corrupt", "internal", "storage"):
                raise
            self.stage.say(f"  refused: {refused.message}")
        self.stage.hint(LEDGER.name)

    async def _run(self, program: Opened, kind: Callable[..., object]) -> None:
        ctx, memory = program.ctx, program.memory
        if kind == self._beat:
            await self._beat(ctx)
            return
        await command.begin(ctx, memory)
        world = await ctx.ledger.look()
        try:
            await kind(program, world)  # type: ignore[misc]
        finally:
            if not program.dead:
                await command.end(ctx, memory)

    def _label(self) -> str:
        return self.dice.choice(self.labels[-5:]) if self.labels else "TASK-001@1"

    def _task(self, world: World) -> str:
        return self.dice.choice(sorted(world.names) or ["TASK-001"])

    async def _take(self, program: Opened, world: World) -> None:
        name = None if self.dice.random() < 0.5 else self._task(world)
        _task, lease = await agents.take(program.ctx, program.memory, name, "bot", "agent:bot")
        self.labels.append(self.dice.choice([lease.label, lease.run]))

    async def _beat(self, ctx: Context) -> None:
        await agents.beat(ctx, self._label())

    async def _complete(self, program: Opened, _world: World) -> None:
        label = self._label()
        task = await find.find_run(program.ctx, label)
        offered = agents.Evidence(output="It is all done, and here is what I have to say. " * 2)
        await agents.finish(program.ctx, task, label, offered, "agent:bot")

    async def _fail(self, program: Opened, _world: World) -> None:
        label = self._label()
        task = await find.find_run(program.ctx, label)
        final = self.dice.random() < 0.3
        await agents.give_up(program.ctx, task, label, "no luck", "agent:bot", final=final)

    async def _back(self, program: Opened, _world: World) -> None:
        label = self._label()
        task = await find.find_run(program.ctx, label)
        await agents.hand_back(program.ctx, task, label, "agent:bot")

    async def _ready(self, program: Opened, world: World) -> None:
        task = await find.find_task(program.ctx, self._task(world))
        await people.say_ready(program.ctx, task, "cli:ada")

    async def _cancel(self, program: Opened, world: World) -> None:
        task = await find.find_task(program.ctx, self._task(world))
        await people.say_cancel(program.ctx, task, "cli:ada")

    async def _again(self, program: Opened, world: World) -> None:
        """Stopped and started anew at once."""
        running = sorted(t.task for t in world.tasks.values() if t.kind is Kind.RUNNING)
        name = self.dice.choice(running) if running else self._task(world)
        task = await find.find_task(program.ctx, name)
        await people.say_cancel(program.ctx, task, "cli:ada")
        task = await find.find_task(program.ctx, name)
        await people.say_ready(program.ctx, task, "cli:ada")

    async def _accept(self, program: Opened, _world: World) -> None:
        await absorb(program.ctx, program.memory, accept=True)

    async def _approve(self, program: Opened, world: World) -> None:
        waiting = [t for t in world.tasks.values() if not t.approved]
        for task in waiting:
            await people.say_approve(program.ctx, task, "cli:ada")

    async def _block(self, program: Opened, world: World) -> None:
        task = await find.find_task(program.ctx, self._task(world))
        await people.say_block(program.ctx, task, "ada", "thinks", "cli:ada")

    async def _done(self, program: Opened, world: World) -> None:
        task = await find.find_task(program.ctx, self._task(world))
        await people.say_done(program.ctx, task, "cli:ada")

    async def _add(self, program: Opened, world: World) -> None:
        if len(world.tasks) > 14:
            return
        self.ids += 1
        await command.add(
            program.ctx,
            program.memory,
            f"Added {self.ids}",
            status="ready",
            fields=[("run", "make it")],
            body="As added.",
            actor="cli:ada",
        )

    async def _pause(self, program: Opened, _world: World) -> None:
        await people.say_pause(program.ctx, "cli:ada", paused=True)
        self.paused = True

    async def _resume(self, program: Opened, _world: World) -> None:
        await people.say_pause(program.ctx, "cli:ada", paused=False)
        self.paused = False
