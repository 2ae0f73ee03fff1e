"""Figures of a ledger: what was done, how often it went wrong, how long it took, what it cost.

One pass, in memory that grows with the tasks that are open at one time and with nothing else.
The whole and every part of the time are summed the same way.

- *trigger*: from a save to the event that says it was noticed, under a daemon that watches.
- *queue*: from the moment a task was ready and all it needs was done (and ``not-before`` past) to
  its claim.
- *run*: from the claim to the end, of runs that were completed or failed.
- Neither is told of what a set clock lies in the midst of.
- *unattended*: tasks completed by a run, that no person touched after their first claim.
- *interventions*: tasks that a person touched after their first claim, once for each save or
  command.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from taskboard.core.acts import is_persons
from taskboard.core.event import Event
from taskboard.core.event import EventType as E
from taskboard.core.needs import needs_of
from taskboard.core.span import Span, Standing, joined
from taskboard.core.units import read_time, stamp

PARTS = 48
"""Most parts that a span of time is cut into."""

_STEP = 60.0
"""Seconds by which times may go back without the clock having jumped."""
_DAY = 86400
_WIDTHS = (60, 300, 900, 3600, 4 * 3600, _DAY, 7 * _DAY, 28 * _DAY, 364 * _DAY, 3640 * _DAY)
"""Seconds of a part: the smallest that is enough."""
_MONDAY = 4 * _DAY
"""Parts of weeks begin on Mondays: the first of the epoch was its fifth day."""


class Figures:
    """Take every event in order, from the ledger's first; then ask for the ``shape``. Only what
    happened from ``since`` (None: the first event) to ``until`` is counted."""

    def __init__(self, since: datetime | None, until: datetime) -> None:
        self._until = until.timestamp()
        self._since = since.timestamp() if since is not None else None
        self._all = since is None
        self._parts: list[Span] = []
        self._first, self._width = 0.0, _WIDTHS[0]
        self._high = self._last = 0.0
        """The latest time that an event has had, and the last one's."""
        self._behind = False
        """The clock shows less than it did before."""
        self._open: dict[str, Standing] = {}
        self._waiters: dict[str, set[str]] = {}
        """Ids of the open tasks that need a task, by its name."""
        self._touched: set[str] = set()
        """Tasks that a person touched in the commit that is being read."""
        if self._since is not None:
            self._lay_out(self._since)

    def take(self, event: Event) -> None:
        """One more event."""
        now = _seconds(event.ts)
        self._mind_jumps(now)
        if self._since is None:
            self._since = now
            self._lay_out(now)
        span = self._span_at(now)
        task = self._track(event) if event.task_id is not None else None
        if span is not None:
            span.add(event, task, now)
        if task is not None:
            self._advance(event, task, now)
            self._note_touch(event, task, span)
        if not event.more:
            self._touched.clear()

    def shape(self) -> dict[str, Any]:
        """As ``stats --json`` has it, without its head."""
        since = min(self._since if self._since is not None else self._until, self._until)
        return {
            "since": _spelled(since),
            "until": _spelled(self._until),
            **joined(self._parts).shape(),
            "series": [
                {
                    "since": _spelled(self._first + n * self._width),
                    "until": _spelled(self._first + (n + 1) * self._width),
                    **part.shape(),
                }
                for n, part in enumerate(self._parts)
            ],
        }

    # Where in time

    def _lay_out(self, since: float) -> None:
        """Cut the time into parts of the smallest width that is enough."""
        since = min(since, self._until)
        for width in _WIDTHS:
            offset = _MONDAY if width > _DAY else 0
            first = (since - offset) // width * width + offset
            count = int((self._until - first) // width) + 1
            if count <= PARTS or width == _WIDTHS[-1]:
                break
        self._first, self._width = first, width
        self._parts = [Span() for _ in range(min(count, PARTS))]

    def _span_at(self, now: float) -> Span | None:
        """The part a moment counts in. The times of a ledger order nothing: one that lies after
        the end counts at the end, and without ``since`` one before the first at the beginning."""
        if not self._all and now < (self._since or 0.0):
            return None
        place = int((now - self._first) // self._width)
        return self._parts[min(max(place, 0), len(self._parts) - 1)]

    def _mind_jumps(self, now: float) -> None:
        """Where the clock was set back, or has come back from there, no time between two facts
        on either side is a length of anything: those that had begun are forgotten."""
        behind = now < self._high - _STEP
        if behind != self._behind or now < self._last - _STEP:
            for task in self._open.values():
                task.ready = task.claimed = None
        self._behind, self._last, self._high = behind, now, max(self._high, now)

    # What a task is at

    def _track(self, event: Event) -> Standing:
        """The task of an event, with what the event says of its fields."""
        name = str(event.task_id)
        task = self._open.get(name)
        if task is None:
            task = self._open[name] = Standing(begun=event.from_ is not None)
        fields = event.data.get("fields")
        if event.type in (E.CREATED, E.EDITED) and isinstance(fields, dict):
            task.needs = frozenset(needs_of(fields))
            earliest = read_time(str(fields.get("not-before") or ""))
            task.earliest = earliest.timestamp() if earliest is not None else 0.0
            for need in task.needs:
                self._waiters.setdefault(need, set()).add(name)
        return task

    def _advance(self, event: Event, task: Standing, now: float) -> None:
        """What the event leaves behind."""
        to, name = event.to or "", str(event.task_id)
        if event.type == E.CLAIMED:
            task.claimed, task.begun, task.ready = now, True, None
        elif event.to != event.from_:
            task.claimed = None
            task.ready = now if to == "ready" else None
        if to == "done" and event.from_ != "done":
            for waiter in self._waiters.pop(str(event.task), ()):
                waiting = self._open.get(waiter)
                if waiting is not None and waiting.ready is not None:
                    waiting.ready = max(waiting.ready, now)
        if to in ("done", "withdrawn") or to.startswith("failed:"):
            self._forget(name, task)

    def _forget(self, name: str, task: Standing) -> None:
        """It has ended: nothing is kept of it, and a later event about it finds it anew."""
        self._open.pop(name, None)
        for need in task.needs:
            waiters = self._waiters.get(need)
            if waiters is not None:
                waiters.discard(name)
                if not waiters:
                    del self._waiters[need]

    def _note_touch(self, event: Event, task: Standing, span: Span | None) -> None:
        if not (is_persons(event) and task.begun) or event.type == E.CREATED:
            return
        task.touched = True
        if event.task_id not in self._touched:
            self._touched.add(str(event.task_id))
            if span is not None:
                span.interventions += 1


def _seconds(ts: str) -> float:
    """An event's time in seconds; the epoch for what cannot be read."""
    try:
        return datetime.fromisoformat(ts).timestamp()
    except ValueError:
        return 0.0


def _spelled(seconds: float) -> str:
    return stamp(datetime.fromtimestamp(seconds, UTC))
