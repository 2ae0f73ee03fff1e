"""The file system as taskboard uses it: a seam, so that a simulation can crash it anywhere.

Everything that must survive a crash goes through ``Files``. ``taskboard.disk.DiskFiles`` is the
real one; ``taskboard.testing.files.SimFiles`` keeps a volatile and a durable image.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, Protocol


class Stat(NamedTuple):
    """What ``lstat`` or ``stat`` says, as far as it is used here."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int
    mode: int
    uid: int
    gid: int
    links: int

    @property
    def identity(self) -> tuple[int, int]:
        """Which file this is, whatever it is called."""
        return (self.device, self.inode)


class Artifact(NamedTuple):
    """A regular file found beneath a folder: digest of the opened file, size, ctime."""

    sha256: str
    size: int
    ctime_ns: int


class Log(Protocol):
    """An append-only file kept open."""

    def identity(self) -> tuple[int, int]:
        """Device and inode of the open file, to notice that the path names another one."""
        ...

    def size(self) -> int: ...

    def read(self, start: int, limit: int | None = None) -> bytes:
        """From byte ``start`` to the end, or at most ``limit`` bytes of it."""
        ...

    def size_at(self, path: Path) -> int | None:
        """Bytes in the open file if ``path`` names it; None when it names another or none."""
        ...

    def append(self, data: bytes) -> None:
        """One write. A short write or a full disk is cut back and raised as ``OSError``."""
        ...

    def truncate(self, size: int) -> None: ...

    def sync(self) -> None:
        """Make what was written durable (``fdatasync``; ``F_FULLFSYNC`` on macOS). Thread-safe.
        A failure is final: see ``taskboard.ledgers.jsonl``."""
        ...

    def close(self) -> None: ...


class Files(Protocol):
    """Paths are absolute. A missing file raises ``FileNotFoundError``, other trouble ``OSError``;
    callers turn them into errors that name the next step."""

    def stat(self, path: Path, *, follow: bool = True) -> Stat | None:
        """None when nothing is there."""
        ...

    def exists(self, path: Path) -> bool:
        """Whether something is there, as far as can be seen. Quicker than ``stat``."""
        ...

    def resolve(self, path: Path) -> Path:
        """The path with symbolic links followed."""
        ...

    def read(self, path: Path, limit: int | None = None) -> bytes:
        """The whole file, or its first ``limit`` bytes."""
        ...

    def names(self, folder: Path) -> list[str]:
        """Sorted names in a folder; empty when it is not there."""
        ...

    def make_folder(self, path: Path, mode: int = 0o700) -> None:
        """With parents, which are made durable; no error when it exists."""
        ...

    def mkdir(self, path: Path) -> None:
        """The atomic one: ``FileExistsError`` for everyone but the winner."""
        ...

    def write(self, path: Path, data: bytes, *, mode: int = 0o600, durable: bool = True) -> None:
        """Replace whole: a temporary file beside it, written, synced when ``durable``, renamed
        over it, and the folder synced when ``durable``."""
        ...

    def create(self, path: Path, data: bytes) -> None:
        """A new file with mode 0600, not synced; ``FileExistsError`` when the name is taken. Who
        reads at that moment may find only the front of it."""
        ...

    def overwrite(self, path: Path, data: bytes) -> None:
        """Put ``data`` over the bytes of a file that is there, in one write, and cut off what was
        longer; not synced. Who reads at that moment may find a mixture."""
        ...

    def write_beside(self, path: Path, data: bytes) -> Path:
        """A synced temporary file in ``path``'s folder with ``path``'s mode, owner and extended
        attributes. Its name starts with a dot and ends in ``.taskboard-tmp``."""
        ...

    def exchange(self, a: Path, b: Path) -> bool:
        """Swap two names atomically. False where this file system cannot; nothing has happened
        then."""
        ...

    def rename(self, source: Path, target: Path) -> None:
        """Atomic. A file replaces a file, a folder an empty one (else ``ENOTEMPTY``)."""
        ...

    def link(self, source: Path, target: Path) -> None: ...

    def remove(self, path: Path) -> None:
        """A file; no error when it is not there."""
        ...

    def remove_folder(self, path: Path) -> None:
        """A folder with the files in it; no error when it is not there."""
        ...

    def sync_folder(self, path: Path) -> None: ...

    def open_log(self, path: Path, *, writable: bool = True) -> Log:
        """Open for appending; made with mode 0600 when it is not there (file and folder
        synced). Not ``writable``, it is only read and never made."""
        ...

    def lock(self, path: Path) -> AbstractContextManager[None]:
        """Hold ``flock(LOCK_EX)`` on a file that is never unlinked; blocks while another process
        holds it. Not reentrant."""
        ...

    def inspect(self, root: Path, relative: str, limit: int = 1 << 30) -> Artifact | str:
        """Open ``relative`` beneath ``root`` without following a link out of it and digest the
        opened file. A string says in words why it is no evidence (missing, empty, a folder, a
        link out, a device, too large)."""
        ...
