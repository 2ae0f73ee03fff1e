from __future__ import annotations

import pytest

from taskboard.core.outcome import Failed, NeedsInput, Succeeded, Tier, Unable
from taskboard.testing.offline import (
    Reply,
    Text,
    Thought,
    ToolUse,
    pieces,
    refusal,
    text,
    tool_use,
    truncated,
)


def test_a_task_is_done_with_its_files_its_receipt_and_its_bill(stage):
    order = stage.order()
    (order.project / "in.txt").write_text("three lines\n")
    stage.push(
        tool_use("read_file", {"path": "in.txt"}, saying="I look first.", thinking=""),
        tool_use("write_file", {"path": "out/a.md", "content": "# a\n"}),
        tool_use("run_command", {"command": "cat out/a.md"}),
        stage.report(artifacts=["out/a.md"]),
    )
    outcome = stage.run(order)
    assert isinstance(outcome, Succeeded), outcome
    assert outcome.artifacts == ("out/a.md",)
    assert (order.project / "out/a.md").read_text() == "# a\n"
    assert outcome.receipts[0].tier is Tier.OUTPUT
    assert [usage.model for usage in outcome.bill.used] == ["claude-sonnet-5-5"]
    assert outcome.bill.cost_usd > 0
    log = stage.log(order)
    assert "I look first." in log
    assert "> write_file out/a.md" in log
    assert "exit status 0" in log
    assert log.endswith("> report done: It is done.\n")


def test_rules_and_tools_come_first_and_the_cache_marks_stand_behind_them_and_at_the_end(stage):
    stage.push(tool_use("list_files", {}), stage.report())
    stage.run()
    first, second = stage.bodies()
    assert [tool["name"] for tool in first["tools"]][-2:] == ["run_command", "report"]
    assert all(tool["strict"] for tool in first["tools"])
    assert "cache_control" in first["system"][-1]
    assert "cache_control" in second["messages"][-1]["content"][-1]
    assert "cache_control" not in second["messages"][0]["content"][-1]


def test_a_question_is_one(stage):
    stage.push(stage.report(status="question", question="Which of the two?"))
    outcome = stage.run()
    assert isinstance(outcome, NeedsInput)
    assert outcome.question == "Which of the two?"
    assert outcome.bill.used


def test_its_own_failure_is_the_agents(stage):
    stage.push(stage.report(status="failed", summary="There is no such API."))
    outcome = stage.run()
    assert (outcome.reason, outcome.error) == ("agent", "There is no such API.")


def test_prose_is_no_report_and_is_asked_for_one_twice(stage):
    stage.push(text("All is done!"), text("Really."), text("Believe me."))
    outcome = stage.run()
    assert (outcome.reason, outcome.retryable) == ("verdict", True)
    assert len(stage.bodies()) == 3
    assert "`report`" in stage.bodies()[-1]["messages"][-1]["content"][0]["text"]


def test_a_nudged_agent_may_still_report(stage):
    stage.push(text("Done."), stage.report())
    assert isinstance(stage.run(), Succeeded)


def test_a_bad_report_is_said_to_be_bad(stage):
    stage.push(stage.report(status="question"), stage.report())
    assert isinstance(stage.run(), Succeeded)
    (answer,) = stage.results()
    assert answer["is_error"]
    assert "question" in answer["content"]


def test_done_together_with_a_tool_that_fails_is_not_accepted(stage):
    stage.push(pieces(ToolUse("read_file", {"path": "no"}), stage.reporting()), stage.report())
    assert isinstance(stage.run(), Succeeded)
    assert len(stage.bodies()) == 2
    assert "Not accepted" in stage.results()[1]["content"]


def test_several_calls_are_answered_in_their_order(stage):
    calls = [ToolUse("write_file", {"path": f"{n}", "content": f"{n}"}) for n in range(3)]
    stage.push(pieces(Thought(""), Text("Three."), *calls), stage.report())
    stage.run()
    assert [r["content"][:7] for r in stage.results()] == ["Wrote 0", "Wrote 1", "Wrote 2"]


def test_half_a_call_at_the_end_of_a_cut_answer_is_not_run(stage):
    order = stage.order()
    half = ToolUse("write_file", {"path": "half", "content": "ha"})
    whole = ToolUse("write_file", {"path": "whole", "content": "all"})
    stage.push(pieces(whole, half, stop="max_tokens"), stage.report())
    assert isinstance(stage.run(order), Succeeded)
    assert [path.name for path in order.project.iterdir()] == ["whole"]


def test_a_cut_answer_goes_on(stage):
    stage.push(truncated("This is lo"), stage.report())
    assert isinstance(stage.run(), Succeeded)
    last = stage.bodies()[-1]["messages"]
    assert [message["role"] for message in last] == ["user", "assistant", "user"]
    assert "cut off" in last[-1]["content"][0]["text"]


def test_a_refusal_ends_the_task_and_says_what_about(stage):
    stage.push(refusal("No.", category="cyber"))
    outcome = stage.run()
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.retryable) == ("refused", False)
    assert "cyber" in outcome.error
    assert outcome.bill.used


@pytest.mark.parametrize("stop", ["pause_turn", "stop_sequence", "something_new"])
def test_other_reasons_to_stop_go_on(stage, stop):
    stage.push(Reply(pieces=(Text("Hm."),), stop=stop), stage.report())
    assert isinstance(stage.run(), Succeeded)


