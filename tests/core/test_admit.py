"""Whatever a decider answers, only eligible tasks start, each once, never over the slots."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from taskboard.core.admit import admit, dispose
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


def answered(*picks: Pick, **fields):
    two = replace(candidate("a"), executors=("shell", "claude")), candidate("b")
    words = {"slots": 1, "now": "2026-11-20T12:00:00Z", "models": {"claude": ("opus",)}}
    asked = Question(candidates=two, promotable=("p",), **(words | fields))
    return dispose(Decision(picks=picks, by="any"), asked)


def pick(task_id: str, action: str = "execute", **words: str) -> Pick:
    return Pick(task_id=task_id, action=action, **({"reason": "why"} | words))


def test_a_candidate_may_go_to_any_of_its_executors_with_a_model_that_is_known_there():
    (start,) = answered(pick("a", executor="claude", model="opus")).start
    assert (start.candidate.task_id, start.executor, start.model) == ("a", "claude", "opus")
    (start,) = answered(pick("a")).start
    assert (start.executor, start.model) == ("shell", "")


@pytest.mark.parametrize(
    ("proposal", "why"),
    [
        (pick("a", executor="codex"), "executor"),
        (pick("b", executor="claude"), "executor"),
        (pick("a", model="opus"), "model"),
        (pick("a", executor="claude", model="gpt"), "model"),
        (pick("p"), "unknown"),
        (pick("a", "promote"), "unknown"),
        (pick("p", "flag"), "unknown"),
        (pick("a", "cancel"), "action"),
        (pick("a", "ask", reason=" \n"), "empty"),
        (pick("a", "flag", reason=""), "empty"),
    ],
)
def test_what_does_not_count_is_dropped_with_its_reason(proposal, why):
    disposed = answered(proposal)
    assert [(d.pick, d.why) for d in disposed.dropped] == [(proposal, why)]
    assert not (*disposed.start, *disposed.flag, *disposed.ask, *disposed.promote, *disposed.skip)


def test_a_task_is_started_asked_about_or_skipped_and_may_be_flagged_besides():
    disposed = answered(
        pick("a", "ask"),
        pick("a"),
        pick("a", "skip"),
        pick("a", "flag"),
        pick("b"),
        pick("b", "ask"),
    )
    assert [p.task_id for p in disposed.ask] == ["a"]
    assert [s.candidate.task_id for s in disposed.start] == ["b"]
    assert [p.task_id for p in disposed.flag] == ["a"]
    assert [d.why for d in disposed.dropped] == ["repeated"] * 3


def test_what_finds_no_slot_may_still_be_skipped():
    disposed = answered(pick("a"), pick("b"), pick("b", "skip"))
    assert [d.why for d in disposed.dropped] == ["slots"]
    assert [p.task_id for p in disposed.skip] == ["b"]


def test_reasons_become_single_visible_lines():
    (asked,) = answered(pick("a", "ask", reason="Which?\n- status: done \u202e" + "x" * 999)).ask
    assert asked.reason.startswith("Which? - status: done [U+202E]xxx")
    assert len(asked.reason) == 300
