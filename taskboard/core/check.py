"""Drafts against a world: whether they may be written."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from taskboard.core.changes import Fact
from taskboard.core.fold import advance, is_about_task
from taskboard.core.task import Task, World
from taskboard.core.world_changes import sighted
from taskboard.errors import Refused

_REPLACE = msgspec.structs.replace


def check(world: World, drafts: Sequence[Fact], *, ts: str, device: str) -> list[Task | None]:
    """The task after each draft, in order, as if they were applied; raises what ``advance``
    raises and changes nothing."""
    staged: dict[str, Task] = {}
    fresh: dict[str, str] = {}
    after: list[Task | None] = []
    for offset, draft in enumerate(drafts, 1):
        if not is_about_task(draft):
            for name, change in sighted(draft, ts):
                known = fresh.get(name) or world.names.get(name)
                if known is not None:
                    task = staged.get(known) or world.tasks[known]
                    staged[known] = _REPLACE(task, **change)
            after.append(None)
            continue
        task_id = str(draft.task_id)
        before = staged.get(task_id) or world.tasks.get(task_id)
        _guard_name(world, fresh, draft, task_id)
        staged[task_id] = advance(before, draft, ts=ts, seq=world.seq + offset, device=device)
        after.append(staged[task_id])
    return after


def _guard_name(world: World, fresh: dict[str, str], draft: Fact, task_id: str) -> None:
    name = str(draft.task)
    if (fresh.get(name) or world.names.get(name) or task_id) != task_id:
        raise Refused(
            f"The id {name} is taken: an id is never given to a second task.",
            hint=f"taskboard show {name}",
            task=name,
            data={"reason": "id_taken"},
        )
    fresh[name] = task_id
