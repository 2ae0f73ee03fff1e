"""What models have cost, and what they still may: by day (UTC), origin and task.

A budget that is spent stops work; it never picks a cheaper model instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from taskboard.core.settings import Settings
from taskboard.core.task import Task, World, is_in_slot


def next_day(now: datetime) -> datetime:
    """When the day of ``now`` is over (UTC), and budgets of a day begin anew."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=1)


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """One limit a task is under: ``spent`` of ``most`` US dollars, and ``what`` it limits in
    words. ``day`` tells whether it is over at midnight UTC."""

    what: str
    spent: float
    most: float
    day: bool
    held: float = 0.0
    """What runs that go on now were given of it and have not used."""
    ways: int = 1
    """Among how many runs the rest is shared."""

    @property
    def left(self) -> float:
        """US dollars that nobody has spent or holds, at least 0; less than a tenth of a cent is
        nothing."""
        left = self.most - self.spent - self.held
        return left if left >= DUST else 0.0

    @property
    def share(self) -> float:
        """US dollars that the next run may have, so that the others get theirs. The last of a
        budget is not cut in pieces."""
        return self.left if self.left <= self.most * _WHOLE else self.left / self.ways

    @property
    def told(self) -> str:
        """In a sentence why nothing is left of it."""
        if self.held <= 0 or self.spent >= self.most:
            return f"The budget {self.what} is spent: ${self.spent:.2f} of ${self.most:.2f}."
        return (
            f"The budget {self.what} is spent or in use: ${self.spent:.2f} of ${self.most:.2f},"
            f" and what runs now may need ${self.held:.2f}."
        )


DUST = 0.001
"""US dollars that are too few to begin with."""
_WHOLE = 0.05
"""The part of a budget that is not shared any more."""


def spent_on(world: World, day: str, origin: str | None = None) -> float:
    """US dollars of a day (``2026-11-20``): of all, or of tasks of one origin."""
    costs = world.costs.get(day, {})
    return costs.get(origin, 0.0) if origin is not None else sum(costs.values())


def held_by(task: Task) -> float:
    """US dollars that the run of a task was given and has not used."""
    run = task.run
    if run is None or run.budget_usd is None:
        return 0.0
    return max(run.budget_usd - (task.cost_usd - run.began_usd), 0.0)


def limits(task: Task, world: World, settings: Settings, day: str) -> Iterator[Limit]:
    """The limits on what agents may still cost for this task. Those of a day are shared with the
    runs that go on now, and with those that could begin beside this one."""
    others = [t for t in world.open_tasks() if is_in_slot(t) and t.task_id != task.task_id]
    ways = max(settings.slots - len(others), 1)
    if settings.budget_usd_day is not None:
        most = settings.budget_usd_day
        held = sum(map(held_by, others))
        paid = spent_on(world, day)
        yield Limit(what="today", spent=paid, most=most, day=True, held=held, ways=ways)
    origin = settings.origins.get(task.origin, {}).get("budget_usd_day")
    if origin is not None:
        said = f"today for tasks from {task.origin}"
        held = sum(held_by(t) for t in others if t.origin == task.origin)
        paid = spent_on(world, day, task.origin)
        yield Limit(what=said, spent=paid, most=origin, day=True, held=held, ways=ways)
    own = read_money(task.fields.get("budget", ""))
    if own is not None:
        yield Limit(what=f"for {task.task}", spent=task.cost_usd, most=own, day=False)


def smallest(task: Task, world: World, settings: Settings, day: str) -> Limit | None:
    """The limit that allows the next run least; None when there is none."""
    return min(limits(task, world, settings, day), key=lambda limit: limit.share, default=None)


def read_money(text: str) -> float | None:
    """An amount of US dollars: ``2``, ``2.50``, ``$2.50``, ``2.50 USD``; None when it is none."""
    word = text.strip().removeprefix("$").upper().removesuffix("USD").strip()
    try:
        amount = float(word)
    except ValueError:
        return None
    return amount if 0 <= amount < 1e12 else None
