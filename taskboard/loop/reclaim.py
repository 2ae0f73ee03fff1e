"""Taking dead runs back: what a crashed daemon or a silent agent left as ``running``.

Whoever reclaims ends the old process group first, then appends. A holder that still lives, or
whose death is not certain, keeps its run.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import NamedTuple

from taskboard.core import ending
from taskboard.core.ending import Ending
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.liveness import Life, judge
from taskboard.core.state import Kind
from taskboard.core.task import IMPORTED, Run, Task, owner_of
from taskboard.core.task_rules import SKEW
from taskboard.core.units import read_time
from taskboard.errors import Held, Refused
from taskboard.ledger import Lease
from taskboard.log import log
from taskboard.loop.claim import UNBORN, age_of
from taskboard.loop.context import Context, Memory, Watch
from taskboard.loop.owing import pay, unpaid

_GLANCE = 0.05
"""Seconds between two looks at a lease folder that another process is just making."""


async def reclaim(ctx: Context, memory: Memory) -> list[str]:
    """Take back every run whose holder is dead; the names of the tasks."""
    world = await ctx.ledger.look()
    taken = []
    for task in list(world.tasks.values()):
        if task.kind is not Kind.RUNNING or task.run is None or task.run.run in memory.active:
            continue
        cause = _dead_because(ctx, memory, task, task.run)
        if cause is not None and await _take_back(ctx, task, task.run, cause):
            memory.watched.pop(task.run.run, None)
            taken.append(task.task)
    return taken


async def has_dead(ctx: Context, memory: Memory) -> bool:
    """Whether a turn would take a run back. Its holder tells nobody that it died, so an idle
    daemon looks from time to time."""
    world = await ctx.ledger.look()
    return any(
        task.run is not None
        and task.kind is Kind.RUNNING
        and task.run.run not in memory.active
        and _dead_because(ctx, memory, task, task.run) is not None
        for task in world.tasks.values()
    )


def _dead_because(ctx: Context, memory: Memory, task: Task, run: Run) -> str | None:
    if run.executor == IMPORTED:
        return "the run of a board that had no ledger"
    lease = ctx.leases.find(task.lock, run.attempt)
    if lease is not None and lease.run == run.run:
        return _judged(ctx, memory, lease)
    if run.expires is None:
        return "its lease is gone"
    moment = read_time(run.expires)
    watch = _look_on(memory.watched.get(run.run), _Lost(ctx.settings.claim_ttl), ctx.clock.awake())
    memory.watched[run.run] = watch
    over = moment is None or moment < ctx.clock.now() or watch.seconds >= ctx.settings.claim_ttl
    return "its claim expired" if over else None


class _Lost(NamedTuple):
    """Stands for the lease of a claim by command that a power cut has taken: nothing renews it,
    and the wall clock, by which it ends, may have been set back since."""

    ttl_s: float
    renewals: int = 0


def _judged(ctx: Context, memory: Memory, lease: Lease) -> str | None:
    watch = _look_on(memory.watched.get(lease.run), lease, ctx.clock.awake())
    memory.watched[lease.run] = watch
    verdict = judge(
        lease,
        boot_id=ctx.processes.me().boot,
        boot_now=ctx.clock.boot(),
        now=ctx.clock.now(),
        alive=lease.supervisor is not None and ctx.processes.alive(lease.supervisor),
        watched_for=watch.seconds,
        device=ctx.device,
    )
    if verdict is not Life.DEAD:
        return None
    return "its claim expired" if lease.supervisor is None else "its supervisor is gone"


def _look_on(before: Watch | None, lease: Lease | _Lost, now: float) -> Watch:
    """One more look, ``now`` by the awake clock: asleep, no holder can renew, and closing the
    lid is free. A gap between two looks counts for the time of one renewal at most: whoever
    stopped this process (a frozen machine) may have stopped the holder with it, and then it
    deserves as long as ever to show itself."""
    if before is None or before.renewals != lease.renewals:
        return Watch(lease.renewals, 0.0, now)
    passed = min(now - before.looked, lease.ttl_s / 3)
    return Watch(lease.renewals, before.seconds + passed, now)


async def _take_back(ctx: Context, task: Task, run: Run, cause: str) -> bool:
    lease = ctx.leases.find(task.lock, run.attempt)
    if lease is not None and lease.run == run.run and lease.group is not None:
        await ctx.processes.end_group(lease.group, run.run)
    end = Ending(
        task=task,
        run=run,
        now=ctx.clock.now(),
        settings=ctx.settings,
        owner=owner_of(run.fields, ctx.owner),
        dice=ctx.clock.random(),
    )
    unspent = run.executor == IMPORTED
    try:
        bill = await unpaid(ctx, task.task_id, run.run)
        taken = ending.reclaimed(end, cause, bill, unspent=unspent)
        await ctx.ledger.append([*(_mislabelled(end) if unspent else ()), *taken])
    except Refused as refused:
        log.info("%s was ended by somebody else meanwhile: %s", task.task, refused.message)
        return False
    if lease is not None:
        ctx.leases.drop(lease)
    log.info("%s@%d reclaimed: %s", task.task, run.attempt, cause)
    return True


def _mislabelled(end: Ending) -> list[Draft]:
    """The line of an imported run is about to go, and with it the only trace of a time that was
    no UTC: others of that hand may be wrong by as much."""
    said = end.task.status.what
    moment = read_time(said)
    if moment is None or moment <= end.now + SKEW:
        return []
    note = f"TB116 The time {said} was still to come: it may be local time called UTC."
    return [end.draft(E.ANOMALY_FLAGGED, code="TB116", note=note, status=end.task.status.text)]


async def end_leftovers(ctx: Context) -> None:
    """At the start of a process: end the work of runs that are over and whose supervisor died
    before it could end it."""
    world = await ctx.ledger.look()
    for task in list(world.tasks.values()):
        if task.run is None and task.attempt:
            with contextlib.suppress(Held):  # somebody alive is at it
                await end_predecessor(ctx, task)


async def end_predecessor(ctx: Context, task: Task) -> None:
    """Before a task is claimed: what its last run left must be gone. Its supervisor drops the
    lease once it has ended the work; of a supervisor that died before it could, the work is
    ended here. Raises ``Held`` while somebody alive is at it."""
    lease = ctx.leases.find(task.lock, task.attempt)
    if lease is None or (task.run is not None and task.run.run == lease.run):
        await _born(ctx, task)
        await pay(ctx, task.task_id)
        return
    if lease.supervisor is not None and ctx.processes.alive(lease.supervisor):
        raise Held(
            f"The work of {lease.label} is still being ended.",
            hint=f"taskboard show {task.task}",
            task=task.task,
        )
    if lease.group is not None:
        await ctx.processes.end_group(lease.group, lease.run)
    await pay(ctx, task.task_id)
    ctx.leases.drop(lease)


async def _born(ctx: Context, task: Task) -> None:
    """Wait while somebody is just making the next lease, or died making it."""
    number = task.attempt + 1
    for _ in range(int(UNBORN / _GLANCE)):
        made = ctx.leases.find(task.task, number) is not None
        if made or age_of(ctx, task.task, number) >= UNBORN:
            return
        await asyncio.sleep(_GLANCE)


async def end_orphans(ctx: Context, task: Task) -> None:
    """After a cancel by command: end the process group when no supervisor lives to do it."""
    if task.run is None:
        return
    lease = ctx.leases.find(task.lock, task.run.attempt)
    if lease is None or lease.run != task.run.run:
        return
    if lease.supervisor is not None and ctx.processes.alive(lease.supervisor):
        return
    if lease.group is not None:
        await ctx.processes.end_group(lease.group, lease.run)
    await pay(ctx, task.task_id, lease.run)
    ctx.leases.drop(lease)
