"""``accept`` and ``approve``: what only a person can say yes to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from taskboard.app import App
from taskboard.cli.call import Call
from taskboard.cli.hold import board_held
from taskboard.cli.text import Screen, one_line
from taskboard.cli.turn import actor, turn
from taskboard.core.task import Task
from taskboard.errors import Untrusted
from taskboard.loop import find, people
from taskboard.loop.absorb import absorb

if TYPE_CHECKING:
    import typer


def accept(ctx: typer.Context) -> None:
    """Say that a held board is meant as it is: many tasks gone at once, a text that ends in the
    middle. Sections that are gone are withdrawn, as if they had been removed one by one."""
    call = Call.of(ctx)

    async def work(app: App) -> dict[str, Any]:
        require_person()

        async def act() -> str | None:
            held = app.memory.sight.held
            if held is not None:
                await absorb(app.ctx, app.memory, accept=True)
            if app.memory.sight.held is not None:
                world = await app.ctx.ledger.look()
                raise board_held(app.ctx, world, "This cannot be accepted", app.memory.sight.held)
            return held

        before = await turn(app, act)
        world = await app.ctx.ledger.look()
        gone = sorted(t.task for t in world.tasks.values() if _is_leaving(t))
        return {"was_held": before, "gone": gone, "seq": world.seq}

    document = call.run(work)
    call.answer("accept", document, lambda _screen: _accept_lines(document))


def _is_leaving(task: Task) -> bool:
    return task.missing_since is not None and not task.hidden


def _accept_lines(document: Mapping[str, Any]) -> Iterator[str]:
    if document["was_held"] is None:
        yield "The board was not held."
        return
    yield "Accepted as it is."
    if document["gone"]:
        names = ", ".join(document["gone"][:20])
        yield f"Withdrawn in a minute, unless they come back: {names}"


def approve(
    ctx: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="ID...", help="Tasks, like TASK-015.")],
) -> None:
    """Let tasks run whose commands arrived by git, and show what they would run."""
    call = Call.of(ctx)

    async def work(app: App) -> dict[str, Any]:
        require_person()

        async def act() -> list[Task]:
            found = [await find.find_task(app.ctx, name) for name in names]
            for task in found:
                await people.say_approve(app.ctx, task, actor())
            return found

        before = await turn(app, act)
        world = await app.ctx.ledger.look()
        waited = {t.task_id for t in before if not t.approved}
        after = [world.tasks[t.task_id] for t in before]
        return {"tasks": [_shape(t, t.task_id in waited) for t in after], "seq": world.seq}

    document = call.run(work)
    call.answer("approve", document, lambda screen: _approve_lines(screen, document))


_SHOWN = (
    *("run", "verify", "agent", "model", "project", "steps"),
    *("measure", "inputs", "artifacts", "evidence", "timeout", "budget", "answer"),
)
"""Fields by which somebody would be told what to do."""


def _shape(task: Task, waited: bool) -> dict[str, Any]:
    return {
        "task": task.task,
        "task_id": task.task_id,
        "state": task.status.text,
        "waited": waited,
        **{key: task.fields.get(key) for key in _SHOWN},
    }


def _approve_lines(screen: Screen, document: Mapping[str, Any]) -> Iterator[str]:
    for task in document["tasks"]:
        said = "approved" if task["waited"] else "needed no approval"
        yield f"{task['task']} {said}: {screen.state(task['state'])}"
        for key in _SHOWN:
            if task[key]:
                yield f"  {key}: {one_line(task[key])}"


def require_person() -> None:
    """Raise ``Untrusted`` inside a run: an agent does not widen what it may do."""
    run = os.environ.get("TASKBOARD_RUN")
    if run:
        raise Untrusted(
            f"The run {run} cannot say this; a person has to.",
            hint="Run the command in a terminal of your own.",
        )
