"""The order without a model: priority, then place on the board, then how long it has waited.

Published and deterministic, no network; also what every other decider falls back to.
"""

from __future__ import annotations

from taskboard.core.deciding import rank
from taskboard.core.decision import Claim, Decision, Judgement, Pick, Question
from taskboard.core.setting_kinds import Setting
from taskboard.decider import Desk

OPTIONS: tuple[Setting, ...] = ()


class Decider:
    """Proposes to execute the first candidates in order, as many as there are slots."""

    async def decide(self, question: Question) -> Decision:
        ordered = sorted(question.candidates, key=rank)
        picks = tuple(
            Pick(
                task_id=c.task_id,
                action="execute",
                executor=c.executor,
                reason=f"place {n} by priority and place on the board",
            )
            for n, c in enumerate(ordered[: question.slots], 1)
        )
        return Decision(picks=picks, by="priority")

    async def judge(self, _claim: Claim, /) -> Judgement | None:
        """Never: a measure in words takes somebody who reads."""
        return None


def make(_desk: Desk) -> Decider:
    """Nothing is needed."""
    return Decider()
