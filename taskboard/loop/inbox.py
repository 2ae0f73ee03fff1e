"""The inbox: its open boxes, and what ``ready --line N`` makes of one.

The box itself stays as it was typed. That it has become a task is known from the task's id: it is
derived from the box's text, so that the same box cannot become two tasks, whoever asks.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from taskboard.core.board import Board, InboxItem
from taskboard.core.state import Kind
from taskboard.core.task import Task, World
from taskboard.errors import Refused, Usage
from taskboard.loop.command import add
from taskboard.loop.context import Context, Memory
from taskboard.loop.record import require_whole_board


@dataclass(frozen=True, slots=True)
class Box:
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
            made[item.text] = (t for t in _made(world, item.text) if _stands(t))
        taken[item.line] = next(made[item.text], None)
    return [Box(item, taken[item.line]) for item in board.inbox if not item.ticked]


def box_id(world: World, text: str, number: int) -> str:
    """The id of the task that is made of the box with this text, after ``number`` others."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
    name = f"taskboard inbox {world.ledger_id} {number} {digest}"
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name))


async def promote(ctx: Context, memory: Memory, line: int, actor: str) -> Task:
    """``ready --line N``: the task that is made of the box on this line of the board, or that was
    made of it before. Raises ``Usage`` when there is no such box and ``BoardHeld`` as ``add``
    does."""
    require_whole_board(memory)
    board, world = memory.sight.board, await ctx.ledger.look()
    found = boxes(board, world) if board is not None else []
    box = next((box for box in found if box.item.line == line), None)
    if box is None:
        raise Usage(
            f"Line {line} of {ctx.workspace.board.name} is no unticked box under a heading Inbox.",
            hint=_where(found),
        )
    if box.task is not None:
        return box.task
    item = box.item
    task_id = box_id(world, item.text, sum(1 for _ in _made(world, item.text)))
    try:
        return await add(
            ctx,
            memory,
            item.text,
            status="ready",
            fields=(),
            body=item.body,
            actor=actor,
            task_id=task_id,
        )
    except Refused:
        made = (await ctx.ledger.look()).tasks.get(task_id)
        if made is None:
            raise
        return made  # somebody else has asked for the same at the same moment


def _where(found: list[Box]) -> str:
    lines = [str(box.item.line) for box in found if box.task is None]
    return f"Open boxes: line {', '.join(lines[:10])}." if lines else "taskboard list"


def _made(world: World, text: str) -> Iterator[Task]:
    """The tasks that were ever made of boxes with this text, the oldest first."""
    for number in count():
        task = world.tasks.get(box_id(world, text, number))
        if task is None:
            return
        yield task


def _stands(task: Task) -> bool:
    return task.kind is not Kind.WITHDRAWN and not task.hidden
