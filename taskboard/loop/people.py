"""What a person can say by command as well as by typing: the same table, the same gate.

Every verb answers with the events it appended; what the ledger refuses is recorded, then raised.
"""

from __future__ import annotations

from taskboard.core.event import Draft, Event
from taskboard.core.event import EventType as E
from taskboard.core.facts import digest_of
from taskboard.core.gate import Verdict
from taskboard.core.state import READY, Kind, read_status
from taskboard.core.task import Task
from taskboard.core.verb import cancelled_line
from taskboard.errors import Refused, Usage
from taskboard.loop.context import Context
from taskboard.loop.evidence import starts_process
from taskboard.loop.judge import judge_person
from taskboard.loop.keep import append_with
from taskboard.loop.reclaim import end_orphans
from taskboard.loop.record import (
    about,
    conclude,
    ending_of,
    record,
    record_refusal,
    require_approved,
    require_trust,
)

OURS = frozenset({"retry", "quota", "children"})
"""What only the runtime itself waits for."""


async def say_ready(ctx: Context, task: Task, actor: str) -> list[Event]:
    """``ready ID``: unblock, or requeue what has failed."""
    if task.kind is Kind.READY and task.doubted:
        return await ctx.ledger.append([about(task, E.EDITED, actor, doubted=False, note=None)])
    if task.kind is Kind.READY:
        return []
    event = E.REQUEUED if task.kind is Kind.FAILED else E.UNBLOCKED
    return await record(ctx, task, event, READY.text, actor=actor, verb="ready", cause="command")


async def say_block(ctx: Context, task: Task, who: str, what: str, actor: str) -> list[Event]:
    """``block ID WHO WHAT``; over a running task it cancels the run."""
    status = read_status(f"blocked:{who}:{what}")
    if status.kind is not Kind.BLOCKED or who in OURS:
        raise Usage(
            f"`blocked:{who}:{what}` cannot be asked for: WHO and WHAT are letters, digits "
            "and ._@/- (for `until` a time like 2026-04-20T15:25Z).",
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
    result = cancelled_line(actor, task.run.run if task.run is not None else None)
    events = await record(
        ctx, task, E.CANCELLED, to, actor=actor, verb="cancel", cause="command", result=result
    )
    await end_orphans(ctx, task)
    return events


async def say_approve(ctx: Context, task: Task, actor: str) -> list[Event]:
    """``approve ID``: what arrived by git may run, as if this person had typed it."""
    if task.approved:
        return []
    return await ctx.ledger.append([about(task, E.EDITED, actor, approved=True, origin="command")])


async def say_answer(ctx: Context, task: Task, text: str, actor: str) -> list[Event]:
    """``answer ID TEXT``: in the ledger only; the text itself lies in ``objects/``."""
    if not text.strip():
        raise Usage("The answer is empty.", hint=f'taskboard answer {task.task} "..."')
    asks = task.asked is not None or task.kind is Kind.BLOCKED
    if not asks or task.kind in (Kind.DONE, Kind.WITHDRAWN):
        deaf = _deaf(task)
        await record_refusal(ctx, task, deaf, "answer", actor)
        raise deaf
    answer = text.encode()
    draft = about(task, E.QUESTION_ANSWERED, actor, answer=digest_of(answer), characters=len(text))
    return await append_with(ctx, [answer], [draft])


def _deaf(task: Task) -> Refused:
    """Nobody would ever read the answer."""
    asked = f"has asked nothing; it is {task.status.text}" if task.asked is None else "is over"
    code = "terminal_blocked" if task.kind is Kind.DONE else "transition_blocked"
    return Refused(
        f"{task.task} {asked}: nobody would read the answer.",
        hint="What a task should know stands in its text on the board.",
        task=task.task,
        data={"state": task.status.text, "verb": "answer"},
        code=code,
    )


async def say_done(ctx: Context, task: Task, actor: str) -> Verdict:
    """``done ID``: a person's word, through the gate. Raises what the gate refuses."""
    if task.kind is Kind.RUNNING:
        busy = Refused(
            f"{task.task} is {task.status.text}: a run holds it.",
            hint=f"taskboard cancel {task.task}, or let it end.",
            task=task.task,
            data={"state": task.status.text, "verb": "done"},
        )
        await record_refusal(ctx, task, busy, "done", actor)
        raise busy
    if task.kind in (Kind.DONE, Kind.FAILED, Kind.WITHDRAWN):
        await record(ctx, task, E.COMPLETED, "done", actor=actor, verb="done")
    if starts_process(task.fields):
        require_trust(ctx)
    if task.fields.get("verify"):
        require_approved(task)
    verdict = await judge_person(ctx, task, by=actor)
    end = ending_of(ctx, task, None, actor)
    await conclude(ctx, task, end, verdict, verb="done")
    return verdict


async def say_pause(ctx: Context, actor: str, *, paused: bool) -> list[Event]:
    """``pause`` and ``resume``: nothing new starts in between."""
    world = await ctx.ledger.look()
    if world.paused == paused:
        return []
    event = E.PAUSED if paused else E.RESUMED
    return await ctx.ledger.append([Draft(type=event, actor=actor)])
