"""The real loop at full speed, as a process: ``python busyloop.py FOLDER``.

Turn after turn it joins what came late, absorbs, gives itself a reason to write (a claim, a
release, a note) and projects, with no debounce and no pause: worse than any daemon. A ``0`` on its
standard input lets it rest, a ``1`` go on; at its end it prints what it did as JSON. With
``--patient`` it waits, as every command does, until two looks at the board agree: an editor that
saves in two writes leaves half a text in between.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import sys
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from taskboard.app import open_app
from taskboard.clock import SystemClock
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.state import Kind
from taskboard.disk import DiskFiles
from taskboard.errors import TaskboardError
from taskboard.loop import agents
from taskboard.loop.absorb import absorb
from taskboard.loop.late import join_late_saves
from taskboard.loop.project import project
from taskboard.loop.quiet import quiet
from taskboard.loop.writeback import Lost, WriteBack

BUSY = "TASK-001"
"""The task whose lines keep changing."""


class FastClock(SystemClock):
    """Displaced files grow old ten times as fast, so that they do not gather by the thousand."""

    ahead = 0.0

    def now(self):
        return super().now() + timedelta(seconds=self.ahead)

    def boot(self):
        return super().boot() * 10 + self.ahead

    def awake(self):
        return super().awake() * 10 + self.ahead


class Counting(DiskFiles):
    """Counts exchanges."""

    exchanges = 0

    def exchange(self, a, b):
        self.exchanges += 1
        return super().exchange(a, b)


class Asked(WriteBack):
    """Counts the saves that it came upon."""

    gaps = 0

    def put(self, seen, new):
        outcome = super().put(seen, new)
        self.gaps += isinstance(outcome, Lost)
        return outcome


class BusyLoop:
    """One workspace, opened as every command does, and what was done to it."""

    def __init__(self, folder, *, patient):
        app = open_app(folder)
        self.patient = patient
        self.files, self.clock = Counting(), FastClock()
        self.writeback = Asked(
            self.files, self.clock, board=app.workspace.board, state=app.workspace.state, boot="b"
        )
        self.ctx = replace(app.ctx, files=self.files, writeback=self.writeback)
        self.memory = app.memory
        self.turns = self.written = self.late = 0

    async def work(self):
        """Turns until standard input ends."""
        await self.turn()
        print("ready", flush=True)
        while not self.is_over():
            await self.turn()
        return await self.finish()

    def is_over(self):
        """Whether standard input has ended; a ``0`` on it means to rest, a ``1`` to go on."""
        resting = False
        while resting or select.select([0], [], [], 0)[0]:
            words = os.read(0, 100)
            if not words:
                return True
            resting = words.endswith(b"0")
        return False

    async def turn(self):
        self.turns += 1
        if self.turns % 4 == 0:
            await self.join()
        if self.patient:
            await quiet(self.ctx)
        await absorb(self.ctx, self.memory)
        await self.change()
        self.written += await project(self.ctx, self.memory)

    async def join(self):
        """What came late; counted."""
        linger = self.writeback.linger

        def counted():
            found = linger()
            self.late += len(found)
            return found

        self.writeback.linger = counted
        await join_late_saves(self.ctx)
        self.writeback.linger = linger

    async def change(self):
        """Give the loop something to write."""
        task = (await self.ctx.ledger.look()).named(BUSY)
        if task is None:
            return
        try:
            if self.turns % 8 == 3 and task.kind is Kind.READY:
                await agents.take(self.ctx, self.memory, BUSY, "busy", "agent:busy")
                return
            if self.turns % 8 == 7 and task.kind is Kind.RUNNING:
                run = f"{BUSY}@{task.run.attempt}"
                await agents.hand_back(self.ctx, task, run, "agent:busy")
                return
        except TaskboardError:
            pass  # the board is held for this instant: half of a save is on it
        data = {"code": "TB900", "note": f"TB900 turn {self.turns}"}
        note = Draft(type=E.ANOMALY_FLAGGED, task_id=task.task_id, task=BUSY, data=data)
        await self.ctx.ledger.append([note])

    async def finish(self):
        """Join what is still under way, until all displaced files have grown old."""
        for ahead in [1] * 10 + [60, 60, 60]:
            self.clock.ahead += ahead
            await self.join()
            await absorb(self.ctx, self.memory)
            await project(self.ctx, self.memory)
        return {
            "turns": self.turns,
            "written": self.written,
            "exchanges": self.files.exchanges,
            "late": self.late,
            "gaps": self.writeback.gaps,
        }


if __name__ == "__main__":
    print(
        json.dumps(
            asyncio.run(BusyLoop(Path(sys.argv[1]), patient="--patient" in sys.argv).work())
        )
    )
