"""The suite of deciders finds what it is there to find."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from taskboard.core.bill import Bill, Usage
from taskboard.core.decision import Judgement, Pick
from taskboard.deciders import priority
from taskboard.testing import decider as suite


class Bad:
    """The published order, with a change made to its decision."""

    def __init__(self, change):
        self.change = change
        self.asked = 0

    async def decide(self, question):
        self.asked += 1
        return self.change(self, await priority.make(None).decide(question), question)

    async def judge(self, claim):
        return self.change(self, Judgement(ok=True, reason="", by=""), claim)


class Deaf(Bad):
    async def decide(self, question):
        try:
            await asyncio.sleep(0.01)
        except asyncio.CancelledError as stop:
            raise ValueError("not now") from stop
        return await super().decide(question)


def pick(**words):
    return Pick(**({"task_id": "x", "action": "execute", "reason": "why"} | words))


def same(_self, found, _question):
    return found


def all_of_them(_self, decision, question):
    picks = tuple(pick(task_id=c.task_id) for c in question.candidates)
    return replace(decision, picks=picks)


def nothing(_self, decision, _question):
    return replace(decision, picks=())


def costly(_self, decision, _question):
    return replace(decision, bill=Bill((Usage(model="m", input=1),), 0.1))


def moody(self, decision, _question):
    return replace(decision, picks=decision.picks[: self.asked])


def two_lines(_self, decision, question):
    odd = question.diagnoses[0] if question.diagnoses else "why"
    return replace(decision, picks=tuple(replace(p, reason=odd) for p in decision.picks))


def backwards(_self, decision, _question):
    return replace(decision, picks=decision.picks[::-1])


@pytest.mark.parametrize(
    ("check", "change"),
    [
        (suite.what_may_run_is_proposed, nothing),
        (suite.nothing_may_run_and_nothing_is_started, costly),
        (suite.slots_are_kept, all_of_them),
        (suite.a_thousand_candidates_are_no_trouble, nothing),
        (suite.the_published_order_is_kept, backwards),
        (suite.the_same_question_has_the_same_answer, moody),
        (suite.texts_that_give_orders_are_only_texts, two_lines),
        (suite.a_spent_budget_does_not_stop_it, costly),
        (suite.many_may_ask_at_once, all_of_them),
        (suite.a_claim_is_judged_or_not, same),
    ],
)
def test_a_bad_decider_is_found(check, change):
    check(suite.Seat(make=lambda: priority.make(None), order=True))
    with pytest.raises(AssertionError):
        check(suite.Seat(make=lambda: Bad(change), order=True))


def test_one_that_swallows_its_cancelling_is_found():
    with pytest.raises(AssertionError):
        suite.cancelling_is_obeyed_and_survived(suite.Seat(make=lambda: Deaf(same)))


def test_one_that_leaves_files_open_is_found(tmp_path):
    kept = []

    def leave(_self, decision, _question):
        kept.append((tmp_path / str(len(kept))).open("w"))
        return decision

    try:
        with pytest.raises(AssertionError):
            suite.no_file_stays_open(suite.Seat(make=lambda: Bad(leave)))
    finally:
        for file in kept:
            file.close()
