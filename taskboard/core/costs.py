"""What facts say that models have used, summed up: by task, day (UTC) and origin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from taskboard.core.bill import Bill
from taskboard.core.steps import VALIDATE
from taskboard.core.task import Owed, Run, Task, World

DECIDER = "decider"
"""The origin of what decisions cost."""


def cost_in(data: Mapping[str, Any]) -> float:
    """US dollars that a fact says were spent; 0 where it says nothing."""
    found = data.get("cost_usd")
    return float(found) if isinstance(found, int | float) else 0.0


def unpriced_in(data: Mapping[str, Any]) -> int:
    """Tokens that a fact says were used and that nobody knows the price of."""
    if "usage" not in data or data.get("cost_usd") is not None:
        return 0
    return Bill.from_data(data).tokens


def tell_costs(world: World, day: str, task: Task | None, data: Mapping[str, Any]) -> None:
    """Put what a fact of a day says was used into the world's sums."""
    origin = task.origin if task is not None else DECIDER
    if paid := cost_in(data):
        sums = world.costs.setdefault(day, {})
        sums[origin] = sums.get(origin, 0.0) + paid
    if tokens := unpriced_in(data):
        world.unpriced[day] = world.unpriced.get(day, 0) + tokens


def owed(task: Task, run: Run, data: Mapping[str, Any]) -> Owed | None:
    """Whose cost is not in the ledger yet when a fact ends a run: its own, when it was working
    and the fact does not say what it used; a debt that is older stays until it is paid."""
    if "usage" in data or run.step in (None, VALIDATE):
        return task.owed
    return Owed(run.run, run.attempt, str(run.step))
