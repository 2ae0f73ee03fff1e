"""Beginning a run: what is left of the last one is ended, the claim made, the work supervised."""

from __future__ import annotations

import asyncio

from taskboard.core.admit import Start
from taskboard.core.spending import Limit
from taskboard.core.task import Task
from taskboard.errors import Held, Refused
from taskboard.log import log
from taskboard.loop.choice import SHELL
from taskboard.loop.claim import claim
from taskboard.loop.context import Active, Context, Memory
from taskboard.loop.reclaim import end_predecessor
from taskboard.loop.run import Supervisor

_HELD_UP = 5.0
"""Seconds until a start that was held up is tried again."""


async def start(
    ctx: Context, memory: Memory, task: Task, chosen: Start, limit: Limit | None
) -> None:
    """Claim a task and let a supervisor work on it beside the turn. ``limit`` is the one on what
    agents may cost for it that is reached first."""
    try:
        await end_predecessor(ctx, task)
    except Held as held:
        _later(memory, task, held)
        return
    if memory.noticed:  # a save came while this turn was deciding
        return
    paid = limit if chosen.executor != SHELL else None
    if paid is not None and paid.left <= 0:  # another start of this turn has taken the rest
        return
    agent = f"{chosen.executor}-{ctx.mark}"
    try:
        lease = await claim(
            ctx,
            task,
            agent=agent,
            executor=chosen.executor,
            actor="daemon",
            supervised=True,
            model=chosen.model,
            budget=paid.share if paid is not None else None,
        )
    except Held as held:
        _later(memory, task, held)
        return
    except Refused as lost:
        log.info("%s: %s", task.task, lost.message)
        return
    fresh = (await ctx.ledger.look()).tasks[task.task_id]
    if fresh.run is None or fresh.run.run != lease.run:
        ctx.leases.drop(lease)  # cancelled in this very moment
        return
    supervisor = Supervisor(ctx, memory, fresh, lease, fresh.run, limit)
    now = ctx.clock.awake()
    active = Active(
        lease=lease,
        title=task.title,
        since=now,
        heard=now,
        job=asyncio.create_task(supervisor.work()),
    )
    supervisor.active = active
    memory.active[lease.run] = active
    memory.tally.started.append(task.task)


def _later(memory: Memory, task: Task, held: Held) -> None:
    """Whoever is in the way may have died there, and then nothing else would wake us."""
    log.info("%s: %s", task.task, held.message)
    asyncio.get_running_loop().call_later(_HELD_UP, memory.tell)
