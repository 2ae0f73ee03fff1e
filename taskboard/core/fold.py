"""Facts to state: the only place where a task or the world changes.

``advance`` is pure and says what one fact makes of one task, or refuses. ``fold`` applies events
to a world in order; ``core.check`` proves drafts legal against it before they are written. Laws,
held by tests: ``fold(w, a + b) == fold(fold(w, a), b)``, and folding never depends on the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from typing import Any, NamedTuple

import msgspec

from taskboard.core.changes import (
    CHANGES,
    RUN_CHANGES,
    Fact,
    born,
    previous,
    said_changes,
)
from taskboard.core.costs import owed, tell_costs
from taskboard.core.event import Event
from taskboard.core.event import EventType as E
from taskboard.core.illegal import guard, refusal, stale
from taskboard.core.lazy import LazyMap
from taskboard.core.shelf import BLOCK, Shelf
from taskboard.core.state import CLOSED, TRANSITIONS, Kind, Row, Status, row_for, stored_status
from taskboard.core.task import Task, World
from taskboard.core.world_changes import WORLD_CHANGES, sighted
from taskboard.errors import Refused

_SHOWN = 16
"""How many earlier statuses are remembered: an editor buffer older than that is a new text."""

_ENDS_RUN = frozenset(
    {E.COMPLETED, E.FAILED, E.CANCELLED, E.RECLAIMED, E.RELEASED, E.RELAYED, E.BLOCKED}
)
_BEGINS = frozenset({E.CLAIMED, E.REQUEUED})
"""What makes the line about the last run a thing of the past."""

_ANSWERS = frozenset({E.EVIDENCE_BLOCKED, E.DEPENDENCY_BLOCKED, E.TRANSITION_BLOCKED})
"""Refusals that answer a typed ``done``."""
_SAID = frozenset({"note", "result", "cost_usd", "question"})
"""What any fact may say."""
_USED = frozenset({"cost_usd", "usage"})
_EDITED = E.EDITED.value
_REPLACE = msgspec.structs.replace
_SET = msgspec.structs.force_setattr
_TYPES = frozenset(e.value for e in E)


class _Rule(NamedTuple):
    """What is known of a type of fact about a task before any such fact is seen."""

    rows: dict[Kind | None, Row]
    """The row that counts, by the kind of the task's state."""
    of_run: Callable[[Task, Fact, str, str], dict[str, Any]] | None
    of_task: Callable[[Task, Fact, str], dict[str, Any]] | None
    ends: bool
    begins: bool
    answers: bool
    guarded: bool
    """Whether more must hold than its row says."""


def _rule(event: E) -> _Rule:
    legal = {kind: row for kind in (None, *Kind) if (row := row_for(kind, event)) is not None}
    ends = event in _ENDS_RUN
    return _Rule(
        legal,
        RUN_CHANGES.get(event),
        CHANGES.get(event),
        ends,
        event in _BEGINS,
        event in _ANSWERS,
        ends or event in (E.CLAIMED, E.RETRIED, E.COST_RECORDED),
    )


_RULES = {event.value: _rule(event) for event in TRANSITIONS}


def is_about_task(fact: Fact) -> bool:
    """Whether this version folds the fact into a task (a newer version's types are kept, but
    mean nothing here)."""
    return fact.task_id is not None and fact.type in _RULES


def advance(task: Task | None, fact: Fact, *, ts: str, seq: int, device: str = "") -> Task:
    """The task after the fact. Raises ``Refused`` or ``StaleRun`` when no row allows it."""
    if task is not None:
        changes = changes_of(task, fact, ts, seq, device)
        return _REPLACE(task, updated=ts, seq=seq, **changes)
    row = _RULES[fact.type].rows.get(None)
    if row is None:
        raise refusal(task, fact)
    return born(fact, _target(fact, row), ts, seq, device)


def changes_of(task: Task, fact: Fact, ts: str, seq: int, device: str) -> dict[str, Any]:
    """What the fact changes in the task, by attribute, besides ``updated`` and ``seq``. Raises
    what ``advance`` raises."""
    rows, of_run, of_task, ends, begins, answers, guarded = _RULES[fact.type]
    now, run, data = task.status, task.run, fact.data
    row = rows.get(now.kind)
    if row is None:
        raise refusal(task, fact)
    same = row.same
    # Most facts move nothing: what cannot matter to those is passed over.
    status = now if same or fact.to is None else _target(fact, row)
    if row.run == "current" and (run is None or run.run != fact.run):
        raise stale(task, fact)
    if guarded:
        guard(task, fact, row, ends=ends)
    changes = {} if of_run is None else of_run(task, fact, ts, device)
    if ends and run is not None and not same:
        changes["run"] = None
        changes["previous"] = previous(task, run)
        changes["owed"] = owed(task, run, data)
    if of_task is not None:
        changes |= of_task(task, fact, ts)
    moved = status is not now and status != now
    if moved or begins or (data and not _SAID.isdisjoint(data)):
        _say(task, fact, moved, begins, changes)
    if task.requested and (moved or answers):
        changes["requested"] = None
    if moved:
        changes["status"] = status
        changes["shown"] = _shown(task.shown, now.text)
        changes["written"] = fact.actor != "board"
        changes["doubted"] = False
        changes["since"] = seq
    return changes


def fold(world: World, events: Iterable[Event]) -> World:
    """Apply events in order to ``world`` and return it."""
    fold = Fold(world)
    for event in events:
        fold.add(event)
    return world


