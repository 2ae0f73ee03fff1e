"""How a run ends, as drafts: proven, failed, refused, taken back, waiting.

A run ends with exactly one of ``completed failed cancelled reclaimed released relayed blocked``.
Pure: attempts, backoff and the next state are decided here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from taskboard.core.bill import Bill
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.gate import Verdict
from taskboard.core.lines import done_line, failed_line, one_line
from taskboard.core.outcome import Receipt
from taskboard.core.retry import delay
from taskboard.core.settings import Settings
from taskboard.core.state import DONE, READY, next_events, stored_status
from taskboard.core.steps import VALIDATE
from taskboard.core.task import Run, Task
from taskboard.core.units import second_up

MAX_ERROR = 2000
"""Characters of an error that go into an event; the whole of it is in the run's log."""

MAX_LISTED = 100
"""Receipts and names that one event lists; what matters is counted in full."""


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """A run about to end: when, how long it took (None when nobody knows), and the dice for
    jitter. ``run`` None is a completion without a run."""

    task: Task
    run: Run | None
    now: datetime
    settings: Settings
    owner: str
    seconds: float | None = None
    dice: float = 0.0
    actor: str = "daemon"
    by: str = ""

    @property
    def who(self) -> str:
        return self.run.agent if self.run else self.by

    @property
    def max_attempts(self) -> int:
        return max_attempts(self.run.fields if self.run else self.task.fields, self.settings)

    def draft(self, event: E, to: str | None = None, **data: Any) -> Draft:
        """A draft about this task and run."""
        run = self.run
        if to is not None:
            data["next"] = next_events(stored_status(to).kind)
        return Draft(
            type=event,
            task_id=self.task.task_id,
            task=self.task.task,
            to=to,
            agent=run.agent if run else None,
            run=run.run if run else None,
            attempt=run.attempt if run else None,
            actor=self.actor,
            data=data,
        )

    def step(self, event: E, step: str, **data: Any) -> Draft:
        """A draft about one step of this run."""
        return msgspec.structs.replace(self.draft(event, **data), step=step)


def max_attempts(fields: dict[str, str], settings: Settings) -> int:
    """How many runs may be spent in one round."""
    text = fields.get("max-attempts", "")
    return max(int(text), 1) if text.isdigit() else settings.max_attempts


def completed(end: Ending, verdict: Verdict) -> list[Draft]:
    """The task is done, with its receipts."""
    assert verdict.tier is not None, "only a passed gate completes"
    line = done_line(
        verdict.tier,
        verdict.receipts,
        by=end.who,
        run=end.run.run if end.run else None,
        seconds=end.seconds,
    )
    data: dict[str, Any] = {
        "evidence_type": verdict.evidence_type,
        "evidence_count": verdict.evidence_count,
        "tier": verdict.tier.value,
        "verified": verdict.verified,
        "receipts": [r.as_data() for r in verdict.receipts[:MAX_LISTED]],
        "exit_code": _exit_code(verdict),
        "duration_s": end.seconds,
        "result": line,
    }
    if end.run is not None and end.run.text != end.task.text:
        data["note"] = "TB305 its text was edited while it ran; this result is for the old text."
    return [end.draft(E.COMPLETED, DONE.text, **data)]


def failed(
    end: Ending, *, reason: str, error: str, retryable: bool = True, **data: Any
) -> list[Draft]:
    """A spent run: tried again later, or the end of the round and a dead letter."""
    to = "failed:budget" if reason == "budget" else _after_failure(end, retryable=retryable)
    facts = {
        **data,
        "reason": reason,
        "error": clipped(error),
        "duration_s": end.seconds,
        "result": _failed_line(end, _cause(reason, error, data.get("exit_code"))),
    }
    return _with_letter(end, end.draft(E.FAILED, to, **facts), to)


def reclaimed(end: Ending, cause: str, bill: Bill, *, unspent: bool = False) -> list[Draft]:
    """A dead run is taken back: ready again, or the end of the round. ``bill`` is what it has
    used that the ledger does not know yet."""
    exhausted = not unspent and end.task.spent + 1 >= end.max_attempts
    to = "failed:exhausted_retries" if exhausted else READY.text
    facts: dict[str, Any] = {"cause": cause, "error": cause, **bill.as_data()}
    if unspent:
        facts["unspent"] = True
    if exhausted:
        facts["result"] = _failed_line(end, cause)
    return _with_letter(end, end.draft(E.RECLAIMED, to, **facts), to)


def refused(end: Ending, verdict: Verdict) -> list[Draft]:
    """The gate said no to a supervised run: spent when something declared did not hold, waiting
    for a person when nothing was declared or offered, waiting for children when only they are
    missing."""
    kept = [r.as_data() for r in verdict.receipts[:MAX_LISTED]]
    said = refusal(end, verdict, verb="complete")
    if verdict.code == "dependency_blocked":
        to = f"blocked:children:{len(verdict.open_children)}"
        return [said, end.draft(E.BLOCKED, to, cause="children", receipts=kept)]
    if verdict.declared or verdict.offered:
        # What was made is not in question while nobody could look: only the look is repeated.
        reason = "unreachable" if verdict.passing else "evidence"
        return [said, *failed(end, reason=reason, error=verdict.reason, receipts=kept)]
    to = f"blocked:{end.owner}:evidence"
    note = f"TB307 {one_line(verdict.reason)}"
    waits = end.draft(
        E.FAILED, to, reason="evidence", error=verdict.reason, unspent=True, note=note
    )
    return [said, waits]


