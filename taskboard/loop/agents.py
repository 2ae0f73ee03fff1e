"""What an agent outside the daemon says of its work: claim, heartbeat, complete, fail, release.

The same gate and the same fencing as for the daemon's own runs: whoever is not the current run
is refused, and the refusal is recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from taskboard.core import ending
from taskboard.core.event import Event
from taskboard.core.event import EventType as E
from taskboard.core.gate import Verdict
from taskboard.core.outcome import Receipt, output_receipt
from taskboard.core.ready import CLAIM_EXEMPT, PRIORITIES, reasons
from taskboard.core.scene import Scene, Why
from taskboard.core.state import Kind, next_events
from taskboard.core.task import OUTSIDE, Run, Task, World
from taskboard.errors import Held, NotFound, Refused, StaleRun, Usage
from taskboard.ledger import Lease
from taskboard.loop.choice import SHELL
from taskboard.loop.claim import claim, extended
from taskboard.loop.context import Context, Memory
from taskboard.loop.evidence import starts_process
from taskboard.loop.find import current_run, find_run, find_task
from taskboard.loop.judge import judge_run
from taskboard.loop.proofs import commit_receipts, url_receipts
from taskboard.loop.reclaim import end_predecessor
from taskboard.loop.record import (
    about,
    conclude,
    ending_of,
    record,
    require_trust,
    require_whole_board,
)
from taskboard.loop.scene import set_scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What an agent offers with ``complete``."""

    output: str | None = None
    commit: str | None = None
    url: str | None = None
    artifacts: tuple[str, ...] = ()


async def take(
    ctx: Context, memory: Memory, name: str | None, agent: str, actor: str
) -> tuple[Task, Lease]:
    """``claim ID`` or ``claim --next`` for an agent outside the daemon."""
    require_trust(ctx)
    require_whole_board(memory)
    world = await ctx.ledger.look()
    task = await find_task(ctx, name) if name else _next(ctx, memory, world)
    await _may_claim(ctx, memory, world, task, actor)
    await end_predecessor(ctx, task)
    lease = await claim(ctx, task, agent=agent, executor=OUTSIDE, actor=actor, supervised=False)
    return (await ctx.ledger.look()).tasks[task.task_id], lease


def _next(ctx: Context, memory: Memory, world: World) -> Task:
    """The first in the published order. Who asks is the executor, so none need be here."""
    scene = set_scene(ctx, memory, world)
    children = world.children()
    found = [
        t
        for t in world.tasks.values()
        if t.kind is Kind.READY
        and t.task_id not in children
        and all(why.rule == "no_executor" for why in reasons(t, scene, children))
    ]
    if not found:
        raise NotFound("Nothing is ready to be claimed.", hint="taskboard list")
    return min(found, key=lambda t: _urgency(t, scene))


def _urgency(task: Task, scene: Scene) -> tuple[int, int, str]:
    word = task.fields.get("priority", "").casefold()
    return PRIORITIES.get(word, PRIORITIES[""]), scene.places.get(task.task_id, 1 << 30), task.task


async def _may_claim(ctx: Context, memory: Memory, world: World, task: Task, actor: str) -> None:
    if task.kind is Kind.RUNNING and task.run is not None:
        raise Held(
            f"{task.task} is held by {task.run.agent} as {task.task}@{task.run.attempt}.",
            hint=f"taskboard show {task.task}",
            task=task.task,
            data={"agent": task.run.agent, "run": task.run.run},
        )
    if task.kind in (Kind.DONE, Kind.FAILED):
        await record(
            ctx, task, E.CLAIMED, "running:x:2000-01-01T00:00Z", actor=actor, verb="claim"
        )
    scene = set_scene(ctx, memory, world)
    for why in reasons(task, scene, world.children()):
        if why.rule not in CLAIM_EXEMPT:
            raise await _refuse_claim(ctx, task, why, actor)


async def _refuse_claim(ctx: Context, task: Task, why: Why, actor: str) -> Refused:
    note: dict[str, Any] = {"verb": "claim", "reason": why.rule, "next": next_events(task.kind)}
    await ctx.ledger.append([about(task, E.TRANSITION_BLOCKED, actor, **note)])
    return Refused(
        f"{task.task} cannot be claimed: {why.text}",
        hint="; ".join(why.clear),
        task=task.task,
        data={"rule": why.rule},
    )


