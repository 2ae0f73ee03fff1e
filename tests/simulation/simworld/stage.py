"""What every actor shares: disk, clock, machine, dice, and the trace of what happened."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from taskboard.core.settings import Settings
from taskboard.files import Files
from taskboard.processes import Who
from taskboard.testing.clock import ManualClock
from taskboard.testing.files import SimFiles
from taskboard.testing.git import FakeGit
from taskboard.testing.processes import FakeMachine
from taskboard.testing.simdisk import SimDisk

ROOT = Path("/w")
BOARD = ROOT / "task-board.md"
LEDGER = ROOT / "events.jsonl"
STATE = ROOT / ".taskboard"
_OPERATIONS = 20_000


class Violation(AssertionError):
    """An invariant does not hold. The text names it."""


class Stage:
    """One seed's world. ``meddle`` is called between any two file operations of a program."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.dice = random.Random(seed)
        self.clock = ManualClock(seed=seed)
        self.disk = SimDisk(now=self.clock.nanoseconds)
        self.machine = FakeMachine()
        self.git = FakeGit()
        self.trace: list[str] = []
        self.operations = 0
        """File operations of programs since the last look."""
        self.calm = False
        """Nobody acts any more, and what is executed ends soon."""
        self.meddle: Callable[[str], None] = lambda _operation: None
        self.working: dict[str, list[tuple[Who, str]]] = {}
        """Processes that work or worked on a task, with their runs, by task."""
        self.heard: list[Callable[[str], None]] = []
        """Who wants hints about names that changed (the present daemon's watch)."""
        self.supervises: Callable[[str], bool] = lambda _run: False
        """Whether the living daemon is at work on this run."""
        self.broken: Violation | None = None
        """An invariant broken where the program itself would swallow the news of it."""
        self.settings = self._settings()
        self.disk.exchanges = self.dice.random() > 0.15
        SimFiles(self.disk).make_folder(ROOT)

    def _settings(self) -> Settings:
        dice = self.dice
        return Settings(
            slots=dice.choice([1, 2, 3]),
            debounce=dice.choice([0.5, 2.0]),
            debounce_max=6.0,
            poll=dice.choice([1.0, 3.0, 7.0]),
            settle=dice.choice([0.0, 2.0, 5.0]),
            lease_ttl=dice.choice([6.0, 15.0]),
            claim_ttl=40.0,
            stall=30.0,
            timeout=45.0,
            verify_timeout=20.0,
            max_attempts=dice.choice([1, 2, 3]),
            backoff=2.0,
            backoff_max=8.0,
            on_stop=dice.choice(["release", "release", "finish"]),
            owner="ada",
        )

    def say(self, text: str) -> None:
        """One line of the trace."""
        self.trace.append(f"{self.clock.awake():9.2f} {text}")

    def hint(self, name: str) -> None:
        """The daemon's watch may or may not notice."""
        if self.dice.random() < 0.7:
            for tell in list(self.heard):
                tell(name)

    def living(self, task: str) -> list[str]:
        """Runs whose process works on ``task`` at this moment."""
        found = self.working.get(task, [])
        return [run for who, run in found if self.machine.find(who.pid) == who]


class Program:
    """A process of the simulated machine: its own view of the disk, and whether it is dead."""

    def __init__(self, stage: Stage, name: str) -> None:
        self.stage, self.name = stage, name
        self.files = SimFiles(
            stage.disk, seed=stage.dice.randrange(1 << 30), between=self._between
        )

    def _between(self, operation: str) -> None:
        self.stage.operations += 1
        if self.stage.operations > _OPERATIONS:
            self.stage.operations = 0
            raise Violation("a program spins: it works on files without end in one step")
        self.stage.meddle(operation)

    @property
    def dead(self) -> bool:
        return self.files.steps._dead

    def kill(self) -> None:
        """Whatever it still tries fails."""
        self.files.steps._dead = True


def read(files: Files, path: Path) -> bytes | None:
    try:
        return files.read(path)
    except FileNotFoundError:
        return None
