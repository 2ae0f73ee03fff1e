"""What models have cost, and what they still may: by day (UTC), origin and task.

A budget that is spent stops work; it never picks a cheaper model instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from taskboard.core.settings import Settings
from taskboard.core.task import Task, World


def next_day(now: datetime) -> datetime:
    """When the day of ``now`` is over (UTC), and budgets of a day begin anew."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One limit a task is under: ``spent`` of ``most`` US dollars, and ``what`` it limits in
    words. ``day`` tells whether it is over at midnight UTC."""

    what: str
    spent: float
    most: float
    day: bool

    @property
    def left(self) -> float:
        """US dollars, at least 0."""
        return max(self.most - self.spent, 0.0)


def spent_on(world: World, day: str, origin: str | None = None) -> float:
    """US dollars of a day (``2026-11-20``): of all, or of tasks of one origin."""
    costs = world.costs.get(day, {})
    return costs.get(origin, 0.0) if origin is not None else sum(costs.values())


def limits(task: Task, world: World, settings: Settings, day: str) -> Iterator[Limit]:
    """The limits on what agents may still cost for this task."""
    if settings.budget_usd_day is not None:
        most = settings.budget_usd_day
        yield Limit(what="today", spent=spent_on(world, day), most=most, day=True)
    origin = settings.origins.get(task.origin, {}).get("budget_usd_day")
    if origin is not None:
        said = f"today for tasks from {task.origin}"
        yield Limit(what=said, spent=spent_on(world, day, task.origin), most=origin, day=True)
    own = read_money(task.fields.get("budget", ""))
    if own is not None:
        yield Limit(what=f"for {task.task}", spent=task.cost_usd, most=own, day=False)


def smallest(task: Task, world: World, settings: Settings, day: str) -> Limit | None:
    """The limit that is reached first; None when there is none."""
    return min(limits(task, world, settings, day), key=lambda limit: limit.left, default=None)


def read_money(text: str) -> float | None:
    """An amount of US dollars: ``2``, ``2.50``, ``$2.50``, ``2.50 USD``; None when it is none."""
    word = text.strip().removeprefix("$").upper().removesuffix("USD").strip()
    try:
        amount = float(word)
    except ValueError:
        return None
    return amount if 0 <= amount < 1e12 else None
