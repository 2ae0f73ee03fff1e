"""A desk to test the loop at: a board on a simulated disk, a clock in the test's hand, and an
executor that does what a task's command says. Real loop, real ledger, real write-back."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from taskboard.core.outcome import Failed, NeedsInput, Outcome, Receipt, Snoozed, Succeeded, Tier
from taskboard.core.settings import Settings
from taskboard.core.task import Task, World
from taskboard.deciders.priority import Decider
from taskboard.errors import Untrusted
from taskboard.executor import Fitness, Order, Watcher
from taskboard.ledgers.jsonl import JsonlLedger
from taskboard.ledgers.leases import DirectoryLeases
from taskboard.loop import command
from taskboard.loop.context import Context, Memory
from taskboard.loop.once import once
from taskboard.loop.tick import tick
from taskboard.loop.writeback import WriteBack
from taskboard.testing.clock import ManualClock, run_virtual
from taskboard.testing.files import SimFiles
from taskboard.testing.git import FakeGit
from taskboard.testing.processes import FakeMachine, FakeProcesses
from taskboard.testing.simdisk import SimDisk
from taskboard.workspace import Workspace

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# The tests start the program hundreds of times; compiling it anew costs each four times its start.
os.environ |= {"TASKBOARD_EXECUTOR": "shell", "TASKBOARD_DECIDER": "priority"}
# Nobody's keys are used and nobody's agents started, whatever is installed here.

ROOT = Path("/desk")


class Script:
    """Does what the command says: `ok`, `fail`, `final`, `snooze`, `ask`, `sleep N`, and
    `write PATH`; several words joined by `;` are done in order."""

    def __init__(self, files: SimFiles) -> None:
        self.files, self.done = files, []

    def fitness(self) -> Fitness:
        return Fitness(usable=True)

    async def examine(self) -> Fitness:
        return self.fitness()

    async def execute(self, order: Order, watcher: Watcher) -> Outcome:
        for word in order.command.split(";"):
            verb, _, rest = word.strip().partition(" ")
            self.done.append(f"{order.label} {word.strip()}")
            outcome = await self._do(verb, rest, order)
            if outcome is not None:
                return outcome
        receipt = Receipt(tier=Tier.EXIT, ok=True, run=order.run, detail={"exit_code": 0})
        return Succeeded(receipts=(receipt,))

    async def _do(self, verb: str, rest: str, order: Order) -> Outcome | None:
        if verb == "sleep":
            await asyncio.sleep(float(rest))
        elif verb == "write":
            path = order.project / rest
            self.files.make_folder(path.parent)
            self.files.write(path, f"made by {order.label}".encode())
        elif verb == "fail":
            return Failed(reason="exit", error=rest or "it failed", exit_code=1)
        elif verb == "final":
            return Failed(reason="exit", error="never again", retryable=False)
        elif verb == "snooze":
            return Snoozed(until=rest)
        elif verb == "ask":
            return NeedsInput(question=rest)
        return None


class Desk:
    """One board and everything around it. ``play`` runs a coroutine on virtual time."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.clock = ManualClock()
        self.files = SimFiles(SimDisk(self.clock.nanoseconds))
        self.machine = FakeMachine()
        self.processes = FakeProcesses(self.machine)
        self.workspace = Workspace(ROOT / "task-board.md")
        self.files.make_folder(ROOT)
        self.script = Script(self.files)
        self.untrusted: Untrusted | None = None
        self.git = FakeGit()
        self.settings = settings or Settings(owner="ann")
        self.open()

    def open(self) -> None:
        """A new process on the same disk."""
        ledger = JsonlLedger(
            self.files,
            self.clock,
            path=self.workspace.ledger,
            state=self.workspace.state,
            device="desk",
            board="task-board.md",
            threads=False,
        )
        self.ctx = Context(
            workspace=self.workspace,
            settings=self.settings,
            files=self.files,
            clock=self.clock,
            processes=self.processes,
            ledger=ledger,
            history=ledger,
            leases=DirectoryLeases(self.files, self.workspace.locks),
            writeback=WriteBack(
                self.files,
                self.clock,
                board=self.workspace.board,
                state=self.workspace.state,
                boot=self.processes.me().boot,
            ),
            executors={"shell": self.script},
            decider=Decider(),
            fallback=Decider(),
            device="desk",
            mark="a4b",
            owner="ann",
            untrusted=lambda: self.untrusted,
            git=self.git,
        )
        self.memory = Memory()

    def play(self, scene: Coroutine[Any, Any, Any]) -> Any:
        return run_virtual(scene, self.clock)

    # The person.

    def save(self, text: str) -> None:
        """An editor replaces the board; the save is old by the time anybody looks."""
        editor = SimFiles(self.files.disk)
        editor.write(self.workspace.board, text.encode())
        self.clock.advance(5)

    def retype(self, old: str, new: str) -> None:
        """Change one place of the board as it is now."""
        text = self.board
        assert text.count(old) == 1, text
        self.save(text.replace(old, new))

    # The machine.

    def turn(self, *, start: bool = False, settling: bool = False) -> None:
        """One turn, and everything it started to its end."""

        async def one() -> None:
            self.memory.settling = settling
            await tick(self.ctx, self.memory, start=start)
            jobs = [a.job for a in self.memory.active.values()]
            await asyncio.gather(*jobs, *self.memory.judged.values())
            await tick(self.ctx, self.memory)

        self.play(one())

    def once(self, wait: float = 3600.0) -> World:
        return self.play(once(self.ctx, Memory(), wait=wait))

    def say(self, verb: Callable[..., Coroutine[Any, Any, Any]], *args: Any, **more: Any) -> Any:
        """One command, with the turn around it."""

        async def one() -> Any:
            memory = Memory()
            await command.begin(self.ctx, memory)
            try:
                return await verb(self.ctx, *args, **more)
            finally:
                await command.end(self.ctx, memory)

        return self.play(one())

    # What there is.

    @property
    def board(self) -> str:
        return self.files.read(self.workspace.board).decode()

    def task(self, name: str) -> Task:
        task = self.play(self.ctx.ledger.look()).named(name)
        assert task is not None, f"no task {name}"
        return task

    def state(self, name: str) -> str:
        return self.task(name).status.text

    def events(self, name: str | None = None) -> list[str]:
        """The types of all events, or of one task's."""
        return [e.type for e in self.facts() if name is None or e.task == name]

    def facts(self) -> list[Any]:
        async def read() -> list[Any]:
            return [event async for event, _line in self.ctx.history.read()]

        return self.play(read())


@pytest.fixture
def desk() -> Desk:
    return Desk()
