"""Everything that can run now, to the end: ``taskboard once``."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from datetime import datetime

from taskboard.core.hindrances import settles_at
from taskboard.core.ready import ready
from taskboard.core.settings import Settings
from taskboard.core.state import Kind
from taskboard.core.task import Task, World
from taskboard.core.units import read_time, second_up
from taskboard.core.wake import due
from taskboard.loop.command import begin
from taskboard.loop.context import Context, Memory
from taskboard.loop.notify import Notifier
from taskboard.loop.scene import set_scene
from taskboard.loop.tick import tick

HELD_UP = 1.0
"""Seconds until a start that another process held up is tried again."""


async def once(
    ctx: Context, memory: Memory, *, wait: float = 60.0, progress: Callable[[], None] | None = None
) -> World:
    """Turns until nothing it may start is left and nothing it started runs.

    Waiting that ends within ``wait`` seconds (its own retries, times typed on the board) is
    waited for. ``progress`` is called after every turn and about once a second in between.
    """
    await begin(ctx, memory)
    notifier = Notifier(ctx)
    await notifier.start()
    try:
        world = await _work_off(ctx, memory, notifier, wait, progress)
        await notifier.stop()
    finally:
        notifier.abandon()
    return world


async def _work_off(
    ctx: Context,
    memory: Memory,
    notifier: Notifier,
    wait: float,
    progress: Callable[[], None] | None,
) -> World:
    deadline = ctx.clock.awake() + wait
    start = True
    while True:
        memory.due = False
        memory.news.clear()
        await tick(ctx, memory, start=start)
        notifier.news()
        start = False
        if progress is not None:
            progress()
        world = await ctx.ledger.look()
        if memory.due:  # asked after the last wait: what ended during it is seen
            continue
        if memory.active or memory.judged or _thinks(memory):
            await _wait(memory, 1.0 if progress else 5.0)
            continue
        pause = _next_due(ctx, world)
        if _is_held_up(ctx, memory, world):
            pause = min(pause if pause is not None else math.inf, HELD_UP)
        if pause is None or ctx.clock.awake() + pause > deadline:
            return world
        # Asleep, no timer of ours runs: what has become due then is seen by looking again.
        await _wait(memory, min(pause + 0.01, ctx.settings.poll))


def _thinks(memory: Memory) -> bool:
    return memory.thought is not None and not memory.thought.job.done()


def _is_held_up(ctx: Context, memory: Memory, world: World) -> bool:
    """Whether something was to start, and the turn could not start it: another process is just
    taking it or still ends its last run, or has died while it did."""
    begins = memory.thought.begins if memory.thought is not None else frozenset()
    if not begins:
        return False
    return any(c.task_id in begins for c in ready(set_scene(ctx, memory, world)))


def _next_due(ctx: Context, world: World) -> float | None:
    now = ctx.clock.now()
    moments = [due(world, now=now)]
    for task in world.tasks.values():
        settled = settles_at(task, ctx.settings.settle, now)
        if task.kind is Kind.READY and settled is not None and settled > now:
            moments.append((settled - now).total_seconds())
    ahead = [m for m in moments if m is not None]
    return min(ahead) if ahead else None


async def _wait(memory: Memory, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):  # wait_for of Python 3.11 may swallow a cancel
            await memory.news.wait()
    except TimeoutError:
        return


def waiting(world: World, settings: Settings, now: datetime) -> list[dict[str, str]]:
    """Tasks that wait for a time, for the report of ``once``."""
    found = []
    for task in world.tasks.values():
        until = _waits_until(task, settings, now)
        if until is not None:
            found.append({"task": task.task, "until": until})
    return found


def _waits_until(task: Task, settings: Settings, now: datetime) -> str | None:
    timed = task.kind is Kind.BLOCKED and task.status.who in ("until", "retry", "quota")
    if timed:
        return task.status.what
    if task.kind is not Kind.READY:
        return None
    settled = settles_at(task, settings.settle, now)
    moments = [read_time(task.fields.get("not-before", "")), settled]
    ahead = [moment for moment in moments if moment is not None and moment > now]
    return second_up(max(ahead)) if ahead else None