def refusal(end: Ending, verdict: Verdict, *, verb: str) -> Draft:
    """The refusal itself, as a fact."""
    event = E(verdict.code)
    data: dict[str, Any] = {
        "verb": verb,
        "reason": clipped(verdict.reason),
        "receipts": [r.as_data() for r in verdict.receipts[:MAX_LISTED]],
    }
    if verdict.open_children:
        names = list(verdict.open_children[:MAX_LISTED])
        data |= {"open": len(verdict.open_children), "children": names}
    if end.run is None:
        code = "TB308" if event is E.DEPENDENCY_BLOCKED else "TB307"
        data["note"] = f"{code} not done: {one_line(verdict.reason)}"
    return end.draft(event, **data)


def validated(
    end: Ending, artifacts: Sequence[Receipt], receipts: Sequence[Receipt], bill: Bill
) -> list[Draft]:
    """The host has looked: the artifacts that are there, and all the receipts."""
    ok = all(r.ok for r in receipts)
    recorded = [end.step(E.ARTIFACT_RECORDED, VALIDATE, **r.as_data()) for r in artifacts if r.ok]
    verdicts = [r.as_data() for r in receipts]
    closing = E.STEP_COMPLETED if ok else E.STEP_FAILED
    return [
        *recorded,
        end.step(E.VALIDATED, VALIDATE, ok=ok, receipts=verdicts, **bill.as_data()),
        end.step(closing, VALIDATE),
    ]


def snoozed(end: Ending, until: str, reason: str, **data: Any) -> list[Draft]:
    """A quota holds it; nothing is spent."""
    return [end.draft(E.BLOCKED, f"blocked:quota:{until}", cause=reason, **data)]


def stuck(end: Ending, note: str, **data: Any) -> list[Draft]:
    """The executor it is for cannot do it: its owner has to say who can."""
    to = f"blocked:{end.owner}:executor"
    return [end.draft(E.BLOCKED, to, cause="capability", note=one_line(note), **data)]


def relayed(end: Ending, to: str, reason: str, **data: Any) -> list[Draft]:
    """Passed on to another executor, unspent."""
    was = end.run.executor if end.run else ""
    facts = {"from": was, "executor": to, "reason": reason, **data}
    draft = end.draft(E.RELAYED, READY.text)
    return [msgspec.structs.replace(draft, data={**draft.data, **facts})]


def asked(end: Ending, question: str, step: str, **data: Any) -> list[Draft]:
    """It asks its owner, in this step; nothing is spent."""
    how = f"taskboard answer {end.task.task} TEXT, then type `ready`."
    note = f"TB311 {one_line(question)} Answer: {how}"
    to = f"blocked:{end.owner}:answer"
    return [
        end.step(E.QUESTION_ASKED, step, question=question[:MAX_ERROR]),
        end.draft(E.BLOCKED, to, cause="question", note=note, **data),
    ]


def released(end: Ending, cause: str, **data: Any) -> list[Draft]:
    """Handed back unspent: shutdown, sleep, or by command."""
    return [end.draft(E.RELEASED, READY.text, cause=cause, **data)]


def receipts_of(task: Task, step: str) -> list[Receipt]:
    """The receipts of a step that an earlier run of this round has finished."""
    return [Receipt.from_data(r) for r in task.finished_steps.get(step, ())]


def open_children(children: Sequence[Task]) -> tuple[str, ...]:
    """Names of the children that have not ended."""
    return tuple(c.task for c in children if c.kind.value not in ("done", "failed", "withdrawn"))


def clipped(text: str) -> str:
    """An error as an event carries it: its beginning and its end."""
    half = MAX_ERROR // 2
    return text if len(text) <= MAX_ERROR else f"{text[:half]}\n[...]\n{text[-half:]}"


def _exit_code(verdict: Verdict) -> int | None:
    """The exit status of the run's own command, when it had one."""
    codes = (r.detail.get("exit_code") for r in verdict.receipts)
    return next((code for code in codes if isinstance(code, int)), None)


def _after_failure(end: Ending, *, retryable: bool) -> str:
    if not retryable:
        return "failed:final"
    spent = end.task.spent + 1
    if spent >= end.max_attempts:
        return "failed:exhausted_retries"
    wait = delay(
        spent, backoff=end.settings.backoff, backoff_max=end.settings.backoff_max, dice=end.dice
    )
    return f"blocked:retry:{second_up(end.now + timedelta(seconds=wait))}"


def _cause(reason: str, error: str, exit_code: int | None) -> str:
    """The cause as it stands on the board: the whole of it is in the event and the log."""
    if reason == "exit" and exit_code is not None:
        return f"exit status {exit_code}"
    return error.partition("\n")[0] or reason


def _failed_line(end: Ending, reason: str) -> str:
    attempt = f"attempt {end.task.spent + 1} of {end.max_attempts}"
    run = end.run.run if end.run else None
    return failed_line(reason, by=end.who, run=run, seconds=end.seconds, attempt=attempt)


def _with_letter(end: Ending, draft: Draft, to: str) -> list[Draft]:
    if not to.startswith("failed:"):
        return [draft]
    return [draft, end.draft(E.DEADLETTERED, path=f"deadletter/{end.task.task}.md")]
