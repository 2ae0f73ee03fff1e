"""Finding what a command names: a task by its id, a run by its label or uuid."""

from __future__ import annotations

from taskboard.core.task import Run, Task
from taskboard.errors import NotFound
from taskboard.loop.context import Context


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
