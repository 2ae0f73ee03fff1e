"""The project folder as an agent's tools see it. Every path is opened name by name from the
folder itself and no link is followed, so there is no moment in which one could be slipped in."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from taskboard.agent_tools.fence import Fault, Fence, Parts, parts_of
from taskboard.beneath import identity_of, open_real

MAX_FILE = 4 << 20
"""Bytes of a file that is read or written."""

MAX_ENTRIES = 20_000
"""Files and folders that one walk looks at."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_MAKE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PASSED_OVER = frozenset({".git", "node_modules", "__pycache__", ".venv"})


class Entry(NamedTuple):
    """What a walk has found: ``kind`` is file, folder, link or other; ``size`` in bytes."""

    path: str
    kind: str
    size: int


class Ground:
    """The files beneath ``root``, a real path; another folder or a link that is put in its place
    later is none of ours. Everything raises ``Fault`` with a sentence for the agent.

    ``mark`` goes into the names of files that are being written; it must be the run's own.
    """

    def __init__(self, root: Path, fence: Fence, mark: str) -> None:
        self._root = root
        self._identity = identity_of(root)
        self._fence = fence
        self._temporary = f".{mark}.tmp"

    def read(self, relative: str) -> bytes:
        """A regular file, whole."""
        parts = parts_of(relative)
        self._fence.check_name(parts, writing=False)
        if not parts:
            raise Fault("That is the project folder, not a file.")
        with self._at(parts, writing=False) as folder, _words(relative):
            self._look(folder, parts, writing=False)
            file = os.open(parts[-1], _READ, dir_fd=folder)
            try:
                self._check(os.fstat(file), parts, writing=False)
                return _read_all(file, relative)
            finally:
                os.close(file)

    def write(self, relative: str, data: bytes) -> None:
        """The whole file, at once or not at all; folders on the way are made. What the name
        stood for is replaced, not written through: it may have other names elsewhere."""
        parts = parts_of(relative)
        if not parts:
            raise Fault("That is the project folder, not a file.")
        self._fence.check_name(parts, writing=True)
        if len(data) > MAX_FILE:
            raise Fault(f"{relative} would have {len(data)} bytes; the limit is {MAX_FILE}.")
        with self._at(parts, writing=True) as folder, _words(relative):
            found = self._look(folder, parts, writing=True, missing=True)
            mode = None if found is None else stat.S_IMODE(found.st_mode) & 0o777
            self._replace(folder, parts[-1], data, mode)

    def _replace(self, folder: int, name: str, data: bytes, mode: int | None) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._temporary, dir_fd=folder)
        file = os.open(self._temporary, _MAKE, 0o666, dir_fd=folder)
        try:
            try:
                if mode is not None:
                    os.fchmod(file, mode)
                while data:
                    data = data[os.write(file, data) :]
            finally:
                os.close(file)
            os.rename(self._temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(self._temporary, dir_fd=folder)
            raise

    def walk(self, relative: str) -> Iterator[Entry]:
        """What is beneath a folder, shallow things first, ``MAX_ENTRIES`` at most. Links are
        named and not followed; what may not be read is left out, and so are folders that hold
        no work of the project's own, unless they are asked for by name."""
        start = parts_of(relative)
        self._fence.check_name(start, writing=False)
        waiting, left = deque([start]), MAX_ENTRIES
        while waiting and left > 0:
            here = waiting.popleft()
            try:
                found = self._entries(here, left)
            except Fault:
                if here == start:
                    raise
                continue
            left -= len(found)
            for parts, kind, size in found:
                yield Entry("/".join(parts), kind, size)
                if kind == "folder" and parts[-1] not in _PASSED_OVER:
                    waiting.append(parts)

    def _entries(self, here: Parts, most: int) -> list[tuple[Parts, str, int]]:
        with self._at((*here, "."), writing=False) as folder, _words("/".join(here)):
            names = sorted(os.listdir(folder))[:most]  # noqa: PTH208 - an open folder
            found = []
            for name in names:
                parts = (*here, name)
                if self._fence.hides(parts):
                    continue
                with contextlib.suppress(OSError, Fault):
                    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
                    self._fence.check_file(status, parts, writing=False)
                    found.append((parts, _kind(status.st_mode), status.st_size))
            return found

    @contextlib.contextmanager
    def _at(self, parts: Parts, *, writing: bool) -> Iterator[int]:
        """The folder that the last of ``parts`` is in, opened."""
        with _words("The project folder"):
            folder = open_real(self._root)
        try:
            found = os.fstat(folder)
            if (found.st_dev, found.st_ino) != self._identity:
                raise Fault("The project folder is another one than when this run began.")
            for at, part in enumerate(parts[:-1], 1):
                with _words("/".join(parts[:at])):
                    if writing:
                        with contextlib.suppress(FileExistsError):
                            os.mkdir(part, dir_fd=folder)
                    inner = os.open(part, _FOLDER, dir_fd=folder)
                os.close(folder)
                folder = inner
                self._fence.check_file(os.fstat(folder), parts[:at], writing=writing)
            yield folder
        finally:
            os.close(folder)

    def _look(
        self, folder: int, parts: Parts, *, writing: bool, missing: bool = False
    ) -> os.stat_result | None:
        """What stands there, before it is opened: no device is opened to see what it is."""
        try:
            found = os.stat(parts[-1], dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            if missing:
                return None
            raise
        self._check(found, parts, writing=writing)
        return found

    def _check(self, found: os.stat_result, parts: Parts, *, writing: bool) -> None:
        path = "/".join(parts)
        self._fence.check_file(found, parts, writing=writing)
        kind = _kind(found.st_mode)
        if kind == "link":
            raise Fault(f"{path} is a symbolic link; links are not followed. Name the file.")
        if kind != "file":
            what = "a folder" if kind == "folder" else "a device, pipe or socket"
            raise Fault(f"{path} is {what}, not a file.")


def _kind(mode: int) -> str:
    kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}
    return kinds.get(stat.S_IFMT(mode), "other")


def _read_all(file: int, relative: str) -> bytes:
    pieces, size = [], 0
    while piece := os.read(file, 1 << 20):
        pieces.append(piece)
        size += len(piece)
        if size > MAX_FILE:
            raise Fault(f"{relative} is too large: more than {MAX_FILE} bytes.")
    return b"".join(pieces)


@contextlib.contextmanager
def _words(relative: str) -> Iterator[None]:
    """The system's errors as sentences."""
    try:
        yield
    except OSError as error:
        match error.errno:
            case errno.ENOENT:
                text = "is not there; list_files shows what is"
            case errno.ELOOP | errno.ENOTDIR:
                text = "is a symbolic link or no folder; links are not followed"
            case _:
                text = f"cannot be used: {error.strerror}"
        raise Fault(f"{relative or 'The project folder'} {text}.") from error
    except ValueError as error:
        raise Fault(f"{relative!r} is no path: {error}.") from error
