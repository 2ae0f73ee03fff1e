"""What runs next: the decision layer is asked, ``core.admit`` disposes, and it is begun.

A model may think for a minute, and a save must not wait for it: it is asked beside the turn, one
question at a time. Whatever has changed meanwhile, the answer counts for the tasks about which
nothing has: else somebody who keeps saving, or runs that end, would have it asked for ever.
"""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from taskboard.core.admit import Disposed, Start, dispose
from taskboard.core.decision import Decision, Pick, Question
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.lines import one_line
from taskboard.core.ready import ready
from taskboard.core.scene import Scene
from taskboard.core.spending import smallest
from taskboard.core.state import Kind
from taskboard.core.task import Task, owner_of
from taskboard.core.units import stamp
from taskboard.errors import Refused
from taskboard.log import log
from taskboard.loop.choice import Choice
from taskboard.loop.context import Context, Memory, Thought
from taskboard.loop.question import digest_of, marks_of, promotable, question_of, unchanged
from taskboard.loop.start import start

_PROMPTLY = 0.02
"""Seconds in which a decider that asks nobody has answered."""
_LISTED = 50
_REASONS = 6000
"""Characters of all reasons together that one event carries: its line has a limit."""

FLAGGED = "TB313"
HOLDS, LONGEST = 600.0, 3600.0
"""Seconds (awake) that an answer holds while nothing changes, and that the same one, given again
and again, comes to hold."""


async def choose(ctx: Context, memory: Memory, scene: Scene, choice: Choice | None = None) -> None:
    """Begin what the decision layer says and policy allows. No model is asked when nothing may
    run or go on, or when nothing has changed since it answered. ``choice`` are the executors as
    they are in this turn."""
    children = scene.world.children()
    candidates = [c for c in ready(scene) if c.executor or c.task_id not in children]
    if memory.noticed:
        return
    waiting = promotable(ctx, scene.world)
    if not waiting and (not candidates or scene.slots < 1):
        await note_answer(ctx, memory)  # nobody asks any more
        return
    choice = Choice.of(ctx, memory) if choice is None else choice
    question = await question_of(ctx, memory, scene, candidates, choice)
    disposed = await _answered(ctx, memory, question)
    if disposed is not None:
        await _do(ctx, memory, disposed)


async def _answered(ctx: Context, memory: Memory, question: Question) -> Disposed | None:
    """What the answer to this question comes to, or as much of the answer to an earlier one as
    still holds; None while somebody thinks about it."""
    world = await ctx.ledger.look()
    marks = marks_of(question, world)
    digest = digest_of(question, marks)
    thought = memory.thought
    if thought is None or (thought.told and _is_over(ctx, thought, digest)):
        holds = HOLDS if thought is None or thought.digest != digest else 2 * thought.holds
        job = await _asked_of(ctx, memory, question)
        thought = memory.thought = Thought(digest, question, marks, job, min(holds, LONGEST))
    if not thought.job.done():
        return None
    same = thought.digest == digest
    still = question if same else unchanged(question, marks, thought.marks)
    disposed = dispose(thought.job.result(), still)
    if same or not thought.told:
        await _note(ctx, thought, disposed, late=not same)
        memory.due = memory.due or not same  # and this question has not been asked yet
        return disposed
    return None


def _is_over(ctx: Context, thought: Thought, digest: str) -> bool:
    """Whether an answer that was heard is no answer any more: to another question, or for long
    enough. Rules may speak of days and hours."""
    return thought.digest != digest or ctx.clock.awake() >= thought.until


async def _asked_of(ctx: Context, memory: Memory, question: Question) -> asyncio.Task[Decision]:
    """Somebody who thinks about the question. One who has not answered at once has the next turn
    told, before anybody can see that the answer is there: a callback would come after that, and
    whoever asks whether there is more to do could leave between the two."""
    slow = False

    async def think() -> Decision:
        try:
            return await _thinking(ctx, question)
        finally:
            if slow:
                memory.tell()

    job = asyncio.create_task(think())
    await asyncio.wait({job}, timeout=_PROMPTLY)
    slow = not job.done()
    return job


async def _thinking(ctx: Context, question: Question) -> Decision:
    """Somebody's answer: of the one who decides, or of the one who needs nobody."""
    if ctx.decider is ctx.fallback:
        return await ctx.fallback.decide(question)
    why = "budget"
    if not _is_broke(question):
        try:
            return await ctx.decider.decide(question)
        except Exception:  # noqa: BLE001  whatever is wrong with it, work goes on
            log.exception("the decision layer has failed")
            why = "error"
    return replace(await ctx.fallback.decide(question), fallback=why)


