"""What an agent asks, and how its work goes on when it is answered."""

from __future__ import annotations

import pytest

from taskboard.core.outcome import Failed, NeedsInput
from taskboard.errors import Refused
from taskboard.executor import Fitness
from taskboard.loop import agents, find, people
from taskboard.loop.context import Memory

ASKS = NeedsInput(question="Blue or red?")
SILENT = Failed(reason="verdict", error="It ended without saying how.")


def task(*fields, agent="codex"):
    lines = ["status: ready", f"agent: {agent}", *fields]
    return "# B\n\n## TASK-001 One\n" + "".join(f"- {f}\n" for f in lines) + "\nPaint it.\n"


def answered(staff, text="Blue.", *, ready=True):
    """By command."""

    async def say(ctx):
        one = await find.find_task(ctx, "TASK-001")
        await people.say_answer(ctx, one, text, "command:ann")
        if ready:
            await people.say_ready(ctx, one, "command:ann")

    staff.desk.say(say)


def waits(staff, *fields, **more):
    """A task whose first run has asked."""
    staff.codex.say(ASKS)
    staff.desk.save(task(*fields, **more))
    staff.desk.once()


def test_a_question_waits_for_the_owner_with_the_way_to_answer_it(staff):
    waits(staff, "owner: siyao")

    assert staff.desk.state("TASK-001") == "blocked:siyao:answer"
    assert "- note: TB311 Blue or red? Answer: taskboard answer TASK-001 TEXT" in staff.desk.board
    assert staff.desk.task("TASK-001").spent == 0
    assert staff.desk.events("TASK-001")[-2:] == ["question_asked", "blocked"]


def test_an_answer_lets_nothing_run_by_itself(staff):
    waits(staff)
    answered(staff, ready=False)
    staff.desk.once()

    assert len(staff.codex.orders) == 1


def test_what_was_asked_and_answered_goes_on_with_the_same_work(staff):
    waits(staff)
    answered(staff)
    staff.desk.once()
    first, second = staff.codex.orders

    for words in (second.prompt, second.news):
        assert "You asked: Blue or red?\nThe owner answers: Blue." in words
    assert second.previous == first.folder
    assert "Paint it." not in second.news
    assert "Paint it." in second.prompt
    assert staff.desk.state("TASK-001") == "done"


def test_an_answer_may_be_typed_on_the_board(staff):
    waits(staff)
    staff.desk.retype("- agent: codex", "- agent: codex\n- answer: Blue, of course.")
    staff.desk.retype("- status: blocked:ann:answer", "- status: ready")
    staff.desk.once()
    second = staff.codex.orders[1]

    assert "You asked: Blue or red?\nThe owner answers: Blue, of course." in second.news
    assert second.previous == staff.codex.orders[0].folder
    assert staff.desk.state("TASK-001") == "done"


@pytest.mark.parametrize("place", ["- agent: codex", "- steps: analyze, generate"])
def test_a_typed_answer_does_not_undo_the_steps_that_are_finished(staff, place):
    staff.codex.say(staff.report, ASKS)
    staff.desk.save(task("steps: analyze, generate"))
    staff.desk.once()
    staff.desk.retype(place, f"{place}\n- answer: Blue.")
    staff.desk.retype("- status: blocked:ann:answer", "- status: ready")
    staff.codex.say(NeedsInput(question="How soon?"))
    staff.desk.once()
    staff.desk.retype("- answer: Blue.", "- answer: Tomorrow.")
    staff.desk.retype("- status: blocked:ann:answer", "- status: ready")
    staff.desk.once()

    assert len(staff.codex.orders) == 4
    assert "`generate`" in staff.codex.orders[2].prompt
    assert "`generate`" in staff.codex.orders[3].prompt
    assert "The owner answers: Tomorrow." in staff.codex.orders[3].news


def test_a_text_that_changes_with_its_answer_is_begun_anew(staff):
    staff.codex.say(staff.report, ASKS)
    staff.desk.save(task("steps: analyze, generate"))
    staff.desk.once()
    staff.desk.retype("- agent: codex", "- agent: codex\n- answer: Blue.")
    staff.desk.retype("Paint it.", "Paint it twice.")
    staff.desk.retype("- status: blocked:ann:answer", "- status: ready")
    staff.desk.once()

    assert "`analyze`" in staff.codex.orders[2].prompt


def test_a_question_is_asked_in_the_step_that_asks_it(staff):
    staff.codex.say(staff.report, ASKS)
    staff.desk.save(task("steps: generate, deliver"))
    staff.desk.once()
    answered(staff)
    staff.desk.once()
    asked = [e.step for e in staff.desk.facts() if e.type == "question_asked"]

    assert asked == ["deliver"]
    assert len(staff.codex.orders) == 3
    assert staff.codex.orders[2].previous == staff.codex.orders[1].folder


def test_several_answers_are_told_in_order_and_the_last_one_is_news(staff):
    staff.codex.say(ASKS, NeedsInput(question="How soon?"))
    staff.desk.save(task())
    staff.desk.once()
    answered(staff, "Blue.")
    staff.desk.once()
    answered(staff, "Tomorrow.")
    staff.desk.once()
    third = staff.codex.orders[2]

    assert third.prompt.index("Blue or red?") < third.prompt.index("How soon?")
    assert "Blue or red?" not in third.news
    assert "How soon?\nThe owner answers: Tomorrow." in third.news


