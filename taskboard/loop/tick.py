"""One turn of the loop, on one screen.

Read, parse, diagnose, reconcile, record, reclaim, wake, ready, decide, admit, claim, start; then
render and swap. Level-triggered: a missed event costs time and nothing else.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping

from taskboard.core.admit import admit
from taskboard.core.decision import Candidate, Decision, Question
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.identity import name_items
from taskboard.core.ready import ready, reasons
from taskboard.core.scene import Scene
from taskboard.core.state import Kind
from taskboard.core.task import Task, World, owner_of
from taskboard.core.units import stamp
from taskboard.core.wake import asks_gate, wake
from taskboard.errors import Held, Refused
from taskboard.log import log
from taskboard.loop.absorb import absorb
from taskboard.loop.claim import claim
from taskboard.loop.context import Active, Context, Memory
from taskboard.loop.judge import answer_done, answer_parent
from taskboard.loop.late import join_late_saves
from taskboard.loop.project import project
from taskboard.loop.reclaim import end_leftovers, end_predecessor, reclaim
from taskboard.loop.run import Supervisor
from taskboard.loop.scene import set_scene

_HELD_UP = 5.0
"""Seconds until a start that was held up is tried again."""

_INPUTS, _NO_EXECUTOR = "TB131", "TB130"


async def tick(
    ctx: Context,
    memory: Memory,
    *,
    start: bool = False,
    board: bool = True,
    write: bool = True,
) -> None:
    """One whole turn. ``board`` False leaves the board unread (a save is not quiet yet), and
    then nothing is claimed; ``write`` False leaves the projection to a later turn."""
    await join_late_saves(ctx)
    if board:
        await absorb(ctx, memory)
    if start:
        await end_leftovers(ctx)
    await settle_ledger(ctx, memory, whole=board)
    await _end_lost(ctx, memory)
    if board and not memory.stopping:
        await _choose(ctx, memory)
    if write and board:
        await project(ctx, memory)


async def settle_ledger(ctx: Context, memory: Memory, *, whole: bool = True) -> None:
    """Take dead runs back and wake what has waited: what every turn does, daemon or not. ``whole``
    False: the board was not read in this turn, and what has gone from it may be back."""
    await reclaim(ctx, memory)
    await _wake_up(ctx, memory, whole=whole)


async def _wake_up(ctx: Context, memory: Memory, *, whole: bool) -> None:
    """End every waiting that is over."""
    sight = memory.sight
    present = None
    world = await ctx.ledger.look()
    if whole and sight.board is not None and sight.held is None and ctx.git.look().busy is None:
        names = {*sight.board.ids, *name_items(sight.board, world).values()}
        present = frozenset(world.names[name] for name in names if name in world.names)
    for draft in wake(
        world,
        present,
        now=ctx.clock.now(),
        uptime=ctx.uptime(),
        owner=ctx.owner,
        promote=ctx.settings.promote,
    ):
        try:
            await ctx.ledger.append([draft])
        except Refused as refused:
            log.debug("already woken: %s", refused.message)


async def _end_lost(ctx: Context, memory: Memory) -> None:
    """End the runs of this process that the ledger no longer names (cancelled, taken over)."""
    world = await ctx.ledger.look()
    for run, active in list(memory.active.items()):
        task = world.named(active.lease.task)
        current = task is not None and task.run is not None and task.run.run == run
        if not current and active.stop is None:  # told once: twice would take the grace away
            active.stop = "lost"
            active.job.cancel()


async def _choose(ctx: Context, memory: Memory) -> None:
    world = await ctx.ledger.look()
    scene = set_scene(ctx, memory, world)
    if not (scene.untrusted or scene.held):
        _ask_gates(ctx, memory, world, scene)
    await _explain(ctx, scene)
    children = world.children()
    candidates = [c for c in ready(scene) if not _is_container(c, children)]
    if not candidates or scene.slots < 1 or memory.noticed:
        return
    question = Question(
        candidates=tuple(candidates), slots=scene.slots, now=stamp(ctx.clock.now())
    )
    decision = await ctx.decider.decide(question)
    chosen, dropped = admit(decision, question)
    await ctx.ledger.append([_decided(question, decision, chosen, len(dropped))])
    for candidate in chosen:
        await _start(ctx, memory, candidate)


def _ask_gates(ctx: Context, memory: Memory, world: World, scene: Scene) -> None:
    """Typed ``done`` and parents whose children have all ended: ask the gate beside the turn,
    for a ``verify`` may take minutes. While paused no ``verify`` is started. Of a parent and
    children that were called done together, the children are asked first."""
    children = world.children()
    waiting = [
        t
        for t in world.tasks.values()
        if t.requested
        and t.task_id in scene.words
        and _may_judge(t, scene)
        and not any(kid.requested for kid in children.get(t.task_id, ()))
    ]
    parents = [] if scene.paused else asks_gate(world, _prompts(world, memory))
    ended = [t for t in parents if t.kind is Kind.BLOCKED or _may_end(t, scene, world)]
    asked = [(t, answer_done) for t in waiting]
    asked += [(t, answer_parent) for t in ended if not t.requested]
    for task, answer in asked:
        if task.task_id not in memory.judged:
            memory.judged[task.task_id] = asyncio.create_task(answer(ctx, memory, task))


def _may_judge(task: Task, scene: Scene) -> bool:
    return "verify" not in task.fields or (task.approved and not scene.paused)


def _may_end(task: Task, scene: Scene, world: World) -> bool:
    first = next(reasons(task, scene, world.children()), None)
    return first is None or first.rule == "no_executor"


def _prompts(world: World, memory: Memory) -> dict[str, bool]:
    """Which tasks have text of their own, by task id."""
    board = memory.sight.board
    if board is None:
        return {}
    by_name = {i.task: bool(i.prompt.strip()) for i in board.items if i.task}
    return {t.task_id: by_name.get(t.task, True) for t in world.tasks.values()}


def _is_container(candidate: Candidate, children: Mapping[str, list[Task]]) -> bool:
    return candidate.executor == "" and candidate.task_id in children


async def _explain(ctx: Context, scene: Scene) -> None:
    """A note, once, on every ready task that only lacks an input or an executor."""
    children = scene.world.children()
    for task in list(scene.world.tasks.values()):
        if task.kind is not Kind.READY:
            continue
        first = next(reasons(task, scene, children), None)
        note = _note(ctx, task, first.rule if first else "", scene)
        container = task.task_id in children
        if note and not container and _may_say(task, note):
            await ctx.ledger.append(
                [
                    Draft(
                        type=E.ANOMALY_FLAGGED,
                        task_id=task.task_id,
                        task=task.task,
                        data={"code": note[:5], "note": note},
                    )
                ]
            )


def _may_say(task: Task, note: str) -> bool:
    """A refusal's note stays until something changes; these are said when there is room."""
    if task.note is None:
        return True
    return task.note != note and task.note.startswith((_INPUTS, _NO_EXECUTOR))


