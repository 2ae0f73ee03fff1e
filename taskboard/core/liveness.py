"""Whether the holder of a run still lives, as far as an observer can know. Pure."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from taskboard.core.units import read_time


class Life(StrEnum):
    """``UNSURE`` is treated like ``LIVE``: nothing is taken from it yet."""

    LIVE = "live"
    DEAD = "dead"
    UNSURE = "unsure"


class Held(Protocol):
    """What is asked of a lease: see ``taskboard.ledger.Lease``."""

    @property
    def device(self) -> str: ...
    @property
    def boot(self) -> str: ...
    @property
    def ttl_s(self) -> float: ...
    @property
    def supervisor(self) -> object | None: ...
    @property
    def expires(self) -> str | None: ...
    @property
    def expires_boot(self) -> float | None: ...


def judge(
    lease: Held | None,
    *,
    boot_id: str,
    boot_now: float,
    now: datetime,
    alive: bool,
    watched_for: float,
    device: str | None = None,
    ttl_s: float = 60.0,
) -> Life:
    """Judge ``lease`` from this machine.

    ``alive`` says whether its supervisor's pid exists with the same start time. ``watched_for``
    is how long (seconds awake, on the observer's own clock) the lease has been seen unchanged.
    ``boot_now`` is the boot clock and ``boot_id`` the boot it belongs to; ``now`` is UTC. A
    lease of another ``device`` is known only by watching it. ``lease`` None is a folder whose
    lease cannot be read (yet): its maker has ``ttl_s`` seconds, counted in ``watched_for``.
    """
    if lease is None:
        return Life.DEAD if watched_for >= ttl_s else Life.UNSURE
    if lease.supervisor is None:
        if lease.boot != boot_id and watched_for >= lease.ttl_s:
            return Life.DEAD  # whatever the wall clock says: it may have been set back
        return _by_command(lease, boot_id=boot_id, boot_now=boot_now, now=now)
    if watched_for >= lease.ttl_s:
        return Life.DEAD
    if device is not None and lease.device != device:
        return Life.UNSURE
    return Life.LIVE if alive and lease.boot == boot_id else Life.DEAD


def _by_command(lease: Held, *, boot_id: str, boot_now: float, now: datetime) -> Life:
    """Nobody renews a claim by command but its own heartbeats. Wall clocks are set back and
    forth, so they count only when the boot clock has started anew."""
    if lease.boot == boot_id and lease.expires_boot is not None:
        return Life.DEAD if boot_now >= lease.expires_boot else Life.LIVE
    until = read_time(lease.expires or "")
    if until is None:
        return Life.UNSURE
    return Life.DEAD if now >= until else Life.LIVE
