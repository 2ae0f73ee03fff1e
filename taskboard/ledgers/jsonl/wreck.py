"""The files of a damaged ledger: which records in them are whole, and what lies between."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from taskboard.core.codec import decode
from taskboard.core.event import MAX_LINE, Event
from taskboard.core.segment import is_segment, read_start
from taskboard.errors import Corrupt
from taskboard.files import Files

_START = b'{"v":'
_NAMED = re.compile(rb'"task":"([^"\\\\]{1,64})"')


class Whole(NamedTuple):
    """A record with a good hash: its sequence, its file's number, and where in it."""

    seq: int
    file: int
    start: int
    stop: int


class Debris(NamedTuple):
    """Bytes that are no record, between two sequences (0: none before, none after), and the human
    ids that can be read in them."""

    file: int
    start: int
    stop: int
    after: int
    before: int
    tasks: frozenset[str]


class Wreck:
    """All records of a ledger's files, in order of their sequence, and the debris among them."""

    def __init__(self, files: Files, path: Path, segments: Path) -> None:
        self._files = files
        self.sealed = _sealed(files, path, segments)
        self.paths = [*self.sealed, path]
        self.debris: list[Debris] = []
        self._whole: list[Whole] = []
        self._held: tuple[int, bytes] = (-1, b"")
        for number in range(len(self.paths)):
            self._scan(number)
        self._whole.sort()
        self.debris = [one._replace(before=self._following(one)) for one in self.debris]

    def events(self) -> Iterator[Event]:
        """Every record once. Of several with one sequence the one that goes on from the record
        before it, else the first that was found."""
        same: list[Event] = []
        last = ""
        for one in self._whole:
            event = decode(self._bytes(one.file)[one.start : one.stop])
            if same and event.seq != same[0].seq:
                chosen = next((e for e in same if e.prev == last), same[0])
                last, same = chosen.hash, []
                yield chosen
            same.append(event)
        if same:
            yield next((e for e in same if e.prev == last), same[0])

    def ledger_id(self) -> str | None:
        """The id that one of the files begins with, if one still does."""
        starts = (read_start(self._bytes(number)) for number in range(len(self.paths)))
        return next((one.ledger_id for one in starts if one and one.ledger_id), None)

    def jumps(self) -> list[tuple[Whole, Whole]]:
        """Neighbours between which there is no record."""
        whole = [Whole(0, 0, 0, 0), *self._whole]
        return [pair for pair in pairwise(whole) if pair[1].seq > pair[0].seq + 1]

    def _following(self, debris: Debris) -> int:
        """The first sequence after the debris, in whichever file; 0 when there is none."""
        place = bisect_right(self._whole, debris.after, key=lambda one: one.seq)
        return self._whole[place].seq if place < len(self._whole) else 0

    def _scan(self, number: int) -> None:
        data = self._bytes(number)
        start = bad = 0
        while start < len(data):
            stop = data.find(b"\n", start) + 1 or len(data)
            found = _record_in(data, start, stop)
            if found is not None:
                begin, seq = found
                self._note(number, bad, begin)
                self._whole.append(Whole(seq, number, begin, stop))
                bad = stop
            start = stop
        self._note(number, bad, len(data))

    def _note(self, number: int, start: int, stop: int) -> None:
        if start < stop:
            after = self._whole[-1].seq if self._whole else 0
            names = _NAMED.findall(self._bytes(number)[start:stop])
            tasks = frozenset(name.decode("utf-8", "replace") for name in names)
            self.debris.append(Debris(number, start, stop, after, 0, tasks))

    def _bytes(self, number: int) -> bytes:
        if self._held[0] != number:
            path = self.paths[number]
            there = self._files.stat(path) is not None
            self._held = (number, self._files.read(path) if there else b"")
        return self._held[1]


def _sealed(files: Files, path: Path, segments: Path) -> list[Path]:
    """The segments that belong to the ledger: none when the present file is the first of one."""
    here = files.stat(path)
    begun = read_start(files.read(path, MAX_LINE)) if here is not None else None
    if begun is not None and begun.seq == 1:
        return []
    found = [segments / name for name in files.names(segments) if is_segment(name)]
    return [one for one in found if _identity(files, one) != (here and here.identity)]


def _identity(files: Files, path: Path) -> tuple[int, int] | None:
    found = files.stat(path)
    return found.identity if found is not None else None


def _record_in(data: bytes, start: int, stop: int) -> tuple[int, int] | None:
    """Where the record begins that ends this line, and its sequence. Garbage may stand before it
    that has swallowed a line's end."""
    begin = start
    while begin >= 0:
        if stop - begin <= MAX_LINE:
            try:
                return begin, decode(data[begin:stop]).seq
            except Corrupt:
                pass
        begin = data.find(_START, begin + 1, stop)
    return None
