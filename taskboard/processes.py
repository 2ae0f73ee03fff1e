"""Processes as taskboard uses them: who I am, who still lives, and ending a whole group."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import Protocol

import msgspec

from taskboard.log import log
from taskboard.proctable import Row, Table, system_table


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


_PATIENCE = 30.0
"""Seconds after the first KILL until a process counts as one that cannot be ended (it hangs in
the kernel, or belongs to another user)."""


class SystemProcesses:
    """The processes of this machine.

    Nothing is signalled on the strength of a pid alone. A group counts as ``leader``'s while its
    leader, a zombie too, has the same start time; of a group whose leader is gone only while a
    member carries the marker. What left the group is found by its session while the leader is
    there, by the marker, and by descent.
    """

    def __init__(self, table: Table | None = None) -> None:
        self._table = table or system_table()
        self._boot = ""
        self._me: Who | None = None

    def me(self) -> Who:
        pid = os.getpid()  # a fork has another one
        if self._me is None or self._me.pid != pid:
            self._me = self.identify(pid)
            assert self._me is not None, "this process is in the process table"
        return self._me

    def identify(self, pid: int) -> Who | None:
        row = self._table.row(pid)
        if row is None or row.zombie:
            return None
        return Who(pid=pid, started=row.started, boot=self._this_boot())

    def alive(self, who: Who) -> bool:
        return who.boot == self._this_boot() and self.identify(who.pid) == who

    async def end_group(self, leader: Who, marker: str, *, grace: float = 5.0) -> None:
        """See ``Processes``. When it is cancelled it kills at once, without grace, and lets the
        cancellation go on. What cannot be ended is given up after half a minute and logged."""
        if leader.boot != self._this_boot():
            return
        import asyncio

        ending = _Ending(self._table, leader, marker)
        try:
            await _end(ending, grace)
        except asyncio.CancelledError:
            ending.look()
            ending.tell(signal.SIGKILL, set())
            raise
        self._reap(ending.rows, ending.adopted)

    def become_subreaper(self) -> bool:
        """Have orphans of our descendants given to us and not to init, so that they stay ours
        to find. Linux only; False elsewhere. Call ``reap`` now and then afterwards."""
        if sys.platform != "linux":
            return False
        import ctypes

        library = ctypes.CDLL(None, use_errno=True)
        return bool(library.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)

    def reap(self) -> int:
        """Collect dead orphans that were given to us; answers how many.

        Only those that we cannot have started ourselves: a child that we forked is in our
        session, or (``start_new_session``) leads its own. A child in any third session was
        adopted. So no exit status is taken from ``subprocess`` or ``asyncio``, which would read
        a stolen one as success. An orphan that leads a session is collected by ``end_group``
        when that saw it while it had another parent, and otherwise when this process ends.
        """
        return self._reap(self._table.rows(), set())

    def _reap(self, rows: dict[int, Row], adopted: set[tuple[int, int]]) -> int:
        me = rows.get(os.getpid())
        if me is None or me.session < 0:
            return 0
        ours = [row for row in rows.values() if row.zombie and row.parent == me.pid]
        return sum(
            _collect(row.pid)
            for row in ours
            if row.session not in (me.session, row.pid) or (row.pid, row.started) in adopted
        )

    def _this_boot(self) -> str:
        self._boot = self._boot or self._table.boot()
        return self._boot


_PR_SET_CHILD_SUBREAPER = 36


def _collect(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return False


class _Ending:
    """The end of one group: who belongs to it, looked up anew each time."""

    def __init__(self, table: Table, leader: Who, marker: str) -> None:
        self._table = table
        self._leader = leader
        self._entry = f"TASKBOARD_RUN_ID={marker}"
        self._whole = False  # the group may be signalled as one
        self.rows: dict[int, Row] = {}
        self.targets: dict[int, Row] = {}
        self._met: set[tuple[int, int]] = set()
        """Whoever belonged once: when its parent is gone nothing else may tell."""
        self.adopted: set[tuple[int, int]] = set()
        """Members that once had another parent than us: not our own children."""

    def look(self) -> bool:
        """Find who is left; False when nobody is."""
        rows = self.rows = self._table.rows()
        spared = _lineage(rows)
        met = {pid for pid, started in self._met if pid in rows and rows[pid].started == started}
        seeds = self._members(rows) | met
        found = _with_descendants(rows, seeds, spared)
        self.targets = {pid: rows[pid] for pid in found if not rows[pid].zombie}
        self._met |= _keys(self.targets)
        group = {pid for pid, row in rows.items() if row.group == self._leader.pid}
        self._whole = self._led(rows) and not group & spared
        self.adopted |= {(p, rows[p].started) for p in found if rows[p].parent != os.getpid()}
        return bool(self.targets)

    def _led(self, rows: dict[int, Row]) -> bool:
        row = rows.get(self._leader.pid)
        return row is not None and row.started == self._leader.started

    def _members(self, rows: dict[int, Row]) -> set[int]:
        # Nothing of the run is older than its leader: this spares reading most environments.
        younger = [row for row in rows.values() if row.started >= self._leader.started]
        marked = self._table.marked(younger, self._entry)
        group = {row.pid for row in younger if row.group == self._leader.pid}
        if self._led(rows):
            # An orphan with a group and an environment of its own has only its session left.
            session = {row.pid for row in younger if row.session == self._leader.pid}
            return marked | group | session | {self._leader.pid}
        if self._leader.pid not in rows and marked & group:
            return marked | group
        return marked

    def tell(self, number: signal.Signals, told: set[tuple[int, int]]) -> None:
        """Tell everyone but those ``told``, and add them. All are stopped first, until looking
        again finds nobody new: who forks between the look and the signal would leave a child
        that, with another session and environment, nothing connects to the run any more."""
        stopped: set[tuple[int, int]] = set()
        while fresh := _keys(self.targets) - stopped - told:
            self._send(signal.SIGSTOP, fresh)
            stopped |= fresh
            self.look()
        self._send(number, stopped)
        self._send(signal.SIGCONT, stopped)
        told |= stopped

    def _send(self, number: signal.Signals, to: set[tuple[int, int]]) -> None:
        if to and self._whole:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._leader.pid, number)
        for pid, started in to:
            row = self.targets.get(pid)
            if not (self._whole and row and row.group == self._leader.pid):
                self._tell_one(pid, started, number)

    def _tell_one(self, pid: int, started: int, number: signal.Signals) -> None:
        with contextlib.suppress(OSError):  # gone, or not ours to signal
            if sys.platform == "linux":
                handle = os.pidfd_open(pid)
                try:
                    if self._is(pid, started):
                        signal.pidfd_send_signal(handle, number)
                finally:
                    os.close(handle)
            elif self._is(pid, started):
                os.kill(pid, number)

    def _is(self, pid: int, started: int) -> bool:
        row = self._table.row(pid)
        return row is not None and row.started == started and not row.zombie

    def remain(self) -> bool:
        """Whether any of those found last is still there."""
        return any(self._is(pid, row.started) for pid, row in self.targets.items())


def _keys(rows: dict[int, Row]) -> set[tuple[int, int]]:
    return {(pid, row.started) for pid, row in rows.items()}


async def _end(ending: _Ending, grace: float) -> None:
    import asyncio

    clock = asyncio.get_running_loop().time
    kill_from = clock() + grace
    told: set[tuple[int, int]] = set()
    while ending.look():
        if clock() < kill_from:
            ending.tell(signal.SIGTERM, told)
            await _until_gone(ending, kill_from)
            continue
        if clock() > kill_from + _PATIENCE:
            log.warning("cannot end processes %s; giving up on them", sorted(ending.targets))
            return
        ending.tell(signal.SIGKILL, set())
        await _until_gone(ending, clock() + 0.1)


async def _until_gone(ending: _Ending, until: float) -> None:
    """Look at those found, each 1 to 16 ms, until they are gone or it is ``until``."""
    import asyncio

    clock = asyncio.get_running_loop().time
    pause = 0.001
    while ending.remain() and clock() < until:
        await asyncio.sleep(max(0.0, min(pause, until - clock())))
        pause = min(pause * 2, 0.016)


def _lineage(rows: dict[int, Row]) -> set[int]:
    """This process and its ancestors: never ended, whatever group or marker they have."""
    pid, found = os.getpid(), {0, 1}
    while pid not in found:
        found.add(pid)
        if pid in rows:
            pid = rows[pid].parent
    return found


def _with_descendants(rows: dict[int, Row], seeds: set[int], spared: set[int]) -> set[int]:
    children: dict[int, list[int]] = {}
    for row in rows.values():
        children.setdefault(row.parent, []).append(row.pid)
    found: set[int] = set()
    todo = [pid for pid in seeds if pid in rows]
    while todo:
        pid = todo.pop()
        if pid not in found and pid not in spared:
            found.add(pid)
            todo.extend(children.get(pid, ()))
    return found
