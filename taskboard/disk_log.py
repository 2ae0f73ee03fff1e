"""Appending to a real file, and making it durable."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import sys
from pathlib import Path

_PIECE = 1 << 20


def sync_file(fd: int) -> None:
    """Make an open file durable: ``fdatasync``, on macOS ``F_FULLFSYNC`` (its ``fsync`` leaves
    data in the drive's cache), ``fsync`` where the file system knows neither."""
    if sys.platform == "darwin":
        try:
            fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
        except OSError as trouble:
            if trouble.errno not in (errno.ENOTSUP, errno.EINVAL, errno.ENOTTY):
                raise
            os.fsync(fd)
    else:
        os.fdatasync(fd)


class DiskLog:
    """An append-only file kept open. One appender at a time, by a lock of the caller's."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._identity = self.identity()

    @classmethod
    def over(cls, fd: int) -> DiskLog:
        """Take an open descriptor; ``OSError`` (and it is closed) when it is no regular file."""
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise OSError(errno.EINVAL, "a ledger must be a regular file")
        return cls(fd)

    def identity(self) -> tuple[int, int]:
        """Device and inode of the open file."""
        found = os.fstat(self._fd)
        return (found.st_dev, found.st_ino)

    def size(self) -> int:
        """Bytes in the open file."""
        return os.fstat(self._fd).st_size

    def size_at(self, path: Path) -> int | None:
        """Bytes in the open file if ``path`` names it; None when it names another or none."""
        try:
            found = os.stat(path)  # noqa: PTH116  on every append's way
        except (FileNotFoundError, NotADirectoryError):
            return None
        return found.st_size if (found.st_dev, found.st_ino) == self._identity else None

    def read(self, start: int, limit: int | None = None) -> bytes:
        """From byte ``start`` to the end, or at most ``limit`` bytes of it."""
        pieces = []
        left = sys.maxsize if limit is None else limit
        while left > 0 and (piece := os.pread(self._fd, min(_PIECE, left), start)):
            pieces.append(piece)
            start += len(piece)
            left -= len(piece)
        return b"".join(pieces)

    def append(self, data: bytes) -> None:
        """One write. What a full disk left of it is cut off and the cut synced before
        ``OSError`` is raised."""
        # A write that raises has written nothing; one that was cut short says how much it wrote.
        written = os.write(self._fd, data)
        if written != len(data):
            self.truncate(self.size() - written)
            self.sync()
            raise OSError(errno.ENOSPC, f"only {written} of {len(data)} bytes could be written")

    def truncate(self, size: int) -> None:
        """Cut to ``size`` bytes, not yet durable."""
        os.ftruncate(self._fd, size)

    def sync(self) -> None:
        """Make what was written durable. May be called from several threads."""
        sync_file(self._fd)

    def close(self) -> None:
        """Close; a second time does nothing."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
