"""Two daemons, two ledgers, one board: a service copies it to and fro, or a link shares it."""

from __future__ import annotations

import asyncio
import re
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec.structs import replace

from taskboard.loop.daemon import Daemon
from taskboard.testing.files import SimFiles
from taskboard.testing.simdisk import SimDisk
from taskboard.workspace import Workspace
from tests.conftest import Desk

SETTLED = 120.0
"""Seconds after which nothing may move any more, whatever a person has typed."""


class NoHints:
    """Only the poll finds a change, as on a folder that is synced."""

    def start(self, folder, names, tell):
        pass

    def stop(self):
        pass


def save(desk, text):
    """An editor that follows links replaces the board."""
    files = SimFiles(desk.files.disk)
    files.write(files.resolve(desk.workspace.board), text.encode())


class Pair:
    """Two desks on one clock. ``versions`` are the boards that there were, with their moments."""

    def __init__(self, *, linked):
        self.linked = linked
        self.desks = one, two = Desk(), Desk()
        two.clock = one.clock
        two.files = SimFiles(one.files.disk if linked else SimDisk(one.clock.nanoseconds))
        two.script.files = two.files
        if linked:
            two.workspace = Workspace(Path("/second/task-board.md"))
        two.files.make_folder(two.workspace.root)
        if linked:
            two.files.disk.symlink(str(one.workspace.board), two.workspace.board)
        two.open()
        two.ctx = replace(two.ctx, mark="b7c", owner="bob", device="other")
        self.versions = []

    def play(self, start, scene):
        """Both daemons at work from ``start`` on, while ``scene(pair)`` is played."""
        for desk in self.desks:
            save(desk, start)
        self.desks[0].clock.advance(5)
        return self.desks[0].play(self._both(scene))

    async def _both(self, scene):
        daemons = [Daemon(desk.ctx, desk.memory, NoHints()) for desk in self.desks]
        running = [asyncio.create_task(daemon.run()) for daemon in daemons]
        service = asyncio.create_task(self._share())
        await asyncio.sleep(SETTLED)
        try:
            await scene(self)
        finally:
            service.cancel()
            for daemon in daemons:
                daemon.stop()
            await asyncio.gather(*running)

    async def _share(self):
        """The service that copies the newer board over the other, a second behind."""
        last = b""
        while True:
            boards = [desk.files.read(desk.workspace.board) for desk in self.desks]
            new = next((n for n in (0, 1) if boards[n] != last), None)
            if new is not None:
                last = boards[new]
                self.versions.append((self.desks[0].clock.awake(), last.decode()))
                if not self.linked:
                    save(self.desks[1 - new], last.decode())
            await asyncio.sleep(1)

    async def type(self, who, old, new):
        """A person at one of the desks changes one place, and everything settles."""
        desk = self.desks[who]
        text = desk.board
        assert text.count(old) == 1, text
        save(desk, text.replace(old, new))
        await asyncio.sleep(SETTLED)

    def words(self, name):
        """What the status of a task said, one after the other."""
        found = [
            re.search(rf"## {name} .*\n- status: (.*)\n", text)[1] for _, text in self.versions
        ]
        return found[:1] + [after for before, after in pairwise(found) if before != after]


@pytest.fixture(params=[False, True], ids=["copied", "linked"])
def pair(request):
    return Pair(linked=request.param)


def section(n, status, *fields):
    lines = [f"## TASK-{n:03d} T{n}", f"- status: {status}", *(f"- {f}" for f in fields)]
    return "\n".join([*lines, "", f"words {n}", "", ""])


def test_what_people_type_at_either_desk_is_the_same_in_both_ledgers_and_then_all_is_still(pair):
    async def scene(pair):
        await pair.type(0, "T1\n- status: todo", "T1\n- status: blocked:ada:brief")
        await pair.type(1, "T2\n- status: todo", "T2\n- status: failed:cancelled")
        await pair.type(0, "words 3", "other words 3")
        await pair.type(1, "T3\n- status: todo", "T3\n- status: done")
        await pair.type(0, "T1\n- status: blocked:ada:brief", "T1\n- status: later")

    pair.play("# B\n\n" + "".join(section(n, "todo") for n in (1, 2, 3)), scene)
    one, two = pair.desks

    for desk in pair.desks:
        states = [desk.state(f"TASK-00{n}") for n in (1, 2, 3)]
        assert states == ["open", "failed:cancelled", "done"]
    assert one.board == two.board
    assert "other words 3" in one.board
    assert pair.words("TASK-001") == ["todo", "blocked:ada:brief", "later"]
    assert pair.words("TASK-002") == ["todo", "failed:cancelled"]
    assert pair.words("TASK-003") == ["todo", "done"]
    assert len(pair.versions) < 20