def _note(ctx: Context, task: Task, rule: str, scene: Scene) -> str | None:
    owner = owner_of(task.fields, ctx.owner)
    if rule == "inputs":
        paths = ", ".join(scene.missing[task.task_id])
        return f"{_INPUTS} {owner}: missing input {paths}. It starts by itself when it is there."
    if rule == "no_executor":
        return (
            f"{_NO_EXECUTOR} nothing here can run it. Give it a `run:` command, or work on it "
            f"with: taskboard claim {task.task} --agent NAME"
        )
    return None


def _decided(
    question: Question, decision: Decision, chosen: list[Candidate], dropped: int
) -> Draft:
    asked = "\n".join(f"{c.task_id} {c.executor} {c.place}" for c in question.candidates)
    reasons_by_id = {p.task_id: p.reason for p in decision.picks}
    return Draft(
        type=E.DECIDED,
        data={
            "by": decision.by,
            "slots": question.slots,
            "candidates": len(question.candidates),
            "inputs": hashlib.sha256(asked.encode()).hexdigest(),
            "dropped": dropped,
            "cost_usd": 0.0,
            "chosen": [
                {
                    "task": c.task,
                    "executor": c.executor,
                    "reason": reasons_by_id.get(c.task_id, ""),
                }
                for c in chosen[:50]
            ],
            **(decision.data or {}),
        },
    )


def _later(memory: Memory, task: Task, held: Held) -> None:
    """Whoever is in the way may have died there, and then nothing else would wake us."""
    log.info("%s: %s", task.task, held.message)
    asyncio.get_running_loop().call_later(_HELD_UP, memory.tell)


async def _start(ctx: Context, memory: Memory, candidate: Candidate) -> None:
    world = await ctx.ledger.look()
    task = world.tasks[candidate.task_id]
    try:
        await end_predecessor(ctx, task)
    except Held as held:
        _later(memory, task, held)
        return
    if memory.noticed:  # a save came while this turn was deciding
        return
    agent = f"{candidate.executor}-{ctx.mark}"
    try:
        lease = await claim(
            ctx, task, agent=agent, executor=candidate.executor, actor="daemon", supervised=True
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
    supervisor = Supervisor(ctx, memory, fresh, lease, fresh.run)
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
