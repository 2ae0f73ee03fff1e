"""Recording one fact about a task, or the refusal of it: every attempt is in the ledger."""

from __future__ import annotations

from typing import Any

from taskboard.core import ending
from taskboard.core.ending import Ending
from taskboard.core.event import Draft, Event
from taskboard.core.event import EventType as E
from taskboard.core.gate import Verdict
from taskboard.core.state import next_events
from taskboard.core.task import Run, Task, owner_of
from taskboard.core.units import read_time
from taskboard.errors import BoardHeld, Refused, Untrusted
from taskboard.loop.context import Context, Memory


async def record(
    ctx: Context,
    task: Task,
    event: E,
    to: str | None,
    *,
    actor: str,
    verb: str,
    run: str | None = None,
    **data: Any,
) -> list[Event]:
    """Append one event about a task; a refusal is recorded before it is raised."""
    if run is None and task.run is not None and event in (E.CANCELLED, E.BLOCKED):
        run = task.run.run
    try:
        return await ctx.ledger.append([about(task, event, actor, to=to, run=run, **data)])
    except Refused as refused:
        refused.data["verb"] = verb
        await record_refusal(ctx, task, refused, verb, actor)
        raise


async def record_refusal(
    ctx: Context, task: Task, refused: Refused, verb: str, actor: str
) -> None:
    """Every attempt is in the ledger, also the ones it refuses."""
    terminal = refused.code == "terminal_blocked"
    event = E.TERMINAL_BLOCKED if terminal else E.TRANSITION_BLOCKED
    data: dict[str, Any] = {"verb": verb, "reason": refused.code, "next": next_events(task.kind)}
    await ctx.ledger.append([about(task, event, actor, **data)])


def about(
    task: Task, event: E, actor: str, *, to: str | None = None, run: str | None = None, **data: Any
) -> Draft:
    """A draft about a task by ``actor``; ``data`` are the event's own facts."""
    return Draft(
        type=event, task_id=task.task_id, task=task.task, to=to, run=run, actor=actor, data=data
    )


async def conclude(ctx: Context, task: Task, end: Ending, verdict: Verdict, *, verb: str) -> None:
    """Record the gate's answer to a person or an outside agent; raises what it refuses."""
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
        else _again(verdict)
    )
    raise Refused(
        f"{task.task} is not done: {verdict.reason}",
        hint=hint,
        task=task.task,
        data=data,
        code=verdict.code,
    )


def _again(verdict: Verdict) -> str:
    if verdict.passing:
        return "Try again in a while: the run goes on."
    return (
        "Offer evidence that holds: --artifact PATH, --commit HASH, --url URL, or --output of more"
        " than 50 characters."
    )


def ending_of(ctx: Context, task: Task, run: Run | None, actor: str) -> Ending:
    """A run (or a completion without one) about to end, as ``core.ending`` wants it."""
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


def require_trust(ctx: Context) -> None:
    """Raise ``Untrusted`` when nothing may be executed here."""
    reason = ctx.untrusted()
    if reason is not None:
        raise reason


def require_approved(task: Task) -> None:
    """Raise ``Untrusted`` when what the task would execute arrived by git and waits for a
    person."""
    if not task.approved:
        raise Untrusted(
            f"The commands of {task.task} arrived by git, and nobody has approved them.",
            hint=f"Look at them with taskboard show {task.task}, then: "
            f"taskboard approve {task.task}",
            task=task.task,
        )


def require_whole_board(memory: Memory) -> None:
    """Raise ``BoardHeld`` when the board cannot be read as intent."""
    held = memory.sight.held
    if held is not None:
        raise BoardHeld(f"Not now: {held}", hint="taskboard check names the line.")
