"""What the daemon and ``once`` show: a line for everything worth telling, and on a terminal a
live line for every task that runs, redrawn in place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

from taskboard.app import App
from taskboard.cli.refusal import REFUSALS, told_refusal
from taskboard.cli.text import Screen, clipped, one_line
from taskboard.core.event import Event
from taskboard.core.lines import proof_word
from taskboard.core.units import brief, stamp
from taskboard.loop.context import Active

_REDRAW = 1.0
"""Seconds between two looks at running tasks on a terminal."""
_REASON = 120


class Display:
    """Tells of one app's work on one screen. ``news`` is a progress callback; ``follow`` runs
    beside the work and does the printing."""

    def __init__(self, app: App, screen: Screen) -> None:
        self._app, self._screen = app, screen
        self._news = asyncio.Event()
        self._seq = 0
        self._drawn = 0
        self._names: dict[str, str] = {}
        """What its task is called now, by run: a run keeps the name it was claimed under."""
        self._held: str | None = None
        self._untrusted: str | None = None

    async def begin(self) -> None:
        """From now on: what is in the ledger already is not told."""
        self._seq = (await self._app.ctx.ledger.look()).seq

    def news(self) -> None:
        """A turn was made, or something ended."""
        self._news.set()

    async def follow(self) -> None:
        """Print until cancelled."""
        while True:
            active = self._app.memory.active
            patience = _REDRAW if active and self._screen.tty else None
            try:
                async with asyncio.timeout(patience):  # wait_for of 3.11 may swallow a cancel
                    await self._news.wait()
            except TimeoutError:
                self._draw()
                continue
            self._news.clear()
            await self.catch_up()

    async def catch_up(self) -> None:
        """Tell of everything new."""
        lines = [line async for line in self._new_lines()]
        reason = self._app.ctx.untrusted()
        untrusted = reason.message if reason is not None else None
        if untrusted != self._untrusted:
            self._untrusted = untrusted
            text = f"Nothing new starts: {one_line(untrusted)}" if untrusted else "Trusted again."
            lines.append(self._warning(text))
        held = self._app.memory.sight.held
        if held != self._held:
            self._held = held
            text = f"The board is held: {held} Nothing new starts."
            lines.append(self._warning(text if held else "The board is whole again."))
        if lines:
            self._clear()
            self._screen.say(lines)
        self._draw()

    def _warning(self, text: str) -> str:
        """A line about the whole board, with its time as the lines about tasks have it."""
        when = stamp(self._app.ctx.clock.now())[11:19]
        return self._screen.paint(f"{when}  {text}", "warning")

    def close(self) -> None:
        """Leave the terminal clean."""
        self._clear()
        self._screen.stream.flush()

    async def _new_lines(self) -> AsyncIterator[str]:
        world = await self._app.ctx.ledger.look()
        if world.seq == self._seq:
            return
        self._names = {t.run.run: t.task for t in world.tasks.values() if t.run is not None}
        async for event, _line in self._app.ctx.history.read(self._seq):
            self._seq = event.seq
            task = world.tasks.get(event.task_id or "")
            text = telling(event, task.title if task is not None else "")
            if text is not None:
                yield self._screen.paint(text, _colour(event))

    def _draw(self) -> None:
        if not self._screen.tty:
            self._screen.stream.flush()
            return
        self._clear()
        lines = list(self._live_lines())
        self._screen.say(lines)
        self._drawn = len(lines)
        self._screen.stream.flush()

    def _live_lines(self) -> Iterator[str]:
        wide = (self._screen.wide or 80) - 1
        for active in self._app.memory.active.values():
            yield self._screen.paint(clipped(self._live_line(active), wide), "running")

    def _live_line(self, active: Active) -> str:
        age = brief(max(self._app.ctx.clock.awake() - active.since, 0.0))
        last = one_line(active.tail.strip().rpartition("\n")[2])
        title = clipped(one_line(active.title), 30)
        lease = active.lease
        label = f"{self._names.get(lease.run, lease.task)}@{lease.attempt}"
        return f"  {label}  {title}  {age}" + (f"  {last}" if last else "")

    def _clear(self) -> None:
        if self._drawn:
            self._screen.stream.write(f"\x1b[{self._drawn}F\x1b[J")
            self._drawn = 0


def telling(event: Event, title: str) -> str | None:
    """One line about an event that people want to hear of, or None."""
    what = _what(event)
    if what is None or event.task is None:
        return None
    when = event.ts[11:19]
    return f"{when}  {one_line(event.task):<9} {what}" + (
        f"  {one_line(title)}" if event.type == "claimed" and title else ""
    )


def _what(event: Event) -> str | None:
    data, to, reason = event.data, event.to or "", _reason(event)
    told: str | None = None
    if event.type == "claimed":
        told = f"started by {event.agent}"
    elif event.type == "completed":
        word = proof_word(data.get("tier"), verified=bool(data.get("verified")))
        seconds = data.get("duration_s")
        took = f" in {brief(seconds)}" if seconds is not None else ""
        told = f"done, {word} ({data.get('tier')}){took}"
    elif event.type in ("failed", "reclaimed"):
        told = f"{'failed' if event.type == 'failed' else 'taken back'}: {reason} -> {to}"
    elif event.type in ("blocked", "cancelled", "released"):
        told = to + (f" ({reason})" if reason else "")
    elif event.type in REFUSALS:
        told = clipped(one_line(told_refusal(event)), _REASON)
    elif event.type == "withdrawn":
        told = "withdrawn (section removed)"
    elif event.type == "restored":
        told = f"is back: {to}"
    elif event.type == "anomaly_flagged" and data.get("note"):
        told = f"note: {one_line(str(data['note']))}"
    return told


def _reason(event: Event) -> str:
    """Why, in one short line: the exit status, and the last thing that was said."""
    data = event.data
    lines = str(data.get("error") or data.get("reason") or data.get("cause") or "").splitlines()
    if data.get("exit_code") is None:
        return clipped(one_line(" ".join(lines)), _REASON)
    last = f", {one_line(lines[-1])}" if len(lines) > 1 else ""
    return clipped(f"exit status {data['exit_code']}{last}", _REASON)


def _colour(event: Event) -> str:
    kinds = {"claimed": "running", "completed": "done", "failed": "failed"}
    if event.type in REFUSALS or event.type in ("blocked", "reclaimed", "anomaly_flagged"):
        return "blocked"
    return kinds.get(event.type, "")
