"""The real file system: ``DiskFiles`` fulfils the ``Files`` contract on Linux and macOS."""

from __future__ import annotations

import errno
import itertools
import os
import stat as kinds
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from taskboard.beneath import inspect_beneath
from taskboard.disk_lock import DiskLock
from taskboard.disk_log import DiskLog, sync_file
from taskboard.files import Artifact, Log, Stat

TEMPORARY = ".taskboard-tmp"
"""How the names of temporary files end: a crash may leave one, and it is never a board."""

_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe in the way must not block
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OVER = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_APPEND = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_PIECE = 1 << 20


class DiskFiles:
    """The ``Files`` contract on the machine's own disks. Modes do not depend on the umask.

    Lock files stay open for the life of the instance: they are on the way of every append.
    """

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._locks: dict[Path, DiskLock] = {}

    def stat(self, path: Path, *, follow: bool = True) -> Stat | None:
        """None when nothing is there."""
        try:
            found = os.stat(path, follow_symlinks=follow)  # noqa: PTH116  on every append's way
        except (FileNotFoundError, NotADirectoryError):
            return None
        return _stat(found)

    def exists(self, path: Path) -> bool:
        """Whether something is there, as far as can be seen. Quicker than ``stat``."""
        return os.access(path, os.F_OK)

    def resolve(self, path: Path) -> Path:
        """The path with symbolic links followed; what does not exist stays as it is."""
        return path.resolve()

    def read(self, path: Path, limit: int | None = None) -> bytes:
        """The whole regular file, or its first ``limit`` bytes."""
        fd = os.open(path, _READ)
        try:
            if not kinds.S_ISREG(os.fstat(fd).st_mode):
                raise OSError(errno.EINVAL, "is no regular file", str(path))
            return _read(fd, limit)
        finally:
            os.close(fd)

    def names(self, folder: Path) -> list[str]:
        """Sorted names; empty when the folder is not there."""
        try:
            return sorted(os.listdir(folder))  # noqa: PTH208  names are wanted, not paths
        except FileNotFoundError:
            return []

    def make_folder(self, path: Path, mode: int = 0o700) -> None:
        """With parents (durable); no error when it exists."""
        if os.path.isdir(path):  # noqa: PTH112  on every claim's way
            return
        if path.parent != path:
            self.make_folder(path.parent, mode)
        try:
            path.mkdir()
        except FileExistsError:
            if path.is_dir():
                return
            raise
        path.chmod(mode)
        self.sync_folder(path.parent)

    def mkdir(self, path: Path) -> None:
        """The atomic one: ``FileExistsError`` for everyone but the winner. Mode 0700."""
        os.mkdir(path, 0o700)  # noqa: PTH102  on every claim's way

    def write(self, path: Path, data: bytes, *, mode: int = 0o600, durable: bool = True) -> None:
        """Replace whole; readers see the old bytes or the new ones."""
        fd, spare = self._open_spare(path)
        with _removed_on_error(spare):
            try:
                os.fchmod(fd, mode)
                _write(fd, data)
                if durable:
                    sync_file(fd)
            finally:
                os.close(fd)
            spare.replace(path)
        if durable:
            self.sync_folder(path.parent)

    def create(self, path: Path, data: bytes) -> None:
        """A new file, not synced; ``FileExistsError`` when the name is taken."""
        fd = os.open(path, _NEW, 0o600)
        try:
            os.fchmod(fd, 0o600)
            _write(fd, data)
        finally:
            os.close(fd)

    def overwrite(self, path: Path, data: bytes) -> None:
        """Put ``data`` over the bytes of a file that is there, not synced."""
        fd = os.open(path, _OVER)
        try:
            _write(fd, data)
            if os.fstat(fd).st_size > len(data):
                os.ftruncate(fd, len(data))
        finally:
            os.close(fd)

    def write_beside(self, path: Path, data: bytes) -> Path:
        """A synced temporary file beside ``path`` that looks like it to everyone else."""
        from taskboard.exchange import copy_attributes, copy_owner

        source = os.open(path, _READ)
        try:
            fd, spare = self._open_spare(path)
            with _removed_on_error(spare):
                try:
                    copy_owner(os.fstat(source), fd)
                    copy_attributes(source, fd)
                    _write(fd, data)
                    sync_file(fd)
                finally:
                    os.close(fd)
        finally:
            os.close(source)
        return spare

    def exchange(self, a: Path, b: Path) -> bool:
        """Swap two names atomically; False where the file system cannot."""
        from taskboard.exchange import exchange_names  # ctypes: commands that only read lack it

        return exchange_names(a, b)

    def rename(self, source: Path, target: Path) -> None:
        """Atomic, replacing a file or an empty folder; across file systems ``OSError``."""
        os.rename(source, target)  # noqa: PTH104  on every claim's way

    def link(self, source: Path, target: Path) -> None:
        """A second name; ``FileExistsError`` when ``target`` is taken."""
        os.link(source, target, follow_symlinks=False)

    def remove(self, path: Path) -> None:
        """A file; no error when it is not there."""
        with suppress(FileNotFoundError):
            os.unlink(path)  # noqa: PTH108  on every claim's way

    def remove_folder(self, path: Path) -> None:
        """A folder with all in it; no error when it is not there."""
        try:
            os.rmdir(path)  # noqa: PTH106  often it is empty, and looking into it takes longer
        except FileNotFoundError:
            return
        except OSError:
            with suppress(FileNotFoundError):
                import shutil

                shutil.rmtree(path)

    def sync_folder(self, path: Path) -> None:
        """Make names made, changed and removed in ``path`` durable."""
        fd = os.open(path, _FOLDER)
        try:
            os.fsync(fd)
        except OSError as trouble:
            if trouble.errno != errno.EINVAL:  # a file system that syncs no folders
                raise
        finally:
            os.close(fd)

    def open_log(self, path: Path, *, writable: bool = True) -> Log:
        """Open for appending; never through a link planted at the name."""
        if not writable:
            return DiskLog.over(os.open(path, _READ))
        while True:
            with suppress(FileNotFoundError):
                return DiskLog.over(os.open(path, _APPEND))
            with suppress(FileExistsError):
                fd = os.open(path, _NEW | os.O_APPEND, 0o600)
                os.fchmod(fd, 0o600)
                os.fsync(fd)
                self.sync_folder(path.parent)
                return DiskLog(fd)

    def lock(self, path: Path) -> AbstractContextManager[None]:
        """Hold ``flock(LOCK_EX)``: blocks while another process, thread or instance holds it.
        Not reentrant. ``path``'s folder must exist; the file is made and never unlinked."""
        found = self._locks.get(path)
        return found if found is not None else self._locks.setdefault(path, DiskLock(path))

    def inspect(self, root: Path, relative: str, limit: int = 1 << 30) -> Artifact | str:
        """Open beneath ``root`` without following links and digest the opened file."""
        return inspect_beneath(root, relative, limit)

    def _open_spare(self, path: Path) -> tuple[int, Path]:
        while True:
            name = f".{path.name}.{os.getpid()}-{next(self._numbers)}{TEMPORARY}"
            spare = path.with_name(name)
            with suppress(FileExistsError):  # left by a crashed process of the same pid
                return os.open(spare, _NEW, 0o600), spare


def _stat(found: os.stat_result) -> Stat:
    return Stat(
        found.st_dev,
        found.st_ino,
        found.st_size,
        found.st_mtime_ns,
        found.st_ctime_ns,
        found.st_mode,
        found.st_uid,
        found.st_gid,
        found.st_nlink,
    )


def _read(fd: int, limit: int | None) -> bytes:
    pieces = []
    left = sys.maxsize if limit is None else limit
    while left > 0 and (piece := os.read(fd, min(_PIECE, left))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _write(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


@contextmanager
def _removed_on_error(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise
