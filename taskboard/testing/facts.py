"""Drafts for tests: what may be said of ``TASK-001``, ``TASK-002`` and so on."""

from __future__ import annotations

from typing import Any

from taskboard.core.event import Draft
from taskboard.core.event import EventType as E


def created(number: int = 1, **data: Any) -> Draft:
    """A draft that makes ``TASK-<number>``, ready."""
    return Draft(
        type=E.CREATED,
        task_id=f"id-{number}",
        task=f"TASK-{number:03}",
        to="ready",
        data={"title": f"Task {number}", **data},
    )


def about(kind: E, number: int = 1, to: str | None = None, **more: Any) -> Draft:
    """A draft about ``TASK-<number>``."""
    return Draft(type=kind, task_id=f"id-{number}", task=f"TASK-{number:03}", to=to, **more)


def claimed(number: int = 1, *, attempt: int = 1, agent: str = "agent", run: str = "") -> Draft:
    """A draft that claims ``TASK-<number>`` as run ``<agent>-<attempt>`` unless told another."""
    return about(
        E.CLAIMED,
        number,
        f"running:{agent}:2026-11-20T12:00Z",
        agent=agent,
        run=run or f"{agent}-{attempt}",
        attempt=attempt,
        data={"executor": "shell", "lease": {"ttl_s": 60, "expires": None}},
    )


def late(run: str, number: int = 1, attempt: int = 1) -> list[Draft]:
    """Everything that a run may still try to say: one draft for each verb."""
    of: dict[str, Any] = {"run": run, "attempt": attempt}
    return [
        about(E.STEP_STARTED, number, step="analyze", **of),
        about(E.STEP_COMPLETED, number, step="analyze", **of),
        about(E.STEP_FAILED, number, step="analyze", **of),
        about(E.ARTIFACT_RECORDED, number, **of),
        about(E.VALIDATED, number, **of),
        about(E.QUESTION_ASKED, number, **of),
        about(E.COMPLETED, number, "done", **of),
        about(E.FAILED, number, "blocked:retry:2026-11-20T12:10Z", **of),
        about(E.RELEASED, number, "ready", **of),
        about(E.RELAYED, number, "ready", **of),
        about(E.RECLAIMED, number, "ready", **of),
        about(E.CANCELLED, number, "failed:cancelled", **of),
        about(E.BLOCKED, number, "blocked:siyao:answer", **of),
    ]
