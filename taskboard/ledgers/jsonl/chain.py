"""Bytes to state: the fold of a ledger, one complete commit after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from taskboard.core.codec import decode, unseal_all, version_of
from taskboard.core.commit import REMEMBERED, Recent
from taskboard.core.event import MAX_LINE, Event
from taskboard.core.fold import Fold
from taskboard.core.task import World
from taskboard.errors import Corrupt, TaskboardError
from taskboard.ledger import Fault
from taskboard.ledgers.jsonl.trouble import damaged, newer

Place = tuple[int, int]
"""First byte of a commit and the byte after it, counted from the first byte of the ledger."""

Read = Callable[[int, int | None], bytes]
"""``read(start, limit)``: bytes from a place on, at most so many."""

Seen = deque[tuple[str, int]]
"""Ids of the last events folded, each with the first byte of its commit."""

_PIECE = 1 << 16
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
        fold, size = Fold(self.world, self._meet), _PIECE
        seen: Seen = deque(maxlen=REMEMBERED)
        try:
            while True:
                data = read(self.end, size)
                before = self.end
                bad = self._extend(data, fold, seen)
                fold.put_away()
                if bad is not None:
                    return self._judge(bad, read)
                if len(data) < size:
                    return self._rest(data[self.end - before :])
                size = _PIECE if self.end > before else size * 2
        finally:
            self._remember(seen)

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

    def _extend(self, data: bytes, fold: Fold, seen: Seen) -> Bad | None:
        """Fold the complete commits at the front of ``data``, which starts at ``end``. The first
        line that cannot be read stops it and is returned."""
        lines = data.split(b"\n")
        lines.pop()  # what has no newline yet
        events, trouble = unseal_all(lines)
        start, seq, head, left = self.end, self.world.seq, self.world.head, 0
        mark = self.marks[-1][0] + _MARK_EVERY
        commit: list[tuple[Event, int]] = []
        for event, line in zip(events, lines, strict=False):
            seq += 1
            more = event.more
            if (
                event.seq != seq
                or event.prev != head
                or event.v != 1
                or more < 0
                or (left and more != left - 1)
            ):
                if event.v > 1:
                    raise newer(f"event {seq} of format {event.v}")
                raise self.corrupt(Bad(start, seq, _misplaced(event, seq, head)))
            commit.append((event, start))
            head, left = event.hash, more
            start += len(line) + 1
            if not more:
                self._fold(commit, fold, seen)
                commit = []
                self.end = start
                if seq >= mark:
                    self.marks.append((seq, start))
                    mark = seq + _MARK_EVERY
        return None if trouble is None else Bad(start, seq + 1, trouble.message)

    def _fold(self, commit: list[tuple[Event, int]], fold: Fold, seen: Seen) -> None:
        """Fold one commit, of whose events the places are given."""
        begin, watch = self.end, self.watch
        for event, place in commit:
            try:
                fold.add(event)
            except (TaskboardError, ValueError, TypeError, KeyError, AttributeError) as error:
                reason = f"{event.type} is not legal there: {error}"
                raise self.corrupt(Bad(place, event.seq, reason)) from error
            if watch is not None:
                watch(event)
            seen.append((event.id, begin))

    def _remember(self, seen: Seen) -> None:
        """Note the ids of what was folded, each with its commit's place: one begins where the one
        before ends."""
        places: list[tuple[str, Place]] = []
        end = begin = self.end
        for id_, start in reversed(seen):
            if start >= self.end:
                continue  # of a commit that was not folded to its end
            if start != begin:
                end, begin = begin, start
            places.append((id_, (begin, end)))
        if places:
            self.recent.add(reversed(places))

    def _meet(self, event: Event) -> None:
        """A type of fact that this version does not know."""
        if self.newer is None:
            self.newer = f"event {event.seq}, {event.type[:64]!r}"


def _misplaced(event: Event, seq: int, head: str) -> str:
    """Why a line with a good hash is not event ``seq`` after ``head``."""
    if event.v != 1:
        return f"its v is {event.v}"
    if event.seq != seq:
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
