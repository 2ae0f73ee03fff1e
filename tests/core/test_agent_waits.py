"""A program that would wait for a long time is ended, and its task waits as long instead."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from taskboard.core.agent_ending import Around, Ended, outcome_of_agent
from taskboard.core.bill import Bill
from taskboard.core.claude_code_stream import ClaudeCodeStream
from taskboard.core.codex_stream import CodexStream
from taskboard.core.gemini_stream import GeminiStream
from taskboard.core.outcome import Snoozed

AROUND = Around(
    bill=Bill(),
    run="r",
    sha256="0",
    log="output.log",
    now=datetime(2026, 11, 21, 8, tzinfo=UTC),
    login="log in",
    timeout=60,
    stall=None,
)


def ended(stream, cause="closed", code=None):
    turn = stream.turn(code, "")
    return outcome_of_agent(Ended(cause=cause, code=code, said="", turn=turn), AROUND)


def test_claude_is_not_waited_for_through_a_long_retry():
    stream = ClaudeCodeStream()
    retry = {"type": "system", "subtype": "api_retry", "error_status": 429}
    stream.hear({**retry, "retry_delay_ms": 7000})
    assert stream.over is None
    stream.hear({**retry, "retry_delay_ms": 3_600_000})
    assert stream.over == 0.0
    assert ended(stream) == Snoozed(until="2026-11-21T09:00:00.000000Z")


BEGINS = "2026-11-21T08:00:00.000000Z  WARN "
WAITS = BEGINS + "codex_core::responses_retry: stream disconnected - retrying sampling request"


def test_codex_is_not_waited_for_through_a_long_retry():
    stream = CodexStream("gpt")
    stream.overhear(f"{WAITS} (1/5 in 204.5ms)... sampling_error=last status: 429")
    stream.overhear(f"{WAITS} (2/5 in 59.99s)... sampling_error=last status: 429")
    assert stream.over is None
    stream.overhear(f"{WAITS} (3/5 in 3600s)... max_retries=5 sampling_error=rate limit exceeded")
    assert stream.over == 0.0
    assert stream.turn(None, "").trouble.error == "rate limit exceeded"
    assert ended(stream) == Snoozed(until="2026-11-21T09:00:00.000000Z")


def test_what_codex_tells_of_a_wait_after_its_turn_is_over_changes_nothing():
    stream = CodexStream("gpt")
    stream.hear({"type": "turn.failed", "error": {"message": "boom"}})
    over = stream.over
    stream.overhear(f"{WAITS} (3/5 in 3600s)... sampling_error=last status: 429")
    assert (stream.over, stream.turn(1, "").trouble.kind) == (over, "provider")


@pytest.mark.parametrize(
    "line",
    [
        'log.info("retrying (1/5 in 7200s)")',
        f"exec_command failed for `echo {WAITS} (1/5 in 3600s)`",
        "2026-11-21T08:00:00.000000Z ERROR codex_core::tools: retrying (1/5 in 3600s)",
    ],
)
def test_what_codex_quotes_is_no_wait_of_its_own(line):
    stream = CodexStream("gpt")
    stream.overhear(line)
    assert stream.over is None


def test_what_gemini_quotes_is_no_wait_of_its_own():
    stream = GeminiStream()
    stream.overhear("Error executing tool replace: could not find 'Retrying after 300000ms' in it")
    assert stream.over is None


@pytest.mark.parametrize("word", ["retrying ", "codex_core::responses_retry: ", f"{WAITS} "])
def test_a_line_of_any_words_is_looked_at_in_no_time(word):
    for begin in ("", f"{WAITS} ", BEGINS):
        started = time.process_time()
        CodexStream("gpt").overhear((begin + word * 8192)[:8192])
        assert time.process_time() - started < 0.5


def test_gemini_is_not_waited_for_through_a_long_retry():
    stream = GeminiStream()
    stream.overhear("Attempt 1 failed: Slow down.. Retrying after 5077ms...")
    assert stream.over is None
    stream.overhear("Suggested retry after 120s.. Retrying after 120000ms...")
    assert stream.over == 0.0
    assert ended(stream) == Snoozed(until="2026-11-21T08:02:00.000000Z")


@pytest.mark.parametrize(
    ("told", "until"),
    [
        ("Suggested retry after 3600s.]", "2026-11-21T09:00:00.000000Z"),
        ("Suggested retry after 3600.5s.]", "2026-11-21T09:00:00.500000Z"),
        ("Suggested retry after 999999999999s.]", "2026-11-29T08:00:00.000000Z"),
        (f"Suggested retry after {'9' * 400}s.]", "2026-11-21T08:15:00.000000Z"),
        ("Please wait and try again later.", "2026-11-21T08:15:00.000000Z"),
    ],
)
def test_gemini_says_when_its_quota_is_over(told, until):
    stream = GeminiStream()
    said = f"[API Error: You exceeded your current quota.\n{told}"
    stream.hear({"type": "result", "status": "error", "error": {"message": said}})
    assert ended(stream, "exit", 173) == Snoozed(until=until)
