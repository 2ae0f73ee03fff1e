"""What a service says, in a file that never outgrows its bound: launchd's own logs grow for ever.

Every line has the time and nothing in it that acts on a terminal, and secrets are out of it. Full,
the file becomes ``NAME.1`` (the older one is gone) and a new one begins.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TextIO, cast

from taskboard.clock import SystemClock
from taskboard.core.plain import plain
from taskboard.core.redact import Redactor, secrets_of
from taskboard.errors import Storage, Usage

LIMIT = 1 << 20
"""Bytes; with the older one a log takes twice as many at most."""
_LONGEST = 1 << 13
"""Characters of one line."""
_OPEN = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY
_OPEN |= os.O_NONBLOCK  # a pipe in the way must not block


def open_log(path: Path, kept: Iterable[Path] = ()) -> BoundedLog:
    """The log of this process from now on, with the secrets of its environment taken out. Raises
    ``Storage`` when there can be none, and ``Usage`` for what is no regular file, or is one of
    the files ``kept`` or lies in one of these folders: a log is appended to and renamed."""
    for place in kept:
        if any(_within(name, place) for name in (path, _older(path))):
            raise Usage(
                f"The log cannot be {path}: {place} is taskboard's own.",
                hint="Name a file that is the log's alone.",
            )
    clean = Redactor(secrets_of(os.environ)).redact
    try:
        log = BoundedLog(path, SystemClock().now, clean=clean)
    except OSError as error:
        raise _refused(path, error) from None
    log.take_over()
    return log


class BoundedLog:
    """A text stream of whole lines. A disk that refuses costs lines and nothing else: work goes
    on without a log."""

    encoding, errors = "utf-8", "backslashreplace"

    def __init__(
        self,
        path: Path,
        now: Callable[[], datetime],
        *,
        limit: int = LIMIT,
        clean: Callable[[str], str] = lambda text: text,
    ) -> None:
        self.clean = clean
        """Takes secrets out of a line; replaced when more of them are known."""
        self._path, self._now, self._limit = path, now, limit
        self._rest = ""
        self._taken: tuple[int, ...] = ()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = _open(path)
        self._size = os.fstat(self._file).st_size

    def take_over(self) -> None:
        """From now on everything that this process says goes here, what libraries say too."""
        self._taken = (1, 2)
        self._point()
        sys.stdout = sys.stderr = cast("TextIO", self)

    def write(self, text: str) -> int:
        """Whole lines are written at once; the rest waits for its end."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            with suppress(OSError):
                self._put(line)
        return len(text)

    def flush(self) -> None:
        """Nothing waits but the beginning of a line."""

    def isatty(self) -> bool:
        """Nobody looks."""
        return False

    def fileno(self) -> int:
        """The open file."""
        return self._file

    def _put(self, line: str) -> None:
        text = self.clean(plain(line).replace("\n", " "))[:_LONGEST]
        when = self._now().strftime("%Y-%m-%dT%H:%M:%SZ")
        data = f"{when}  {text}\n".encode(errors=self.errors)
        if self._size and self._size + len(data) > self._limit:
            self._begin_anew()
        self._size += os.write(self._file, data)

    def _begin_anew(self) -> None:
        self._path.replace(_older(self._path))
        old, self._file = self._file, _open(self._path)
        os.close(old)
        self._size = 0
        self._point()

    def _point(self) -> None:
        for descriptor in self._taken:
            os.dup2(self._file, descriptor)


def _open(path: Path) -> int:
    descriptor = os.open(path, _OPEN, 0o600)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.ENXIO, os.strerror(errno.ENXIO), str(path))
    return descriptor


def _older(path: Path) -> Path:
    return path.with_name(f"{path.name}.1")


def _within(path: Path, place: Path) -> bool:
    """Whether ``path`` is ``place``, by whatever name, or lies in it."""
    real = Path(os.path.realpath(path))
    names = (real, *real.parents)
    try:
        facts = os.stat(place)  # noqa: PTH116  beside its like below
    except OSError:
        return Path(os.path.realpath(place)) in names
    return any(_is(name, facts) for name in names)


def _is(path: Path, facts: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.stat(path), facts)  # noqa: PTH116
    except OSError:
        return False


def _refused(path: Path, error: OSError) -> Storage | Usage:
    if error.errno in (errno.ENXIO, errno.EISDIR, errno.ELOOP):
        return Usage(
            f"The log {path} is no regular file: nothing was written to it.",
            hint="Name a file that is the log's alone.",
        )
    return Storage(
        f"The log {path} cannot be written: {error.strerror}.",
        hint="Name a file in a folder that is yours.",
    )
