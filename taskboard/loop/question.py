"""The question that the decision layer is asked, and what it is the same by."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Mapping

import msgspec
from msgspec.structs import replace

from taskboard.core.decision import Candidate, Question
from taskboard.core.scene import Scene
from taskboard.core.spending import spent_on
from taskboard.core.state import Kind
from taskboard.core.task import Task, World
from taskboard.core.units import stamp
from taskboard.core.wake import PROMOTE
from taskboard.loop.choice import Choice
from taskboard.loop.context import Context, Memory
from taskboard.loop.order import text_of

_LISTED = 50
_RECENT = 12
"""Tasks whose last change the decision layer is told of."""
_SAID_OF = 120
"""Characters of a question, and of its answer, that it is told."""
_OWN_LINES = re.compile(rb"^- (?:note|result): .*\r?\n?", re.MULTILINE)
"""What the runtime writes itself: that the decision layer is heard is no news for it."""


def promotable(ctx: Context, world: World) -> list[Task]:
    """Tasks whose wait is over, where the decision layer is to say whether they go on."""
    if ctx.settings.promote != "decide" or ctx.decider is ctx.fallback:
        return []
    return [t for t in world.tasks.values() if t.kind is Kind.BLOCKED and t.status.what == PROMOTE]


def digest_of(question: Question, marks: Mapping[str, str]) -> str:
    """Of what a question is the same by: everything but the time and today's costs."""
    lasting = (question.slots, question.promotable, question.diagnoses)
    facts = (sorted(marks.items()), _plain(question.board), *lasting)
    return _hash(msgspec.json.encode(facts))


def marks_of(question: Question, world: World) -> dict[str, str]:
    """What a proposal about each task depends on, by its id: its section without the runtime's
    own lines, who can do it, and since when it is as it is. A task that became ready again is
    another one: it may have been answered for already, on a board that looks as before."""
    facts = {c.task_id: _facts(c) for c in question.candidates}
    facts |= {task_id: (task_id,) for task_id in question.promotable}
    return {
        task_id: _hash(msgspec.json.encode((fact, world.tasks[task_id].since)))
        for task_id, fact in facts.items()
    }


def _facts(candidate: Candidate) -> tuple[object, ...]:
    executors = (candidate.executor, candidate.executors, candidate.spent)
    return (*executors, _plain(candidate.text))


def _plain(text: str) -> str:
    """The digest of a text without what the runtime writes into it."""
    return _hash(_OWN_LINES.sub(b"", text.encode()).strip())


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def question_of(
    ctx: Context, memory: Memory, scene: Scene, candidates: list[Candidate], choice: Choice
) -> Question:
    """What the decision layer is asked in this turn."""
    world, now = scene.world, ctx.clock.now()
    board = memory.sight.board
    names = {name for c in candidates for name in c.executors}
    waiting = promotable(ctx, world)
    return Question(
        candidates=tuple(_with_sizes(ctx, world, c) for c in candidates),
        promotable=tuple(task.task_id for task in waiting),
        names={task.task_id: task.task for task in waiting},
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


def _with_sizes(ctx: Context, world: World, candidate: Candidate) -> Candidate:
    """With the size of every input: what is there is compared with what is wanted."""
    folder = ctx.project(world.tasks[candidate.task_id].fields)
    found = ((path, ctx.files.stat(folder / path)) for path in candidate.inputs[:_LISTED])
    sized = (path if stat is None else f"{path} ({stat.size} bytes)" for path, stat in found)
    return replace(candidate, inputs=tuple(sized))


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


def unchanged(question: Question, now: Mapping[str, str], then: Mapping[str, str]) -> Question:
    """The question as far as it is about tasks that are as they were."""
    same = {task_id for task_id, mark in now.items() if then.get(task_id) == mark}
    return replace(
        question,
        candidates=tuple(c for c in question.candidates if c.task_id in same),
        promotable=tuple(task_id for task_id in question.promotable if task_id in same),
    )
