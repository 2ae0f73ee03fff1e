"""Why a fact cannot happen to a task: the refusals of the fold, in words for people."""

from __future__ import annotations

from taskboard.core.changes import Fact
from taskboard.core.event import EventType as E
from taskboard.core.state import TERMINAL, Kind, Row
from taskboard.core.task import Task
from taskboard.errors import Refused, StaleRun

_RETRIED, _COST_RECORDED = E.RETRIED.value, E.COST_RECORDED.value  # a member is slow to find


def guard(task: Task, fact: Fact, row: Row, *, ends: bool) -> None:
    """What must hold besides the row: of a claim, of what ends a run (``ends``), of two other
    types. Raises ``Refused`` or ``StaleRun``."""
    if row.run == "new" and not (fact.run and fact.attempt and fact.attempt > task.attempt):
        raise stale(task, fact)
    if fact.type == _RETRIED and task.status.who != "retry":
        raise refusal(task, fact)
    if fact.type == _COST_RECORDED and (task.owed is None or task.owed.run != fact.run):
        raise Refused(
            f"What this run of {task.task} has cost is in the ledger already.",
            task=task.task,
            data={"state": task.status.text, "verb": str(fact.type), "reason": "stale_run"},
        )
    # The row of a task that waits is for people and containers: whoever names a run is late.
    if row.run == "none" and not row.same and fact.run and ends:
        raise stale(task, fact)


def refusal(task: Task | None, fact: Fact) -> Refused:
    """No row allows the fact: that there is no such task, that it is finished, or where it is."""
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
        return stale(task, fact)
    return Refused(
        f"{name} is {now}: {fact.type} is not possible from there.",
        hint=f"taskboard why {name}",
        task=name,
        data=data,
        code="transition_blocked",
    )


def stale(task: Task, fact: Fact) -> StaleRun:
    """The fact names a run that is not the current one."""
    current = f"{task.task}@{task.run.attempt}" if task.run else "none"
    return StaleRun(
        f"This run of {task.task} is no longer its current run (current: {current}).",
        hint=f"Stop working on it. taskboard show {task.task} tells what happened.",
        task=task.task,
        data={"state": task.status.text, "verb": str(fact.type), "reason": "stale_run"},
    )
