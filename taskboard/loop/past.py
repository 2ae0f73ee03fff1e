"""The board as the ledger alone tells of it: as it would be written now, or as it once was.

Writes nothing. What is told here is what was recorded: a save that nobody has absorbed yet is not
in it.
"""

from __future__ import annotations

from dataclasses import dataclass

from taskboard.core.event import EventType as E
from taskboard.core.parse import parse
from taskboard.core.past import Recall, Standing, Trail
from taskboard.core.task import World
from taskboard.errors import NotFound
from taskboard.loop.absorb import base_of, recognised, shown_by
from taskboard.loop.context import Context
from taskboard.loop.project import projection, with_sections
from taskboard.loop.projection import Base


@dataclass(frozen=True, slots=True)
class Text:
    """A board's bytes, and where the ledger tells of them."""

    data: bytes
    standing: Standing


async def present(ctx: Context) -> Base:
    """The board as the runtime would write it now: the text that was read or written last, with
    the ledger's states, lines and sections. Under a hold that is the text before the one that is
    held. Raises ``NotFound`` when the ledger has never read a board."""
    world = await ctx.ledger.look()
    text = await _good(ctx, world)
    shown = base_of(ctx, world) or await _recalled(ctx, world, text)
    board = recognised(parse(text.data), world)
    board = await with_sections(ctx, board, world, shown)
    return projection(board, world, shown_by(shown))


async def text_at(ctx: Context, until: str) -> Text:
    """The board as it was at the moment ``until`` (as the ledger spells it). Raises ``NotFound``
    when there was none yet, or its text was removed to free space."""
    trail, found = Trail(), None
    first = ""
    async for event, _line in ctx.history.read():
        first = first or event.ts
        if trail.note(event) and event.ts <= until:
            found = trail.last
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
    if trail.good is None:
        raise NotFound(
            "The ledger has never read a board here, so there is none to tell of.",
            hint="taskboard init",
            code="no_workspace",
        )
    return await _text(ctx, trail.good)


async def _text(ctx: Context, standing: Standing) -> Text:
    try:
        return Text(standing.text(await ctx.ledger.fetch(standing.whole)), standing)
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
