"""What people and outside agents can say by command: the same gate, the same state machine.

Every verb is one small turn: absorb, take dead runs back, wake what has waited, append, write
back. Each answers with the events it appended; what the ledger refuses is recorded, then raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from taskboard.core import ending
from taskboard.core.ending import Ending
from taskboard.core.event import Draft, Event
from taskboard.core.event import EventType as E
from taskboard.core.gate import Verdict, commit_receipt, output_receipt, url_receipt
from taskboard.core.outcome import Receipt
from taskboard.core.ready import CLAIM_EXEMPT, PRIORITIES, Scene, Why, reasons
from taskboard.core.state import READY, Kind, next_events, read_status
from taskboard.core.task import Run, Task, World, owner_of
from taskboard.core.units import read_time
from taskboard.errors import Held, NotFound, Refused, StaleRun, Usage
from taskboard.ledger import Lease
from taskboard.loop.claim import claim, extended
from taskboard.loop.context import Context, Memory
from taskboard.loop.judge import judge_person, judge_run
from taskboard.loop.reclaim import end_orphans, end_predecessor
from taskboard.loop.record import about, record, require_trust, require_whole_board
from taskboard.loop.scene import executor_for, set_scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What an agent offers with ``complete``."""

    output: str | None = None
    commit: str | None = None
    url: str | None = None
    artifacts: tuple[str, ...] = ()


async def find_task(ctx: Context, name: str) -> Task:
    """The task of this human id (case-blind). Raises ``NotFound``."""
    world = await ctx.ledger.look()
    task = world.named(name) or world.named(name.upper())
    if task is None:
        raise NotFound(f"No task {name}.", hint="taskboard list", task=name)
    return task


async def find_run(ctx: Context, name: str) -> Task:
    """The task whose current run is ``TASK-015@3`` or a run's uuid. Raises ``NotFound`` for a
    task or run that never was, ``StaleRun`` (or the terminal refusal) for one that is over."""
    world = await ctx.ledger.look()
    label, at, number = name.partition("@")
    for task in world.tasks.values():
        if task.run is not None and name in (task.run.run, f"{task.task}@{task.run.attempt}"):
            return task
    known = world.named(label) if at and number.isdigit() else None
    if known is not None and 0 < int(number) <= known.attempt:
        return known
    if not at:
        async for event, _line in ctx.history.read():
            if event.run == name and event.task_id in world.tasks:
                return world.tasks[event.task_id]
    raise NotFound(f"No run {name}.", hint="taskboard list --status running", task=None)


def current_run(task: Task, name: str) -> Run | None:
    """The task's current run when ``name`` means it, else None."""
    run = task.run
    if run is not None and name in (run.run, f"{task.task}@{run.attempt}"):
        return run
    return None


async def say_ready(ctx: Context, task: Task, actor: str) -> list[Event]:
    """``ready ID``: unblock, or requeue what has failed."""
    if task.kind is Kind.READY:
        return []
    event = E.REQUEUED if task.kind is Kind.FAILED else E.UNBLOCKED
    return await record(ctx, task, event, READY.text, actor=actor, verb="ready", cause="command")


async def say_block(ctx: Context, task: Task, who: str, what: str, actor: str) -> list[Event]:
    """``block ID WHO WHAT``; over a running task it cancels the run."""
    status = read_status(f"blocked:{who}:{what}")
    if status.kind is not Kind.BLOCKED:
        raise Usage(
            f"`blocked:{who}:{what}` is no state: WHO and WHAT are letters, digits and ._@/- "
            "(for `until` a time like 2026-04-20T15:25Z).",
            hint=f"taskboard block {task.task} siyao send-brief",
            task=task.task,
        )
    if task.kind is Kind.RUNNING:
        return await _cancel(ctx, task, status.text, actor)
    return await record(
        ctx, task, E.BLOCKED, status.text, actor=actor, verb="block", cause="command"
    )


async def say_cancel(ctx: Context, task: Task, actor: str) -> list[Event]:
    """``cancel ID``: end its run if it has one; it is ``failed:cancelled``."""
    return await _cancel(ctx, task, "failed:cancelled", actor)


async def _cancel(ctx: Context, task: Task, to: str, actor: str) -> list[Event]:
    result = None
    if task.run is not None:
        result = f"cancelled by {actor} (.taskboard/runs/{task.run.run})"
    data = {"cause": "command", **({"result": result} if result else {})}
    events = await record(ctx, task, E.CANCELLED, to, actor=actor, verb="cancel", **data)
    await end_orphans(ctx, task)
    return events


async def say_answer(ctx: Context, task: Task, text: str, actor: str) -> list[Event]:
    """``answer ID TEXT``: in the ledger only; the text itself lies in ``objects/``."""
    if not text.strip():
        raise Usage("The answer is empty.", hint=f'taskboard answer {task.task} "..."')
    digest = await ctx.ledger.keep(text.encode())
    draft = about(task, E.QUESTION_ANSWERED, actor, answer=digest, characters=len(text))
    return await ctx.ledger.append([draft])


