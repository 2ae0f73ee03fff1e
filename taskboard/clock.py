"""The one door for time, randomness and ids. Nothing else may ask for them (ruff holds this)."""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What time it is, in three senses, and dice. Waiting itself is asyncio's: a test runs its
    loop on virtual time instead."""

    def now(self) -> datetime:
        """Wall time, UTC. For people and for deadlines in text; never for order."""
        ...

    def boot(self) -> float:
        """Seconds since boot, sleep counted: what leases are measured with."""
        ...

    def awake(self) -> float:
        """Seconds awake, sleep not counted: what timeouts are measured with."""
        ...

    def uuid(self) -> str:
        """A new UUIDv7 (RFC 9562): sorts by time of making."""
        ...

    def random(self) -> float:
        """A number from 0 up to, not including, 1."""
        ...


_COUNTS_SLEEP = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""On macOS ``CLOCK_MONOTONIC`` counts sleep; Linux has ``CLOCK_BOOTTIME`` for it."""
_COUNTS_AWAKE = (
    time.CLOCK_MONOTONIC
    if sys.platform == "linux"
    else getattr(time, "CLOCK_UPTIME_RAW", time.CLOCK_MONOTONIC)
)


class SystemClock:
    """The machine's own clocks and randomness."""

    def __init__(self) -> None:
        self._last = (0, "")
        """The last millisecond that an id was made in, as spelled in it."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def boot(self) -> float:
        return time.clock_gettime(_COUNTS_SLEEP)

    def awake(self) -> float:
        return time.clock_gettime(_COUNTS_AWAKE)

    def uuid(self) -> str:
        milliseconds, head = time.time_ns() // 1_000_000, self._last
        if head[0] != milliseconds:
            self._last = head = (milliseconds, spell_time(milliseconds))
        return spell_noise(head[1], os.urandom(10))

    def random(self) -> float:
        return int.from_bytes(os.urandom(7)) / (1 << 56)


def make_uuid7(milliseconds: int, noise: bytes) -> str:
    """RFC 9562, section 5.7: 48 bits of Unix milliseconds, then version, variant and 74 bits
    of ``noise`` (10 bytes)."""
    return spell_noise(spell_time(milliseconds), noise)


def spell_time(milliseconds: int) -> str:
    """The front of a UUIDv7, its version included: shared by all ids of one millisecond."""
    # Spelled by hand: every event has one, and ``uuid.UUID`` takes twice as long.
    time = f"{milliseconds & (1 << 48) - 1:012x}"
    return f"{time[:8]}-{time[8:]}-7"


def spell_noise(front: str, noise: bytes) -> str:
    """The whole id: ``front`` and the rest from ``noise`` (10 bytes)."""
    rest = noise.hex()
    return f"{front}{rest[1:4]}-{'89ab'[noise[2] & 3]}{rest[5:8]}-{rest[8:]}"
