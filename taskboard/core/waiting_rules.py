"""Rules about what a task waits for: lost blockers, unclear words, circles."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

from taskboard.core.board import Diagnosis, Field, Item, Part, once
from taskboard.core.codes import finding
from taskboard.core.ids import ID
from taskboard.core.needs import needs_of
from taskboard.core.scope import Scope, fields_of_part
from taskboard.core.state import Kind

_LOST = {Kind.FAILED: ("TB204", "has failed"), Kind.WITHDRAWN: ("TB205", "was removed")}
_RANGE = re.compile(r"([A-Z][A-Z0-9-]*-)\d+-\1\d+")
"""A range that has the shape of an id: ``CG-001-CG-012``."""
_SMALL = 50
"""Circles up to this size are shown from every member's own view."""


def unclear_needs(scope: Scope) -> Iterator[Diagnosis]:
    """TB203: words in ``needs`` that are no single id."""
    for item in scope.open_items:
        for field, word in _words(item.first.part):
            if not ID.fullmatch(word):
                yield scope.at("TB203", item, field, _unclear(word))


def _unclear(word: str) -> str:
    return f"{word!r} in 'needs' is no single id, so the task waits."


def lost_blocker(scope: Scope) -> Iterator[Diagnosis]:
    """TB202, TB204, TB205: a blocker that never existed, failed or was withdrawn."""
    kinds = _kinds(scope)
    for item in scope.open_items:
        for field, blocker in _blockers(item.first.part):
            kind = kinds.get(scope.present_id(blocker))
            if kind is None and _RANGE.fullmatch(blocker) and blocker not in scope.board.ids:
                yield scope.at("TB203", item, field, _unclear(blocker))
            elif kind is None:
                no_task = " that is a task" if blocker in scope.board.ids else ""
                said = f"There is no {blocker}{no_task}."
                yield scope.at("TB202", item, field, said)
            elif kind in _LOST:
                code, what = _LOST[kind]
                yield scope.at(code, item, field, f"It waits for {blocker}, which {what}.")


def cycle(scope: Scope) -> Iterator[Diagnosis]:
    """TB201: tasks that wait for each other. The message is the path, from the task to itself."""
    edges, items = _edges(scope)
    for group in _groups(edges):
        members = set(group)
        if len(group) == 1 and group[0] not in edges[group[0]]:
            continue
        shared = _path(edges, members, group[0])
        for task in group:
            path = shared if len(group) > _SMALL else _path(edges, members, task)
            said = " -> ".join(_shortened(path))
            yield finding("TB201", said, line=items[task].line, task=task)


def _shortened(path: list[str]) -> list[str]:
    return path if len(path) <= 12 else [*path[:6], f"({len(path) - 11} more)", *path[-5:]]


@once
def _words(part: Part) -> tuple[tuple[Field, str], ...]:
    """Every word in ``needs``, with the field that says it."""
    fields = fields_of_part(part, "needs")
    return tuple((field, word) for field in fields for word in needs_of({"needs": field.value}))


def _kinds(scope: Scope) -> dict[str, Kind]:
    parts = [item.first.part for item in reversed(scope.board.items)]
    kinds = {part.task: part.status.kind for part in parts if part.task}
    return kinds | {task: status.kind for task, status in scope.known.items()}


@once
def _blockers(part: Part) -> tuple[tuple[Field, str], ...]:
    """Every id the task waits for, with the field that says so."""
    named = tuple((field, word) for field, word in _words(part) if ID.fullmatch(word))
    status, typed = part.status, part.status_field
    if typed is not None and status.kind is Kind.BLOCKED and status.who.casefold() == "task":
        return (*named, (typed, status.what))
    return named


def _edges(scope: Scope) -> tuple[dict[str, list[str]], dict[str, Item]]:
    """Who waits for whom among the open tasks that wait for anything: needs, ``blocked:task`` and
    a parent for its children."""
    items: dict[str, Item] = {}
    for item in scope.open_items:
        if item.task is not None:
            items.setdefault(item.task, item)
    edges: dict[str, list[str]] = {}
    for task, item in items.items():
        names = [scope.present_id(typed) for _, typed in _blockers(item.first.part)]
        if names:
            edges[task] = [name for name in names if name in items]
        parent = None if item.parent is None else scope.board.items[item.parent].task
        if parent in items:
            edges.setdefault(parent, []).append(task)
    waiting = {task: [to for to in names if to in edges] for task, names in edges.items()}
    return waiting, items


def _groups(edges: dict[str, list[str]]) -> Iterator[list[str]]:
    """Strongly connected groups (Tarjan), without recursion: chains may be long."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    held: set[str] = set()
    for root, first in edges.items():
        work = [] if root in order else [(root, iter(first))]
        while work:
            task, rest = work[-1]
            if task not in order:
                order[task] = low[task] = len(order)
                stack.append(task)
                held.add(task)
            step = next(rest, None)
            if step is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[task])
                if low[task] == order[task]:
                    group = stack[stack.index(task, order[task] - len(order)) :]
                    del stack[-len(group) :]
                    held.difference_update(group)
                    yield group
            elif step not in order:
                work.append((step, iter(edges[step])))
            elif step in held:
                low[task] = min(low[task], order[step])


def _path(edges: dict[str, list[str]], members: set[str], task: str) -> list[str]:
    """The shortest way from ``task`` back to itself within its group."""
    came: dict[str, str] = {}
    queue = deque([task])
    while queue:
        here = queue.popleft()
        for step in edges[here]:
            if step == task:
                path = [here]
                while path[-1] != task:
                    path.append(came[path[-1]])
                return [*reversed(path), task]
            if step in members and step not in came:
                came[step] = here
                queue.append(step)
    return [task, task]
