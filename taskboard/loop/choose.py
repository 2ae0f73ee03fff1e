"""What runs next: the decision layer is asked, ``core.admit`` disposes, and it is begun.

A model may think for a minute, and a save must not wait for it: it is asked beside the turn, one
question at a time, and a turn uses an answer only if the question is still the same.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import msgspec

from taskboard.core.admit import Disposed, Start, dispose
from taskboard.core.decision import Candidate, Decision, Pick, Question
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.lines import one_line
from taskboard.core.ready import ready
from taskboard.core.scene import Scene
from taskboard.core.spending import smallest, spent_on
from taskboard.core.state import Kind
from taskboard.core.task import Task, World, owner_of
from taskboard.core.units import stamp
from taskboard.errors import Refused
from taskboard.log import log
from taskboard.loop.choice import Choice
from taskboard.loop.context import Context, Memory, Thought
from taskboard.loop.order import text_of
from taskboard.loop.start import start

_PROMPTLY = 0.02
"""Seconds in which a decider that asks nobody has answered."""
_LISTED = 50
_REASONS = 6000
"""Characters of all reasons together that one event carries: its line has a limit."""
_RECENT = 12
"""Tasks whose last change the decision layer is told of."""
_SAID_OF = 120
"""Characters of a question, and of its answer, that it is told."""

FLAGGED = "TB313"


_OWN_LINES = re.compile(rb"^- (?:note|result): .*\r?\n?", re.MULTILINE)
"""What the runtime writes itself: that the decision layer is heard is no news for it."""


async def choose(ctx: Context, memory: Memory, scene: Scene, choice: Choice | None = None) -> None:
    """Begin what the decision layer says and policy allows. No model is asked when nothing may
    run, or when nothing has changed since it answered. ``choice`` are the executors as they are
    in this turn."""
    children = scene.world.children()
    candidates = [c for c in ready(scene) if c.executor or c.task_id not in children]
    if memory.noticed:
        return
    if not candidates or scene.slots < 1:
        await note_answer(ctx, memory)  # nobody asks any more
        return
    choice = Choice.of(ctx, memory) if choice is None else choice
    question = await _question(ctx, memory, scene, candidates, choice)
    decision = await _decision(ctx, memory, question)
    if decision is None:
        return
    await _do(ctx, memory, dispose(decision, question))


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a question is the same by: everything but the time and today's costs."""

    parts: tuple[object, ...]

    @property
    def digest(self) -> str:
        return hashlib.sha256(msgspec.json.encode(self.parts)).hexdigest()


def _digest(question: Question, world: World) -> str:
    """Of what a question is the same by. A task that became ready again is another question: it
    may have been answered meanwhile, on a board that looks as before."""
    asked = [
        (c.task_id, c.executor, c.executors, c.place, c.spent, world.tasks[c.task_id].since)
        for c in question.candidates
    ]
    texts = [_plain(c.text) for c in question.candidates]
    lasting = (question.slots, question.promotable, question.diagnoses)
    return _Facts((asked, texts, _plain(question.board), *lasting)).digest


def _plain(text: str) -> str:
    """The digest of a text without what the runtime writes into it."""
    return hashlib.sha256(_OWN_LINES.sub(b"", text.encode())).hexdigest()


async def _question(
    ctx: Context, memory: Memory, scene: Scene, candidates: list[Candidate], choice: Choice
) -> Question:
    world, now = scene.world, ctx.clock.now()
    board = memory.sight.board
    names = {name for c in candidates for name in c.executors}
    return Question(
        candidates=tuple(candidates),
        slots=scene.slots,
        now=stamp(now),
        board=board.data.decode("utf-8", "replace") if board is not None else "",
        diagnoses=scene.diagnoses[:_LISTED],
        history=(*_recent(world), *[said async for said in _answers(ctx, world, candidates)]),
        running=tuple(a.lease.label for a in memory.active.values()),
        models={name: choice.models(name) for name in sorted(names)},
        spent_usd=spent_on(world, stamp(now)[:10]),
        budget_usd=ctx.settings.budget_usd_day,
    )


def _recent(world: World) -> list[str]:
    latest = sorted(world.tasks.values(), key=lambda t: t.since, reverse=True)[:_RECENT]
    return [f"{t.updated} {t.task} is {t.status.text}" for t in reversed(latest)]


async def _answers(ctx: Context, world: World, candidates: list[Candidate]) -> AsyncIterator[str]:
    """What the candidates' owners have answered last: it stands on no board."""
    for candidate in candidates[:_LISTED]:
        said = world.tasks[candidate.task_id].said
        if said:
            question, digest = said[-1]
            answer = await text_of(ctx, digest)
            yield f"{candidate.task} asked: {question[:_SAID_OF]} Answer: {answer[:_SAID_OF]}"


async def _decision(ctx: Context, memory: Memory, question: Question) -> Decision | None:
    """The answer to this question, or None while somebody still thinks about it or another."""
    digest = _digest(question, await ctx.ledger.look())
    thought = memory.thought
    if thought is None or (thought.job.done() and thought.digest != digest):
        await note_answer(ctx, memory)
        job = asyncio.create_task(_thinking(ctx, question))
        thought = memory.thought = Thought(digest, question, job)
        await asyncio.wait({job}, timeout=_PROMPTLY)
        if not job.done():
            job.add_done_callback(lambda _: memory.tell())
    if not thought.job.done() or thought.digest != digest:
        return None
    await note_answer(ctx, memory, digest)
    return thought.job.result()


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


async def note_answer(ctx: Context, memory: Memory, digest: str | None = None) -> None:
    """Record what the decision layer has answered, once, also when nobody asks any more: it has
    cost something. ``digest`` is that of the question which is open now."""
    thought = memory.thought
    if thought is None or thought.told or not thought.job.done() or thought.job.cancelled():
        return
    thought.told = True
    decision = thought.job.result()
    timely = thought.digest == digest
    if not timely:
        memory.thought = None
    disposed = dispose(decision, thought.question) if timely else Disposed()
    thought.begins = frozenset(s.candidate.task_id for s in disposed.start)
    draft = _decided(thought, decision, disposed, timely=timely)
    await ctx.ledger.append([draft])


def _is_broke(question: Question) -> bool:
    """Whether even deciding would cost more than this day may."""
    return question.budget_usd is not None and question.spent_usd >= question.budget_usd


def _decided(thought: Thought, decision: Decision, disposed: Disposed, *, timely: bool) -> Draft:
    question = thought.question
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
            **({} if timely else {"outdated": True}),
            **({"fallback": decision.fallback} if decision.fallback else {}),
            **decision.bill.as_data(),
        },
    )


async def _do(ctx: Context, memory: Memory, disposed: Disposed) -> None:
    for pick in (*disposed.flag, *disposed.ask, *disposed.promote):
        await _say(ctx, pick)
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
