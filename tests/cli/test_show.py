"""``show``: a run's timeline, what proved it, what it cost, and why it was started."""

from __future__ import annotations

import io
import re

import pytest

from taskboard.cli.text import Screen
from taskboard.cli.timeline import Thought, receipt_line, run_lines, thought_line
from taskboard.core.deadletter import Story

START = "2026-11-20T12:00:00.000000Z"


def at(minutes, seconds=0):
    return f"2026-11-20T12:{minutes:02}:{seconds:02}.000000Z"


def story(**more):
    steps = [
        {"step": "analyze", "state": "completed", "started": START, "ended": at(0, 2)},
        {"step": "generate", "state": "failed", "started": at(0, 2), "ended": at(12, 2)},
    ]
    known = {"run": "r", "attempt": 3, "agent": "claude-a4b", "started": START, "steps": steps}
    ended = {"ended": at(12, 3), "outcome": "failed", "reason": "exit", "seconds": 723.0}
    return Story(
        **{**known, **ended, "cost_usd": 0.25, "error": "one\ntwo\n\nthree\nfour", **more}
    )


def thought(**more):
    known = {
        "seq": 9, "at": "2026-11-20T11:59:50.000000Z", "by": "claude", "action": "start",
        "reason": "it is the oldest", "executor": "codex", "model": "m-1", "fallback": "",
        "outdated": False, "cost_usd": 0.0031,
    }  # fmt: skip
    return Thought(**{**known, **more})


def told(run, log="runs/r/output.log", decided=(), stream=None):
    return list(run_lines(Screen(stream or io.StringIO()), run, log, decided))


def test_a_run_is_told_by_the_time_after_its_claim():
    head, *lines = told(story(), decided=[thought()])
    assert head == "  @3 claude-a4b  failed, 12m, $0.2500"
    assert [line.split()[:2] for line in lines[:5]] == [
        ["-10.0s", "decided"],
        ["claimed", "2026-11-20"],
        ["analyze", "2.0s"],
        ["+2.0s", "generate"],
        ["+12m", "failed"],
    ]
    assert lines[3].endswith("generate   12m, failed")
    assert lines[4].endswith("2026-11-20 12:12:03 (exit)")
    assert lines[5:-1] == ["    three", "    four"]
    assert lines[-1] == "    log runs/r/output.log"


def test_a_run_that_goes_on_has_no_end():
    running = story(
        ended=None, outcome="running", reason=None, seconds=None, error=None, cost_usd=None,
        steps=[{"step": "validate", "state": "running", "started": at(1), "ended": None}],
    )  # fmt: skip
    head, *lines = told(running, log=None)
    assert head == "  @3 claude-a4b  running"
    assert [line.split()[-2:] for line in lines[1:]] == [["check", "running"]]


def test_nothing_in_it_acts_on_a_terminal_or_makes_a_second_line():
    evil = "a\x1b[2Jb\nc"
    run = story(reason=evil, error=evil, steps=[], receipts=[{"tier": evil, "detail": {}}])
    lines = told(run, decided=[thought(reason="x" * 300)])
    assert "\x1b" not in "".join(lines)
    assert all("\n" not in line for line in lines)


class Window(io.StringIO):
    def isatty(self):
        return True


def test_it_is_no_wider_than_the_window(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("NO_COLOR", "1")
    receipt = {"tier": "artifact", "ok": True, "detail": {"path": "p" * 200}, "sha256": "f" * 64}
    run = story(error="e" * 300, receipts=[receipt])
    assert max(map(len, told(run, decided=[thought(reason="r" * 300)], stream=Window()))) <= 60


@pytest.mark.parametrize(
    ("receipt", "said"),
    [
        (
            {"tier": "artifact", "ok": True, "detail": {"path": "a.md", "bytes": 9}},
            "evidence: artifact holds, a.md (9 bytes)",
        ),
        (
            {"tier": "check", "ok": False, "detail": {"command": "test -s a", "problem": "no a"}},
            "evidence: check does not hold, test -s a (no a)",
        ),
        ({"tier": "human", "ok": True}, "evidence: human holds"),
    ],
)
def test_evidence_says_whether_it_holds_and_of_what(receipt, said):
    assert receipt_line(receipt) == said


def test_a_decision_says_by_whom_how_and_why():
    assert thought_line(thought()) == (
        'by claude: start with codex (m-1): "it is the oldest"  $0.0031'
    )
    late = thought(outdated=True, fallback="budget", executor="", model="", cost_usd=None)
    assert thought_line(late) == (
        'by claude: start, instead of a model: budget, too late: "it is the oldest"'
    )


def test_each_run_has_the_decision_that_led_to_it(board):
    board.ok("add", "Work", "--run", "exit 3", "--field", "max-attempts=1")
    board("once")
    board.ok("ready", "TASK-001")
    board("once")
    text = board("show", "TASK-001").out
    assert len(re.findall(r"decided +by priority: start with shell", text)) == 2
    found = board.ok("show", "TASK-001")
    assert [d["action"] for d in found["decisions"]] == ["start", "start"]
    starts = [run["started"] for run in found["runs"]]
    assert found["decisions"][0]["at"] < starts[0] < found["decisions"][1]["at"] < starts[1]


def test_a_decision_under_an_earlier_name_is_told_too(board):
    board.ok("add", "Work", "--run", "exit 3", "--field", "max-attempts=1")
    board("once")
    board.write(board.board.read_text().replace("TASK-001", "WORK-007"))
    board.ok("pause")
    assert [d["action"] for d in board.ok("show", "WORK-007")["decisions"]] == ["start"]


def test_events_leave_out_what_the_runs_tell_and_say_where_it_is(board):
    board.ok("add", "Work", "--run", "true", "--verify", "true")
    board.ok("once")
    text = board("show", "TASK-001").out
    events = text.partition("\nEvents\n")[2]
    assert "step" not in events
    assert re.search(r"\d+ more: taskboard tail --task TASK-001", events)
    assert re.search(r"^ +(\+\S+ +)?check  ", text, re.MULTILINE)
