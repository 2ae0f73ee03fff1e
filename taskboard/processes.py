"""Processes as taskboard uses them: who I am, who still lives, and ending a whole group."""

from __future__ import annotations

from typing import Protocol

import msgspec


class Who(msgspec.Struct, frozen=True):
    """One process (or group leader) that cannot be mistaken for a later one with its pid:
    ``started`` is its start time in the system's own ticks, ``boot`` the boot it lives in."""

    pid: int
    started: int
    boot: str


class Processes(Protocol):
    """What leases and the reclaim of dead runs need to know."""

    def me(self) -> Who: ...

    def identify(self, pid: int) -> Who | None:
        """A running process by pid, or None."""
        ...

    def alive(self, who: Who) -> bool:
        """Same boot, same pid, same start time, and not a zombie."""
        ...

    async def end_group(self, leader: Who, marker: str, *, grace: float = 5.0) -> None:
        """End the process group ``leader`` led, and every process whose environment carries
        ``TASKBOARD_RUN_ID=marker`` (they may have left the group): TERM, up to ``grace``
        seconds, KILL. Never touches a group whose leader is another process of the same pid,
        nor anything of an earlier boot. Returns when they are gone."""
        ...
