"""Waiting until nobody is writing the board, for those who do not watch it."""

from __future__ import annotations

import asyncio
import hashlib

from taskboard.errors import BoardHeld
from taskboard.loop.context import Context

_LOOK_AGAIN = 0.05
"""Seconds between two looks that must agree before a fresh save is absorbed."""
_LOOKS = 40


async def quiet(ctx: Context) -> None:
    """Wait until the board is not being written: bytes last absorbed, older than the debounce,
    or equal at two looks. Raises ``BoardHeld`` when it keeps changing."""
    world = await ctx.ledger.look()
    before = _look(ctx)
    for _ in range(_LOOKS):
        if before is None or before == world.digest or _is_old(ctx):
            return
        await asyncio.sleep(_LOOK_AGAIN)
        after = _look(ctx)
        if after == before:
            return
        before = after
    raise BoardHeld(
        "The board keeps changing.", hint="Try again when whoever writes it has finished."
    )


def _look(ctx: Context) -> str | None:
    try:
        return hashlib.sha256(ctx.files.read(ctx.workspace.board)).hexdigest()
    except FileNotFoundError:
        return None


def _is_old(ctx: Context) -> bool:
    stat = ctx.files.stat(ctx.workspace.board)
    if stat is None:
        return False
    age = ctx.clock.now().timestamp() - stat.mtime_ns / 1e9
    return age > ctx.settings.debounce