def test_a_pause_is_no_end_however_often_it_comes(stage):
    paused = Reply(pieces=(Text("Hm."),), stop="pause_turn")
    stage.push(*[paused] * 6, stage.report())  # more than an agent that has ended is asked
    assert isinstance(stage.run(), Succeeded)


def test_how_long_a_conversation_may_grow_follows_from_what_the_service_counts(stage):
    def read_until_given_up(tokens):
        order = stage.order(name=f"TASK-{tokens}")
        (order.project / "big").write_text("x" * 20_000)
        counted = {"input_tokens": tokens, "cache_read_input_tokens": 0}
        reads = [tool_use("read_file", {"path": "big"}, usage=counted) for _ in range(12)]
        stage.push(*reads, stage.report())
        began = len(stage.bodies())
        stage.run(order, executor=stage.executor(context_tokens=40_000))
        sizes = [len(str(body["messages"])) for body in stage.bodies()[began:]]
        return max(sizes)

    assert read_until_given_up(tokens=60_000) < read_until_given_up(tokens=1_100)


def test_an_empty_answer_goes_on(stage):
    stage.push(Reply(pieces=()), Reply(pieces=(Thought(""),)), stage.report())
    assert isinstance(stage.run(), Succeeded)


def test_the_window_of_the_model_is_given_room(stage):
    order = stage.order()
    (order.project / "big").write_text("x" * 30_000)
    reads = [tool_use("read_file", {"path": "big"}) for _ in range(4)]
    full = Reply(pieces=(Text("So"),), stop="model_context_window_exceeded")
    stage.push(*reads, full, stage.report())
    assert isinstance(stage.run(order), Succeeded)
    before, after = (len(str(body["messages"])) for body in stage.bodies()[-2:])
    assert after < before


def test_a_window_that_stays_full_ends_it(stage):
    full = Reply(pieces=(Text("So"),), stop="model_context_window_exceeded", times=None)
    stage.push(full)
    outcome = stage.run()
    assert outcome.reason == "provider"
    assert "too long" in outcome.error


def test_turns_are_bounded(stage):
    stage.push(tool_use("list_files", {}, times=None))
    outcome = stage.run(executor=stage.executor(max_turns=4))
    assert (outcome.reason, len(stage.bodies())) == ("turns", 4)


def test_a_long_conversation_stays_within_its_limit(stage):
    order = stage.order(prompt="Read it all.")
    (order.project / "big").write_text("word " * 3000 + "\n")
    stage.push(*[tool_use("search", {"pattern": "word"}) for _ in range(3)])
    stage.push(*[tool_use("read_file", {"path": "big"}) for _ in range(40)], stage.report())
    executor = stage.executor(context_tokens=8000, max_tokens=1000)
    assert isinstance(stage.run(order, executor=executor), Succeeded)
    assert max(len(str(body["messages"])) for body in stage.bodies()) < 8000 * 4.6
    assert all("Read it all." in str(body["messages"][0]) for body in stage.bodies())
    assert "given up" in stage.log(order)


def test_a_budget_is_looked_at_before_each_answer(stage):
    stage.push(tool_use("list_files", {}, times=None))
    outcome = stage.run(budget_usd=0.02)
    assert (outcome.reason, outcome.retryable) == ("budget", False)
    spent = outcome.bill.cost_usd
    each = spent / len(stage.bodies())
    assert 0.02 <= spent < 0.02 + 3 * each


def test_a_budget_of_nothing_asks_for_nothing(stage):
    outcome = stage.run(executor=stage.executor(budget_usd=0.0))
    assert outcome.reason == "budget"
    assert stage.bodies() == []


def test_a_budget_needs_a_price(stage):
    outcome = stage.run(budget_usd=1.0, executor=stage.executor(prices={}))
    assert isinstance(outcome, Unable)
    assert "price" in outcome.error
    assert stage.bodies() == []


def test_without_prices_there_are_tokens_and_no_dollars(stage):
    stage.push(stage.report())
    outcome = stage.run(executor=stage.executor(prices={}))
    assert outcome.bill.used[0].output > 0
    assert outcome.bill.cost_usd is None


def test_the_task_may_name_the_model_and_the_settings_the_effort(stage):
    stage.push(stage.report())
    stage.run(model="claude-opus-5-5", executor=stage.executor(effort="high"))
    (body,) = stage.bodies()
    assert body["model"] == "claude-opus-5-5"
    assert body["output_config"] == {"effort": "high"}


def test_half_a_character_breaks_nothing(stage):
    order = stage.order(prompt="Do \udcff it.")
    (order.project / "caf\udce9").touch()
    stage.push(
        tool_use("write_file", {"path": "a", "content": "\ud800"}),
        tool_use("list_files", {}),
        stage.report(summary="It is \ud800 done."),
    )
    outcome = stage.run(order)
    assert isinstance(outcome, Succeeded)
    outcome.output.encode()


def test_the_offline_model_does_a_task_by_itself(stage):
    order = stage.order(
        prompt="## TASK-001 Write the summary\n\n- inputs: notes.md\n- artifacts: out/summary.md\n"
    )
    (order.project / "notes.md").write_text("The launch is on Friday.\n")
    outcome = stage.run(order)
    assert isinstance(outcome, Succeeded), outcome
    assert outcome.artifacts == ("out/summary.md",)
    assert "Friday" in (order.project / "out/summary.md").read_text()
