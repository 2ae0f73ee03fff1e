"""How a run ends whose executor did not succeed: tried again, passed on, waiting, given up."""

from __future__ import annotations

import msgspec

from taskboard.core import ending
from taskboard.core.bill import Bill
from taskboard.core.ending import Ending
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.outcome import (
    Cancelled,
    Failed,
    NeedsInput,
    Outcome,
    Snoozed,
    Succeeded,
    Unable,
)
from taskboard.core.spending import DUST, Limit, limits, next_day
from taskboard.core.task import Run, World
from taskboard.core.units import minute, stamp
from taskboard.executor import Fitness
from taskboard.loop.choice import Choice
from taskboard.loop.context import Context, Memory

OUT_OF_SERVICE = 900.0
"""Seconds awake for which an executor that refused its service to all is not asked again."""
_SILENT = 1
"""A second run of a round that ends without saying how is the last."""
_USED_UP = 0.5
"""The part of its budget that a run must have cost by our own prices, to be believed that it has
spent it: programs have prices of their own."""
_EVERYWHERE = frozenset({"authentication", "missing"})
"""What an executor lacks for every task."""


class Unfinished(msgspec.Struct, frozen=True):
    """``end`` is the run about to end in a step; ``limit`` the one that was reached first when it
    began, ``given`` what the step might cost (US dollars), ``bill`` that of the whole run."""

    ctx: Context
    memory: Memory
    world: World
    end: Ending
    step: str
    limit: Limit | None
    given: float | None
    bill: Bill

    def drafts(self, outcome: Outcome) -> list[Draft]:
        """How the run ends."""
        end, bill = self.end, outcome.bill.as_data()
        match outcome:
            case Failed():
                return [self._failed_step(outcome.reason), *self._failed(outcome)]
            case Snoozed():
                return ending.snoozed(end, outcome.until, outcome.reason, **bill)
            case NeedsInput():
                return ending.asked(end, outcome.question, self.step, **bill)
            case Unable():
                return [self._failed_step(outcome.reason), *self._unable(outcome)]
            case Cancelled() | Succeeded():
                return ending.released(end, "cancelled", **bill)

    @property
    def _run(self) -> Run:
        assert self.end.run is not None, "an executor works for a run"
        return self.end.run

    def _failed_step(self, reason: str) -> Draft:
        return self.end.step(E.STEP_FAILED, self.step, reason=reason)

    def _failed(self, outcome: Failed) -> list[Draft]:
        if outcome.reason == "timeout" and (to := self._heir()):
            return self._relayed(to, "timeout", outcome)
        if outcome.reason == "budget" and self._is_of_the_day():
            return self._out_of_money(outcome)
        silent = outcome.reason == "verdict" and self.end.task.silent >= _SILENT
        return ending.failed(
            self.end,
            reason=outcome.reason,
            error=outcome.error,
            retryable=outcome.retryable and not silent,
            exit_code=outcome.exit_code,
            log=f".taskboard/runs/{self._run.run}/output.log",
            **outcome.bill.as_data(),
        )

    # Money.

    def _is_of_the_day(self) -> bool:
        """Whether the budget that is spent is a day's: not the task's, and not the one that the
        executor's own settings allow a run."""
        if self.limit is None or not self.limit.day or self.given is None:
            return False
        own = self.ctx.settings.executors.get(self._run.executor, {}).get("budget_usd")
        return own is None or own >= self.given

    def _out_of_money(self, outcome: Failed) -> list[Draft]:
        """Where the day (the present one: the run may have begun on another) has more, the task
        goes on at once with a new share; else it waits for the next."""
        assert self.limit is not None, "asked for a budget's end only"
        bill, paid = outcome.bill.as_data(), self.bill.cost_usd
        now, fresh = self.ctx.clock.now(), outcome.bill.cost_usd or 0.0
        found = limits(self.end.task, self.world, self.ctx.settings, stamp(now)[:10])
        day = [limit for limit in found if limit.day]
        left = min((one.most - one.spent - fresh for one in day), default=0.0)
        if paid is not None and paid >= self.limit.share * _USED_UP and left >= DUST:
            return ending.released(self.end, "budget", **bill)
        note = f"TB132 The budget {self.limit.what} is spent. It goes on when the day ends (UTC)."
        return ending.snoozed(self.end, minute(next_day(now)), "budget", note=note, **bill)

    # Somebody else.

    def _unable(self, outcome: Unable) -> list[Draft]:
        """What is true of every task stops the executor, not the board; what is true of this one
        only asks its owner. Passed on where somebody can take over."""
        if outcome.reason in _EVERYWHERE:
            fit = Fitness(usable=False, problem=outcome.error, hint=outcome.hint)
            until = self.ctx.clock.awake() + OUT_OF_SERVICE
            self.memory.unable[self._run.executor] = (fit, until)
        if to := self._heir():
            return self._relayed(to, outcome.reason, outcome)
        said = {"error": outcome.error, **outcome.bill.as_data()}
        if outcome.reason in _EVERYWHERE:
            return ending.released(self.end, outcome.reason, **said)
        note = f"TB130 {self._run.executor} cannot do this: {outcome.error} {outcome.hint}"
        return ending.stuck(self.end, note.strip(), **said)

    def _heir(self) -> str | None:
        return Choice.of(self.ctx, self.memory).fallback(self.end.task, self._run.executor)

    def _relayed(self, to: str, reason: str, outcome: Failed | Unable) -> list[Draft]:
        said = {"error": outcome.error, **outcome.bill.as_data()}
        return ending.relayed(self.end, to, reason, **said)
