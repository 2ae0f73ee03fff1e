"""Processes in memory: a machine whose processes a simulation starts, ends and reboots."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from taskboard.processes import Who


@dataclass(slots=True)
class _Process:
    who: Who
    group: int
    marker: str
    stubborn: bool


class FakeMachine:
    """One computer: its boot and its processes. Several ``FakeProcesses`` may share it."""

    def __init__(self) -> None:
        self._boots = 1
        self._ticks = 0
        self._pids = 100
        self._processes: dict[int, _Process] = {}

    @property
    def boot(self) -> str:
        """The boot it is in."""
        return f"boot-{self._boots}"

    def spawn(
        self,
        *,
        marker: str = "",
        group: Who | None = None,
        stubborn: bool = False,
        pid: int | None = None,
    ) -> Who:
        """A new process: in ``group``, or leading one of its own. ``marker`` is the run in its
        environment; a ``stubborn`` one only heeds KILL; ``pid`` forces a number to be used
        again."""
        self._ticks += 1
        if pid is None:
            self._pids += 1
            pid = self._pids
        if pid in self._processes:
            raise ValueError(f"process {pid} is still alive; end it before its pid is used again")
        who = Who(pid=pid, started=self._ticks, boot=self.boot)
        leader = group.pid if group else pid
        self._processes[pid] = _Process(who, leader, marker, stubborn)
        return who

    def exit(self, who: Who) -> None:
        """It ends by itself; no error when it has already."""
        if self.find(who.pid) == who:
            del self._processes[who.pid]

    def reboot(self) -> None:
        """Everything ends, and a new boot begins."""
        self._boots += 1
        self._processes.clear()

    def find(self, pid: int) -> Who | None:
        """Who has this pid now."""
        process = self._processes.get(pid)
        return process.who if process else None

    def living(self) -> list[Who]:
        """Everybody alive, by pid."""
        return [self._processes[pid].who for pid in sorted(self._processes)]

    def members(self, leader: Who, marker: str) -> dict[Who, bool]:
        """Who ``end_group`` has to end, and whether they are stubborn: the rules of
        ``SystemProcesses``, without descent."""
        if leader.boot != self.boot:
            return {}
        living = self._processes.values()
        marked = {p.who.pid for p in living if p.marker == marker}
        group = {p.who.pid for p in living if p.group == leader.pid}
        holder = self.find(leader.pid)
        known = holder == leader or (holder is None and bool(marked & group))
        found = marked | group if known else marked
        return {p.who: p.stubborn for p in living if p.who.pid in found}


class FakeProcesses:
    """``Processes`` on a ``FakeMachine``, as one process of it sees them."""

    def __init__(self, machine: FakeMachine | None = None) -> None:
        self.machine = machine or FakeMachine()
        self._me = self.machine.spawn()
        self.ended: list[tuple[Who, str]] = []
        """Every call of ``end_group``: leader and marker."""

    def me(self) -> Who:
        return self._me

    def identify(self, pid: int) -> Who | None:
        return self.machine.find(pid)

    def alive(self, who: Who) -> bool:
        return self.machine.find(who.pid) == who

    async def end_group(self, leader: Who, marker: str, *, grace: float = 5.0) -> None:
        """Ends the willing at once and the stubborn after ``grace`` seconds of the loop."""
        self.ended.append((leader, marker))
        members = self._others(leader, marker)
        for who in [who for who, stubborn in members.items() if not stubborn]:
            self.machine.exit(who)
        try:
            await asyncio.sleep(grace if any(members.values()) else 0)
        finally:  # cancelled, it kills at once
            for who in (*members, *self._others(leader, marker)):
                self.machine.exit(who)

    def _others(self, leader: Who, marker: str) -> dict[Who, bool]:
        members = self.machine.members(leader, marker)
        return {who: stubborn for who, stubborn in members.items() if who != self._me}