async def say_done(ctx: Context, task: Task, actor: str) -> Verdict:
    """``done ID``: a person's word, through the gate. Raises what the gate refuses."""
    if task.kind is Kind.RUNNING or task.kind in (Kind.DONE, Kind.FAILED, Kind.WITHDRAWN):
        await record(ctx, task, E.COMPLETED, "done", actor=actor, verb="done")
    if task.fields.get("verify"):
        require_trust(ctx)
    verdict = await judge_person(ctx, task, by=actor)
    end = _end(ctx, task, None, actor)
    await _conclude(ctx, task, end, verdict, verb="done")
    return verdict


async def say_pause(ctx: Context, actor: str, *, paused: bool) -> list[Event]:
    """``pause`` and ``resume``: nothing new starts in between."""
    world = await ctx.ledger.look()
    if world.paused == paused:
        return []
    event = E.PAUSED if paused else E.RESUMED
    return await ctx.ledger.append([Draft(type=event, actor=actor)])


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
    executor = executor_for(ctx, task) or "outside"
    lease = await claim(ctx, task, agent=agent, executor=executor, actor=actor, supervised=False)
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
    lease = ctx.leases.find(task.task, run.attempt)
    if lease is None or lease.run != run.run:
        raise StaleRun(f"The lease of {task.task}@{run.attempt} is gone.", task=task.task)
    longer = extended(ctx, lease)
    if not ctx.leases.renew(longer):
        raise StaleRun(f"The lease of {longer.label} is no longer yours.", task=task.task)
    return task, longer


async def finish(ctx: Context, task: Task, name: str, offered: Evidence, actor: str) -> Verdict:
    """``complete RUN``: the gate's answer; raises what it refuses, and the run goes on."""
    run = await _require_current(ctx, task, name, "complete", actor)
    if run.fields.get("verify"):
        require_trust(ctx)
    receipts = await _offered(ctx, run, offered)
    verdict = await judge_run(ctx, task, run, receipts, offered.artifacts)
    await _conclude(ctx, task, _end(ctx, task, run, actor), verdict, verb="complete")
    _drop(ctx, task, run)
    return verdict


async def _offered(ctx: Context, run: Run, offered: Evidence) -> list[Receipt]:
    receipts = []
    if offered.output is not None:
        digest = await ctx.ledger.keep(offered.output.encode("utf-8", "replace"))
        receipts.append(output_receipt(offered.output, run.run, digest))
    if offered.commit is not None:
        receipts.append(commit_receipt(offered.commit, run.run))
    if offered.url is not None:
        receipts.append(url_receipt(offered.url, run.run))
    return receipts


async def give_up(
    ctx: Context, task: Task, name: str, reason: str, actor: str, *, final: bool
) -> list[Event]:
    """``fail RUN``: tried again later, or not with ``--final``."""
    run = await _require_current(ctx, task, name, "fail", actor)
    drafts = ending.failed(
        _end(ctx, task, run, actor), reason="agent", error=reason, retryable=not final
    )
    events = await ctx.ledger.append(drafts)
    _drop(ctx, task, run)
    return events


async def hand_back(ctx: Context, task: Task, name: str, actor: str) -> list[Event]:
    """``release RUN``: ready again, nothing spent."""
    run = await _require_current(ctx, task, name, "release", actor)
    events = await ctx.ledger.append(ending.released(_end(ctx, task, run, actor), "handed back"))
    _drop(ctx, task, run)
    return events


async def _require_current(ctx: Context, task: Task, name: str, verb: str, actor: str) -> Run:
    """The current run, or the refusal recorded and raised. ``validated`` stands for any event
    that only the current run may append: the fold names the reason."""
    run = current_run(task, name)
    if run is not None:
        return run
    await record(ctx, task, E.VALIDATED, None, actor=actor, verb=verb, run=name)
    raise StaleRun(f"{name} is not the current run of {task.task}.", task=task.task)


async def _conclude(ctx: Context, task: Task, end: Ending, verdict: Verdict, *, verb: str) -> None:
    if verdict.ok:
        await ctx.ledger.append(ending.completed(end, verdict))
        return
    await ctx.ledger.append([ending.refusal(end, verdict, verb=verb)])
    data: dict[str, Any] = {"reason": verdict.reason}
    if verdict.open_children:
        data |= {"open": len(verdict.open_children), "children": list(verdict.open_children)}
    hint = (
        "End the open children first: " + ", ".join(verdict.open_children)
        if verdict.open_children
        else "Offer evidence that holds: --artifact PATH, or --output of more than 50 characters."
    )
    raise Refused(
        f"{task.task} is not done: {verdict.reason}",
        hint=hint,
        task=task.task,
        data=data,
        code=verdict.code,
    )


def _end(ctx: Context, task: Task, run: Run | None, actor: str) -> Ending:
    now = ctx.clock.now()
    since = read_time(run.started) if run is not None else None
    seconds = round(max((now - since).total_seconds(), 0.0), 3) if since else None
    return Ending(
        task=task,
        run=run,
        now=now,
        settings=ctx.settings,
        owner=owner_of(task.fields, ctx.owner),
        seconds=seconds,
        dice=ctx.clock.random(),
        actor=actor,
        by=actor,
    )


def _drop(ctx: Context, task: Task, run: Run) -> None:
    lease = ctx.leases.find(task.task, run.attempt)
    if lease is not None and lease.run == run.run and lease.supervisor is None:
        ctx.leases.drop(lease)  # a supervisor drops its own, once the work is gone
