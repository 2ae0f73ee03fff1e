"""The board as the ledger alone tells of it: as it would be written now, or as it once was.

Writes nothing. What is told here is what was recorded: a save that nobody has absorbed yet is not
in it.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass

from taskboard.core.board import Board
from taskboard.core.event import EventType as E
from taskboard.core.parse import parse
from taskboard.core.past import Recall, Standing, Trail
from taskboard.core.render import Wish, render
from taskboard.core.state import Kind
from taskboard.core.task import Task, World
from taskboard.errors import Corrupt, NotFound
from taskboard.log import log
from taskboard.loop.absorb import base_of, recognised, shown_by
from taskboard.loop.context import Context
from taskboard.loop.project import projection, with_sections
from taskboard.loop.projection import Base

_HEADING = re.compile(rb" {0,3}#{1,6}[ \t]+")


@dataclass(frozen=True, slots=True)
class Text:
    """A board's bytes, and where the ledger tells of them. Not ``last`` when what stood on the
    board after them is lost."""

    data: bytes
    standing: Standing
    last: bool = True


async def present(ctx: Context) -> Base:
    """The board as the runtime would write it now: the text that was read or written last, with
    the ledger's states, lines and sections. Under a hold that is the text before the one that is
    held; where a text is lost the newest that can still be made, with the definitions of later
    tasks. Raises ``NotFound`` when there is none."""
    world = await ctx.ledger.look()
    text = await _good(ctx, world)
    shown = base_of(ctx, world) or await _recalled(ctx, world, text)
    board = recognised(parse(text.data), world)
    if not text.last:
        log.warning(
            "what stood on the board after %s is lost: this is the text of then, with the "
            "ledger's states and what is kept of later tasks",
            text.standing.ts,
        )
        board = await _with_definitions(ctx, board, world)
    board = await with_sections(ctx, board, world, shown)
    return projection(board, world, shown_by(shown))


async def text_at(ctx: Context, until: str) -> Text:
    """The board as it was at the moment ``until`` (as the ledger spells it). Raises ``NotFound``
    when there was none yet, or its text was removed to free space."""
    trail, found, lost = Trail(), None, None
    first = ""
    async for event, _line in ctx.history.read():
        first = first or event.ts
        if trail.note(event) and event.ts <= until:
            found, lost = trail.last, trail.lost
    if lost is not None:
        raise NotFound(
            f"The board of {lost.ts} cannot be told: event {lost.seq} changed a text that was "
            "lost when the ledger was salvaged.",
            hint=f"taskboard board --at {found.ts} prints the one before." if found else "",
            code="no_workspace",
            data={"seq": lost.seq},
        )
    if found is None:
        raise NotFound(
            f"The ledger tells of no board at {until}: it begins at {first}."
            if first
            else "The ledger has read no board yet.",
            hint="taskboard board prints the present one.",
            code="no_workspace",
        )
    return await _text(ctx, found)


async def _good(ctx: Context, world: World) -> Text:
    start = world.board_from if world.held is None else min(world.read_at, world.board_from)
    trail = Trail()
    async for event, _line in ctx.history.read(max(start - 1, 0)):
        trail.note(event)
    if trail.good is not None and trail.lost is None:
        with suppress(NotFound, Corrupt, ValueError):
            return Text(await _made(ctx, trail.good), trail.good)
    return await _newest(ctx)


async def _newest(ctx: Context) -> Text:
    """The newest text that was read as intent and can still be made. Raises ``NotFound``."""
    trail, known = Trail(), dict[str, Standing]()
    async for event, _line in ctx.history.read():
        if trail.note(event) and trail.good is not None:
            known.pop(trail.good.whole, None)  # the last of each kept text, in their order
            known[trail.good.whole] = trail.good
    for standing in reversed(known.values()):
        with suppress(NotFound, Corrupt, ValueError):
            return Text(await _made(ctx, standing), standing, last=False)
    raise NotFound(
        "Every text of the board that the ledger tells of is lost."
        if known
        else "The ledger has never read a board here, so there is none to tell of.",
        hint="taskboard verify" if known else "taskboard init",
        code="no_workspace",
    )


async def _made(ctx: Context, standing: Standing) -> bytes:
    return standing.text(await ctx.ledger.fetch(standing.whole))


async def _with_definitions(ctx: Context, board: Board, world: World) -> Board:
    """The board with what people wrote of tasks that were on it when its text was lost."""
    there = {world.names.get(name) for name in board.ids}
    texts = []
    for task in world.tasks.values():
        gone = task.task_id in there or task.kind is Kind.WITHDRAWN or task.missing_since
        if gone or task.section is not None or task.text is None:
            continue
        with suppress(NotFound, Corrupt):
            text = _section(task, await ctx.ledger.fetch(task.text))
            texts += [text] if text else []
    return parse(render(board, (), texts)) if texts else board


def _section(task: Task, definition: bytes) -> str | None:
    """The section that a definition was taken from: with id and state. None when it cannot be
    read back as that task."""
    mark = _HEADING.match(definition)
    at = mark.end() if mark else 0
    board = parse(definition[:at] + f"{task.task} ".encode() + definition[at:] + b"\n")
    if board.ids != {task.task} or len(board.items) != 1:
        return None
    word = "todo" if task.kind is Kind.OPEN else task.status.text
    wish = Wish(item_index=0, status=word, give_id=None, lines=(), ours=frozenset())
    return render(board, [wish]).decode("utf-8", "surrogateescape")


async def _text(ctx: Context, standing: Standing) -> Text:
    try:
        return Text(await _made(ctx, standing), standing)
    except NotFound:
        freed = await freed_at(ctx, standing.whole)
        if freed is None:
            raise
        raise NotFound(
            f"The board of {standing.ts} was removed by gc at {freed}.",
            hint="Setting `retain` says for how long old texts are kept.",
            code="no_workspace",
            data={"sha256": standing.digest, "removed": freed},
        ) from None


async def freed_at(ctx: Context, name: str) -> str | None:
    """When ``gc`` removed the object or the run of this name last; None when it never did."""
    found = None
    async for event, _line in ctx.history.read():
        if event.type == E.SPACE_FREED and any(
            name in event.data.get(kind, ()) for kind in ("objects", "runs")
        ):
            found = event.ts
    return found


async def _recalled(ctx: Context, world: World, text: Text) -> Base:
    """What was shown, where the record of it is gone."""
    recall = Recall()
    async for event, _line in ctx.history.read():
        if event.seq > text.standing.seq:
            break
        recall.note(event)
    shown = recall.shown(text.data)
    return Base(
        data=text.data,
        statuses=shown.statuses,
        lines=shown.lines,
        earlier=shown.earlier,
        absorbed=world.absorbed,
        ledger=world.ledger_id,
    )
