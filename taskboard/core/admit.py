"""The decider proposes, this disposes: whatever is not eligible or beyond the slots is dropped."""

from __future__ import annotations

from taskboard.core.decision import Candidate, Decision, Pick, Question


def admit(decision: Decision, question: Question) -> tuple[list[Candidate], list[Pick]]:
    """The candidates to start, in the decision's order and at most ``question.slots``, and the
    picks that were dropped: invented, repeated or surplus ones, and any that name an executor
    other than the candidate's."""
    eligible = {c.task_id: c for c in question.candidates}
    chosen: list[Candidate] = []
    dropped: list[Pick] = []
    for pick in decision.picks:
        if pick.action != "execute":
            continue
        candidate = eligible.get(pick.task_id)
        wrong = candidate is None or pick.executor not in ("", candidate.executor)
        if candidate is None or wrong or len(chosen) >= question.slots:
            dropped.append(pick)
            continue
        chosen.append(candidate)
        del eligible[pick.task_id]
    return chosen, dropped
