"""What a run prints, on its way to a file: decoded, redacted, bounded, and summed up."""

from __future__ import annotations

import codecs
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from taskboard.core.plain import plain
from taskboard.core.redact import Redactor

LOG_LIMIT = 8 << 20
"""Bytes a log may have: its beginning and its end are kept, with a line that says how much is
missing between them."""

TAIL = 4000
"""Characters of output that an outcome carries."""


class BoundedLog:
    """A file that keeps the first quarter and the last part of what is written to it.

    Everything is on disk at once, for those who watch. When the file reaches ``limit`` its last
    three eighths are moved down to behind the first quarter; a full disk stops the log, never
    the run: ``problem`` says so. Raises ``OSError`` when the file cannot be made.
    """

    def __init__(self, path: Path, limit: int = LOG_LIMIT) -> None:
        self.problem = ""
        self._path = path
        self._head = limit // 4
        self._keep = limit * 3 // 8
        self._limit = limit - 128  # room for the line in between
        self._left_out = 0
        self._size = 0
        self._begin = 0  # where the part that moves begins: behind the line in between
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o600)
        os.fchmod(self._file, 0o600)

    def write(self, data: bytes) -> None:
        """Append; never raises."""
        step = self._limit - self._head - self._keep - 128
        for at in range(0, len(data), step):
            if self.problem:
                return
            try:
                self._append(data[at : at + step])
            except OSError as error:
                self.problem = f"{self._path}: {error.strerror}; the log ends early"

    def _append(self, data: bytes) -> None:
        if self._size + len(data) > self._limit:
            self._make_room()
        while data:
            written = os.write(self._file, data)
            self._size += written
            data = data[written:]

    def _make_room(self) -> None:
        if not self._begin:
            self._head = self._begin = _cut(os.pread(self._file, self._head, 0))
        kept = os.pread(self._file, self._keep, self._size - self._keep)
        kept = kept[_first(kept) :]
        self._left_out += self._size - len(kept) - self._begin
        line = f"\n[taskboard: {self._left_out} bytes left out]\n".encode()
        os.ftruncate(self._file, self._head)
        os.lseek(self._file, self._head, os.SEEK_SET)
        _write_all(self._file, line + kept)
        self._begin = self._head + len(line)
        self._size = self._begin + len(kept)

    def close(self) -> str:
        """Close the file; answers the SHA-256 of what is in it."""
        if self._file < 0:
            return ""
        digest = hashlib.sha256()
        try:
            at = 0
            while block := os.pread(self._file, 1 << 20, at):
                digest.update(block)
                at += len(block)
        except OSError as error:
            self.problem = self.problem or f"{self._path}: {error.strerror}"
        os.close(self._file)
        self._file = -1
        return digest.hexdigest()


def _write_all(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _cut(head: bytes) -> int:
    """The longest beginning that ends between two characters."""
    end = len(head)
    while end and head[end - 1] & 0xC0 == 0x80:
        end -= 1
    whole = end and head[end - 1] >= 0xC0
    return end - 1 if whole else len(head)


def _first(tail: bytes) -> int:
    """The first byte that begins a character."""
    return next((at for at in range(min(4, len(tail))) if tail[at] & 0xC0 != 0x80), 0)


class Recorded(NamedTuple):
    """A transcript that is over: the last ``TAIL`` characters, safe to show; the log's digest;
    and what went wrong with the log, or nothing."""

    tail: str
    sha256: str
    problem: str


class Transcript:
    """The output of one run: bytes in, redacted text out to log, ``show`` and tail."""

    def __init__(
        self, path: Path, redactor: Redactor, show: Callable[[str], None], limit: int = LOG_LIMIT
    ) -> None:
        self._log = BoundedLog(path, limit)
        self._redactor = redactor
        self._show = show
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._tail = ""

    def feed(self, data: bytes) -> None:
        """The next bytes as they came."""
        self._pass_on(self._redactor.feed(self._decode(data)))

    def finish(self) -> Recorded:
        """It is over: write what was held back and close the log."""
        rest = self._redactor.feed(self._decode(b"", final=True))
        self._pass_on(rest + self._redactor.flush())
        sha256 = self._log.close()
        return Recorded(plain(self._tail)[-TAIL:], sha256, self._log.problem)

    def _pass_on(self, text: str) -> None:
        if text:
            self._log.write(text.encode("utf-8", "replace"))
            self._tail = (self._tail + text)[-4 * TAIL :]
            self._show(text)