def test_a_text_that_was_edited_meanwhile_is_news(staff):
    waits(staff)
    staff.desk.retype("Paint it.", "Paint it twice.")
    answered(staff)
    staff.desk.once()

    assert "The task's text has changed." in staff.codex.orders[1].news
    assert "Paint it twice." in staff.codex.orders[1].news


def test_after_a_requeue_the_work_begins_anew(staff):
    staff.codex.say(Failed(reason="agent", error="No.", retryable=False))
    staff.desk.save(task())
    staff.desk.once()
    staff.desk.retype("- status: failed:final", "- status: ready")
    staff.desk.once()

    assert [order.previous for order in staff.codex.orders] == [None, None]


def test_another_executor_knows_nothing_of_the_earlier_session(staff):
    waits(staff)
    staff.desk.retype("- agent: codex", "- agent: gemini")
    answered(staff)
    staff.desk.once()
    (order,) = staff.gemini.orders

    assert order.previous is None
    assert "You asked: Blue or red?\nThe owner answers: Blue." in order.prompt


def test_a_claim_that_was_handed_back_does_not_lose_the_session(staff):
    waits(staff)
    answered(staff)

    async def take(ctx):
        return await agents.take(ctx, Memory(), "TASK-001", "bot-1", "agent:bot-1")

    async def give(ctx):
        one = await find.find_task(ctx, "TASK-001")
        return await agents.hand_back(ctx, one, "TASK-001@2", "bot-1")

    staff.desk.say(take)
    staff.desk.say(give)
    staff.desk.once()

    assert staff.codex.orders[1].previous == staff.codex.orders[0].folder
    assert staff.codex.orders[1].label == "TASK-001@3"


def test_the_answer_is_told_to_whoever_comes_after_a_restart(staff):
    waits(staff)
    answered(staff)
    staff.open()
    staff.desk.once()

    assert "The owner answers: Blue." in staff.codex.orders[1].news


@pytest.mark.parametrize("silent", [1, 2])
def test_a_run_that_says_nothing_is_tried_once_more_and_no_oftener(staff, silent):
    staff.codex.say(*[SILENT] * silent)
    staff.desk.save(task("max-attempts: 9"))
    staff.desk.once()

    assert len(staff.codex.orders) == 2
    assert staff.desk.state("TASK-001") == ("done" if silent == 1 else "failed:final")


def test_silence_counts_anew_in_the_next_round(staff):
    staff.codex.say(SILENT, SILENT, SILENT)
    staff.desk.save(task("max-attempts: 9"))
    staff.desk.once()
    staff.desk.retype("- status: failed:final", "- status: ready")
    staff.desk.once()

    assert staff.desk.state("TASK-001") == "done"
    assert len(staff.codex.orders) == 4


def test_a_question_without_end_is_cut_and_stays_on_one_line(staff):
    staff.codex.say(NeedsInput(question="Why?\n- status: done\n" + "x" * 9000))
    staff.desk.save(task())
    staff.desk.once()
    (asked,) = staff.facts("question_asked")

    assert len(asked["question"]) == 2000
    assert staff.desk.state("TASK-001") == "blocked:ann:answer"
    assert "\n- status: done" not in staff.desk.board


# Several answers, and answers to nothing.


def test_every_answer_since_the_last_run_reaches_the_session_that_goes_on(staff):
    waits(staff)
    answered(staff, "Blue.", ready=False)
    answered(staff, "And not too dark.")
    answered(staff, "By Friday.", ready=False)
    staff.desk.once()

    told = staff.codex.orders[1].news
    assert [told.count(f"The owner answers: {t}") for t in ("Blue.", "And not", "By Fri")] == [
        1
    ] * 3


def test_what_one_run_has_heard_the_next_is_not_told_again(staff):
    waits(staff)
    answered(staff, "Blue.")
    staff.codex.say(ASKS)
    staff.desk.once()
    answered(staff, "Light blue.")
    staff.desk.once()

    told = staff.codex.orders[2].news
    assert "Light blue." in told
    assert "answers: Blue." not in told


def test_the_second_step_of_a_run_does_not_hear_the_answer_twice(staff):
    waits(staff, "steps: analyze, generate")
    answered(staff, "Blue.")
    staff.desk.once()

    assert ["Blue." in order.news for order in staff.codex.orders[1:]] == [True, False]


@pytest.mark.parametrize("status", ["ready", "done", "todo"])
def test_an_answer_that_nobody_would_read_is_refused_and_recorded(staff, status):
    for agent in staff.agents.values():
        agent.fit = Fitness(usable=False, problem="It is away.")
    staff.desk.save(task().replace("status: ready", f"status: {status}"))
    staff.desk.turn(start=True)

    with pytest.raises(Refused, match="nobody would read the answer"):
        answered(staff, ready=False)

    assert staff.desk.events("TASK-001")[-1] in ("transition_blocked", "terminal_blocked")
    assert staff.desk.task("TASK-001").said == ()
