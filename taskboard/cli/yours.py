"""What waits for a person: which tasks, what they ask, and what that person can do next."""

from __future__ import annotations

import re
from typing import Any

from taskboard.cli.look import Look
from taskboard.cli.shapes import owner_of, task_shape
from taskboard.cli.text import one_line
from taskboard.core.state import CLOSED, Kind
from taskboard.core.task import Task

_TIMED = frozenset({"until", "retry", "quota", "children", "task"})
"""Waiting that ends by itself."""
_CODE = re.compile(r"TB\d{3} ")


def yours(seen: Look) -> list[Task]:
    """What waits for a person, and that person is this user: named in the state, or the owner."""
    me = seen.ctx.owner.casefold()
    return [
        t
        for t in seen.in_order()
        if not t.hidden
        and me in (t.status.who.casefold(), owner_of(seen.ctx, t).casefold())
        and (_is_asked(t) or (not t.approved and t.kind not in CLOSED))
    ]


def _is_asked(task: Task) -> bool:
    return task.kind is Kind.BLOCKED and task.status.who not in _TIMED


def yours_shape(seen: Look, task: Task) -> dict[str, Any]:
    """T, with what it asks (``asks``) and the commands that answer it (``clear``)."""
    return {**task_shape(seen, task), "asks": asks(task), "clear": steps(seen, task)}


def asks(task: Task) -> str:
    """What it waits for, in words: a question, the runtime's note, or the state itself."""
    if not task.approved:
        return f"{task.status.text}, to be approved: it arrived by git"
    if task.status.what == "answer" and task.asked:
        return one_line(task.asked)
    if task.note and _CODE.match(task.note):
        return one_line(_CODE.sub("", task.note, count=1))
    return task.status.text


def steps(seen: Look, task: Task) -> list[str]:
    """The commands that let it go on, the likeliest first."""
    name = task.task
    ready, done = f"taskboard ready {name}", f"taskboard done {name}"
    if not task.approved:
        return [f"taskboard show {name}", f"taskboard approve {name}"]
    failed = [c.task for c in seen.children.get(task.task_id, []) if c.kind is Kind.FAILED]
    known = {
        "answer": [f"taskboard answer {name} TEXT", ready],
        "evidence": [f"taskboard show {name}", done, ready],
        "executor": ["taskboard doctor", ready],
        "child-failed": [*(f"taskboard ready {child}" for child in failed), ready],
        "promote": [ready],
    }
    return known.get(task.status.what, [done, ready])
