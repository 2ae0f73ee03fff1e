"""Leases as folders: atomic to make everywhere, visible in ``ls``. And in memory, for tests."""

from __future__ import annotations

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
    """

    def __init__(self, files: Files, locks: Path) -> None:
        self._files = files
        self._locks = locks
        self._is_made = False

    def take(self, lease: Lease) -> bool:
        """Make the lease; False when somebody made this number first."""
        folder = self._locks / lease.label
        if not self._is_made:
            self._files.make_folder(self._locks)
            self._is_made = True
        try:
            self._files.mkdir(folder)
        except FileExistsError:
            return False
        except FileNotFoundError:  # somebody has tidied up
            self._is_made = False
            return self.take(lease)
        # Straight into the folder, which nobody else writes to: who looks before it is whole
        # finds what a maker leaves who is at it or died there. A rename would hide nothing more,
        # and each name that is made or changed is one more thing for the next sync to carry.
        self._files.create(folder / _FILE, _ENCODER.encode(lease) + b"\n")
        return True

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
            return _DECODER.decode(self._files.read(self._locks / _label(task, attempt) / _FILE))
        except (FileNotFoundError, NotADirectoryError, msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def drop(self, lease: Lease) -> None:
        """Remove one's own lease, and nobody else's."""
        if self._is_own(lease):
            folder = self._locks / lease.label
            self._files.remove(folder / _FILE)
            self._files.remove_folder(folder)

    def made(self, task: str, attempt: int) -> datetime | None:
        """When the folder of this number last changed, by the disk's wall clock; None when it
        is not there. A folder without a lease has a maker who is at it, or who died there."""
        found = self._files.stat(self._locks / _label(task, attempt))
        return datetime.fromtimestamp(found.mtime_ns / 1e9, UTC) if found else None

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


def _label(task: str, attempt: int) -> str:
    return f"{task}@{attempt}"
