"""What the end of an agent's program means. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from taskboard.core.agent_turn import Trouble, Turn, brief_text
from taskboard.core.bill import Bill
from taskboard.core.outcome import LONGEST_QUOTA, Failed, Outcome, Snoozed, Unable
from taskboard.core.report import Report, outcome_of, read_report
from taskboard.core.units import brief, stamp

QUOTA_WAIT = 15 * 60.0
"""Seconds that a quota holds which does not say for how long."""

_ONCE = frozenset({"refused", "budget"})
"""The same again would only cost the same again."""
_HOPELESS = frozenset({400, 404, 413, 422})
"""Statuses by which a service says that the request itself is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How the last process of an order ended: ``cause`` and ``code`` as ``taskboard.child`` has
    them, or cause ``closed``: it was ended after its closing line. ``said`` is the end of what
    it printed on stderr."""

    cause: str
    code: int | None
    said: str
    turn: Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What else an outcome is made of. ``now`` is in the machine's own time zone."""

    bill: Bill
    run: str
    sha256: str
    log: str
    now: datetime
    login: str
    timeout: float
    stall: float | None


def report_of(ended: Ended) -> Report | str | None:
    """The report of a program that ended well, or in a sentence what is wrong with it; None when
    it did not end well."""
    fine = ended.cause == "closed" or (ended.cause, ended.code) == ("exit", 0)
    if not fine or not ended.turn.complete:
        return None
    if ended.turn.report is None:
        return "There was no report."
    return read_report(ended.turn.report)


def outcome_of_agent(ended: Ended, around: Around) -> Outcome:
    """The outcome of an order."""
    report = report_of(ended)
    if isinstance(report, Report):
        return outcome_of(
            _with_denials(report, ended.turn.denied),
            around.bill,
            run=around.run,
            sha256=around.sha256,
            log=around.log,
        )
    if isinstance(report, str):
        error = f"the agent ended without a usable report: {report}"
        return Failed(reason="verdict", error=error, bill=around.bill)
    if ended.cause in ("exit", "closed") and ended.turn.trouble is not None:
        return _of_trouble(ended.turn.trouble, ended, around)
    return _of_process(ended, around)


def _with_denials(report: Report, denied: tuple[str, ...]) -> Report:
    """An agent that failed is told apart from one that was not allowed to."""
    if report.status != "failed" or not denied:
        return report
    note = f"{report.summary.strip()} (not allowed here: {', '.join(denied)})"
    return Report(status="failed", summary=note.strip(), artifacts=report.artifacts)


def _of_trouble(trouble: Trouble, ended: Ended, around: Around) -> Outcome:
    match trouble.kind:
        case "authentication":
            return Unable(
                reason="authentication", error=trouble.error, hint=around.login, bill=around.bill
            )
        case "capability":
            return Unable(reason="capability", error=trouble.error, bill=around.bill)
        case "quota":
            return Snoozed(until=stamp(_until(trouble, around.now)), bill=around.bill)
        case "stopped":
            return Failed(
                reason="exit", error=trouble.error, exit_code=ended.code, bill=around.bill
            )
        case kind:
            return Failed(
                reason=kind,
                error=trouble.error,
                retryable=kind not in _ONCE and trouble.status not in _HOPELESS,
                exit_code=ended.code,
                bill=around.bill,
            )


def _until(trouble: Trouble, now: datetime) -> datetime:
    """In UTC. Never in the past: a provider's clock may be behind ours; nor further ahead than
    any quota lasts."""
    until = _told(trouble.until, now)
    if until is None:
        until = now + timedelta(seconds=min(trouble.wait or QUOTA_WAIT, LONGEST_QUOTA))
    latest = now + timedelta(seconds=LONGEST_QUOTA)
    return min(max(until, now + timedelta(seconds=1)), latest).astimezone(UTC)


def _told(until: datetime | time | None, now: datetime) -> datetime | None:
    """What was told without a time zone was told in that of ``now``."""
    if isinstance(until, time):
        today = datetime.combine(now, until, now.tzinfo)
        return today if today > now else today + timedelta(days=1)
    if until is not None and until.tzinfo is None:
        return until.replace(tzinfo=now.tzinfo)
    return until


def _of_process(ended: Ended, around: Around) -> Failed:
    what = _what(ended, around)
    said = brief_text(ended.said[-500:], 500)
    return Failed(
        reason=ended.cause if ended.cause != "closed" else "exit",
        error=f"{what}\n{said}" if said else what,
        exit_code=ended.code if ended.cause == "exit" else None,
        bill=around.bill,
    )


def _what(ended: Ended, around: Around) -> str:
    if (ended.cause, ended.code) == ("exit", 0):
        return "it ended with exit status 0 and without a result"
    sentences = {
        "exit": f"exit status {ended.code}",
        "signal": f"ended by signal {ended.code}",
        "timeout": f"ended at its timeout of {brief(around.timeout)} awake",
        "stall": f"ended after {brief(around.stall or 0)} without output",
        "closed": "it said that it was over, gave no result and did not end by itself",
    }
    return sentences.get(ended.cause, "its exit status was lost")
