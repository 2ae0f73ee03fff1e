"""Agents' programs may print anything: there is an outcome, and lines come whole."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskboard.core.agent_ending import Around, Ended, outcome_of_agent
from taskboard.core.agent_turn import LONGEST_LINE, JsonLines, Turn
from taskboard.core.bill import Bill, Usage
from taskboard.core.claude_code_stream import ClaudeCodeStream
from taskboard.core.codex_stream import CodexStream
from taskboard.core.gemini_stream import GeminiStream
from taskboard.core.outcome import NeedsInput, Succeeded
from taskboard.core.report_text import report_in
from taskboard.core.usage_sums import itemised, since, summed

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


STREAMS = (ClaudeCodeStream, lambda: CodexStream("gpt"), GeminiStream)
WORDS = (
    "type subtype message content usage result error item modelUsage stats models role text"
    " is_error errors permission_denials session_id thread_id status rate_limit_info changes"
    " error_status retry_delay_ms structured_output delta parameters cache_creation"
).split()
KINDS = (
    "assistant user result system api_retry rate_limit_event item.started item.completed error"
    " turn.completed turn.failed thread.started init message tool_use tool_result success"
    " agent_message command_execution file_change rejected"
).split()
words, kinds = st.sampled_from(WORDS), st.sampled_from(KINDS)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | kinds
inner = st.dictionaries(words, leaves, max_size=4)
outer = st.dictionaries(words, leaves | inner | st.lists(inner | leaves, max_size=2), max_size=4)
RETRIES = (
    r"2026-11-21T08:00:00Z WARN codex_core::responses_retry: x \(1/5 in [0-9]{1,20}(\.[0-9]*)?s\)"
    r"|x\. Retrying after [0-9]{1,20}ms\.\.\."
)
said = st.dictionaries(words, leaves | inner | outer | st.lists(outer, max_size=2), max_size=5)


@pytest.mark.parametrize("make", STREAMS)
@given(
    lines=st.lists(st.tuples(kinds, said), max_size=4),
    code=st.none() | st.integers(0, 255),
    stderr=st.text(max_size=40) | st.from_regex(RETRIES, fullmatch=True),
    cause=st.sampled_from(["exit", "signal", "timeout", "stall", "lost", "closed"]),
)
def test_whatever_is_said_there_is_an_outcome(make, lines, code, stderr, cause):
    stream = make()
    for kind, line in lines:
        assert isinstance(stream.hear({**line, "type": kind}), str)
    stream.overhear(stderr)
    turn = stream.turn(code, stderr)
    assert isinstance(turn, Turn)
    found = outcome_of_agent(Ended(cause=cause, code=code, said=stderr, turn=turn), AROUND)
    well = cause == "closed" or (cause, code) == ("exit", 0)
    assert well or not isinstance(found, Succeeded | NeedsInput)


NOISE = (b"", b"warning: x\n", b"[1, 2]\n", b"{torn\n", b"\xff\xfe\n", b"\n")


@given(
    st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=5)), max_size=4),
    st.sampled_from(NOISE),
    st.integers(1, 40),
)
def test_lines_come_whole_however_they_are_cut_and_whatever_stands_between(objects, noise, size):
    whole = b"".join(noise + json.dumps(o).encode() + b"\n" for o in objects).removesuffix(b"\n")
    lines = JsonLines()
    cut = [whole[at : at + size] for at in range(0, len(whole), size)]
    found = [found for part in cut for found in lines.feed(part)]
    assert found + list(lines.finish()) == objects


def test_a_line_without_end_is_left_out_and_the_next_is_heard():
    lines = JsonLines()
    piece = b'{"a": "' + b"x" * (1 << 20)
    assert not [x for _ in range(LONGEST_LINE // len(piece) + 2) for x in lines.feed(piece)]
    assert list(lines.feed(b'"}\n{"b": 1}\n')) == [{"b": 1}]


def test_a_report_is_the_whole_text_or_none():
    text = json.dumps(REPORT)
    assert report_in(f"\n {text}\n") == REPORT
    assert report_in(f"```json\n{text}\n```") == REPORT
    for wrong in (f"Here it is: {text}", f"{text}\n{text}", "[]", "", '"done"', "{" * 100_000):
        assert report_in(wrong) is None


counts = st.integers(0, 50)
usages = st.builds(
    Usage, model=st.sampled_from("ab"), input=counts, output=counts, cache_read=counts
)


@given(st.lists(usages, max_size=4), st.lists(usages, max_size=4))
def test_what_was_used_since_is_what_was_added(before, more):
    added = {m: u for m, u in summed(more).items() if u != Usage(model=m)}
    assert summed(since([*before, *more], before)) == added


@given(st.lists(usages, max_size=4), st.lists(usages, max_size=4))
def test_items_add_up_to_the_total(total, answers):
    wanted = {m: u for m, u in summed(total).items() if u != Usage(model=m)}
    found = {m: u for m, u in summed(itemised(total, answers)).items() if u != Usage(model=m)}
    assert found == wanted
