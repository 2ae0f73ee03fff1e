"""Waiting ends by itself: what the turn changes without anybody asking.

Times that are past, blockers that are done, children that have ended, sections that are gone.
Pure: the same world and board always give the same drafts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.state import CLOSED, READY, WITHDRAWN, Kind, stored_status
from taskboard.core.task import Task, Uptime, World, owner_of
from taskboard.core.units import read_time

GONE_FOR = 60.0
"""Seconds between the two whole reads without a section that withdraw its task."""

CHILD_FAILED = "child-failed"
PROMOTE = "promote"
"""What a task waits for whose owner is asked whether it goes on."""


def wake(
    world: World,
    present: frozenset[str] | None,
    *,
    now: datetime,
    uptime: Uptime,
    owner: str,
    promote: str,
) -> list[Draft]:
    """Drafts for everything whose waiting is over. ``present`` are the task ids that are on the
    board, None when no whole board was read (then nothing is withdrawn)."""
    children = world.children()
    drafts: list[Draft] = []
    for task in world.tasks.values():
        kids = children.get(task.task_id, [])
        drafts += _unblocked(task, world, now, owner, promote)
        drafts += _parent(task, kids, owner)
        if present is not None:
            drafts += _withdrawn(task, present, gone_for(task, now, uptime))
    return drafts


def due(
    world: World,
    *,
    now: datetime,
    after: datetime | None = None,
    uptime: Uptime | None = None,
) -> float | None:
    """Seconds until ``wake`` has something to do because of time alone; None for never.
    Moments up to ``after`` have been dealt with, whatever came of it. Without ``uptime``
    sections that are gone are left out of account."""
    moments = []
    for task in world.tasks.values():
        if task.kind is Kind.BLOCKED and task.status.who in ("until", "retry", "quota"):
            moments.append(read_time(task.status.what))
        if uptime is not None and task.missing_since and _may_go(task):
            left = GONE_FOR - gone_for(task, now, uptime)
            moments.append(now + timedelta(seconds=left))
        if task.kind is Kind.READY:
            start = read_time(task.fields.get("not-before", ""))
            moments.append(start if start and start > now else None)
    open_ones = [m for m in moments if m is not None and (after is None or m > after)]
    ahead = [(m - now).total_seconds() for m in open_ones]
    return max(min(ahead), 0.0) if ahead else None


def gone_for(task: Task, now: datetime, uptime: Uptime) -> float:
    """Seconds since the task's section was first seen missing, 0 when it is not. Told by the
    machine's own running time where that is known: a wall clock may be set."""
    since = read_time(task.missing_since or "")
    if since is None:
        return 0.0
    if task.missing_at is not None and task.missing_at.boot == uptime.boot:
        return max(uptime.seconds - task.missing_at.seconds, 0.0)
    return max((now - since).total_seconds(), 0.0)


def _may_go(task: Task) -> bool:
    """Whether a section that stays gone changes anything more about its task."""
    if task.kind is Kind.RUNNING:
        return not task.withdrawing
    return task.kind is not Kind.WITHDRAWN and not task.hidden


def move(task: Task, event: E, to: str | None = None, **data: object) -> Draft:
    """A draft of the runtime's own about a task that has no run."""
    return Draft(type=event, task_id=task.task_id, task=task.task, to=to, data=dict(data))


def _unblocked(
    task: Task, world: World, now: datetime, owner: str, promote: str
) -> Iterator[Draft]:
    if task.kind is not Kind.BLOCKED or not _is_over(task, world, now):
        return
    who, what = task.status.who, task.status.what
    cause = f"{who}:{what}"
    if who == "retry":
        yield move(task, E.RETRIED, READY.text, cause=cause)
    elif promote != "auto" and who != "quota":
        asked = owner_of(task.fields, owner)
        note = f"TB312 {what} is {'done' if who == 'task' else 'past'}. Type `ready` to go on."
        yield move(task, E.BLOCKED, f"blocked:{asked}:{PROMOTE}", cause=cause, note=note)
    else:
        yield move(task, E.UNBLOCKED, READY.text, cause=cause)


