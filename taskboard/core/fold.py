"""Facts to state: the only place where a task or the world changes.

``advance`` is pure and says what one fact makes of one task, or refuses. ``fold`` applies events
to a world in order; ``check`` proves drafts legal against it before they are written. Laws, held
by tests: ``fold(w, a + b) == fold(fold(w, a), b)``, and folding never depends on the clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from taskboard.core.changes import (
    CHANGES,
    Fact,
    born,
    previous,
    run_changes,
    said_changes,
)
from taskboard.core.costs import owed, tell_costs
from taskboard.core.event import Event
from taskboard.core.event import EventType as E
from taskboard.core.state import TERMINAL, Kind, Row, Status, row_for, stored_status
from taskboard.core.task import Task, World
from taskboard.core.world_changes import WORLD_CHANGES, sighted
from taskboard.errors import Refused, StaleRun

_SHOWN = 16
"""How many earlier statuses are remembered: an editor buffer older than that is a new text."""

_TASK_EVENTS = frozenset(e.value for e in E) - {
    E.LEDGER_OPENED,
    E.FILE_CHANGED_TRIGGERED,
    E.PAUSED,
    E.RESUMED,
    E.LEDGER_REPAIRED,
    E.SEGMENT_SEALED,
    E.DAEMON_STARTED,
    E.DAEMON_STOPPED,
    E.GIT_MOVED,
    E.BOARD_WRITTEN,
    E.SPACE_FREED,
}

_ENDS_RUN = frozenset(
    {E.COMPLETED, E.FAILED, E.CANCELLED, E.RECLAIMED, E.RELEASED, E.RELAYED, E.BLOCKED}
)
_BEGINS = frozenset({E.CLAIMED, E.REQUEUED})
"""What makes the line about the last run a thing of the past."""

_ANSWERS = frozenset({E.EVIDENCE_BLOCKED, E.DEPENDENCY_BLOCKED, E.TRANSITION_BLOCKED})
"""Refusals that answer a typed ``done``."""
_REPLACE = msgspec.structs.replace
_TYPES = {e.value: e for e in E}


def is_about_task(fact: Fact) -> bool:
    """Whether this version folds the fact into a task (a newer version's types are kept, but
    mean nothing here)."""
    return fact.type in _TASK_EVENTS and fact.task_id is not None


def is_known(kind: str) -> bool:
    """Whether this version knows this type of fact. One that it does not was written by a newer
    version, and nobody here can say what it changed."""
    return kind in _TYPES


def advance(task: Task | None, fact: Fact, *, ts: str, seq: int, device: str = "") -> Task:
    """The task after the fact. Raises ``Refused`` or ``StaleRun`` when no row allows it."""
    event = _TYPES[fact.type]
    kind = task.status.kind if task else None
    row = row_for(kind, event)
    if row is None:
        raise _refusal(task, fact)
    if task is None:
        return born(fact, _target(task, fact, row), ts, seq, device)
    # Most facts move nothing: what cannot matter to those is passed over.
    status = task.status if row.same else _target(task, fact, row)
    _guard_run(task, fact, row)
    changes = run_changes(task, fact, event, ts, device) if row.run != "none" else {}
    if not row.same and task.run and event in _ENDS_RUN:
        changes["run"] = None
        changes["previous"] = previous(task, task.run)
        changes["owed"] = owed(task, task.run, fact.data)
    own = CHANGES.get(event)
    if own:
        changes.update(own(task, fact, ts))
    moved = status is not task.status and status != task.status
    data = fact.data
    if moved or "note" in data or "result" in data or event in _BEGINS:
        _line_changes(task, data, moved, event in _BEGINS, changes)
    if "cost_usd" in data or "question" in data:
        changes |= said_changes(task, fact)
    if task.requested and (moved or event in _ANSWERS):
        changes["requested"] = None
    if moved:
        changes.update(
            status=status,
            shown=_shown(task.shown, task.status.text),
            written=fact.actor != "board",
            doubted=False,
            since=seq,
        )
    return _REPLACE(task, updated=ts, seq=seq, **changes)


def check(world: World, drafts: Sequence[Fact], *, ts: str, device: str) -> list[Task | None]:
    """The task after each draft, in order, as if they were applied; raises what ``advance``
    raises and changes nothing."""
    staged: dict[str, Task] = {}
    fresh: dict[str, str] = {}
    after: list[Task | None] = []
    for offset, draft in enumerate(drafts, 1):
        if not is_about_task(draft):
            for name, change in sighted(draft, ts):
                known = fresh.get(name) or world.names.get(name)
                if known is not None:
                    task = staged.get(known) or world.tasks[known]
                    staged[known] = _REPLACE(task, **change)
            after.append(None)
            continue
        task_id = str(draft.task_id)
        before = staged.get(task_id) or world.tasks.get(task_id)
        _guard_name(world, fresh, draft, task_id)
        staged[task_id] = advance(before, draft, ts=ts, seq=world.seq + offset, device=device)
        after.append(staged[task_id])
    return after


def _guard_name(world: World, fresh: dict[str, str], draft: Fact, task_id: str) -> None:
    name = str(draft.task)
    if (fresh.get(name) or world.names.get(name) or task_id) != task_id:
        raise Refused(
            f"The id {name} is taken: an id is never given to a second task.",
            hint=f"taskboard show {name}",
            task=name,
            data={"reason": "id_taken"},
        )
    fresh[name] = task_id


def fold(world: World, events: Iterable[Event]) -> World:
    """Apply events in order to ``world`` and return it."""
    for event in events:
        task = None
        if is_about_task(event):
            before = world.tasks.get(str(event.task_id))
            task = advance(before, event, ts=event.ts, seq=event.seq, device=event.device)
        settle(world, event, task)
    return world


def settle(world: World, event: Event, task: Task | None) -> None:
    """Put one checked event into the world; ``task`` is what ``check`` or ``advance`` said."""
    if task is not None:
        world.put(task)
        if task.approved and task.work is not None:
            world.vouched.add(task.work)
    elif event.type in WORLD_CHANGES:
        WORLD_CHANGES[event.type](world, event)
    data = event.data
    if "cost_usd" in data or "usage" in data:
        tell_costs(world, event.ts[:10], task, data)
    world.seq = event.seq
    world.head = event.hash


def _refusal(task: Task | None, fact: Fact) -> Refused:
    if task is None:
        return Refused(f"No task {fact.task or fact.task_id}.", data={"reason": "no_task"})
    name, now = task.task, task.status.text
    data = {"state": now, "verb": str(fact.type)}
    if task.status.kind in TERMINAL:
        return Refused(
            f"{name} is {now}; a finished task does not change.",
            hint=f"To try a failed task again: taskboard ready {name}"
            if task.kind is Kind.FAILED
            else f"Done stays done. For more work add a task that names {name}.",
            task=name,
            data=data,
            code="terminal_blocked",
        )
    late = fact.run is not None and (task.run is None or task.run.run != fact.run)
    if late and fact.type != E.CLAIMED:  # a claim brings a new run, it is not late
        return _stale(task, fact)
    return Refused(
        f"{name} is {now}: {fact.type} is not possible from there.",
        hint=f"taskboard why {name}",
        task=name,
        data=data,
        code="transition_blocked",
    )


def _stale(task: Task, fact: Fact) -> StaleRun:
    current = f"{task.task}@{task.run.attempt}" if task.run else "none"
    return StaleRun(
        f"This run of {task.task} is no longer its current run (current: {current}).",
        hint=f"Stop working on it. taskboard show {task.task} tells what happened.",
        task=task.task,
        data={"state": task.status.text, "verb": str(fact.type), "reason": "stale_run"},
    )


def _target(task: Task | None, fact: Fact, row: Row) -> Status:
    if task is not None and (row.same or fact.to is None):
        return task.status
    status = stored_status(fact.to or "")
    if status.kind not in row.targets:
        raise Refused(
            f"{fact.type} cannot lead to {status.text}.",
            task=fact.task,
            data={"verb": str(fact.type), "reason": "bad_target"},
        )
    return status


def _guard_run(task: Task, fact: Fact, row: Row) -> None:
    if row.run == "current" and (task.run is None or task.run.run != fact.run):
        raise _stale(task, fact)
    if row.run == "new" and not (fact.run and fact.attempt and fact.attempt > task.attempt):
        raise _stale(task, fact)
    if fact.type == E.RETRIED and task.status.who != "retry":
        raise _refusal(task, fact)
    if fact.type == E.COST_RECORDED and (task.owed is None or task.owed.run != fact.run):
        raise Refused(
            f"What this run of {task.task} has cost is in the ledger already.",
            task=task.task,
            data={"state": task.status.text, "verb": str(fact.type), "reason": "stale_run"},
        )
    # The row of a task that waits is for people and containers: whoever names a run is late.
    if row.run == "none" and not row.same and fact.run and fact.type in _ENDS_RUN:
        raise _stale(task, fact)


def _line_changes(
    task: Task, data: dict[str, Any], moved: bool, fresh: bool, changes: dict[str, Any]
) -> None:
    if "note" in data:
        changes["note"] = data["note"]
    elif moved and task.note is not None:
        changes["note"] = None
    if "result" in data:
        changes["result"] = data["result"]
    elif fresh:  # an old text that has the line of the last run is known by it no longer
        changes["result"] = None


def _shown(shown: tuple[str, ...], word: str) -> tuple[str, ...]:
    return (*(s for s in shown if s != word), word)[-_SHOWN:]
