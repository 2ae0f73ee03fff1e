"""What each kind of fact changes in its task, beyond status and run."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from taskboard.core.costs import cost_in
from taskboard.core.event import EventType as E
from taskboard.core.state import Kind, Status
from taskboard.core.steps import GENERATE, VALIDATE, work_steps
from taskboard.core.task import Previous, Run, Task


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


_REPLACE = msgspec.structs.replace
_KNOWN = 8
"""How many earlier titles and texts of a task are remembered."""

_EDITABLE = (
    "title",
    "text",
    "fields",
    "parent",
    "hidden",
    "withdrawing",
    "requested",
    "work",
    "origin",
    "approved",
    "doubted",
)


def said_changes(task: Task, fact: Fact) -> dict[str, Any]:
    """What any fact may say besides: what it cost, and what the owner was asked."""
    changes: dict[str, Any] = {}
    if paid := cost_in(fact.data):
        changes["cost_usd"] = task.cost_usd + paid
    if question := fact.data.get("question"):
        changes["asked"] = str(question)
    return changes


def _answered(task: Task, fact: Fact, _ts: str) -> dict[str, Any]:
    pair = (task.asked or "", str(fact.data.get("answer", "")))
    return {"said": (*task.said, pair)[-_KNOWN:], "answers": task.answers + 1}


def _paid(_task: Task, _fact: Fact, _ts: str) -> dict[str, Any]:
    return {"owed": None}


def _relayed(task: Task, fact: Fact, _ts: str) -> dict[str, Any]:
    was = str(fact.data.get("from", ""))
    return {"relay_to": fact.data.get("executor"), "relayed": (*task.relayed, was)[-_KNOWN:]}


def _edited(task: Task, fact: Fact, ts: str) -> dict[str, Any]:
    data = fact.data
    changes: dict[str, Any] = {key: data[key] for key in _EDITABLE if key in data}
    if "renamed_from" in data:
        changes["task"] = fact.task
    if "fields" in data and data["fields"].get("agent") != task.fields.get("agent"):
        changes |= {"relay_to": None, "relayed": ()}  # somebody says anew whose it is
    if data.get("title", task.title) != task.title:
        changes["titles"] = (task.title, *task.titles)[:_KNOWN]
    if data.get("text", task.text) != task.text:
        if not data.get("answered"):
            changes["finished_steps"] = {}
        changes["texts"] = (task.text or "", *task.texts)[:_KNOWN]
    if data.get("settle"):
        changes["settle_from"] = ts
    return changes


def _failed(task: Task, fact: Fact, _ts: str) -> dict[str, Any]:
    return {
        "spent": task.spent + (0 if fact.data.get("unspent") else 1),
        "finished_steps": _still_finished(task, fact),
        "refusal": fact.data.get("error"),
        "silent": task.silent + (fact.data.get("reason") == "verdict"),
    }


def _still_finished(task: Task, fact: Fact) -> dict[str, list[dict[str, Any]]]:
    """The steps that the next run need not repeat: all that were finished, but when the evidence
    did not hold, only those before the work itself."""
    if fact.data.get("reason") != "evidence":
        return task.finished_steps
    fields = task.run.fields if task.run is not None else task.fields
    before = work_steps(fields)
    before = before[: before.index(GENERATE)]
    return {step: found for step, found in task.finished_steps.items() if step in before}


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
        "baseline": None,
        "refs": None,
        "finished_steps": {},
        "refusal": None,
        "receipts": (),
        "previous": None,
        "silent": 0,
        "relay_to": None,
        "relayed": (),
    }


def _blocked(_task: Task, fact: Fact, _ts: str) -> dict[str, Any]:
    kept = fact.data.get("receipts")
    return {"receipts": tuple(kept)} if kept is not None else {}


def _step_completed(task: Task, fact: Fact, _ts: str) -> dict[str, Any]:
    if not fact.data.get("keep") or fact.step in task.finished_steps:
        return {}
    receipts = list(fact.data.get("receipts", ()))
    return {"finished_steps": {**task.finished_steps, str(fact.step): receipts}}


def _flagged(_task: Task, fact: Fact, _ts: str) -> dict[str, Any]:
    return {"doubted": True} if fact.data.get("doubted") else {}


def _withdrawn(task: Task, _fact: Fact, _ts: str) -> dict[str, Any]:
    return {"missing_since": None, "withdrawing": False, "before": task.status}


def _restored(_task: Task, _fact: Fact, _ts: str) -> dict[str, Any]:
    return {"missing_since": None, "before": None}


CHANGES = {
    E.EDITED: _edited,
    E.FAILED: _failed,
    E.RECLAIMED: _reclaimed,
    E.COMPLETED: _completed,
    E.REQUEUED: _requeued,
    E.BLOCKED: _blocked,
    E.QUESTION_ANSWERED: _answered,
    E.RELAYED: _relayed,
    E.COST_RECORDED: _paid,
    E.STEP_COMPLETED: _step_completed,
    E.ANOMALY_FLAGGED: _flagged,
    E.WITHDRAWN: _withdrawn,
    E.RESTORED: _restored,
}


def born(fact: Fact, status: Status, ts: str, seq: int, device: str) -> Task:
    """The task that a ``created`` fact makes."""
    data, running = fact.data, status.kind is Kind.RUNNING
    return Task(
        task_id=str(fact.task_id),
        task=str(fact.task),
        title=data.get("title", ""),
        status=status,
        created=ts,
        updated=ts,
        seq=seq,
        since=seq,
        text=data.get("text"),
        fields=data.get("fields", {}),
        parent=data.get("parent"),
        origin=data.get("origin", "board"),
        work=data.get("work"),
        approved=data.get("approved", True),
        assigned=bool(data.get("assigned")),
        settle_from=ts if data.get("settle") else None,
        section=data.get("section"),
        requested=data.get("requested"),
        note=data.get("note"),
        result=data.get("result"),
        written=fact.actor != "board",
        run=_imported_run(status, fact, ts, device) if running else None,
        attempt=1 if running else 0,
    )


def _imported_run(status: Status, fact: Fact, ts: str, device: str) -> Run:
    """A board that lived without us may show a run: it is history, to be reclaimed at once."""
    return Run(
        run=fact.run or f"imported-{fact.task_id}",
        attempt=1,
        agent=status.who,
        executor="imported",
        device=device,
        started=ts,
        text=fact.data.get("text"),
        fields=fact.data.get("fields", {}),
        actor="import",
        expires=ts,
    )


def _claimed(task: Task, fact: Fact, ts: str, device: str) -> dict[str, Any]:
    data = fact.data
    changes: dict[str, Any] = {
        "run": Run(
            run=str(fact.run),
            attempt=int(fact.attempt or 0),
            agent=str(fact.agent),
            executor=data.get("executor", ""),
            device=device,
            started=ts,
            text=task.text,
            fields=task.fields,
            actor=fact.actor,
            model=data.get("model", ""),
            expires=data.get("lease", {}).get("expires"),
            budget_usd=data.get("budget_usd"),
            began_usd=task.cost_usd,
            heard=task.answers,
        ),
        "attempt": fact.attempt,
        "claimed_as": fact.task,
        "settle_from": None,
    }
    if task.baseline is None and "baseline" in data:
        changes["baseline"] = data["baseline"]
    if task.refs is None and "refs" in data:
        changes["refs"] = data["refs"]
    return changes


def _step_begun(task: Task, fact: Fact, _ts: str, _device: str) -> dict[str, Any]:
    run, step = task.run, fact.step
    if run is None or step == run.step:
        return {}
    if step is None or step == VALIDATE:
        return {"run": _REPLACE(run, step=step)}
    return {"run": _REPLACE(run, step=step, reached=step)}


def _step_over(task: Task, _fact: Fact, _ts: str, _device: str) -> dict[str, Any]:
    run = task.run
    return {} if run is None or run.step is None else {"run": _REPLACE(run, step=None)}


RUN_CHANGES = {E.CLAIMED: _claimed, E.STEP_STARTED: _step_begun, E.STEP_COMPLETED: _step_over}
"""What a claim or a step changes in a task and its run."""


def previous(task: Task, run: Run) -> Previous | None:
    """The run to go on from, when ``run`` has ended: that one, unless it never began."""
    if not run.reached:
        return task.previous
    return Previous(run.run, run.executor, run.text, run.reached, run.heard)
