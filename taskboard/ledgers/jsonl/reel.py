"""The files of a ledger as one run of bytes: its sealed segments, then ``events.jsonl``.

Places in a ledger are counted from its very first byte, so that a rotation moves none of them.
The first line of ``events.jsonl`` says how many segments come before it (``core.segment``); other
files in the folder of segments do not belong to it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from taskboard.core.event import MAX_LINE
from taskboard.core.segment import Start, is_segment, read_start, segment_name
from taskboard.files import Files, Log
from taskboard.ledger import Fault
from taskboard.ledgers.jsonl.trouble import damaged

_PIECE = 1 << 20


class Part(NamedTuple):
    """A sealed segment: the place of its first byte, and its size in bytes."""

    path: Path
    start: int
    size: int


class Reel:
    """The open file and the segments before it. Raises ``OSError`` for trouble with files, and
    ``Corrupt`` when one is missing."""

    def __init__(self, files: Files, path: Path, segments: Path, *, writable: bool) -> None:
        self.start: Start | None = None
        """How the open file begins; None while that is not known."""
        self.parts: tuple[Part, ...] = ()
        self.base = 0
        """The place of the open file's first byte."""
        self._files = files
        self._path = path
        self._segments = segments
        self._writable = writable
        self._log: Log | None = None
        self._old: tuple[Path, Log] | None = None
        self._using = threading.Lock()
        """Held while the file is synced, maybe in a thread: it must not be closed meanwhile."""

    @property
    def is_open(self) -> bool:
        """Whether a file is open."""
        return self._log is not None

    def size(self) -> int | None:
        """The place after the last byte, if the path still names the open file."""
        if self._log is None:
            return None
        size = self._log.size_at(self._path)
        return None if size is None else self.base + size

    def open(self) -> int:
        """Open the file that the path names now; the place after its last byte. A name that was
        made or changed by somebody who died meanwhile is made durable first."""
        self.close()
        if self._files.stat(self._path) is None:
            self.require_first(None)  # or a new ledger would begin after the segments of this one
        log = self._files.open_log(self._path, writable=self._writable)
        try:
            if self._writable:
                self._files.sync_folder(self._path.parent)
            self.start = read_start(log.read(0, MAX_LINE))
            self.parts = self._parts(log)
        except BaseException:
            log.close()
            raise
        self._log = log
        self.base = self.parts[-1].start + self.parts[-1].size if self.parts else 0
        return self.base + log.size()

    def read(self, start: int, limit: int | None = None) -> bytes:
        """Bytes from a place on, to the end or at most ``limit`` of them."""
        assert self._log is not None
        if start >= self.base:
            return self._log.read(start - self.base, limit)
        pieces = []
        for part in self.parts:
            skip = start - part.start
            if 0 <= skip < part.size and limit != 0:
                most = part.size - skip if limit is None else min(limit, part.size - skip)
                piece = self._segment(part.path).read(skip, most)
                pieces.append(piece)
                start += len(piece)
                limit = None if limit is None else limit - len(piece)
        if limit != 0 and start >= self.base:
            pieces.append(self._log.read(0, limit))
        return b"".join(pieces)

    def lines(self, start: int, stop: int) -> Iterator[bytes]:
        """The lines between two places, each with its newline. What is appended or sealed
        meanwhile moves none of them."""
        rest = b""
        while start < stop:
            piece = self.read(start, min(_PIECE, stop - start))
            if not piece:
                return
            start += len(piece)
            lines = (rest + piece).splitlines(keepends=True)
            rest = lines.pop() if not lines[-1].endswith(b"\n") else b""
            yield from lines

    def append(self, data: bytes) -> None:
        """One write at the end."""
        assert self._log is not None
        self._log.append(data)

    def truncate(self, end: int) -> None:
        """Cut what is after a place in the open file, not yet durable."""
        assert self._log is not None
        self._log.truncate(end - self.base)

    def sync(self) -> None:
        """Make the open file durable; segments are already. Thread-safe."""
        with self._using:
            assert self._log is not None
            self._log.sync()

    def close(self) -> None:
        """Close what is open."""
        with self._using:
            log, self._log = self._log, None
            if log is not None:
                log.close()
        if self._old is not None:
            self._old[1].close()
            self._old = None

    def locate(self, place: int, seq: int) -> Fault:
        """Where in which file a place is where event ``seq`` belongs; the reason stays empty."""
        path, start = self._path, self.base
        for part in self.parts:
            if part.start <= place < part.start + part.size:
                path, start = part.path, part.start
        begun = read_start(self.read(start, MAX_LINE)) if start else None
        line = seq - begun.seq + 1 if begun is not None and begun.seq <= seq else 1
        return Fault(self.name_of(path), place - start, line if start else seq, seq, "")

    def name_of(self, path: Path) -> str:
        """The name of one of the files for people."""
        if path == self._path:
            return path.name
        return f"{self._segments.parent.name}/{self._segments.name}/{path.name}"

    def require_first(self, log: Log | None) -> None:
        """Raise ``Corrupt`` when there are segments that nothing goes on from: ``log`` does not
        say that it does, or is not there."""
        for name in filter(is_segment, self._files.names(self._segments)):
            path = self._segments / name
            found = self._files.stat(path)
            if found is not None and (log is None or found.identity != log.identity()):
                is_what = "is missing" if log is None else "does not say so"
                reason = f"the file that goes on from {self.name_of(path)} {is_what}"
                raise damaged(Fault(self._path.name, 0, 1, 0, reason))

    def _segment(self, path: Path) -> Log:
        if self._old is None or self._old[0] != path:
            if self._old is not None:
                self._old[1].close()
            self._old = (path, self._files.open_log(path, writable=False))
        return self._old[1]

    def _parts(self, log: Log) -> tuple[Part, ...]:
        """The segments that the open file goes on from."""
        begun = self.start
        if begun is None or (begun.seq != 1 and not begun.sealed):
            self.require_first(log)
            return ()
        parts: list[Part] = []
        place = 0
        for number in range(1, begun.sealed + 1):
            path = self._segments / segment_name(number)
            found = self._files.stat(path)
            if found is None:
                raise damaged(Fault(self.name_of(path), 0, 1, 0, "the segment is missing"))
            parts.append(Part(path, place, found.size))
            place += found.size
        return tuple(parts)