def _is_over(task: Task, world: World, now: datetime) -> bool:
    """Whether what a blocked task waits for by itself has come."""
    who, what = task.status.who, task.status.what
    if who == "task":
        blocker = world.named(what)
        return blocker is not None and blocker.kind is Kind.DONE
    moment = read_time(what) if who in ("until", "retry", "quota") else None
    return moment is not None and moment <= now


def _parent(task: Task, kids: list[Task], owner: str) -> Iterator[Draft]:
    failed = [k.task for k in kids if k.kind is Kind.FAILED]
    if task.kind is Kind.BLOCKED and task.status.what == CHILD_FAILED:
        if not failed:
            yield _as_before(task)
    elif _waits_typed(task) and kids and all(k.kind in CLOSED for k in kids) and not failed:
        yield move(task, E.UNBLOCKED, READY.text, cause="children")
    elif task.kind in (Kind.READY, Kind.BLOCKED) and _newest(kids, Kind.FAILED) > task.since:
        yield move(
            task,
            E.BLOCKED,
            f"blocked:{owner_of(task.fields, owner)}:{CHILD_FAILED}",
            children=failed[:100],
            note=f"TB309 {', '.join(failed[:5])} failed. Requeue it, or type `ready` to go on.",
        )


def _waits_typed(task: Task) -> bool:
    waits = task.kind is Kind.BLOCKED and task.status.who == "children"
    return waits and not waits_for_gate(task)


def _as_before(task: Task) -> Draft:
    """The child that had failed is requeued: what a person waited for before holds again, and
    else the parent may start."""
    before = stored_status(task.shown[-1]) if task.shown else READY
    if before.kind is Kind.BLOCKED and before.who not in ("children", "retry", "quota"):
        return move(task, E.BLOCKED, before.text, cause="child-requeued")
    return move(task, E.UNBLOCKED, READY.text, cause="child-requeued")


def _newest(tasks: list[Task], kind: Kind) -> int:
    return max((t.since for t in tasks if t.kind is kind), default=0)


def _withdrawn(task: Task, present: frozenset[str], gone: float) -> Iterator[Draft]:
    if task.withdrawing and task.kind not in (Kind.RUNNING, *CLOSED):
        yield move(task, E.WITHDRAWN, WITHDRAWN.text, cause="section deleted")
        return
    if task.missing_since is None or task.task_id in present or gone < GONE_FOR:
        return
    if task.kind is Kind.RUNNING and not task.withdrawing:
        yield move(task, E.EDITED, withdrawing=True)
    elif task.kind in (Kind.DONE, Kind.FAILED) and not task.hidden:
        yield move(task, E.EDITED, hidden=True)
    elif task.kind not in (Kind.RUNNING, *CLOSED):
        yield move(task, E.WITHDRAWN, WITHDRAWN.text, cause="section deleted")


def asks_gate(world: World, prompts: Mapping[str, bool]) -> list[Task]:
    """Parents whose children have all ended and whose gate is to be asked now: those that
    wait as ``blocked:children`` and containers (``prompts`` says who has text of its own)."""
    children = world.children()
    found = []
    for task in world.tasks.values():
        kids = children.get(task.task_id, [])
        if any(k.kind not in CLOSED for k in kids):
            continue
        waiting = waits_for_gate(task)
        container = bool(kids) and task.kind is Kind.READY and is_container(task, prompts)
        if waiting or (container and all(k.kind is not Kind.FAILED for k in kids)):
            found.append(task)
    return found


def waits_for_gate(task: Task) -> bool:
    """A parent whose own run is over and only waits for its children: the runtime's own
    ``blocked:children``, not one that somebody typed."""
    waits = task.kind is Kind.BLOCKED and task.status.who == "children"
    return waits and task.written and task.attempt > 0


def is_container(task: Task, prompts: Mapping[str, bool]) -> bool:
    """A task with children that has neither a command nor text of its own."""
    return "run" not in task.fields and not prompts.get(task.task_id, False)
