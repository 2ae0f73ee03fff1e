"""Saves that reached a file which was the board a moment ago: joined, and told if they clash."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from taskboard.core.board import Board
from taskboard.core.definition import definition
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.parse import parse
from taskboard.core.reconcile import Shown
from taskboard.log import log
from taskboard.loop.absorb import LOCK, base_of, read_board, shown_by
from taskboard.loop.context import Context

_AT_MOST = 5
"""Tasks that are told of one clash: the file holds the whole board of that moment."""


def has_late_saves(ctx: Context) -> bool:
    """Whether a save has reached a file that is no longer the board."""
    if not ctx.files.names(ctx.workspace.displaced):
        return False
    with ctx.files.lock(ctx.workspace.state / LOCK):
        return bool(ctx.writeback.linger())


async def join_late_saves(ctx: Context) -> None:
    """A save that reached a displaced file late is joined into the board at once."""
    if not ctx.files.names(ctx.workspace.displaced):
        return
    lock = ctx.workspace.state / LOCK
    with ctx.files.lock(lock):
        found = ctx.writeback.linger()
    for late in found:
        await ctx.ledger.keep(late.data)
    with ctx.files.lock(lock):
        conflicts = [ctx.writeback.absorb_late(late) for late in found]
    for conflict in filter(None, conflicts):
        log.warning("two saves changed the same line; the other one is in %s", conflict)
        await ctx.ledger.append([_told(conflict), *await _notes(ctx, conflict)])


def _texts(board: Board, shown: Shown) -> Iterator[tuple[str, bytes]]:
    for item in board.items:
        if item.task is not None:
            yield item.task, definition(board, item, shown.ours(item.task))


def _told(conflict: Path) -> Draft:
    return Draft(type=E.ANOMALY_FLAGGED, data={"code": "TB310", "file": str(conflict)})


async def _notes(ctx: Context, conflict: Path) -> list[Draft]:
    """A note on each task whose text reads otherwise in the version that was put aside."""
    world = await ctx.ledger.look()
    shown = shown_by(base_of(ctx, world))
    here, there = parse(read_board(ctx) or b""), parse(ctx.files.read(conflict))
    texts = [dict(_texts(board, shown)) for board in (here, there)]
    said = f"TB310 another version of this text is in .taskboard/conflicts/{conflict.name}"
    differ = [name for name, text in texts[0].items() if texts[1].get(name, text) != text]
    return [
        Draft(
            type=E.ANOMALY_FLAGGED,
            task_id=task.task_id,
            task=task.task,
            data={"code": "TB310", "note": said},
        )
        for name in differ[:_AT_MOST]
        if (task := world.named(name)) is not None
    ]
