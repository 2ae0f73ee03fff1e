"""What the suite of executors works with: a rig, orders to give, a watcher that remembers."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from taskboard.clock import SystemClock
from taskboard.executor import Executor, Order
from taskboard.processes import Who

PATIENCE = 20.0
"""Seconds after which a check that waits for something fails."""


def by_command(order: Order, deed: str) -> Order:
    """The order as it is, with the deed as its command."""
    return replace(order, command=deed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """``make`` an executor that has this environment, and ``ask`` it: turn an order and a deed
    into an order that makes the executor do the deed."""

    make: Callable[[Mapping[str, str]], Executor]
    ask: Callable[[Order, str], Order] = by_command


@dataclass(slots=True)
class Witness:
    """A watcher that remembers. ``on_started`` and ``on_output`` are called as it happens."""

    on_started: Callable[[Who], None] = lambda _: None
    on_output: Callable[[str], None] = lambda _: None
    groups: list[Who] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def started(self, group: Who) -> None:
        """Remembered in ``groups``."""
        self.groups.append(group)
        self.on_started(group)

    def output(self, text: str) -> None:
        """Remembered in ``texts``."""
        self.texts.append(text)
        self.on_output(text)


def order_in(folder: Path, *, name: str = "TASK-001", **fields: object) -> Order:
    """An order whose project and run folders lie in ``folder``."""
    project = folder / "project"
    project.mkdir(exist_ok=True)
    plain = Order(
        task=name,
        run=SystemClock().uuid(),
        label=f"{name}@1",
        attempt=1,
        project=project,
        board=folder / "task-board.md",
        folder=folder / "runs" / name,
        timeout=PATIENCE,
    )
    return replace(plain, **fields)


def environment(**more: str) -> dict[str, str]:
    """What an executor under test is given: this process's search path, and ``more``."""
    return {"PATH": os.environ.get("PATH", os.defpath), **more}


async def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition, looking each 5 ms; ``AssertionError`` when it does not come."""
    for _ in range(int(PATIENCE / 0.005)):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError(f"waited {PATIENCE:.0f} s in vain: {what}")
