"""Bytes to state: the fold of a ledger file, one complete commit after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from taskboard.core.codec import decode
from taskboard.core.commit import Recent
from taskboard.core.event import MAX_LINE, Event
from taskboard.core.fold import advance, is_about_task, settle
from taskboard.core.task import World
from taskboard.errors import Corrupt, TaskboardError
from taskboard.ledger import Fault

Place = tuple[int, int]
"""First byte of a commit and the byte after it."""

_CHUNK = 1 << 20
_MARK_EVERY = 1024
_START = b'{"v":'


class Bad(NamedTuple):
    """A line that cannot be what the ledger wrote there."""

    offset: int
    line: int
    seq: int
    reason: str


class Chain:
    """A ledger file folded up to ``end``. ``extend`` takes what follows; a commit counts when its
    last line is there."""

    def __init__(self, name: str) -> None:
        self.name = name
        """The file's name, for people."""
        self.world = World()
        self.end = 0
        """The byte after the last complete commit."""
        self.lines = 0
        self.recent: Recent[Place] = Recent()
        self.watch: Callable[[Event], None] | None = None
        """Told every folded event; ``verify`` collects what it must still look for."""
        self._marks: list[tuple[int, int]] = [(0, 0)]

    def catch_up(self, read: Callable[[int, int | None], bytes]) -> bytes:
        """Fold what ``read(start, limit)`` gives from ``end`` on, in bounded pieces, and return
        the bytes that are no complete commit (yet). Raises ``Corrupt``."""
        while True:
            data = read(self.end, _CHUNK)
            if not data:
                return b""
            before = self.end
            bad = self._extend(data)
            if bad is None and self.end > before and len(data) == _CHUNK:
                continue
            if len(data) == _CHUNK:  # a longer commit, or trouble: judged by all that follows
                before, data = self.end, read(self.end, None)
                bad = self._extend(data)
            rest = data[self.end - before :]
            if bad is not None and _valid_after(rest, bad.offset - self.end):
                raise self.corrupt(bad)
            return rest

    def note(self, events: list[Event], size: int) -> None:
        """A commit of ``size`` bytes at ``end`` was written and put into the world."""
        start, self.end = self.end, self.end + size
        self.lines += len(events)
        self.recent.note(events, (start, self.end))
        if events[-1].seq >= self._marks[-1][0] + _MARK_EVERY:
            self._marks.append((events[-1].seq, self.end))

    def near(self, seq: int) -> int:
        """A commit's first byte, not after the first event with a greater sequence."""
        return next(byte for known, byte in reversed(self._marks) if known <= seq)

    def corrupt(self, bad: Bad) -> Corrupt:
        """The error for a bad line with good ones after it."""
        fault = Fault(self.name, bad.offset, bad.line, bad.seq, bad.reason)
        return Corrupt(
            f"{self.name} is damaged at byte {bad.offset} (line {bad.line}, where event "
            f"{bad.seq} belongs): {bad.reason}.",
            hint="Nothing was written. `taskboard verify` shows the place; bring the file back "
            "from a backup, or move it away to start a new ledger from the board.",
            data={
                "file": fault.file,
                "byte": fault.byte,
                "line": fault.line,
                "seq": fault.seq,
                "reason": fault.reason,
            },
        )

    def _extend(self, data: bytes) -> Bad | None:
        """Fold the complete commits at the front of ``data``, which starts at ``end``. The first
        line that cannot be read stops it and is returned."""
        base = self.end
        start = 0
        seq, head = self.world.seq, self.world.head
        events: list[Event] = []
        starts: list[int] = []
        while stop := data.find(b"\n", start) + 1:
            try:
                event = decode(data[start:stop])
            except Corrupt as error:
                return Bad(base + start, self.lines + len(events) + 1, seq + 1, error.message)
            if (
                event.seq != seq + 1
                or event.prev != head
                or event.v != 1
                or event.more < 0
                or (events and event.more != events[-1].more - 1)
            ):
                line = self.lines + len(events) + 1
                raise self.corrupt(Bad(base + start, line, seq + 1, _misplaced(event, seq, head)))
            events.append(event)
            starts.append(base + start)
            seq, head, start = event.seq, event.hash, stop
            if not event.more:
                self._fold(events, starts)
                self.note(events, base + stop - self.end)
                events, starts = [], []
        return None

    def _fold(self, events: list[Event], starts: list[int]) -> None:
        world = self.world
        for number, event in enumerate(events):
            task = None
            try:
                if is_about_task(event):
                    before = world.tasks.get(str(event.task_id))
                    task = advance(before, event, ts=event.ts, seq=event.seq, device=event.device)
                settle(world, event, task)
            except (TaskboardError, ValueError, TypeError, KeyError, AttributeError) as error:
                reason = f"{event.type} is not legal there: {error}"
                line = self.lines + number + 1
                raise self.corrupt(Bad(starts[number], line, event.seq, reason)) from error
            if self.watch is not None:
                self.watch(event)


def _misplaced(event: Event, seq: int, head: str) -> str:
    """Why a line with a good hash does not belong after ``seq`` and ``head``."""
    if event.v != 1:
        return f"written by a newer taskboard (v {event.v}): update this one"
    if event.seq != seq + 1:
        return f"event {event.seq} stands there"
    if event.prev != head:
        return "its prev is not the hash of the line before"
    return "its commit is not whole"


def _valid_after(data: bytes, bad: int) -> bool:
    """Whether any record with a good hash stands after the start of the bad line: also one that
    lost the line's end before it."""
    start = bad
    while (start := data.find(_START, start + 1)) >= 0:
        stop = data.find(b"\n", start) + 1
        if not stop:
            return False
        if stop - start <= MAX_LINE:
            try:
                decode(data[start:stop])
            except Corrupt:
                continue
            return True
    return False
