"""Bytes to state: the fold of a ledger, one complete commit after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from taskboard.core.codec import decode, unseal, version_of
from taskboard.core.commit import Recent
from taskboard.core.event import MAX_LINE, Event
from taskboard.core.fold import Fold, is_known
from taskboard.core.task import World
from taskboard.errors import Corrupt, TaskboardError
from taskboard.ledger import Fault
from taskboard.ledgers.jsonl.trouble import damaged, newer

Place = tuple[int, int]
"""First byte of a commit and the byte after it, counted from the first byte of the ledger."""

Read = Callable[[int, int | None], bytes]
"""``read(start, limit)``: bytes from a place on, at most so many."""

_PIECE = 1 << 18
"""Bytes that are folded at a time: they stay in the processor's cache meanwhile."""
_CHUNK = 1 << 20
_MARK_EVERY = 1024
_START = b'{"v":'


class Bad(NamedTuple):
    """A line that cannot be what the ledger wrote there."""

    offset: int
    seq: int
    reason: str


class Chain:
    """A ledger folded up to ``end``. A commit counts when its last line is there.

    ``locate(place, seq)`` says where in which file a place is."""

    def __init__(self, locate: Callable[[int, int], Fault]) -> None:
        self.world = World()
        self.end = 0
        """The byte after the last complete commit."""
        self.recent: Recent[Place] = Recent()
        self.watch: Callable[[Event], None] | None = None
        """Told every folded event; ``verify`` collects what it must still look for."""
        self.newer: str | None = None
        """What a newer version has written here that this one does not understand, or None."""
        self.marks: list[tuple[int, int]] = [(0, 0)]
        """Sequence and end of some commits, to find events by their sequence."""
        self._locate = locate

    def catch_up(self, read: Read) -> bytes:
        """Fold what ``read`` gives from ``end`` on, in bounded pieces, and return the bytes that
        are no complete commit (yet). Raises ``Corrupt``."""
        fold, size = Fold(self.world), _PIECE
        while True:
            data = read(self.end, size)
            before = self.end
            bad = self._extend(data, fold)
            if bad is not None:
                return self._judge(bad, read)
            if len(data) < size:
                return self._rest(data[self.end - before :])
            size = _PIECE if self.end > before else size * 2

    def note(self, events: list[Event], size: int) -> None:
        """A commit of ``size`` bytes at ``end`` was written and put into the world."""
        start, self.end = self.end, self.end + size
        self.recent.note(events, (start, self.end))
        if events[-1].seq >= self.marks[-1][0] + _MARK_EVERY:
            self.marks.append((events[-1].seq, self.end))

    def near(self, seq: int) -> int:
        """A commit's first byte, not after the first event with a greater sequence."""
        return next(byte for known, byte in reversed(self.marks) if known <= seq)

    def corrupt(self, bad: Bad) -> Corrupt:
        """The error for a bad line with good ones after it."""
        if self.newer is not None:
            return newer(self.newer)
        fault = self._locate(bad.offset, bad.seq)
        return damaged(msgspec.structs.replace(fault, reason=bad.reason))

    def _judge(self, bad: Bad, read: Read) -> bytes:
        """The bytes from ``end`` on when the bad line among them can be a torn tail. Raises
        ``Corrupt`` when it cannot."""
        line = read(bad.offset, MAX_LINE)
        found = version_of(line)
        if found > 1:
            raise newer(f"a line of format {found}, where event {bad.seq} belongs")
        if self.newer is not None or _valid_after(read, bad.offset):
            raise self.corrupt(bad)
        return read(self.end, None)

    def _rest(self, data: bytes) -> bytes:
        """``data`` after the last whole commit, unless a newer version is in the middle of it."""
        last = data.rfind(b"\n") + 1
        found = version_of(data[last:])
        if found > 1:
            raise newer(f"a line of format {found} after event {self.world.seq}")
        return data

    def _extend(self, data: bytes, fold: Fold) -> Bad | None:
        """Fold the complete commits at the front of ``data``, which starts at ``end``. The first
        line that cannot be read stops it and is returned."""
        start = self.end
        seq, head, left = self.world.seq, self.world.head, 0
        events: list[Event] = []
        starts: list[int] = []
        for line in data.split(b"\n")[:-1]:
            try:
                event = unseal(line)
            except Corrupt as error:
                return Bad(start, seq + 1, error.message)
            more = event.more
            if (
                event.seq != seq + 1
                or event.prev != head
                or event.v != 1
                or more < 0
                or (left and more != left - 1)
            ):
                if event.v > 1:
                    raise newer(f"event {seq + 1} of format {event.v}")
                raise self.corrupt(Bad(start, seq + 1, _misplaced(event, seq, head)))
            events.append(event)
            starts.append(start)
            seq, head, left = seq + 1, event.hash, more
            start += len(line) + 1
            if not more:
                self._fold(events, starts, fold)
                self.note(events, start - self.end)
                events, starts = [], []
        return None

    def _fold(self, events: list[Event], starts: list[int], fold: Fold) -> None:
        watch = self.watch
        for number, event in enumerate(events):
            try:
                fold.add(event)
            except (TaskboardError, ValueError, TypeError, KeyError, AttributeError) as error:
                reason = f"{event.type} is not legal there: {error}"
                raise self.corrupt(Bad(starts[number], event.seq, reason)) from error
            if self.newer is None and not is_known(event.type):
                self.newer = f"event {event.seq}, {event.type[:64]!r}"
            if watch is not None:
                watch(event)


def _misplaced(event: Event, seq: int, head: str) -> str:
    """Why a line with a good hash does not belong after ``seq`` and ``head``."""
    if event.v != 1:
        return f"its v is {event.v}"
    if event.seq != seq + 1:
        return f"event {event.seq} stands there"
    if event.prev != head:
        return "its prev is not the hash of the line before"
    return "its commit is not whole"


def _valid_after(read: Read, bad: int) -> bool:
    """Whether any record with a good hash stands after the start of the bad line: also one that
    lost the line's end before it."""
    place = bad + 1
    while data := read(place, _CHUNK):
        start = -1
        while (start := data.find(_START, start + 1)) >= 0:
            stop = data.find(b"\n", start, start + MAX_LINE) + 1
            if stop and _is_good(data[start:stop]):
                return True
        if len(data) < _CHUNK:
            return False
        place += len(data) - MAX_LINE  # a record may begin in one piece and end in the next
    return False


def _is_good(line: bytes) -> bool:
    try:
        decode(line)
    except Corrupt:
        return False
    return True