async def note_answer(ctx: Context, memory: Memory) -> None:
    """Record what the decision layer has answered although nobody asks any more: it has cost
    something."""
    thought = memory.thought
    if thought is None or not thought.job.done():
        return
    if not (thought.told or thought.job.cancelled()):
        await _note(ctx, thought, Disposed(), late=True)
        memory.thought = None


async def _note(ctx: Context, thought: Thought, disposed: Disposed, *, late: bool) -> None:
    """Record an answer and what it comes to, once."""
    if thought.told:
        return
    thought.told = True
    thought.until = ctx.clock.awake() + thought.holds
    thought.begins = frozenset(s.candidate.task_id for s in disposed.start)
    await ctx.ledger.append([_decided(thought, disposed, late=late)])


def _is_broke(question: Question) -> bool:
    """Whether even deciding would cost more than this day may."""
    return question.budget_usd is not None and question.spent_usd >= question.budget_usd


def _decided(thought: Thought, disposed: Disposed, *, late: bool) -> Draft:
    question, decision = thought.question, thought.job.result()
    names = {c.task_id: c.task for c in question.candidates}
    start = disposed.start[:_LISTED]
    skip, ask = disposed.skip[:_LISTED], disposed.ask[:_LISTED]
    most = _REASONS // max(len(start) + len(skip) + len(ask), 1)
    chosen = [
        {
            "task": s.candidate.task,
            "executor": s.executor,
            "reason": one_line(s.reason, most),
            **({"model": s.model} if s.model else {}),
        }
        for s in start
    ]
    others = {
        name: [
            {"task": names.get(p.task_id, p.task_id), "reason": one_line(p.reason, most)}
            for p in picks
        ]
        for name, picks in (("skipped", skip), ("questions", ask))
        if picks
    }
    return Draft(
        type=E.DECIDED,
        data={
            **(decision.data or {}),
            "by": decision.by,
            "slots": question.slots,
            "candidates": len(question.candidates),
            "inputs": thought.digest,
            "dropped": len(disposed.dropped),
            "cost_usd": 0.0,
            "chosen": chosen,
            **others,
            **({"outdated": True} if late else {}),
            **({"fallback": decision.fallback} if decision.fallback else {}),
            **decision.bill.as_data(),
        },
    )


async def _do(ctx: Context, memory: Memory, disposed: Disposed) -> None:
    for pick in (*disposed.flag, *disposed.ask, *disposed.promote):
        await _say(ctx, pick)
    memory.due = memory.due or bool(disposed.promote)  # what goes on may be begun
    for chosen in disposed.start:
        await _begin(ctx, memory, chosen)


async def _say(ctx: Context, pick: Pick) -> None:
    """What the decision layer has to say of a task that it does not start."""
    task = (await ctx.ledger.look()).tasks[pick.task_id]
    draft = _SAID[pick.action](ctx, task, pick)
    if draft is None:
        return
    try:
        await ctx.ledger.append([draft])
    except Refused as refused:
        log.info("%s: %s", task.task, refused.message)


def _flagged(_ctx: Context, task: Task, pick: Pick) -> Draft | None:
    note = f"{FLAGGED} {one_line(pick.reason)}"
    if task.note is not None:  # said already, or something that matters more stands there
        return None
    data = {"code": FLAGGED, "note": note}
    return Draft(type=E.ANOMALY_FLAGGED, task_id=task.task_id, task=task.task, data=data)


def _asked(ctx: Context, task: Task, pick: Pick) -> Draft | None:
    if task.kind is not Kind.READY:
        return None
    how = f"taskboard answer {task.task} TEXT, then type `ready`."
    return Draft(
        type=E.BLOCKED,
        task_id=task.task_id,
        task=task.task,
        to=f"blocked:{owner_of(task.fields, ctx.owner)}:answer",
        data={
            "cause": "question",
            "question": pick.reason,
            "by": "the decision layer",
            "note": f"TB311 {one_line(pick.reason)} Answer: {how}",
        },
    )


def _promoted(_ctx: Context, task: Task, pick: Pick) -> Draft | None:
    data = {"cause": "promoted", "reason": pick.reason}
    return Draft(type=E.UNBLOCKED, task_id=task.task_id, task=task.task, to="ready", data=data)


_SAID = {"flag": _flagged, "ask": _asked, "promote": _promoted}


async def _begin(ctx: Context, memory: Memory, chosen: Start) -> None:
    world = await ctx.ledger.look()
    task = world.tasks[chosen.candidate.task_id]
    day = stamp(ctx.clock.now())[:10]
    await start(ctx, memory, task, chosen, smallest(task, world, ctx.settings, day))
