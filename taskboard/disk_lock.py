"""One lock file of this machine, kept open: it is on the way of every append."""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import suppress
from pathlib import Path

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class DiskLock:
    """``flock(LOCK_EX)`` on ``path`` while entered. Not reentrant; threads queue too."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        # flock belongs to the open file, which threads share: they queue on a lock of their own.
        self._threads = threading.Lock()
        self._fd = -1
        self._identity = (0, 0)

    def __del__(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            self._take()
        except BaseException:
            self._threads.release()
            raise

    def __exit__(self, *_trouble: object) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_UN)
        finally:
            self._threads.release()

    def _take(self) -> None:
        """Lock the file that the path names: one that somebody removed or replaced is opened
        anew, or two processes would hold two different files."""
        while True:
            if self._fd < 0:
                self._open()
            fcntl.flock(self._fd, fcntl.LOCK_EX)
            with suppress(FileNotFoundError):
                found = os.stat(self._path)  # noqa: PTH116  as quick as can be
                if (found.st_dev, found.st_ino) == self._identity:
                    return
            fd, self._fd = self._fd, -1
            os.close(fd)

    def _open(self) -> None:
        fd = os.open(self._path, _FLAGS, 0o600)
        found = os.fstat(fd)
        self._identity = (found.st_dev, found.st_ino)
        self._fd = fd
