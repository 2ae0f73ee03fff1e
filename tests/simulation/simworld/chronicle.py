"""A second reading of the ledger, sharing no code with the product: what must hold of events."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from simworld.stage import Violation

_ENDS = {"completed", "failed", "cancelled", "reclaimed", "released", "relayed", "blocked"}
_STEPS = {
    "step_started",
    "step_completed",
    "step_failed",
    "artifact_recorded",
    "validated",
    "question_asked",
}
_VERIFIED = {"check", "commit", "artifact", "url"}


@dataclass
class Life:
    """What the events so far say of one task."""

    state: str = "none"
    run: str | None = None
    attempt: int = 0
    spent: int = 0
    fields: dict[str, str] = field(default_factory=dict)
    frozen: dict[str, str] = field(default_factory=dict)
    limit: int = 0


class Chronicle:
    """Reads complete commits as they are appended. ``default_attempts`` is the setting."""

    def __init__(self, default_attempts: int) -> None:
        self.default = default_attempts
        self.tasks: dict[str, Life] = {}
        self.runs: dict[str, str] = {}
        self.hashes: list[str] = []
        self.offset = 0
        self.types: list[str] = []

    def read(self, data: bytes) -> None:
        """Take in what is new; an incomplete or torn tail waits."""
        commit: list[dict[str, Any]] = []
        at = self.offset
        head = self.hashes[-1] if self.hashes else "0" * 64
        while (end := data.find(b"\n", at)) >= 0:
            line = data[at:end]
            at = end + 1
            event = self._sound(line, head, len(self.hashes) + len(commit) + 1)
            if event is None:
                return
            head = event["hash"]
            commit.append(event)
            if event["more"] == 0:
                for index, one in enumerate(commit):
                    self._take(one, commit[index + 1 :])
                commit, self.offset = [], at

    @staticmethod
    def _sound(line: bytes, head: str, seq: int) -> dict[str, Any] | None:
        try:
            event: dict[str, Any] = json.loads(line)
        except ValueError:
            return None
        body = line.partition(b',"hash":')[0]
        if event.get("hash") != hashlib.sha256(body).hexdigest():
            return None
        if event["prev"] != head or event["seq"] != seq:
            raise Violation(f"the chain breaks at event {event['seq']} ({event['type']})")
        return event

    def _take(self, event: dict[str, Any], rest: list[dict[str, Any]]) -> None:
        self.hashes.append(event["hash"])
        self.types.append(event["type"])
        if event["task_id"] is None:
            return
        life = self.tasks.setdefault(event["task_id"], Life())
        where = f"event {event['seq']} {event['type']} of {event['task']}"
        self._state(event, life, where)
        self._run(event, life, where)
        self._attempts(event, life, where, rest)
        if event["type"] in ("created", "edited"):
            life.fields = event["data"].get("fields", life.fields)
        if event["type"] == "completed":
            self._receipts(event, life, where)
        life.state = event["to"] or life.state

    def _state(self, event: dict[str, Any], life: Life, where: str) -> None:
        before = event["from"] or "none"
        if before != life.state:
            raise Violation(f"{where}: from {before}, but it was {life.state}")
        if before == "done" and event["to"] not in (None, "done"):
            raise Violation(f"{where}: a done task became {event['to']}")
        if before.startswith("failed") and event["to"] not in (None, before, "ready"):
            raise Violation(f"{where}: a failed task became {event['to']}")

    def _run(self, event: dict[str, Any], life: Life, where: str) -> None:
        kind, run = event["type"], event["run"]
        if kind == "created" and event["to"].startswith("running"):
            life.run, life.attempt = run or f"imported-{event['task_id']}", 1
            life.frozen = dict(event["data"].get("fields", {}))
            self.runs[life.run] = "open"
            return
        if kind == "claimed":
            if life.run is not None or life.state != "ready":
                raise Violation(f"{where}: claimed while {life.state} under {life.run}")
            if run in self.runs or event["attempt"] <= life.attempt:
                raise Violation(f"{where}: a run or a number was used again")
            life.run, life.attempt, life.frozen = run, event["attempt"], dict(life.fields)
            self.runs[run] = "open"
            return
        bound = kind in _STEPS or (kind in _ENDS and run is not None)
        if bound and run != life.run:
            raise Violation(f"{where}: run {run} is not the current one ({life.run})")
        ends = kind in _ENDS and life.state.startswith("running")
        if ends and not (event["to"] or "").startswith("running"):
            if run != life.run and life.run is not None:
                raise Violation(f"{where}: it ends a run without naming it")
            if life.run is not None:
                if self.runs[life.run] != "open":
                    raise Violation(f"{where}: run {life.run} ended twice")
                self.runs[life.run] = kind
            life.run = None

    def _attempts(
        self, event: dict[str, Any], life: Life, where: str, rest: list[dict[str, Any]]
    ) -> None:
        kind = event["type"]
        if kind == "requeued":
            life.spent = life.limit = 0
        if kind in ("failed", "reclaimed") and not event["data"].get("unspent"):
            life.spent += 1
        text = life.frozen.get("max-attempts", "")
        # A person may lower it between two attempts: the highest of the round counts.
        limit = max(life.limit, max(int(text), 1) if text.isdigit() else self.default)
        if kind == "claimed":
            life.limit = limit
        if life.spent > limit and kind in ("failed", "reclaimed"):
            raise Violation(f"{where}: {life.spent} attempts spent of {limit}")
        to = event["to"] or ""
        final = to.startswith("failed:") and to != "failed:cancelled" and kind != "created"
        moved = event["from"] != event["to"]
        if (
            final
            and moved
            and not any(
                e["type"] == "deadlettered" and e["task_id"] == event["task_id"] for e in rest
            )
        ):
            raise Violation(f"{where}: {to} without a dead letter in the same commit")

    @staticmethod
    def _receipts(event: dict[str, Any], life: Life, where: str) -> None:
        receipts = event["data"].get("receipts") or []
        if not receipts or not all(r["ok"] for r in receipts):
            raise Violation(f"{where}: done without receipts that hold: {receipts}")
        fields = life.frozen if event["run"] else life.fields
        tiers = {r["tier"] for r in receipts}
        if fields.get("verify") and "check" not in tiers:
            raise Violation(f"{where}: verify is declared and was not run")
        if fields.get("artifacts") and not any(
            r["detail"].get("path") == fields["artifacts"] for r in receipts
        ):
            raise Violation(f"{where}: an artifact is declared and missing from the receipts")
        if event["data"].get("verified") != bool(tiers & _VERIFIED):
            raise Violation(f"{where}: verified does not follow from {tiers}")
