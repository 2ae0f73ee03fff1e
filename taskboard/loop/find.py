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
        if current_run(task, name) is not None:
            return task
    known = world.named(label) if at and number.isdigit() else None
    if known is not None and 0 < int(number) <= known.attempt:
        return known
    if not at:
        async for event, _line in ctx.history.read():
            if event.run == name and event.task_id is not None and event.task_id in world.tasks:
                return world.tasks[event.task_id]
    raise NotFound(f"No run {name}.", hint="taskboard list --status running", task=None)


def current_run(task: Task, name: str) -> Run | None:
    """The task's current run when ``name`` means it, else None. A run keeps the label that it was
    claimed under when its task is renamed."""
    run = task.run
    if run is None:
        return None
    labels = (f"{task.task}@{run.attempt}", f"{task.lock}@{run.attempt}")
    return run if name == run.run or name in labels else None
