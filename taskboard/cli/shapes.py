"""The JSON that commands answer with. Keys are added, never renamed; null, never missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskboard.cli.look import Look
from taskboard.core.board import Diagnosis, InboxItem
from taskboard.core.needs import needs_of
from taskboard.core.outcome import VERIFIED
from taskboard.core.state import Kind
from taskboard.core.task import Task, World
from taskboard.loop.context import Context

if TYPE_CHECKING:
    from taskboard.core.deadletter import Story


def task_shape(look: Look, task: Task) -> dict[str, Any]:
    """T: one task."""
    why = look.why(task)
    fields, fresh = task.fields, task.task in look.glance.fresh
    parent = look.world.tasks.get(task.parent or "")
    return {
        "task": task.task,
        "task_id": None if fresh else task.task_id,
        "title": task.title,
        "state": task.status.text,
        "kind": task.kind.value,
        "runnable": why is None,
        "why": why.rule if why else None,
        "pending": task.task in look.glance.pending,
        "priority": fields.get("priority") or None,
        "owner": owner_of(look.ctx, task),
        "agent": fields.get("agent") or None,
        "parent": parent.task if parent else None,
        "children": [c.task for c in look.children.get(task.task_id, [])],
        "needs": needs_of(fields),
        "run": task.run.run if task.run else None,
        "attempt": task.attempt,
        "spent": task.spent,
        "max_attempts": _attempts(look, fields),
        "tier": task.tier,
        "verified": task.verified,
        "origin": task.origin,
        "line": look.lines.get(task.task),
        "updated": task.updated,
    }


def inbox_shape(look: Look, item: InboxItem) -> dict[str, Any]:
    """T of an open box of the inbox, which is no task: ``taskboard ready --line`` makes it one."""
    return {
        "task": None,
        "task_id": None,
        "title": item.text,
        "state": Kind.OPEN.value,
        "kind": Kind.OPEN.value,
        "runnable": False,
        "why": "open",
        "pending": False,
        "priority": None,
        "owner": look.ctx.owner,
        "agent": None,
        "parent": None,
        "children": [],
        "needs": [],
        "run": None,
        "attempt": 0,
        "spent": 0,
        "max_attempts": _attempts(look, {}),
        "tier": None,
        "verified": False,
        "origin": "board",
        "line": item.line,
        "updated": None,
    }


def _attempts(look: Look, fields: dict[str, str]) -> int:
    from taskboard.core.ending import max_attempts  # for JSON only: `list` starts fast

    return max_attempts(fields, look.ctx.settings)


def owner_of(ctx: Context, task: Task) -> str:
    """The person a task asks."""
    return task.fields.get("owner") or ctx.owner


def run_shape(ctx: Context, story: Story) -> dict[str, Any]:
    """R: one run."""
    return {
        "run": story.run,
        "attempt": story.attempt,
        "agent": story.agent,
        "executor": story.executor,
        "device": story.device,
        "started": story.started,
        "ended": story.ended,
        "outcome": story.outcome,
        "reason": story.reason,
        "exit_code": story.exit_code,
        "duration_s": story.seconds,
        "cost_usd": story.cost_usd,
        "log": log_of(ctx, story.run),
        "steps": [
            {key: step.get(key) for key in ("step", "state", "started", "ended")}
            for step in story.steps
        ],
    }


def log_of(ctx: Context, run: str) -> str | None:
    """Where a run's output lies, from the workspace; None when there is none."""
    path = ctx.run_folder(run) / "output.log"
    if ctx.files.stat(path) is None:
        return None
    return path.relative_to(ctx.workspace.root).as_posix()


def receipt_shape(receipt: dict[str, Any]) -> dict[str, Any]:
    """E: one receipt, as events carry it."""
    tier = receipt.get("tier")
    ok = bool(receipt.get("ok"))
    return {
        "tier": tier,
        "run": receipt.get("run"),
        "ok": ok,
        "verified": bool(receipt.get("verified", ok and tier in VERIFIED)),
        "detail": dict(receipt.get("detail") or {}),
        "sha256": receipt.get("sha256"),
    }


def diagnosis_shape(file: str, found: Diagnosis) -> dict[str, Any]:
    """D: one diagnosis."""
    return {
        "code": found.code,
        "severity": found.severity,
        "file": file,
        "line": found.line,
        "column": found.column,
        "task": found.task,
        "message": found.message,
        "hint": found.hint,
    }


def change_shape(world: World, task: Task, run: str | None, attempt: int) -> dict[str, Any]:
    """What every command that changes one task answers with."""
    return {
        "task": task.task,
        "task_id": task.task_id,
        "run": run,
        "attempt": attempt,
        "state": task.status.text,
        "seq": world.seq,
    }