class Fold:
    """Applies events to a world, until somebody else looks at that. A task that it has made itself
    or copied is nobody else's until then, so that one is changed in place: there are many events
    for each task, and a new one for each event would take longer than all the rest.

    ``meet`` is told of every event of a type that this version does not know."""

    def __init__(self, world: World, meet: Callable[[Event], None] = lambda _: None) -> None:
        self._world = world
        self._own: dict[str, Task] = {}
        self._meet = meet
        self._closed: dict[str, None] = {}
        self._shelf = None if world.seq else Shelf()
        """Of a fold from the first event: nobody has looked at any of those tasks."""

    def add(self, event: Event) -> None:
        """Apply one event. Raises what ``advance`` raises, and then no task has changed."""
        world, kind, task_id = self._world, event.type, event.task_id
        task = None
        if task_id is not None and kind in _RULES:
            task = self._own.get(task_id) or self._owned(task_id)
            if task is None:
                task = self._born(event, task_id)
            else:
                changes = changes_of(task, event, event.ts, event.seq, event.device)
                _SET(task, "updated", event.ts)
                _SET(task, "seq", event.seq)
                for name, value in changes.items():
                    _SET(task, name, value)
                if "status" in changes:
                    world.put(task)
                    if task.status.kind in CLOSED:
                        self._closed[task_id] = None
                elif kind == _EDITED:
                    _known(world, task)
        else:
            self._tell(event, kind)
        data = event.data
        if data and not _USED.isdisjoint(data):
            tell_costs(world, event.ts[:10], task, data)
        world.seq = event.seq
        world.head = event.hash

    def put_away(self) -> None:
        """Pack the tasks that are over, if they are many; those change seldom again. A shelf is
        left as it is when it has been used for the same tasks too often."""
        shelf, world = self._shelf, self._world
        if shelf is None or len(self._closed) < BLOCK or shelf.count > 3 * len(world.tasks):
            return
        if not isinstance(world.tasks, LazyMap):
            world.tasks = LazyMap.over(world.tasks, shelf)
        over = [own for one in self._closed if (own := self._own[one]).status.kind in CLOSED]
        for task, number in zip(over, shelf.put(over), strict=True):
            if number is not None:
                world.tasks.lay(task.task_id, number)
                del self._own[task.task_id]
        self._closed.clear()

    def _owned(self, task_id: str) -> Task | None:
        """A copy of the world's own task, in its place; None when there is none."""
        known = self._world.tasks.get(task_id)
        if known is None:
            return None
        task: Task = copy(known)
        self._own[task_id] = self._world.tasks[task_id] = task
        if task.status.kind in CLOSED:
            self._closed[task_id] = None
        return task

    def _born(self, event: Event, task_id: str) -> Task:
        task = advance(None, event, ts=event.ts, seq=event.seq, device=event.device)
        self._own[task_id] = task
        _known(self._world, task)
        return task

    def _tell(self, event: Event, kind: str) -> None:
        """Something about no task."""
        if kind in WORLD_CHANGES:
            WORLD_CHANGES[kind](self._world, event)
            for name, change in sighted(event, event.ts):
                self._see(name, change)
        elif kind not in _TYPES:
            self._meet(event)

    def _see(self, name: str, change: dict[str, Any]) -> None:
        """What a look at the board found out about the task with this human id."""
        task_id = self._world.names.get(name)
        task = self._own.get(task_id) or self._owned(task_id) if task_id is not None else None
        if task is not None:
            for key, value in change.items():
                _SET(task, key, value)


def settle(world: World, event: Event, task: Task | None) -> None:
    """Put one checked event into the world; ``task`` is what ``check`` or ``advance`` said."""
    if task is not None:
        _known(world, task)
    elif event.type in WORLD_CHANGES:
        WORLD_CHANGES[event.type](world, event)
        for name, change in sighted(event, event.ts):
            seen = world.named(name)
            if seen is not None:
                world.tasks[seen.task_id] = _REPLACE(seen, **change)
    data = event.data
    if "cost_usd" in data or "usage" in data:
        tell_costs(world, event.ts[:10], task, data)
    world.seq = event.seq
    world.head = event.hash


def _known(world: World, task: Task) -> None:
    """Put a task into the world, and what it is about among what is vouched for."""
    world.put(task)
    if task.approved and task.work is not None:
        world.vouched.add(task.work)


def _target(fact: Fact, row: Row) -> Status:
    status = stored_status(fact.to or "")
    if status.kind not in row.targets:
        raise Refused(
            f"{fact.type} cannot lead to {status.text}.",
            task=fact.task,
            data={"verb": str(fact.type), "reason": "bad_target"},
        )
    return status


def _say(task: Task, fact: Fact, moved: bool, fresh: bool, changes: dict[str, Any]) -> None:
    """What the fact changes in the task's lines, and what any fact may say besides."""
    data = fact.data
    if "note" in data:
        changes["note"] = data["note"]
    elif moved and task.note is not None:
        changes["note"] = None
    if "result" in data:
        changes["result"] = data["result"]
    elif fresh:  # an old text that has the line of the last run is known by it no longer
        changes["result"] = None
    if "cost_usd" in data or "question" in data:
        changes |= said_changes(task, fact)


def _shown(shown: tuple[str, ...], word: str) -> tuple[str, ...]:
    if word in shown:
        shown = tuple(other for other in shown if other != word)
    return (*shown, word)[-_SHOWN:]
