"""What may run now, and for everything else the first rule that keeps it from running.

Readiness is derived, never stored: ``why`` asks the same rules that the loop obeys.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from taskboard.core.decision import Candidate
from taskboard.core.fields import PRIORITIES as PRIORITIES  # noqa: PLC0414
from taskboard.core.hindrances import RULES, needs, open_children
from taskboard.core.scene import Scene, Why
from taskboard.core.state import Kind
from taskboard.core.task import Task

CLAIM_EXEMPT = frozenset({"children", "settle", "no_executor", "budget", "slots"})
"""Rules that do not bind an explicit ``claim ID``."""


def ready(scene: Scene) -> list[Candidate]:
    """The tasks that may run now, in board order. Slots are the decider's and admit's affair."""
    children = scene.world.children()
    found = [
        _candidate(task, scene)
        for task in scene.world.tasks.values()
        if task.kind is Kind.READY and next(reasons(task, scene, children), None) is None
    ]
    return sorted(found, key=lambda c: (c.place, c.task_id))


def why(task: Task, scene: Scene) -> Why | None:
    """The first rule that keeps ``task`` from running, or None when nothing does."""
    first = next(reasons(task, scene, scene.world.children()), None)
    if first is None and scene.slots < 1:
        return Why(rule="slots", text="Every slot is taken.", clear=("a run ends",))
    return first


def reasons(task: Task, scene: Scene, children: Mapping[str, list[Task]]) -> Iterator[Why]:
    """Every rule that keeps ``task`` from running, in the contract's order (slots excepted)."""
    for rule in RULES:
        found = rule(task, scene)
        if found:
            yield found
        if rule is needs:
            inside = open_children(task, children.get(task.task_id, []))
            if inside:
                yield inside


def _candidate(task: Task, scene: Scene) -> Candidate:
    return Candidate(
        task_id=task.task_id,
        task=task.task,
        title=task.title,
        executor=scene.executors.get(task.task_id) or "",
        executors=scene.choices.get(task.task_id, ()),
        text=scene.texts.get(task.task_id, ""),
        measure=task.fields.get("measure", ""),
        inputs=tuple(p.strip() for p in task.fields.get("inputs", "").split(",") if p.strip()),
        priority=PRIORITIES.get(task.fields.get("priority", "").casefold(), 2),
        place=scene.places.get(task.task_id, 1 << 30),
        spent=task.spent,
        waiting_since=task.updated,
        origin=task.origin,
    )
