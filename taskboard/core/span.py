"""What happened in one span of time, summed up event by event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from taskboard.core.event import Event
from taskboard.core.event import EventType as E
from taskboard.core.spread import Spread

TASKS = ("created", "done", "verified", "unattended", "failed", "cancelled", "withdrawn")
RUNS = ("count", "failed", "completed", "reclaimed", "released", "relayed", "blocked", "cancelled")
LATENCIES = ("trigger", "queue", "run")

_HANDED_ON = frozenset({E.RELEASED, E.RELAYED, E.BLOCKED, E.CANCELLED})
"""Ends of runs that say nothing of how well they went."""


@dataclass(slots=True)
class Standing:
    """A task that has not ended, as far as figures need it. Times are seconds."""

    needs: frozenset[str] = frozenset()
    earliest: float = 0.0
    ready: float | None = None
    claimed: float | None = None
    begun: bool = False
    touched: bool = False


@dataclass(slots=True)
class Span:
    """The sums of one span of time. ``count`` is how many runs came to an end of their own."""

    tasks: Counter[str] = field(default_factory=Counter)
    runs: Counter[str] = field(default_factory=Counter)
    spreads: dict[str, Spread] = field(
        default_factory=lambda: {name: Spread() for name in LATENCIES}
    )
    interventions: int = 0
    daemon_starts: int = 0
    tokens: int = 0
    cost: float = 0.0

    def add(self, event: Event, task: Standing | None, now: float) -> None:
        """One event; ``task`` is how its task stood before."""
        if task is not None:
            self._add_run(event, task, now)
            self._add_task(event, task)
            if event.type == E.CLAIMED and task.ready is not None:
                self.spreads["queue"].take(now - max(task.ready, task.earliest))
        elif event.type == E.DAEMON_STARTED:
            self.daemon_starts += 1
        elif event.type == E.FILE_CHANGED_TRIGGERED:
            self._take("trigger", event.data.get("latency_s"))
        paid = event.data.get("cost_usd")
        self.cost += paid if isinstance(paid, int | float) else 0.0
        self.tokens += _tokens(event.data.get("usage"))

    def _add_task(self, event: Event, task: Standing) -> None:
        """What became of the task."""
        tasks, to = self.tasks, event.to or ""
        if event.type == E.CREATED:
            tasks["created"] += event.actor != "import"  # that was there before us
        elif event.type == E.WITHDRAWN:
            tasks["withdrawn"] += 1
        elif event.type == E.COMPLETED:
            tasks["done"] += 1
            tasks["verified"] += bool(event.data.get("verified"))
            tasks["unattended"] += event.run is not None and not task.touched
        elif to.startswith("failed:") and to != event.from_:
            tasks["cancelled" if to == "failed:cancelled" else "failed"] += 1

    def _add_run(self, event: Event, task: Standing, now: float) -> None:
        """How the event's run ended, if it did."""
        if event.run is None:
            return
        if event.type == E.RECLAIMED:
            self.runs["reclaimed"] += 1
            spent = not event.data.get("unspent")
            self.runs["failed"] += spent
            self.runs["count"] += spent
        elif event.type in _HANDED_ON:
            self.runs[event.type] += 1
        elif event.type in (E.COMPLETED, E.FAILED):
            self.runs["count"] += 1
            self.runs[event.type] += 1
            took = event.data.get("duration_s")
            if took is None and task.claimed is not None:
                took = now - task.claimed
            self._take("run", took)

    def _take(self, name: str, seconds: Any) -> None:
        if isinstance(seconds, int | float):
            self.spreads[name].take(float(seconds))

    def shape(self) -> dict[str, Any]:
        """As JSON has it."""
        count, failed = self.runs["count"], self.runs["failed"]
        return {
            "tasks": {name: self.tasks[name] for name in TASKS},
            "runs": {
                **{name: self.runs[name] for name in RUNS},
                "error_rate": round(failed / count, 4) if count else None,
            },
            "latency_s": {name: self.spreads[name].shape() for name in LATENCIES},
            "stale_resets": self.runs["reclaimed"],
            "interventions": self.interventions,
            "daemon_starts": self.daemon_starts,
            "tokens": self.tokens,
            "cost_usd": round(self.cost, 6),
        }


def joined(spans: Iterable[Span]) -> Span:
    """All of them as one."""
    whole = Span()
    for span in spans:
        whole.tasks.update(span.tasks)
        whole.runs.update(span.runs)
        for name, spread in span.spreads.items():
            whole.spreads[name].join(spread)
        whole.interventions += span.interventions
        whole.daemon_starts += span.daemon_starts
        whole.tokens += span.tokens
        whole.cost += span.cost
    return whole


def _tokens(usage: Any) -> int:
    """Tokens that models have read and written."""
    if not isinstance(usage, list):
        return 0
    counts = (n for used in usage if isinstance(used, dict) for n in used.values())
    return sum(n for n in counts if isinstance(n, int))