async def beat(ctx: Context, name: str) -> tuple[Task, Lease]:
    """``heartbeat RUN``: move the claim's end by ``claim_ttl``. The board is left alone."""
    task = await find_run(ctx, name)
    run = await _require_current(ctx, task, name, "heartbeat", "agent")
    lease = ctx.leases.find(task.lock, run.attempt)
    if lease is None or lease.run != run.run:
        raise StaleRun(f"The lease of {task.task}@{run.attempt} is gone.", task=task.task)
    longer = extended(ctx, lease)
    if not ctx.leases.renew(longer):
        raise StaleRun(f"The lease of {longer.label} is no longer yours.", task=task.task)
    return task, longer


async def finish(ctx: Context, task: Task, name: str, offered: Evidence, actor: str) -> Verdict:
    """``complete RUN``: the gate's answer; raises what it refuses, and the run goes on."""
    run = await _require_current(ctx, task, name, "complete", actor)
    if offered.commit is not None or starts_process(run.fields):
        require_trust(ctx)
    receipts = await _offered(ctx, task, run, offered)
    verdict = await judge_run(ctx, task, run, receipts, offered.artifacts)
    try:
        await conclude(ctx, task, ending_of(ctx, task, run, actor), verdict, verb="complete")
    finally:  # what it has recorded, be it a refusal, names the output: see `append_with`
        if offered.output is not None:
            await _keep_output(ctx, offered)
    _drop(ctx, task, run)
    return verdict


async def _keep_output(ctx: Context, offered: Evidence) -> str:
    return await ctx.ledger.keep((offered.output or "").encode("utf-8", "replace"))


async def _offered(ctx: Context, task: Task, run: Run, offered: Evidence) -> list[Receipt]:
    receipts: list[Receipt] = []
    if offered.output is not None:
        digest = await _keep_output(ctx, offered)
        receipts.append(output_receipt(offered.output, run.run, digest))
    if offered.commit is not None:
        receipts += await commit_receipts(ctx, task, run, [offered.commit])
    if offered.url is not None:
        receipts += await url_receipts(ctx, run, [offered.url])
    return receipts


async def give_up(
    ctx: Context, task: Task, name: str, reason: str, actor: str, *, final: bool
) -> list[Event]:
    """``fail RUN``: tried again later, or not with ``--final``."""
    run = await _require_current(ctx, task, name, "fail", actor)
    drafts = ending.failed(
        ending_of(ctx, task, run, actor), reason="agent", error=reason, retryable=not final
    )
    events = await ctx.ledger.append(drafts)
    _drop(ctx, task, run)
    return events


async def hand_back(
    ctx: Context, task: Task, name: str, actor: str, *, to: str | None = None
) -> list[Event]:
    """``release RUN``: ready again, nothing spent; with ``to`` for that executor. Raises
    ``Usage`` for one that there is not or that cannot have it."""
    run = await _require_current(ctx, task, name, "release", actor)
    if to is not None:
        _require_executor(ctx, task, run, to)
    end = ending_of(ctx, task, run, actor)
    drafts = (
        ending.released(end, "handed back") if to is None else ending.relayed(end, to, "manual")
    )
    events = await ctx.ledger.append(drafts)
    _drop(ctx, task, run)
    return events


def _require_executor(ctx: Context, task: Task, run: Run, to: str) -> None:
    others = [name for name in ctx.executors if name != SHELL]
    if to not in others:
        raise Usage(
            f"No agent here is called {to}.",
            hint=f"One of {', '.join(others) or 'none'}. taskboard doctor says what each lacks.",
            task=task.task,
        )
    if task.fields.get("run", "").strip():
        raise Usage(
            f"{task.task} has a `run:` command, which only the shell does.",
            hint=f"Take its `run:` away, then: taskboard release {task.task}@{run.attempt}",
            task=task.task,
        )


async def _require_current(ctx: Context, task: Task, name: str, verb: str, actor: str) -> Run:
    """The current run, or the refusal recorded and raised. ``validated`` stands for any event
    that only the current run may append: the fold names the reason."""
    run = current_run(task, name)
    if run is not None:
        return run
    await record(ctx, task, E.VALIDATED, None, actor=actor, verb=verb, run=name)
    raise StaleRun(f"{name} is not the current run of {task.task}.", task=task.task)


def _drop(ctx: Context, task: Task, run: Run) -> None:
    lease = ctx.leases.find(task.lock, run.attempt)
    if lease is not None and lease.run == run.run and lease.supervisor is None:
        ctx.leases.drop(lease)  # a supervisor drops its own, once the work is gone
