"""Contract: the ledger. The only truth; every write is conditional and durable.

Two protocols: ``Ledger`` holds facts, ``Leases`` shows who is at work. Safety is the ledger's
conditional append; a lease shows liveness and saves work.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from taskboard.core.event import Draft, Event
from taskboard.core.task import World
from taskboard.processes import Who


class Ledger(Protocol):
    """Facts, in one order that every reader agrees on."""

    async def look(self) -> World:
        """Fold what others appended and return the present world. It is durable when this
        returns. The same object every time: read it between awaits, never change it.

        Raises ``Corrupt`` or ``Storage``.
        """
        ...

    async def append(self, drafts: Sequence[Draft], *, after: int | None = None) -> list[Event]:
        """Record all drafts or none; durable when it returns.

        ``after`` is the ``World.seq`` the drafts were made on: ``Conflict`` if somebody else has
        appended since. Each draft is checked against the present state: ``Refused`` (or
        ``StaleRun``) and nothing is written. A draft whose ``id`` was seen among the last 10,000
        events returns the first result. Raises ``Storage`` when nothing could be acknowledged.
        """
        ...

    async def keep(self, data: bytes) -> str:
        """Store bytes for ever under their SHA-256 and return it (hex). Durable."""
        ...

    async def fetch(self, sha256: str) -> bytes:
        """Bytes kept earlier. Raises ``NotFound``."""
        ...


class History(Protocol):
    """Reading facts again, for ``show``, ``tail``, dead letters and ``verify``."""

    def read(self, after: int = 0) -> AsyncIterator[tuple[Event, bytes]]:
        """Events with a greater sequence, each with its line as stored (newline included)."""
        ...


class Fault(msgspec.Struct, frozen=True):
    """The first place where a ledger cannot be right. ``byte`` counts from 0, ``line`` from 1;
    ``seq`` is the number the line should have carried."""

    file: str
    byte: int
    line: int
    seq: int
    reason: str


class Verified(msgspec.Struct, frozen=True):
    """What a proof of the whole ledger found. ``events``, ``seq`` and ``head`` describe what is
    good, up to the fault; ``missing_objects`` are digests that are gone or hold other bytes."""

    ok: bool
    events: int
    seq: int
    head: str
    fault: Fault | None
    missing_objects: list[str]
    segments: int = 0
    """Sealed files before the one that is written to."""


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """The right to run ``run`` until ``ttl`` after its last renewal. ``supervisor`` is None for
    a claim by command, which instead is dead once ``expires_boot`` (same boot) or ``expires``
    (another boot) is past."""

    task: str
    attempt: int
    run: str
    agent: str
    device: str
    boot: str
    ttl_s: float
    supervisor: Who | None = None
    group: Who | None = None
    expires: str | None = None
    expires_boot: float | None = None
    renewals: int = 0

    @property
    def label(self) -> str:
        """``TASK-015@3``: the name people and folders use."""
        return f"{self.task}@{self.attempt}"


class Leases(Protocol):
    """Who is at work. Numbers come from the ledger; a dead folder is stepped over."""

    def take(self, lease: Lease) -> bool:
        """Make the lease; False when somebody made this number first."""
        ...

    def renew(self, lease: Lease) -> bool:
        """Write a later version of one's own lease; False when it is no longer one's own."""
        ...

    def find(self, task: str, attempt: int) -> Lease | None:
        """The lease of this number; None when there is none or it cannot be read yet."""
        ...

    def drop(self, lease: Lease) -> None:
        """Remove one's own lease, and nobody else's."""
        ...

    def made(self, task: str, attempt: int) -> datetime | None:
        """When the place of this number last changed, as far as anybody knows."""
        ...
