"""What the runtime writes on the board is recorded, so that the ledger alone gives it back."""

from __future__ import annotations

import hashlib

from taskboard.core.delta import edits
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.errors import Conflict
from taskboard.loop.context import Context
from taskboard.loop.keep import append_with

WHOLE_EVERY = 64
"""Writes after which the whole text is kept again: no text is further from one than that."""
_ROOM = 24 * 1024
"""Bytes of splices that an event carries."""
_TRIES = 16


async def remember(ctx: Context, before: bytes, after: bytes) -> None:
    """Record that ``after`` was written over ``before``, unless the ledger knows already that it
    stands on the board. What others record meanwhile sends it round again; should it not come
    through, the next turn does it."""
    digest, over = (hashlib.sha256(text).hexdigest() for text in (after, before))
    for _ in range(_TRIES):
        world = await ctx.ledger.look()
        if world.board == digest:
            return
        known = world.board == over and world.board_edits < WHOLE_EVERY
        splices = edits(before, after, _ROOM) if known else None
        data: dict[str, object] = {"digest": digest, "bytes": len(after)}
        if splices is not None:
            data |= {"over": over, "edits": splices}
        draft = Draft(type=E.BOARD_WRITTEN, data=data)
        try:
            await append_with(ctx, [after] if splices is None else [], [draft], after=world.seq)
        except Conflict:
            continue
        return
