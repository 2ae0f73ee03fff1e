"""``tail``: the ledger as it is, or in words; followed like ``tail -F``."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated

from taskboard.app import App
from taskboard.cli.call import Call
from taskboard.cli.look import look
from taskboard.cli.since import moment
from taskboard.cli.text import Screen, clipped, one_line, padded, width_of
from taskboard.cli.when import When
from taskboard.cli.words import words
from taskboard.core.event import Event, EventType
from taskboard.core.task import World
from taskboard.errors import Corrupt, Usage
from taskboard.ledger import History
from taskboard.loop.lookback import last_of, seq_before

if TYPE_CHECKING:
    import typer

_LOOK_EVERY = 0.2
"""Seconds between two looks at a ledger that is followed: one ``stat`` each."""
_FOLLOWED = 20
"""Lines of the past that somebody sees who follows."""
_KNOWN = 500
"""Events whose ids are remembered, to find them again in a ledger that lost the last of them."""
_LEAST = 8
"""Columns a title is worth showing in, and that what happened has in any window."""
UTC = When(here=False)
_NAME = 9
"""Columns of a task's id: longer ones push the rest to the right."""


def tail(
    ctx: typer.Context,
    *,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on as it grows.")] = False,
    task: Annotated[str | None, typer.Option(metavar="ID", help="Only this task.")] = None,
    type_: Annotated[
        str | None, typer.Option("--type", metavar="T", help="Only this type of event.")
    ] = None,
    lines: Annotated[
        int | None, typer.Option("-n", "--lines", metavar="N", help="Only the last N.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="T", help="Only from then on: `8h`, `18:30`, a date.")
    ] = None,
    whole: Annotated[
        bool, typer.Option("-a", "--all", help="Steps, receipts and tellings, too.")
    ] = False,
) -> None:
    """The ledger: with --json its lines unchanged, otherwise one readable line an event. What
    another line says anyway (steps, receipts) is left out unless --all, --task or --type asks."""
    if lines is not None and lines < 0:
        raise Usage("--lines must not be less than 0.", hint="taskboard tail -n 20")
    if type_ is not None:
        _require_type(type_)
    call = Call.of(ctx)
    if lines is None and since is None and follow and not call.json:
        lines = _FOLLOWED
    reader = _Reader(call, task.upper() if task else None, type_, whole=whole)

    async def work(app: App) -> None:
        if task is not None:
            reader.task_id = (await look(app)).task(task).task_id
        if since is not None:
            reader.since = moment(since, app.ctx.clock.now(), "tail")
        await reader.print_last(app, lines)
        if follow:
            await reader.follow(app)

    try:
        call.run(work, writable=False)
    except KeyboardInterrupt:
        if not follow:
            raise  # else whoever follows says in this way that it is enough


def _require_type(name: str) -> None:
    """Raise ``Usage`` for a type that no event has, with those it may have been meant for."""
    known = [event.value for event in EventType]
    if name in known:
        return
    near = get_close_matches(name, known, 3, 0.5) or [k for k in known if name in k][:3]
    hint = f"taskboard tail --type {near[0]}" if near else f"One of {', '.join(known)}."
    also = f" Near it: {', '.join(near)}." if near else ""
    raise Usage(f"No event is of type {name}.{also}", hint=hint)


class Lines:
    """Events as lines for people: the time, the task, what happened. On a terminal the times are
    this machine's, a line says when another day begins, and nothing is wider than the window."""

    def __init__(self, screen: Screen, indent: str = "") -> None:
        self._screen, self._indent = screen, indent
        self._when = When(here=screen.tty)
        self._day = ""

    def of(self, event: Event, title: str = "") -> list[str]:
        """The line, and before it one for a new day."""
        screen, found = self._screen, words(event, self._when, title)
        name = padded(one_line(event.task or "-"), _NAME)
        head = f"{self._indent}{self._when.moment(event.ts)}  {name}"
        if screen.wide is None:
            return [f"{head} {found.text}" + (f"  {found.title}" if found.title else "")]
        room = max(screen.wide - width_of(head) - 2, _LEAST)
        text = clipped(found.text, room)
        line = f"{head} {screen.paint(text, found.colour)}"
        left = room - width_of(text) - 2
        if found.title and left >= _LEAST:
            line += f"  {screen.paint(clipped(found.title, left), 'dim')}"
        day = self._when.day(event.ts)
        if day == self._day:
            return [line]
        self._day = day
        return [self._indent + screen.paint(day, "dim"), line]


class _Reader:
    """Reads on from where it was. ``_after`` is the sequence of the last event that was looked at,
    ``_known`` are the ids of the last ones, ``task_id`` is the task that is asked for: it may
    have had other names."""

    def __init__(self, call: Call, task: str | None, type_: str | None, *, whole: bool) -> None:
        self._call, self._task, self._type = call, task, type_
        self._whole = whole or task is not None or type_ is not None
        self._screen = Screen()
        self._lines = Lines(self._screen)
        self._after = 0
        self._known: deque[str] = deque(maxlen=_KNOWN)
        self._ledger_id: str | None = None
        self.task_id: str | None = None
        self.since: datetime | None = None

    async def print_last(self, app: App, count: int | None) -> None:
        """Print what is there, or its last ``count`` events."""
        world = await app.ctx.ledger.look()
        start = 0
        if self.since is not None:
            start = await seq_before(app.ctx.history, world.seq, self.since)
        self._ledger_id = world.ledger_id
        self._after = world.seq if count is not None else start
        if self._after:
            recent = await last_of(app.ctx.history, self._after, 0, _KNOWN, lambda _event: True)
            self._known.extend(event.id for event, _line in recent)
        if count is None:
            await self._print_new(app, start)
            return
        for event, line in await last_of(app.ctx.history, world.seq, start, count, self._shown):
            self._print(event, line, world)
        sys.stdout.flush()

    async def follow(self, app: App) -> None:
        """Print as the ledger grows, for ever. One whose file was replaced is followed where it
        goes on; another ledger in its place is read from its beginning."""
        current, there = app, True
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            try:
                there = there or await self._go_on(current)
                if there:
                    await self._print_new(current, self._after)
            except Corrupt as error:
                if error.code != "ledger_rollback":
                    raise
                current.ledger.close()
                current, there = self._call.open(writable=False), False

    async def _go_on(self, app: App) -> bool:
        """Find the last event that was read in a ledger that has taken the place of the one that
        was followed. A new one that goes on from it, as after ``fork`` or ``salvage``, holds the
        same events under other hashes, maybe fewer; that it was opened is told. False while
        there is none."""
        world, history = await app.ctx.ledger.look(), app.ctx.history
        if not world.seq:
            return False
        self._after = await self._place(history)
        if self._after and world.ledger_id != self._ledger_id:
            async for event, line in history.read():
                if not self._call.json or self._wanted(event):
                    self._print(event, line, world)
                break
        self._ledger_id = world.ledger_id
        return True

    async def _place(self, history: History) -> int:
        """Where the last event that was read stands now, or the last of those before it that is
        still there; 0 when none is."""
        async for event, _line in history.read(max(self._after - 1, 0)):
            if self._known and event.id == self._known[-1]:
                return event.seq
            break
        known, found = frozenset(self._known), 0
        async for event, _line in history.read():
            found = event.seq if event.id in known else found
        return found

    async def _print_new(self, app: App, after: int) -> None:
        world = await app.ctx.ledger.look()
        if world.seq == after:
            return
        self._ledger_id = world.ledger_id
        async for event, line in app.ctx.history.read(after):
            self._after = event.seq
            self._known.append(event.id)
            if self._shown(event):
                self._print(event, line, world)
        sys.stdout.flush()

    def _shown(self, event: Event) -> bool:
        quiet = not (self._call.json or self._whole) and words(event, UTC).quiet
        return self._wanted(event) and not quiet

    def _wanted(self, event: Event) -> bool:
        named = self._task is None or (event.task or "").upper() == self._task
        if not named and (self.task_id is None or event.task_id != self.task_id):
            return False
        if self.since is not None and _is_before(event, self.since):
            return False
        return self._type is None or event.type == self._type

    def _print(self, event: Event, line: bytes, world: World) -> None:
        if self._call.json:
            sys.stdout.flush()
            sys.stdout.buffer.write(line)
            return
        task = world.tasks.get(event.task_id or "")
        for text in self._lines.of(event, one_line(task.title) if task is not None else ""):
            sys.stdout.write(text + "\n")


def _is_before(event: Event, since: datetime) -> bool:
    try:
        return datetime.fromisoformat(event.ts) < since
    except ValueError:
        return False
