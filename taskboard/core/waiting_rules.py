"""Rules about what a task waits for: lost blockers, unclear words, circles."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

from taskboard.core.board import Diagnosis, Field, Item, Part, once
from taskboard.core.codes import finding
from taskboard.core.ids import ID
from taskboard.core.scope import Scope, waits_for
from taskboard.core.state import CLOSED, Kind

_LOST = {Kind.FAILED: ("TB204", "has failed"), Kind.WITHDRAWN: ("TB205", "was removed")}
_RANGE = re.compile(r"([A-Z][A-Z0-9-]*-)\d+-\1\d+")
"""A range that has the shape of an id: ``CG-001-CG-012``."""
_SMALL = 50
"""Circles up to this size are shown from every member's own view."""


def unclear_needs(scope: Scope) -> Iterator[Diagnosis]:
    """TB203: words in ``needs`` that are no single id."""
    for item in scope.waiting:
        for field, word in waits_for(item.part):
            if field.key == "needs" and not ID.fullmatch(word):
                yield scope.at("TB203", item, field, _unclear(word))


def _unclear(word: str) -> str:
    return f"{word!r} in 'needs' is no single id, so the task waits."


def lost_blocker(scope: Scope) -> Iterator[Diagnosis]:
    """TB202, TB204, TB205: a blocker that never existed, failed or was withdrawn."""
    for item in scope.waiting:
        for field, blocker in _blockers(item.part):
            kind = _kind(scope, scope.present_id(blocker))
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
    edges = _edges(scope)
    for group in _groups(edges):
        members = set(group)
        if len(group) == 1 and group[0] not in edges[group[0]]:
            continue
        shared = _path(edges, members, group[0])
        for task in group:
            path = shared if len(group) > _SMALL else _path(edges, members, task)
            said = " -> ".join(_shortened(path))
            yield finding("TB201", said, line=scope.by_name[task].line, task=task)


def _shortened(path: list[str]) -> list[str]:
    return path if len(path) <= 12 else [*path[:6], f"({len(path) - 11} more)", *path[-5:]]


def _kind(scope: Scope, task: str) -> Kind | None:
    if task in scope.known:
        return scope.known[task].kind
    item = scope.by_name.get(task)
    return None if item is None else item.status.kind


@once
def _blockers(part: Part) -> tuple[tuple[Field, str], ...]:
    """Every id the task waits for, with the field that says so."""
    words = waits_for(part)
    return tuple((field, word) for field, word in words if ID.fullmatch(word))


def _edges(scope: Scope) -> dict[str, list[str]]:
    """Who waits for whom among the open tasks that wait for anything: needs, ``blocked:task`` and
    a parent for its children."""
    edges: dict[str, list[str]] = {}
    for item in scope.waiting:
        if item.task is not None and scope.by_name[item.task] is item:
            names = (scope.present_id(word) for _, word in _blockers(item.part))
            edges[item.task] = list(names)
    for item in scope.board.items:
        if item.parent is not None and item.task is not None and _is_open(scope, item):
            parent = scope.board.items[item.parent]
            if parent.task is not None and _is_open(scope, parent):
                edges.setdefault(parent.task, []).append(item.task)
    return {task: [name for name in names if name in edges] for task, names in edges.items()}


def _is_open(scope: Scope, item: Item) -> bool:
    return scope.status(item).kind not in CLOSED


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
