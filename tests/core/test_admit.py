"""Whatever a decider answers, only eligible tasks start, each once, never over the slots."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from taskboard.core.admit import admit
from taskboard.core.decision import Candidate, Decision, Pick, Question
from taskboard.deciders.priority import Decider

IDS = [f"id-{n}" for n in range(8)]


def candidate(task_id: str, priority: int = 2, place: int = 0) -> Candidate:
    return Candidate(
        task_id=task_id,
        task=task_id.upper(),
        title="t",
        executor="shell",
        priority=priority,
        place=place,
        spent=0,
        waiting_since="2026-11-20T12:00:00Z",
        origin="board",
    )


picks = st.builds(
    Pick,
    task_id=st.sampled_from([*IDS, "invented", ""]),
    action=st.sampled_from(["execute", "skip", "flag", "ask", "promote", "rm -rf"]),
    reason=st.text(max_size=5),
    executor=st.sampled_from(["", "shell", "root-shell"]),
)
questions = st.builds(
    lambda ids, slots: Question(
        candidates=tuple(candidate(i) for i in ids), slots=slots, now="2026-11-20T12:00:00Z"
    ),
    st.lists(st.sampled_from(IDS), unique=True),
    st.integers(0, 4),
)


@given(question=questions, answer=st.lists(picks, max_size=20))
def test_what_is_admitted_is_a_subset_of_what_may_run_and_fits_the_slots(question, answer):
    chosen, dropped = admit(Decision(picks=tuple(answer), by="any"), question)

    assert len(chosen) <= question.slots
    assert len({c.task_id for c in chosen}) == len(chosen)
    assert all(c in question.candidates for c in chosen)
    executes = [p for p in answer if p.action == "execute"]
    assert len(chosen) + len(dropped) == len(executes)


@given(question=questions)
def test_the_priority_order_fills_the_slots_and_is_admitted_whole(question):
    decision = asyncio.run(Decider().decide(question))
    chosen, dropped = admit(decision, question)

    assert len(chosen) == min(question.slots, len(question.candidates))
    assert dropped == []


def test_priority_comes_before_place_and_place_before_nothing_else():
    question = Question(
        candidates=(candidate("low", 3, 0), candidate("late", 1, 9), candidate("early", 1, 2)),
        slots=3,
        now="2026-11-20T12:00:00Z",
    )
    decision = asyncio.run(Decider().decide(question))

    assert [p.task_id for p in decision.picks] == ["early", "late", "low"]
