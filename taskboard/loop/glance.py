"""What a turn would see, without recording anything: for commands that only read."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from taskboard.core.board import Board
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.fold import advance
from taskboard.core.hold import HELD
from taskboard.core.identity import doubled_ids
from taskboard.core.parse import parse
from taskboard.core.task import Task, World
from taskboard.core.units import stamp
from taskboard.loop.absorb import (
    base_of,
    last_read,
    look_for_intent,
    read_board,
    recognised,
    was_absorbed,
)
from taskboard.loop.context import Context, Sight
from taskboard.loop.trigger import Seen


class Glance(msgspec.Struct, frozen=True):
    """The board and the ledger side by side. ``world`` is a copy that also holds the tasks that
    stand only on the board (``fresh``, by name); ``pending`` names every task about which the
    board says something that the ledger has not absorbed yet."""

    sight: Sight
    world: World
    fresh: frozenset[str] = msgspec.field(default_factory=frozenset)
    pending: frozenset[str] = msgspec.field(default_factory=frozenset)


async def glance(ctx: Context) -> Glance:
    """Look at both and write nothing."""
    world = await ctx.ledger.look()
    data = read_board(ctx)
    if data is None:
        return Glance(Sight(held=HELD["missing"]), world)
    board, base = recognised(parse(data), world), base_of(ctx, world)
    digest = hashlib.sha256(data).hexdigest()
    words = await last_read(ctx, world, base)
    seen = Seen(data, base, world, ctx.git.look(), words, digest)
    held, asked = world.held if digest == world.digest else None, None
    if not was_absorbed(digest, data, world, base):
        held, asked = look_for_intent(ctx, board, seen, settling=False)
    sight = Sight(
        data=data,
        digest=digest,
        absorbed=world.absorbed,
        board=board,
        held=HELD[held] if held else None,
    )
    if held:
        return Glance(sight, world)
    drafts: Sequence[Draft] = ()
    moved: tuple[str, ...] = ()
    if asked is not None:
        drafts, moved = asked.drafts, (*asked.presence.gone, *asked.presence.back)
    fresh = frozenset(d.task for d in drafts if d.task and d.type is E.CREATED)
    pending = frozenset([*(d.task for d in drafts if d.task), *moved])
    copy = _with_fresh(ctx, world, drafts)
    doubled = _add_doubled(board, copy, stamp(ctx.clock.now()))
    return Glance(sight, copy, fresh | doubled, pending | doubled)


def _with_fresh(ctx: Context, world: World, drafts: Sequence[Draft]) -> World:
    """A copy of the world in which the board's new tasks were created."""
    copy = world.copy()
    now = stamp(ctx.clock.now())
    for draft in drafts:
        task_id = draft.task_id or ""
        if task_id in world.tasks and "renamed_from" not in draft.data:
            continue
        task = advance(copy.tasks.get(task_id), draft, ts=now, seq=world.seq, device=ctx.device)
        copy.put(task)
    return copy


def _add_doubled(board: Board, world: World, now: str) -> frozenset[str]:
    """Put new tasks that stand on the board more than once into the world, each once: no verb
    is read from them, but they can be asked about. Their names."""
    found = set()
    for name in doubled_ids(board, world) - world.names.keys():
        item = board.item(name)
        if item is None:
            continue
        world.put(
            Task(
                task_id=name,
                task=name,
                title=item.title,
                status=item.status,
                created=now,
                updated=now,
                seq=world.seq,
                fields=item.values(),
            )
        )
        found.add(name)
    return frozenset(found)
