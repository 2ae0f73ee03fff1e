"""What ``ready --line N`` makes of a box in the inbox."""

from __future__ import annotations

from taskboard.core.task import Task
from taskboard.errors import Refused, Usage
from taskboard.loop.boxes import Box, box_id, boxes, tasks_of
from taskboard.loop.command import add
from taskboard.loop.context import Context, Memory
from taskboard.loop.record import require_whole_board


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
    task_id = box_id(world, item.text, sum(1 for _ in tasks_of(world, item.text)))
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
