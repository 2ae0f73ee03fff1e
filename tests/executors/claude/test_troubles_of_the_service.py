from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from taskboard.core.outcome import Failed, Snoozed, Succeeded, Unable
from taskboard.core.units import read_time
from taskboard.run_bill import read_bill
from taskboard.testing.offline import error, hang_up, json_body, stream_error, text, tool_use
from taskboard.testing.rig import environment, until


@pytest.mark.parametrize(
    "trouble",
    [
        error(429, retry_after=0.01),
        error(529, retry_after=0.01),
        error(500, retry_after=0.01),
        error(503, retry_after=0.01),
        hang_up(),
        text("This breaks", cut_after=3),
        tool_use("write_file", {"path": "half", "content": "never"}, cut_after=4),
        stream_error("overloaded_error", "So far"),
    ],
    ids=lambda trouble: getattr(trouble, "status", type(trouble).__name__),
)
def test_what_passes_is_tried_again_in_the_same_run(stage, trouble):
    order = stage.order()
    stage.push(trouble, trouble, stage.report())
    assert isinstance(stage.run(order), Succeeded)
    assert len(stage.bodies()) == 3
    assert "Asking again" in stage.log(order)
    assert list(order.project.iterdir()) == []


def test_the_prompt_of_a_broken_answer_is_paid_for(stage):
    stage.push(text("This breaks", cut_after=3), stage.report())
    twice = stage.run().bill
    stage.push(stage.report())
    once = stage.run(stage.order("TASK-002")).bill
    assert twice.used[0].prompt == 2 * once.used[0].prompt


def test_what_does_not_pass_ends_in_a_failure_that_may_be_tried_again(stage):
    stage.push(error(529, retry_after=0.001, times=None))
    outcome = stage.run()
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.retryable) == ("provider", True)
    assert "529" in outcome.error
    assert 3 <= len(stage.bodies()) <= 8


def test_a_quota_that_holds_for_long_is_left_to_the_board(stage):
    stage.push(error(429, retry_after=7200))
    outcome = stage.run()
    assert isinstance(outcome, Snoozed)
    left = datetime.fromisoformat(outcome.until) - datetime.now(UTC)
    assert timedelta(minutes=118) < left <= timedelta(hours=2)
    assert read_time(outcome.until) is not None
    assert len(stage.bodies()) == 1


def test_a_quota_that_does_not_end_is_left_to_the_board_too(stage):
    stage.push(error(429, retry_after=0.001, times=None))
    assert isinstance(stage.run(), Snoozed)


def test_a_bad_key_stops_the_executor_and_says_what_to_do(stage):
    executor = stage.executor(environ={"ANTHROPIC_API_KEY": "invalid-key-of-nobody"})
    outcome = stage.run(executor=executor)
    assert isinstance(outcome, Unable)
    assert outcome.reason == "authentication"
    assert "ANTHROPIC_API_KEY" in outcome.hint


def test_without_a_key_nothing_is_asked(stage):
    executor = stage.executor(environ={"ANTHROPIC_API_KEY": ""})
    fitness = executor.fitness()
    assert (fitness.usable, fitness.logged_in) == (False, False)
    assert "ANTHROPIC_API_KEY" in fitness.hint
    assert asyncio.run(executor.examine()) == fitness
    assert isinstance(stage.run(executor=executor), Unable)
    assert stage.bodies() == []


def test_with_a_key_it_is_usable(stage):
    assert stage.executor().fitness().usable


def test_an_unknown_model_is_named(stage):
    outcome = stage.run(model="claude-nobody-9")
    assert isinstance(outcome, Unable)
    assert outcome.reason == "capability"
    assert "claude-nobody-9" in outcome.error


def test_no_money_is_said_to_be_so(stage):
    stage.push(error(402))
    outcome = stage.run()
    assert isinstance(outcome, Unable)
    assert "billing" in outcome.hint


def test_a_request_the_service_does_not_like_is_not_tried_for_ever(stage):
    stage.push(error(400, times=None))
    outcome = stage.run()
    assert (outcome.reason, outcome.retryable) == ("provider", False)
    assert len(stage.bodies()) == 1


def test_a_conversation_that_is_too_large_is_made_smaller(stage):
    order = stage.order()
    (order.project / "big").write_text("x" * 1000 * 30)
    reads = [tool_use("read_file", {"path": "big"}) for _ in range(4)]
    stage.push(*reads, error(413), stage.report())
    assert isinstance(stage.run(order), Succeeded)
    before, after = (len(str(body["messages"])) for body in stage.bodies()[-2:])
    assert after < before


def test_nonsense_in_place_of_an_answer_is_a_failure(stage):
    stage.push(json_body({"hello": "world"}, times=None))
    outcome = stage.run()
    assert isinstance(outcome, Failed)
    assert outcome.reason == "provider"


@pytest.mark.parametrize(
    ("limits", "cause"), [({"timeout": 0.2}, "timeout"), ({"stall": 0.2}, "stall")]
)
def test_time_runs_out_while_the_service_is_silent_too(stage, limits, cause):
    stage.push(text("late", delay=30))
    outcome = stage.run(**limits)
    assert isinstance(outcome, Failed)
    assert outcome.reason == cause


def test_time_runs_out_while_a_quota_is_waited_for(stage):
    stage.push(error(429, retry_after=60))
    assert stage.run(timeout=0.3).reason == "timeout"


def test_what_was_used_is_on_the_bill_when_time_runs_out(stage):
    stage.push(tool_use("run_command", {"command": "sleep 60"}))
    outcome = stage.run(timeout=0.5)
    assert outcome.reason == "timeout"
    assert outcome.bill.cost_usd > 0


def test_a_cancellation_ends_it_while_the_service_is_silent(stage):
    stage.push(text("late", delay=30))

    async def cancel():
        work = stage.executor().execute(stage.order(), stage.witness)
        task = asyncio.create_task(work)
        await until(lambda: len(stage.model.requests) == 1, "the request")
        task.cancel()
        return (await asyncio.gather(task, return_exceptions=True))[0]

    assert isinstance(asyncio.run(cancel()), asyncio.CancelledError)


def test_its_environment_is_not_the_processes(stage, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "invalid-key-of-the-process")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    stage.push(stage.report())
    assert isinstance(stage.run(), Succeeded)
    assert "ANTHROPIC_API_KEY" not in environment()


def test_what_it_has_used_is_on_disk_before_anything_else_happens(stage):
    stage.push(tool_use("list_files", {}, usage={"input_tokens": 2000, "output_tokens": 300}))
    stage.push(tool_use("list_files", {}, delay=60))

    async def cancel():
        work = asyncio.create_task(stage.executor().execute(stage.order(), stage.witness))
        await until(lambda: len(stage.model.requests) == 2 or work.done(), "the second answer")
        work.cancel()
        return (await asyncio.gather(work, return_exceptions=True))[0]

    assert isinstance(asyncio.run(cancel()), asyncio.CancelledError)
    bill = read_bill((stage.order().folder / "bill.json").read_bytes())
    assert (bill.used[0].input, bill.used[0].output) == (2000, 300)
    assert bill.cost_usd is not None


def test_the_bill_on_disk_is_the_bill_of_the_outcome(stage):
    stage.push(tool_use("list_files", {}), stage.report())
    outcome = stage.run()

    assert outcome.bill.used
    assert read_bill((stage.order().folder / "bill.json").read_bytes()) == outcome.bill
