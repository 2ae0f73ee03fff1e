"""What agents' programs print, in the shapes seen of the real ones, and anything else."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from taskboard.core.agent_ending import Around, Ended, outcome_of_agent
from taskboard.core.bill import Bill, Rates, Usage
from taskboard.core.claude_code_stream import ClaudeCodeStream
from taskboard.core.codex_stream import CodexStream
from taskboard.core.gemini_stream import GeminiStream
from taskboard.core.outcome import Failed, NeedsInput, Snoozed, Succeeded, Unable

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
REPORT = {"status": "done", "summary": "Did it.", "artifacts": [], "question": ""}
AROUND = Around(
    bill=Bill(),
    run="r",
    sha256="0",
    log="output.log",
    now=NOW,
    login="log in",
    timeout=60,
    stall=None,
)


def outcome(stream, lines, code=0, stderr="", cause="exit"):
    for line in lines:
        stream.hear(line)
    turn = stream.turn(code, stderr)
    return outcome_of_agent(Ended(cause=cause, code=code, said=stderr, turn=turn), AROUND)


# claude


def result(**more):
    line = {
        "type": "result",
        "subtype": "success",
        "is_error": False,
        "terminal_reason": "completed",
        "session_id": "s",
        "structured_output": REPORT,
    }
    return {**line, **more}


def claude(line, code=1):
    return outcome(ClaudeCodeStream(), [line], code)


def api_error(status, said="API Error"):
    return result(
        is_error=True,
        api_error_status=status,
        terminal_reason="api_error",
        result=said,
        structured_output=None,
    )


def test_claude_ends_well_only_with_status_0_a_result_and_no_error():
    assert isinstance(claude(result(), code=0), Succeeded)
    assert claude(result(), code=1).reason == "exit"
    assert claude(result(is_error=True), code=0).reason == "exit"
    assert outcome(ClaudeCodeStream(), [], 0).reason == "exit"


@pytest.mark.parametrize(
    ("status", "reason", "retryable"),
    [(400, "provider", False), (413, "provider", False), (500, "provider", True)],
)
def test_claude_has_failed_when_its_service_has(status, reason, retryable):
    found = claude(api_error(status))
    assert (found.reason, found.retryable) == (reason, retryable)


def test_claude_says_that_it_stopped_though_its_subtype_says_success():
    refused = result(is_error=True, stop_reason="refusal", terminal_reason="api_error")
    assert claude(refused).reason == "refused"
    assert claude(result(is_error=True, subtype="error_max_turns")).reason == "turns"
    assert claude(result(is_error=True, subtype="error_max_budget_usd")).reason == "budget"
    aborted = result(is_error=True, subtype="error_during_execution", errors=["aborted"])
    assert claude(aborted, code=0).error == "aborted"


def test_claude_is_not_logged_in_or_has_no_money_left():
    poor = api_error(400, "Your credit balance is too low to access the API.")
    unknown = api_error(None, "Not logged in · Run /login")
    for line in (api_error(401), api_error(403), poor, unknown):
        assert isinstance(claude(line), Unable), line


def test_a_quota_of_claude_ends_when_it_says():
    assert claude(api_error(429)) == Snoozed(until="2026-11-21T08:15:00.000000Z")
    epoch = int(NOW.timestamp()) + 3600
    said = api_error(None, f"Claude AI usage limit reached|{epoch}")
    assert claude(said) == Snoozed(until="2026-11-21T09:00:00.000000Z")
    limit = {"type": "rate_limit_event", "rate_limit_info": {"status": "rejected"}}
    limit["rate_limit_info"]["resetsAt"] = epoch
    both = outcome(ClaudeCodeStream(), [limit, api_error(429)], 1)
    assert both == Snoozed(until="2026-11-21T09:00:00.000000Z")
    past = api_error(None, "Claude AI usage limit reached|1700000000")
    assert claude(past).until > "2026-11-21T08:00:00"


@pytest.mark.parametrize("delay", [10**18, 10**300, 99999999999])
def test_no_retry_of_claude_is_waited_for_longer_than_a_quota_lasts(delay):
    stream = ClaudeCodeStream()
    line = {"type": "system", "subtype": "api_retry", "error_status": 429}
    stream.hear({**line, "retry_delay_ms": delay})
    turn = stream.turn(None, "")
    found = outcome_of_agent(Ended(cause="closed", code=None, said="", turn=turn), AROUND)

    assert found == Snoozed(until="2026-11-29T08:00:00.000000Z")


@pytest.mark.parametrize("count", [10**320, 10**30])
def test_absurd_counts_of_tokens_are_cut_and_cost_no_run(count):
    stream = CodexStream("gpt")
    stream.hear({"type": "turn.completed", "usage": {"input_tokens": count}})
    rates = Rates(1.0, 1.0, 1.0, 1.0, 1.0)
    bill = Bill.of(stream.turn(0, "").total, {"gpt": rates})

    assert bill.used[0].input == 10**12
    assert bill.cost_usd == 1e6


def test_claude_counts_from_the_beginning_of_its_session():
    counts = {"inputTokens": 30, "outputTokens": 8, "cacheCreationInputTokens": 9}
    counts["cacheCreationEphemeral1hInputTokens"] = 4
    usage = {"input_tokens": 10, "cache_creation_input_tokens": 0}
    answer = {"id": "m", "model": "claude-sonnet-5-5", "usage": usage, "content": []}
    stream = ClaudeCodeStream()
    for _ in range(2):  # one answer comes as several lines
        stream.hear({"type": "assistant", "message": answer})
    stream.hear(result(modelUsage={"claude-sonnet-5-5": counts}))
    turn = stream.turn(0, "")
    whole = Usage(model="claude-sonnet-5-5", input=30, output=8, cache_write=5, cache_write_1h=4)
    assert turn.total == (whole,)
    assert turn.answers == (Usage(model="claude-sonnet-5-5", input=10),)


# codex


def codex(*lines, code=0):
    return outcome(CodexStream("gpt"), lines, code)


def said_by_codex(text):
    return {"type": "item.completed", "item": {"type": "agent_message", "text": text}}


COMPLETED = {"type": "turn.completed", "usage": {"input_tokens": 100, "cached_input_tokens": 40}}


def failed(message):
    return {"type": "turn.failed", "error": {"message": message}}


def test_codex_ends_well_only_with_a_completed_turn():
    remark = {"type": "item.completed", "item": {"type": "error", "message": "unknown model"}}
    lines = [remark, {"type": "error", "message": "Reconnecting... 1/1"}]
    assert isinstance(codex(*lines, said_by_codex(json.dumps(REPORT)), COMPLETED), Succeeded)
    assert codex(said_by_codex(json.dumps(REPORT))).reason == "exit"
    assert codex(said_by_codex("Done!"), COMPLETED).reason == "verdict"


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("unexpected status 401 Unauthorized: no", Unable),
        ("exceeded retry limit, last status: 429 Too Many Requests", Snoozed),
        ("Quota exceeded. Check your plan and billing details.", Snoozed),
        ("stream disconnected before completion: boom", Failed),
    ],
)
def test_codex_fails_in_words(message, kind):
    assert isinstance(codex(failed(message), code=1), kind)


def test_codex_says_when_its_quota_is_over():
    found = codex(failed("You've hit your usage limit. Try again in 3 hours 5 minutes."), code=1)
    assert found == Snoozed(until="2026-11-21T11:05:00.000000Z")


@pytest.mark.parametrize(
    ("told", "until"),
    [
        ("at Nov 26th, 2026 8:52 AM.", "2026-11-26T06:52:00.000000Z"),
        ("at Nov 22nd, 2026 12:05 AM.", "2026-11-21T22:05:00.000000Z"),
        ("at 11:52 AM.", "2026-11-21T09:52:00.000000Z"),
        ("at 9:30 AM.", "2026-11-22T07:30:00.000000Z"),
        ("at Dec 31st, 2999 8:52 AM.", "2026-11-29T08:00:00.000000Z"),
        ("at Nov 31st, 2026 8:52 AM.", "2026-11-21T08:15:00.000000Z"),
        ("in 99999999999 days 5 minutes", "2026-11-29T08:00:00.000000Z"),
        (f"in {'9' * 400} days", "2026-11-29T08:00:00.000000Z"),
    ],
)
def test_codex_tells_the_end_of_its_quota_in_the_machines_own_time(told, until):
    """Here two hours east of Greenwich, at ten in the morning."""
    stream = CodexStream("gpt")
    stream.hear(failed(f"You've hit your usage limit. Upgrade to Pro or try again {told}"))
    here = replace(AROUND, now=AROUND.now.astimezone(timezone(timedelta(hours=2))))
    turn = stream.turn(1, "")
    found = outcome_of_agent(Ended(cause="exit", code=1, said="", turn=turn), here)

    assert found == Snoozed(until=until)


def test_codex_counts_cached_tokens_within_the_prompt():
    stream = CodexStream("gpt")
    stream.hear(COMPLETED)
    assert stream.turn(0, "").total == (Usage(model="gpt", input=60, cache_read=40),)


# gemini


def gemini(*lines, code=0, stderr=""):
    return outcome(GeminiStream(), lines, code, stderr)


def piece(text):
    return {"type": "message", "role": "assistant", "content": text, "delta": True}


def error_line(message):
    return {"type": "result", "status": "error", "error": {"message": message}}


WELL = {"type": "result", "status": "success", "stats": {}}


def test_gemini_ends_well_only_with_a_result_of_success():
    text = json.dumps({**REPORT, "status": "question", "question": "Which?"})
    assert gemini(piece(text[:9]), piece(text[9:]), WELL) == NeedsInput(question="Which?")
    assert gemini(piece(json.dumps(REPORT))).reason == "exit"


def test_what_gemini_says_before_a_tool_is_no_part_of_its_report():
    tool = {"type": "tool_use", "tool_name": "write_file", "parameters": {}}
    lines = (piece("I write it."), tool, piece(json.dumps(REPORT)), WELL)
    assert isinstance(gemini(*lines), Succeeded)


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        (145, Unable, "authentication"),
        (41, Unable, "authentication"),
        (173, Snoozed, "quota"),
        (144, Failed, "provider"),
        (247, Failed, "provider"),
        (53, Failed, "turns"),
    ],
)
def test_gemini_says_by_its_exit_status_what_its_service_said(code, kind, reason):
    lines = [] if code == 41 else [error_line("[API Error: boom]")]
    found = gemini(*lines, code=code, stderr="You must specify the GEMINI_API_KEY")
    assert isinstance(found, kind), found
    assert found.reason == reason
