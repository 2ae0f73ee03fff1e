"""One turn of the loop, on one screen.

Read, parse, diagnose, reconcile, record, reclaim, wake, ready, decide, admit, claim, start; then
render and swap. Level-triggered: a missed event costs time and nothing else.
"""

from __future__ import annotations

from taskboard.core.identity import name_items
from taskboard.core.wake import wake
from taskboard.errors import Refused
from taskboard.log import log
from taskboard.loop.absorb import absorb
from taskboard.loop.choice import Choice
from taskboard.loop.choose import choose, note_answer
from taskboard.loop.context import Context, Memory
from taskboard.loop.gates import ask_gates
from taskboard.loop.late import join_late_saves
from taskboard.loop.notes import explain
from taskboard.loop.project import project
from taskboard.loop.reclaim import end_leftovers, reclaim
from taskboard.loop.scene import awaited, set_scene


async def tick(
    ctx: Context,
    memory: Memory,
    *,
    start: bool = False,
    board: bool = True,
    write: bool = True,
) -> None:
    """One whole turn. ``board`` False leaves the board unread (a save is not quiet yet), and
    then nothing is claimed; ``write`` False leaves the projection to a later turn."""
    await join_late_saves(ctx)
    if board:
        await absorb(ctx, memory)
    if start:
        await end_leftovers(ctx)
    await settle_ledger(ctx, memory, whole=board)
    await _end_lost(ctx, memory)
    if board and not memory.stopping:
        await _go_on(ctx, memory)
    if memory.stopping:
        await note_answer(ctx, memory)
    if write and board:
        await project(ctx, memory)


async def _go_on(ctx: Context, memory: Memory) -> None:
    """Ask the gate for what waits for it, say what is lacking, and begin what may run."""
    choice = Choice.of(ctx, memory)
    scene = set_scene(ctx, memory, await ctx.ledger.look(), choice=choice)
    if not (scene.untrusted or scene.held):
        ask_gates(ctx, memory, scene.world, scene)
    memory.awaited = awaited(ctx, scene)
    await explain(ctx, scene, choice)
    await choose(ctx, memory, scene, choice)


async def settle_ledger(ctx: Context, memory: Memory, *, whole: bool = True) -> None:
    """Take dead runs back and wake what has waited: what every turn does, daemon or not. ``whole``
    False: the board was not read in this turn, and what has gone from it may be back."""
    await reclaim(ctx, memory)
    await _wake_up(ctx, memory, whole=whole)


async def _wake_up(ctx: Context, memory: Memory, *, whole: bool) -> None:
    """End every waiting that is over."""
    sight = memory.sight
    present = None
    world = await ctx.ledger.look()
    if whole and sight.board is not None and sight.held is None and ctx.git.look().busy is None:
        names = {*sight.board.ids, *name_items(sight.board, world).values()}
        present = frozenset(world.names[name] for name in names if name in world.names)
    for draft in wake(
        world,
        present,
        now=ctx.clock.now(),
        uptime=ctx.uptime(),
        owner=ctx.owner,
        promote=ctx.settings.promote,
    ):
        try:
            await ctx.ledger.append([draft])
        except Refused as refused:
            log.debug("already woken: %s", refused.message)


async def _end_lost(ctx: Context, memory: Memory) -> None:
    """End the runs of this process that the ledger no longer names (cancelled, taken over)."""
    world = await ctx.ledger.look()
    for run, active in list(memory.active.items()):
        task = world.named(active.lease.task)
        current = task is not None and task.run is not None and task.run.run == run
        if not current and active.stop is None:  # told once: twice would take the grace away
            active.stop = "lost"
            active.job.cancel()
