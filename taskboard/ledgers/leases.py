"""Leases as folders: atomic to make everywhere, visible in ``ls``. And in memory, for tests."""

from __future__ import annotations

import errno
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from taskboard.files import Files
from taskboard.ledger import Lease

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Lease)


class DirectoryLeases:
    """Implements ``Leases`` in a folder (``.taskboard/locks``): ``TASK-015@3/lease.json``.

    Made with ``mkdir``, so one of all who try wins. Nothing is synced: after a crash a lease is
    stale anyway, and what counts stands in the ledger. Raises ``OSError``.

    To make a folder, and above all to remove one, takes a journalling file system longer than all
    else that a run has it do. So who drops a lease that it has taken keeps the folder under a
    name that says nothing (``.free-<run>``), and the next lease is that folder, renamed. Such a
    folder is nobody's: whoever renames it has it.
    """

    def __init__(self, files: Files, locks: Path) -> None:
        self._files = files
        self._locks = locks
        self._is_made = False
        self._mine: set[str] = set()
        """Runs whose leases were taken here."""
        self._free: list[Path] = []
        """Free folders that may still be there."""

    def take(self, lease: Lease) -> bool:
        """Make the lease; False when somebody made this number first."""
        if not self._is_made:
            self._files.make_folder(self._locks)
            self._is_made = True
        folder, data = self._locks / lease.label, _ENCODER.encode(lease) + b"\n"
        try:
            if not self._reuse(folder, data):
                self._make(folder, data)
        except FileExistsError:
            return False
        except FileNotFoundError:  # somebody has tidied up
            self._is_made = False
            return self.take(lease)
        self._mine.add(lease.run)
        return True

    def _make(self, folder: Path, data: bytes) -> None:
        """A new folder. ``FileExistsError`` when somebody has this number."""
        self._files.mkdir(folder)
        # Straight into the folder: who looks before it is whole finds what a maker leaves who is
        # at it or died there. There is a lease already only if somebody put a free folder in the
        # place of this one while it was empty: then it is theirs.
        self._files.create(folder / _FILE, data)

    def _reuse(self, folder: Path, data: bytes) -> bool:
        """A free folder; False when there is none. ``FileExistsError`` as above.

        A rename puts it in the place of an empty folder, too. One that has died there would be
        stepped over, so it is looked for before; one who is at it finds a lease and goes away."""
        if not self._free:
            names = self._files.names(self._locks)
            self._free = [self._locks / name for name in names if name.startswith(_FREE)]
        while self._free:
            if self._files.exists(folder):
                raise FileExistsError(errno.EEXIST, "somebody has this number", str(folder))
            free = self._free.pop()
            if not self._files.exists(free / _FILE):  # else a maker whom it replaces would not see
                continue
            try:
                self._files.rename(free, folder)
            except FileNotFoundError:  # somebody else has taken it
                continue
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                    raise FileExistsError(error.errno, error.strerror, str(folder)) from None
                raise
            self._fill(folder / _FILE, data)
            return True
        return False

    def _fill(self, path: Path, data: bytes) -> None:
        """Until this has ended the lease of another number stands there, which counts as none."""
        try:
            self._files.overwrite(path, data)
        except FileNotFoundError:
            self._files.create(path, data)

    def renew(self, lease: Lease) -> bool:
        """Write a later version of one's own lease; False when it is no longer one's own."""
        if not self._is_own(lease):
            return False
        path = self._locks / lease.label / _FILE
        try:  # whole or not at all: who sees half of it would take a live lease for a dead one
            self._files.write(path, _ENCODER.encode(lease) + b"\n", durable=False)
        except FileNotFoundError:  # dropped or collected this very moment
            return False
        return True

    def find(self, task: str, attempt: int) -> Lease | None:
        """The lease of this number; None when there is none or it cannot be read yet."""
        try:
            data = self._files.read(self._locks / f"{_label(task, attempt)}/{_FILE}")
            found = _DECODER.decode(data)
        except (FileNotFoundError, NotADirectoryError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        # Another number's: its folder was dropped, and is about to become this one.
        return found if (found.task, found.attempt) == (task, attempt) else None

    def drop(self, lease: Lease) -> None:
        """Remove one's own lease, and nobody else's."""
        if not self._is_own(lease):
            return
        folder = self._locks / lease.label
        if not self._keep(folder, lease.run):
            self._files.remove(folder / _FILE)
            self._files.remove_folder(folder)

    def _keep(self, folder: Path, run: str) -> bool:
        """Whether the folder of an own lease is a free one now."""
        if run not in self._mine:  # by a command, say: nothing may follow here
            return False
        self._mine.remove(run)
        if len(self._free) >= _KEPT:
            return False
        free = self._locks / f"{_FREE}{run}"
        try:
            self._files.rename(folder, free)
        except OSError:
            return False
        self._free.append(free)
        return True

    def made(self, task: str, attempt: int) -> datetime | None:
        """When the folder of this number last changed or was renamed, by the disk's wall clock;
        None when it is not there. One without a lease has a maker who is at it, or died there."""
        found = self._files.stat(self._locks / _label(task, attempt))
        if found is None:
            return None
        return datetime.fromtimestamp(max(found.mtime_ns, found.ctime_ns) / 1e9, UTC)

    def numbers(self) -> list[tuple[str, int]]:
        """Every (task, attempt) there is a folder for, sorted by name."""
        split = (name.rpartition("@") for name in self._files.names(self._locks))
        return [(task, int(number)) for task, at, number in split if at and number.isdecimal()]

    def _is_own(self, lease: Lease) -> bool:
        found = self.find(lease.task, lease.attempt)
        return found is not None and found.run == lease.run


class MemoryLeases:
    """Implements ``Leases`` for one process."""

    def __init__(self) -> None:
        self._leases: dict[tuple[str, int], Lease] = {}

    def take(self, lease: Lease) -> bool:
        """Make the lease; False when this number is taken."""
        return self._leases.setdefault((lease.task, lease.attempt), lease) is lease

    def renew(self, lease: Lease) -> bool:
        """Replace one's own lease; False when it is no longer one's own."""
        own = self._is_own(lease)
        if own:
            self._leases[(lease.task, lease.attempt)] = lease
        return own

    def made(self, _task: str, _attempt: int) -> datetime | None:
        """Nobody knows: memory keeps no times."""
        return None

    def find(self, task: str, attempt: int) -> Lease | None:
        """The lease of this number, or None."""
        return self._leases.get((task, attempt))

    def drop(self, lease: Lease) -> None:
        """Remove one's own lease."""
        if self._is_own(lease):
            del self._leases[(lease.task, lease.attempt)]

    def _is_own(self, lease: Lease) -> bool:
        found = self.find(lease.task, lease.attempt)
        return found is not None and found.run == lease.run


_FILE = "lease.json"
_FREE = ".free-"
_KEPT = 64
"""Free folders that one process knows of, at most."""


def _label(task: str, attempt: int) -> str:
    return f"{task}@{attempt}"
