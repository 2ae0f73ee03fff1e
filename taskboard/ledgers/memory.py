"""``MemoryLedger``: the laws of the ledger without files. For tests, and for looking ahead."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence

from taskboard.clock import Clock
from taskboard.core.codec import decode
from taskboard.core.commit import Recent, apply, commit, opening, repeated
from taskboard.core.event import Draft, Event
from taskboard.core.task import World
from taskboard.core.units import stamp
from taskboard.errors import Conflict, NotFound


class MemoryLedger:
    """Implements ``Ledger`` and ``History`` in memory, for one process."""

    def __init__(self, clock: Clock, *, device: str = "memory", board: str = "") -> None:
        self._clock = clock
        self._device = device
        self._board = board
        self._world = World()
        self._recent: Recent[tuple[int, int]] = Recent()
        self._objects: dict[str, bytes] = {}
        self.lines: list[bytes] = []
        """The ledger's lines, each with its newline."""

    async def look(self) -> World:
        """The present world."""
        return self._world

    async def append(self, drafts: Sequence[Draft], *, after: int | None = None) -> list[Event]:
        """Record all drafts or none. See ``Ledger.append``."""
        if not drafts:
            return []
        places = self._recent.places(drafts)
        if places:
            recorded = [decode(line) for start, end in places for line in self.lines[start:end]]
            return repeated(drafts, recorded)
        world, clock = self._world, self._clock
        if after is not None and world.seq != after:
            raise Conflict(f"The ledger is at event {world.seq}, no longer at {after}.")
        whole = drafts if world.seq else opening(drafts, clock.uuid(), self._board)
        sealed = commit(
            world,
            whole,
            ts=stamp(clock.now()),
            device=self._device,
            ids=[draft.id or clock.uuid() for draft in whole],
        )
        apply(world, sealed)
        start = len(self.lines)
        self.lines.extend(one.line for one in sealed)
        events = [one.event for one in sealed]
        self._recent.note(events, (start, len(self.lines)))
        return events[len(whole) - len(drafts) :]

    async def keep(self, data: bytes) -> str:
        """Store bytes under their SHA-256."""
        digest = hashlib.sha256(data).hexdigest()
        self._objects[digest] = data
        return digest

    async def fetch(self, sha256: str) -> bytes:
        """Bytes kept earlier. Raises ``NotFound``."""
        if sha256 not in self._objects:
            raise NotFound(f"The object {sha256} was never kept here.", data={"sha256": sha256})
        return self._objects[sha256]

    async def read(self, after: int = 0) -> AsyncIterator[tuple[Event, bytes]]:
        """Events with a greater sequence, each with its line."""
        for line in self.lines[after : len(self.lines)]:
            yield decode(line), line
