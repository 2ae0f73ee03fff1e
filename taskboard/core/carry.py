"""What a forked ledger says of its tasks at once, so that going on in it repeats no work.

``taskboard fork`` keeps every event. Two things those events cannot know: runs that go on in
another copy of the workspace, and what happened after the moment a ledger was rolled back to. The
board as the runtime itself last wrote it tells of the second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.state import READY, Kind, Status, read_status
from taskboard.core.task import Task, World, owner_of


def carry_over(
    world: World,
    *,
    foreign: bool,
    statuses: Mapping[str, str],
    results: Mapping[str, str],
    owner: str,
    actor: str,
) -> list[Draft]:
    """The drafts to record in the same commit as the fork.

    ``foreign`` runs belong to wherever the ledger came from: they are handed back unspent, and no
    process is ended for them. ``statuses`` (the words last projected, by human id) are given for
    a ledger that was rolled back, with ``results``, the runtime's lines shown beside them: what
    was ``done`` by then stays done, as history; what was running or had failed is held for its
    owner (``owner``, when a task names none), for nobody knows what was done in that run.
    """
    drafts: list[Draft] = []
    for task in world.tasks.values():
        word = statuses.get(task.task)
        shown = read_status(word) if word is not None else task.status
        if not _is_news(shown, task):
            drafts += [_released(task, actor)] if foreign and task.run is not None else []
        elif shown.kind is Kind.DONE:
            drafts += _finished(task, results.get(task.task), actor)
        else:
            drafts.append(_held(task, shown, owner, actor))
    return drafts


def _is_news(shown: Status, task: Task) -> bool:
    """Whether the board showed an end, or a run, that the ledger has never heard of."""
    if task.kind in (Kind.DONE, Kind.WITHDRAWN):
        return False
    if shown.kind is Kind.DONE:
        return True
    known = shown.text in (task.status.text, *task.shown)
    return shown.kind in (Kind.RUNNING, Kind.FAILED) and not known and task.kind is not Kind.FAILED


def _finished(task: Task, result: str | None, actor: str) -> Iterator[Draft]:
    if task.run is not None:
        yield _released(task, actor)
    if task.kind is Kind.FAILED:
        yield _draft(task, E.REQUEUED, READY.text, actor)
    told = {"result": result} if result else {}
    yield _draft(task, E.COMPLETED, "done", actor, tier="human", verified=False, **told)


def _held(task: Task, shown: Status, owner: str, actor: str) -> Draft:
    note = (
        f"TB407 it was {shown.text} when the ledger was rolled back, and how that went is not "
        f"known. To run it: taskboard ready {task.task}"
    )
    to = f"blocked:{owner_of(task.fields, owner)}:fork"
    return _draft(task, E.BLOCKED, to, actor, note=note)


def _released(task: Task, actor: str) -> Draft:
    return _draft(task, E.RELEASED, READY.text, actor)


def _draft(task: Task, event: E, to: str, actor: str, **data: object) -> Draft:
    run = task.run.run if task.run and event in (E.RELEASED, E.BLOCKED) else None
    return Draft(
        type=event,
        task_id=task.task_id,
        task=task.task,
        to=to,
        run=run,
        actor=actor,
        data={"cause": "fork", **data},
    )
