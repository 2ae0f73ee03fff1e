"""What the end of a run means."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from taskboard.anthropic_api import Trouble
from taskboard.core.bill import Bill
from taskboard.core.outcome import LONGEST_QUOTA, Failed, Outcome, Snoozed, Unable
from taskboard.core.redact import Redactor
from taskboard.core.report import Report, outcome_of
from taskboard.core.units import brief, stamp
from taskboard.executor import Order
from taskboard.executors.claude.session import Limit
from taskboard.runlog import Recorded

_QUOTA_WAIT = 60.0
"""Seconds that a quota holds at least, once the tries of a run are used up."""

_ONCE = frozenset({"refused", "budget"})
"""The same again would only cost the same again."""

_UNABLE = {"auth": "authentication", "billing": "authentication", "no_model": "capability"}


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """``ended``: a report, a limit, or the cause that time ran out by. ``model`` is what was asked
    for; ``now`` UTC."""

    ended: Report | Limit | str
    order: Order
    model: str
    bill: Bill
    now: datetime


def judge(ending: Ending, recorded: Recorded, redactor: Redactor) -> Outcome:
    """The outcome of a run."""
    order, bill, ended = ending.order, ending.bill, ending.ended
    if isinstance(ended, Report):
        safe = replace(
            ended,
            summary=redactor.redact(ended.summary),
            question=redactor.redact(ended.question),
        )
        return outcome_of(safe, bill, run=order.run, sha256=recorded.sha256, log=order.log)
    if isinstance(ended, str):
        return Failed(reason=ended, error=_late(ended, order), bill=bill)
    if ended.trouble is not None:
        return _of_trouble(ended.trouble, ending)
    error = redactor.redact(ended.error)
    return Failed(reason=ended.reason, error=error, retryable=ended.reason not in _ONCE, bill=bill)


def _of_trouble(trouble: Trouble, ending: Ending) -> Outcome:
    bill = ending.bill
    if trouble.kind == "rate_limited":
        seconds = min(max(trouble.retry_after or 0.0, _QUOTA_WAIT), LONGEST_QUOTA)
        return Snoozed(until=stamp(ending.now + timedelta(seconds=seconds)), bill=bill)
    if trouble.kind in _UNABLE:
        about = f" (model {ending.model})" if trouble.kind == "no_model" else ""
        return Unable(
            reason=_UNABLE[trouble.kind],
            error=f"{trouble.message}{about}",
            hint=trouble.hint,
            bill=bill,
        )
    hopeless = trouble.kind in ("bad_request", "too_large")
    return Failed(reason="provider", error=trouble.message, retryable=not hopeless, bill=bill)


def _late(cause: str, order: Order) -> str:
    if cause == "stall":
        return f"ended after {brief(order.stall or 0)} without a sign of life"
    return f"ended at its timeout of {brief(order.timeout)} awake"
