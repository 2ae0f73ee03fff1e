"""Asking the gate, beside the turn, for what waits for its answer: a ``verify`` may take
minutes."""

from __future__ import annotations

import asyncio

from taskboard.core.ready import reasons
from taskboard.core.scene import Scene
from taskboard.core.state import Kind
from taskboard.core.task import Task, World
from taskboard.core.wake import asks_gate
from taskboard.loop.context import Context, Memory
from taskboard.loop.judge import answer_done, answer_parent

_WITHOUT_START = frozenset({"no_executor", "budget"})
"""Rules that keep a container from being started, which it never is."""


def ask_gates(ctx: Context, memory: Memory, world: World, scene: Scene) -> None:
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
    return first is None or first.rule in _WITHOUT_START


def _prompts(world: World, memory: Memory) -> dict[str, bool]:
    """Which tasks have text of their own, by task id."""
    board = memory.sight.board
    if board is None:
        return {}
    by_name = {i.task: bool(i.prompt.strip()) for i in board.items if i.task}
    return {t.task_id: by_name.get(t.task, True) for t in world.tasks.values()}
