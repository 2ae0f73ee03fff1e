"""What a ready task says on the board when it only lacks something: once, and named."""

from __future__ import annotations

from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.ready import reasons
from taskboard.core.scene import Scene, Why
from taskboard.core.state import Kind
from taskboard.core.task import Task, owner_of
from taskboard.loop.choice import Choice
from taskboard.loop.context import Context

NO_EXECUTOR, INPUTS, BUDGET = "TB130", "TB131", "TB132"


async def explain(ctx: Context, scene: Scene, choice: Choice) -> None:
    """A note, once, on every ready task that only lacks an input, an executor or money."""
    children = scene.world.children()
    for task in list(scene.world.tasks.values()):
        if task.kind is not Kind.READY or task.task_id in children:
            continue
        first = next(reasons(task, scene, children), None)
        note = _note(ctx, choice, task, first, scene) if first is not None else None
        if note and _may_say(task, note):
            data = {"code": note[:5], "note": note}
            draft = Draft(type=E.ANOMALY_FLAGGED, task_id=task.task_id, task=task.task, data=data)
            await ctx.ledger.append([draft])


def _may_say(task: Task, note: str) -> bool:
    """A refusal's note stays until something changes; these are said when there is room."""
    if task.note is None:
        return True
    return task.note != note and task.note.startswith((NO_EXECUTOR, INPUTS, BUDGET))


def _note(ctx: Context, choice: Choice, task: Task, why: Why, scene: Scene) -> str | None:
    if why.rule == "inputs":
        owner = owner_of(task.fields, ctx.owner)
        paths = ", ".join(scene.missing[task.task_id])
        return f"{INPUTS} {owner}: missing input {paths}. It starts by itself when it is there."
    if why.rule == "no_executor":
        return f"{NO_EXECUTOR} {_lacking(choice, task)}"
    if why.rule == "budget":
        return f"{BUDGET} {why.text} It goes on when {why.clear[0]}."
    return None


def _lacking(choice: Choice, task: Task) -> str:
    wanted = choice.wanted(task)
    refused = tuple(name for name in wanted if name in choice.unable)
    wanted = refused[:1] or wanted
    cure = (
        f"Give it a `run:` command, or work on it with: taskboard claim {task.task} --agent NAME"
    )
    if len(wanted) == 1:
        fit = choice.fitness(wanted[0])
        heirs = choice.settings.executors.get(wanted[0], {}).get("fallback", ())
        neither = f" Nor can its fallback ({', '.join(heirs)})." if heirs else ""
        return f"{wanted[0]} cannot run it: {_sentence(fit.problem)}{neither} {fit.hint or cure}"
    return f"nothing here can run it. {cure}. taskboard doctor says what the agents lack."


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
