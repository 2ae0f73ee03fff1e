"""What each kind of fact changes in its task, beyond status and run."""

from __future__ import annotations

from typing import Any, Protocol

from taskboard.core.event import EventType as E
from taskboard.core.task import Task


class Fact(Protocol):
    """What a draft and an event have in common."""

    @property
    def type(self) -> str: ...
    @property
    def task_id(self) -> str | None: ...
    @property
    def task(self) -> str | None: ...
    @property
    def to(self) -> str | None: ...
    @property
    def agent(self) -> str | None: ...
    @property
    def run(self) -> str | None: ...
    @property
    def attempt(self) -> int | None: ...
    @property
    def step(self) -> str | None: ...
    @property
    def actor(self) -> str: ...
    @property
    def data(self) -> dict[str, Any]: ...


def _edited(task: Task, fact: Fact, ts: str) -> dict[str, Any]:
    data = fact.data
    changes: dict[str, Any] = {
        key: data[key]
        for key in ("title", "text", "fields", "parent", "hidden", "withdrawing", "requested")
        if key in data
    }
    if data.get("text", task.text) != task.text:
        changes["finished_steps"] = {}
    if data.get("settle"):
        changes["settle_from"] = ts
    return changes


def _failed(task: Task, fact: Fact, _ts: str) -> dict[str, Any]:
    return {
        "spent": task.spent + (0 if fact.data.get("unspent") else 1),
        "finished_steps": {},
        "refusal": fact.data.get("error"),
    }


def _reclaimed(task: Task, fact: Fact, _ts: str) -> dict[str, Any]:
    return {"spent": task.spent + (0 if fact.data.get("unspent") else 1)}


def _completed(_task: Task, fact: Fact, _ts: str) -> dict[str, Any]:
    return {
        "tier": fact.data.get("tier"),
        "verified": bool(fact.data.get("verified")),
        "receipts": tuple(fact.data.get("receipts", ())),
        "withdrawing": False,
    }


def _requeued(_task: Task, _fact: Fact, _ts: str) -> dict[str, Any]:
    return {
        "round": _task.round + 1,
        "spent": 0,
        "attempts_in_round": 0,
        "baseline": None,
        "finished_steps": {},
        "refusal": None,
        "receipts": (),
    }


def _blocked(_task: Task, fact: Fact, _ts: str) -> dict[str, Any]:
    kept = fact.data.get("receipts")
    return {"receipts": tuple(kept)} if kept is not None else {}


def _step_completed(task: Task, fact: Fact, _ts: str) -> dict[str, Any]:
    if not fact.data.get("keep") or fact.step in task.finished_steps:
        return {}
    receipts = list(fact.data.get("receipts", ()))
    return {"finished_steps": {**task.finished_steps, str(fact.step): receipts}}


def _withdrawn(_task: Task, _fact: Fact, _ts: str) -> dict[str, Any]:
    return {"missing_since": None, "withdrawing": False}


CHANGES = {
    E.EDITED: _edited,
    E.FAILED: _failed,
    E.RECLAIMED: _reclaimed,
    E.COMPLETED: _completed,
    E.REQUEUED: _requeued,
    E.BLOCKED: _blocked,
    E.STEP_COMPLETED: _step_completed,
    E.WITHDRAWN: _withdrawn,
}
