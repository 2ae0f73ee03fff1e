"""The open boxes of the inbox, and which tasks were made of them.

A box itself stays as it was typed. That it has become a task is known from the task's id: it is
derived from the box's text, so that the same box cannot become two tasks, whoever asks.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

from taskboard.core.board import Board, InboxItem
from taskboard.core.state import Kind
from taskboard.core.task import Task, World


class Box(NamedTuple):
    """An unticked item of the inbox. ``task`` is what was made of it, or None."""

    item: InboxItem
    task: Task | None


def boxes(board: Board, world: World) -> list[Box]:
    """Every unticked item, in order. Of several with the same text, the ticked ones and then the
    first ones are those that became tasks; a task that was withdrawn, or is done and has left
    the board, lets its box go."""
    made: dict[str, Iterator[Task]] = {}
    taken: dict[int, Task | None] = {}
    for item in sorted(board.inbox, key=lambda item: not item.ticked):
        if item.text not in made:
            made[item.text] = (t for t in tasks_of(world, item.text) if _stands(t))
        taken[item.line] = next(made[item.text], None)
    return [Box(item, taken[item.line]) for item in board.inbox if not item.ticked]


def box_id(world: World, text: str, number: int) -> str:
    """The id of the task that is made of the box with this text, after ``number`` others."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
    name = f"taskboard inbox {world.ledger_id} {number} {digest}"
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name))


def tasks_of(world: World, text: str) -> Iterator[Task]:
    """The tasks that were ever made of boxes with this text, the oldest first."""
    for number in count():
        task = world.tasks.get(box_id(world, text, number))
        if task is None:
            return
        yield task


def _stands(task: Task) -> bool:
    return task.kind is not Kind.WITHDRAWN and not task.hidden
