"""What happened while a person was away: one pass over the events since then."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from taskboard.core.acts import is_own
from taskboard.core.event import Event
from taskboard.core.event import EventType as E

HERE = timedelta(minutes=30)
"""Acts that lie closer together than this are one stay."""


@dataclass(slots=True)
class Ended:
    """A task that was completed, or that failed for good. ``cost_usd`` and ``runs`` are of the
    time away."""

    event: Event
    runs: int = 0
    cost_usd: float = 0.0


@dataclass(slots=True)
class Hold:
    """The board was held, from and to (None: still). ``reason`` is the ledger's word for it."""

    since: str
    until: str | None
    reason: str


@dataclass(slots=True)
class Absence:
    """Take the events since a person left, in order; then read what they come to."""

    done: dict[str, Ended] = field(default_factory=dict)
    failed: dict[str, Ended] = field(default_factory=dict)
    reset: list[Event] = field(default_factory=list)
    """Runs that were taken back from the dead."""
    holds: list[Hold] = field(default_factory=list)
    undelivered: list[Event] = field(default_factory=list)
    refused: int = 0
    """Completions that the gate refused."""
    created: int = 0
    claimed: int = 0
    daemon_starts: int = 0
    crashes: int = 0
    """Starts of a daemon after one that had not stopped."""
    repairs: int = 0
    cost_usd: float = 0.0
    _daemon: str = ""
    _runs: dict[str, int] = field(default_factory=dict)
    _costs: dict[str, float] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """One more event."""
        paid = event.data.get("cost_usd")
        if isinstance(paid, int | float):
            self.cost_usd += paid
            self._costs[event.task_id or ""] = self._costs.get(event.task_id or "", 0.0) + paid
        if event.task_id is not None:
            self._take_task(event, event.task_id)
        elif event.type == E.FILE_CHANGED_TRIGGERED:
            self._take_hold(event)
        if event.type in (E.DAEMON_STARTED, E.DAEMON_STOPPED):
            self.daemon_starts += event.type == E.DAEMON_STARTED
            self.crashes += event.type == self._daemon == E.DAEMON_STARTED
            self._daemon = event.type
        self.repairs += event.type == E.LEDGER_REPAIRED
        if event.type == E.DELIVERY_FAILED:
            self.undelivered.append(event)

    def _take_task(self, event: Event, task_id: str) -> None:
        if event.type == E.CLAIMED:
            self.claimed += 1
            self._runs[task_id] = self._runs.get(task_id, 0) + 1
        self.created += event.type == E.CREATED and event.actor != "import"
        self.refused += event.type in (E.EVIDENCE_BLOCKED, E.DEPENDENCY_BLOCKED)
        if event.type == E.RECLAIMED:
            self.reset.append(event)
        if event.to == event.from_ or event.type == E.CREATED:
            return
        self.failed.pop(task_id, None)
        to = event.to or ""
        ends = self.done if to == "done" else self.failed if to.startswith("failed:") else None
        if ends is not None:
            ends[task_id] = Ended(event)

    def _take_hold(self, event: Event) -> None:
        reason = event.data.get("held")
        last = self.holds[-1] if self.holds else None
        if last is not None and last.until is None:
            if reason == last.reason:
                return
            last.until = event.ts
        if reason:
            self.holds.append(Hold(event.ts, None, str(reason)))

    def endings(self, ends: dict[str, Ended]) -> list[Ended]:
        """Those of ``done`` or ``failed``, with what they took, the latest first."""
        for task_id, end in ends.items():
            end.runs = self._runs.get(task_id, 0)
            end.cost_usd = round(self._costs.get(task_id, 0.0), 6)
        return sorted(ends.values(), key=lambda end: -end.event.seq)


@dataclass(slots=True)
class Leaving:
    """When a person left: their last act before the last time they were gone for ``HERE`` or
    longer. Take events in any order; ``far_enough`` says when older ones change nothing."""

    me: str
    device: str
    now: datetime
    acts: list[Event] = field(default_factory=list)

    def take(self, events: Iterable[Event]) -> None:
        """More of the ledger, in its order and before what was taken so far."""
        self.acts = [e for e in events if is_own(e, self.me, self.device)] + self.acts

    def found(self) -> Event | None:
        """The last act before they left; None when all of theirs belong to the present stay."""
        after = self.now
        for act in reversed(self.acts):
            when = _moment(act)
            if when is not None:
                if after - when >= HERE:
                    return act
                after = min(after, when)
        return None


def _moment(event: Event) -> datetime | None:
    try:
        return datetime.fromisoformat(event.ts)
    except ValueError:
        return None
