"""Taking a task: the lease by ``mkdir``, then the conditional append that makes it true."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.liveness import Life, judge
from taskboard.core.task import Task
from taskboard.core.units import minute, second_up
from taskboard.errors import Held, TaskboardError
from taskboard.ledger import Lease
from taskboard.loop.context import Context
from taskboard.loop.evidence import note_artifacts
from taskboard.loop.keep import append_with
from taskboard.loop.proofs import note_refs

UNBORN = 1.0
"""Seconds for which a folder without a lease may have a maker who is still at it."""
_STEPS = 64
"""How many dead lease folders may be stepped over before something else must be wrong."""


async def claim(
    ctx: Context,
    task: Task,
    *,
    agent: str,
    executor: str,
    actor: str,
    supervised: bool,
    model: str = "",
    budget: float | None = None,
) -> Lease:
    """Claim ``task`` for ``agent``. Durable when it returns; nothing may run before. ``model`` is
    the one that the decision layer chose, or nothing; ``budget`` what the run may cost, in US
    dollars.

    ``supervised`` claims live as long as this process renews them, others for ``claim_ttl``.
    Raises ``Held`` when another is just taking it and ``Refused`` when the ledger says no.
    """
    lease = _take(ctx, task, agent, supervised=supervised)
    try:
        given: dict[str, object] = {"model": model} if model else {}
        if budget is not None:
            given["budget_usd"] = budget
        refs, texts = await note_refs(ctx, task, executor, task.fields)
        if refs is not None:
            given["refs"] = refs
        await append_with(ctx, texts, [_draft(ctx, task, lease, executor, actor, given)])
    except TaskboardError:
        ctx.leases.drop(lease)
        raise
    return lease


def _take(ctx: Context, task: Task, agent: str, *, supervised: bool) -> Lease:
    lease = _lease(ctx, task, agent, supervised=supervised)
    for attempt in range(task.attempt + 1, task.attempt + 1 + _STEPS):
        numbered = msgspec.structs.replace(lease, attempt=attempt)
        if ctx.leases.take(numbered):
            return numbered
        other = ctx.leases.find(task.task, attempt)
        patience = ctx.settings.lease_ttl if other is not None else UNBORN
        fresh = age_of(ctx, task.task, attempt) < patience
        if fresh and (other is None or _lives(ctx, other)):
            raise Held(
                f"{task.task} is just being claimed by "
                f"{other.agent if other else 'somebody else'}.",
                hint=f"taskboard show {task.task}",
                task=task.task,
            )
    raise Held(
        f"{_STEPS} lease folders of {task.task} are in the way.",
        hint="Look at .taskboard/locks/: folders of runs the ledger does not know are leftovers.",
        task=task.task,
    )


def age_of(ctx: Context, task: str, attempt: int) -> float:
    """Seconds since a lease folder changed.

    One that the ledger knows nothing of becomes a claim within moments; an older one belongs to
    somebody who died in between. A wrong guess is refused by the ledger."""
    made = ctx.leases.made(task, attempt)
    return abs((ctx.clock.now() - made).total_seconds()) if made is not None else float("inf")


def _lives(ctx: Context, lease: Lease) -> bool:
    alive = lease.supervisor is not None and ctx.processes.alive(lease.supervisor)
    verdict = judge(
        lease,
        boot_id=ctx.processes.me().boot,
        boot_now=ctx.clock.boot(),
        now=ctx.clock.now(),
        alive=alive,
        watched_for=0.0,
        device=ctx.device,
    )
    return verdict is not Life.DEAD


def _lease(ctx: Context, task: Task, agent: str, *, supervised: bool) -> Lease:
    me = ctx.processes.me()
    ttl = ctx.settings.lease_ttl if supervised else ctx.settings.claim_ttl
    until = None if supervised else second_up(ctx.clock.now() + timedelta(seconds=ttl))
    return Lease(
        task=task.task,
        attempt=0,
        run=ctx.clock.uuid(),
        agent=agent,
        device=ctx.device,
        boot=me.boot,
        ttl_s=ttl,
        supervisor=me if supervised else None,
        expires=until,
        expires_boot=None if supervised else ctx.clock.boot() + ttl,
    )


def _draft(  # noqa: PLR0917
    ctx: Context,
    task: Task,
    lease: Lease,
    executor: str,
    actor: str,
    given: dict[str, object],
) -> Draft:
    data: dict[str, object] = {
        "executor": executor,
        "text": task.text,
        "lease": {"ttl_s": lease.ttl_s, "expires": lease.expires},
        **given,
    }
    if task.baseline is None:
        data["baseline"] = note_artifacts(ctx, task.fields)
    since = minute(ctx.clock.now())
    return Draft(
        type=E.CLAIMED,
        task_id=task.task_id,
        task=task.task,
        run=lease.run,
        attempt=lease.attempt,
        agent=lease.agent,
        to=f"running:{lease.agent}:{since}",
        actor=actor,
        data=data,
    )


def extended(ctx: Context, lease: Lease) -> Lease:
    """The lease of a claim by command, good for ``claim_ttl`` from now on."""
    ttl = ctx.settings.claim_ttl
    return msgspec.structs.replace(
        lease,
        renewals=lease.renewals + 1,
        boot=ctx.processes.me().boot,
        expires_boot=ctx.clock.boot() + ttl,
        expires=second_up(ctx.clock.now() + timedelta(seconds=ttl)),
    )
