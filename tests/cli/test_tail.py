"""``tail``: the ledger's own lines for programs, one readable line an event for people."""

from __future__ import annotations

import io
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import msgspec
import pytest

from taskboard.cli.tail import Lines
from taskboard.cli.text import Screen, width_of
from taskboard.core.codec import decode
from taskboard.core.event import EventType

PATIENCE = 30.0


def told(event, screen=None):
    """An event as it is printed into a pipe, or on a screen."""
    return "\n".join(Lines(screen or Screen(io.StringIO())).of(event))


@contextmanager
def following(folder, *words: str):
    process = subprocess.Popen(
        [sys.executable, "-m", "taskboard", "tail", "-f", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def until(process, words: bytes) -> bytes:
    text, end = b"", time.monotonic() + PATIENCE
    while words not in text:
        found, _, _ = select.select([process.stdout], [], [], max(end - time.monotonic(), 0))
        piece = os.read(process.stdout.fileno(), 65536) if found else b""
        assert piece, f"no {words!r} in {text!r}"
        text += piece
    return text


def test_in_json_the_lines_are_the_ledgers_byte_for_byte(board):
    board.ok("add", "Wörk 研究")
    assert board("tail", "--json").out.encode() == (board.folder / "events.jsonl").read_bytes()


def test_it_can_be_narrowed_to_a_task_and_a_type(board):
    board.ok("add", "One")
    board.ok("add", "Two")
    lines = board("tail", "--json", "--task", "task-002", "--type", "created").out.splitlines()
    assert [json.loads(line)["task"] for line in lines] == ["TASK-002"]


def test_only_the_last_lines_when_asked(board):
    board.ok("add", "One")
    board.ok("add", "Two")
    lines = board("tail", "-n", "1", "--json", "--type", "created").out.splitlines()
    assert [json.loads(line)["task"] for line in lines] == ["TASK-002"]


def test_for_people_an_event_is_one_line_without_control_characters(board):
    board.ok("add", "One")
    lines = (board.folder / "events.jsonl").read_bytes().splitlines(keepends=True)
    line = next(line for line in lines if b'"type":"created"' in line)
    evil = msgspec.structs.replace(decode(line), data={"title": "a\x1b[2Jb\nc\u202ed"})
    text = told(evil)
    assert "\x1b" not in text
    assert "\n" not in text
    assert "\u202e" not in text
    assert "TASK-001  new, ready: a" in text


START = {"task": "TASK-001", "executor": "codex", "reason": "x"}
OTHER = {"task": "TASK-002", "reason": "x"}
USED = [{"model": "m", "input": 7}]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"chosen": [START]}, "by mind start TASK-001 with codex"),
        ({"chosen": []}, "by mind start nothing"),
        ({"fallback": "budget", "chosen": []}, "by mind (instead of a model: budget) start"),
        ({"chosen": [START], "outdated": True}, "by mind too late: the board had changed"),
        ({"questions": [OTHER], "skipped": [OTHER]}, "ask about TASK-002; skip TASK-002"),
        ({"skipped": [OTHER] * 5}, "skip TASK-002, TASK-002, TASK-002 and 2 more"),
        ({"chosen": [], "dropped": 2}, "start nothing (2 of its proposals do not count)"),
        ({"usage": USED, "cost_usd": 0.01234}, "start nothing $0.0123"),
        ({"usage": USED, "cost_usd": None}, "start nothing at a price nobody knows"),
        ({"cost_usd": 0.0}, "by mind start nothing"),
    ],
)
def test_a_decision_says_who_made_it_what_it_came_to_and_what_it_cost(board, data, said):
    board.ok("add", "One")
    line = (board.folder / "events.jsonl").read_bytes().splitlines(keepends=True)[-1]
    made = {"type": "decided", "task": None, "from_": None, "to": None, "actor": "daemon"}
    text = told(msgspec.structs.replace(decode(line), data={"by": "mind", **data}, **made))
    assert said in text
    assert ("$" in text) == (data.get("cost_usd") == 0.01234)


def test_it_follows_and_an_interruption_is_a_clean_end(board):
    with following(board.folder, "--json") as process:
        until(process, b"ledger_opened")
        board.ok("add", "One")
        until(process, b'"title":"One"')
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE) == 0
        assert process.stderr.read() == b""


def test_it_goes_on_with_another_ledger_in_the_same_place(board):
    with following(board.folder) as process:
        until(process, b"ledger opened")
        ledger = board.folder / "events.jsonl"
        ledger.rename(board.folder / "old.jsonl")
        board.ok("add", "Afterwards")
        until(process, b"Afterwards")


def test_it_waits_for_a_ledger_that_is_not_there_yet(desk):
    desk.write("# Board\n")
    with following(desk.folder) as process:
        desk.ok("add", "One")
        until(process, b"new, ready: One")


def test_a_task_that_nobody_knows_ends_with_66_as_for_show(board):
    said = board("tail", "--task", "nope", "--json")
    assert (said.code, said.error["code"]) == (66, "no_task")


def test_a_type_that_no_event_has_names_those_near_it(board):
    said = board("tail", "--type", "claim", "--json")
    assert (said.code, said.error["code"]) == (2, "usage")
    assert "claimed" in said.error["message"]
    assert "ledger_opened" in board("tail", "--type", "xyz", "--json").error["hint"]


def test_a_task_is_followed_over_a_change_of_its_id(board):
    board.ok("add", "Work", "--status", "todo")
    board.write(board.board.read_text().replace("TASK-001", "WORK-007"))
    board.ok("pause")
    lines = board("tail", "--json", "--task", "WORK-007").out.splitlines()
    assert json.loads(lines[0])["type"] == "created"


def test_a_ledger_that_goes_on_in_a_new_file_is_followed_without_telling_anything_twice(board):
    with following(board.folder) as process:
        until(process, b"ledger opened")
        board.ok("add", "Before")
        until(process, b"new, ready: Before")
        ledger = board.folder / "events.jsonl"
        (board.folder / "sealed.jsonl").write_bytes(ledger.read_bytes())
        fresh = board.folder / "fresh.jsonl"
        fresh.write_bytes(ledger.read_bytes())
        fresh.rename(ledger)  # another file, which goes on from what was read
        board.ok("add", "After")
        said = until(process, b"new, ready: After")
        assert b"Before" not in said
        assert b"ledger opened" not in said


@pytest.mark.parametrize("lines", [(), ("-n", "1")])
def test_a_fork_goes_on_where_the_old_ledger_was_read_to_and_says_so_in_one_line(board, lines):
    board.ok("add", "Before")
    with following(board.folder, *lines) as process:
        until(process, b"\n")
        board.ok("add", "Lately")
        until(process, b"new, ready: Lately")
        board.ok("fork")
        said = until(process, b"of the one before it\n")
        board.ok("add", "After")
        said += until(process, b"new, ready: After")
    assert said.count(b"a new ledger goes on from event ") == 1
    assert b"Before" not in said
    assert b"Lately" not in said


def test_after_a_rollback_a_fork_is_followed_from_where_both_ledgers_part(board):
    ledger = board.folder / "events.jsonl"
    board.ok("add", "Before")
    old = ledger.read_bytes()
    with following(board.folder, "--json") as process:
        board.ok("add", "Lost")
        said = until(process, b'"title":"Lost"')
        ledger.write_bytes(old)
        assert board("fork", "--json").code == 0
        board.ok("add", "After")
        said += until(process, b'"title":"After"')
    ids = [json.loads(line)["id"] for line in said.splitlines()]
    assert len(set(ids)) == len(ids)
    here = [json.loads(line) for line in ledger.read_bytes().splitlines()]
    after = next(e["seq"] for e in here if e["data"].get("title") == "After")
    assert {e["id"] for e in here if e["seq"] <= after} <= set(ids)


def test_a_salvaged_ledger_is_followed_from_the_last_event_that_it_has_kept(board):
    ledger = board.folder / "events.jsonl"
    board.ok("add", "Hurt", "--status", "todo")
    board.ok("add", "Whole", "--status", "todo")
    with following(board.folder, "--json") as process:
        said = until(process, b'"title":"Whole"')
        with ledger.open("r+b") as file:
            file.seek(ledger.read_bytes().index(b'"title":"Hurt"'))
            file.write(b'"title":"Hxrt"')
        assert board("salvage", "--json").code == 0
        board.ok("add", "After")
        said += until(process, b'"title":"After"')
    lines = [json.loads(line) for line in said.splitlines()]
    ids = [line["id"] for line in lines]
    assert len(set(ids)) == len(ids)
    assert [line["type"] for line in lines].count("ledger_opened") == 2
    assert "ledger_repaired" in [line["type"] for line in lines]


def test_who_follows_sees_the_end_of_the_past_and_a_program_all_of_it(board):
    board.write(
        "# B\n" + "".join(f"\n## TASK-{n:03} Task {n}\n- status: todo\n" for n in range(25))
    )
    board.ok("pause")
    board.ok("resume")
    with following(board.folder) as process:
        said = until(process, b"goes on")
    assert said.count(b"\n") == 20
    with following(board.folder, "--json") as process:
        said = until(process, b'"resumed"')
    assert said.count(b"\n") >= 26


def test_what_another_line_says_anyway_is_left_out_unless_somebody_asks(board):
    board.ok("add", "Work", "--run", "true", "--verify", "true")
    board.ok("once")
    text = board("tail").out
    assert "done, verified (check)" in text
    assert "step validate" not in text
    assert "evidence holds" not in text
    for words in (("--all",), ("--task", "TASK-001")):
        assert "step validate completed" in board("tail", *words).out
    assert "evidence holds" in board("tail", "--type", "validated").out
    assert "validated" in board("tail", "--json").out


def test_since_leaves_out_what_was_before(board):
    board.ok("add", "One")
    assert board("tail", "--since", "0s").out == ""
    assert "new, ready: One" in board("tail", "--since", "1h").out
    assert len(board("tail", "--since", "1h", "-n", "1").out.splitlines()) == 1
    assert board("tail", "--since", "whenever", "--json").code == 2


def test_who_interrupts_without_following_is_told_so_by_the_exit_status(board, monkeypatch):
    def interrupt(*_args, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr("taskboard.cli.call.Call.run", interrupt)
    assert board("tail").code == 130
    assert board("tail", "-f").code == 0


class Window(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def window(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return lambda: Screen(Window())


def event(board, **more):
    lines = (board.folder / "events.jsonl").read_bytes().splitlines(keepends=True)
    made = next(found for found in map(decode, lines) if found.type == "created")
    return msgspec.structs.replace(made, **more)


def test_in_a_narrow_window_a_line_is_no_wider_either(board, window, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    board.ok("add", "Work")
    data = {"error": "no paper " * 20}
    for line in Lines(window(), indent="  ").of(event(board, type="failed", data=data), "Work"):
        assert width_of(re.sub(r"\x1b\[[0-9;]*m", "", line)) < 40


def test_on_a_terminal_a_line_is_no_wider_than_the_window_and_the_title_gives_way(board, window):
    board.ok("add", "研究" * 40)
    made = {"from_": "running:x:2026-11-20T00:00Z", "to": "done", "run": "r", "agent": "shell-a4b"}
    data = {"tier": "check", "verified": True, "duration_s": 754.2}
    done = event(board, type="completed", actor="daemon", data=data, **made)
    lines = Lines(window()).of(done, "研究" * 40)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", lines[-1])
    assert width_of(plain) <= 80
    assert "done, verified (check) by shell-a4b in 12m  研究" in plain
    assert "\x1b[32m" in lines[-1]
    assert "\x1b" not in told(done)


def test_on_a_terminal_a_new_day_has_a_line_of_its_own(board, window):
    board.ok("add", "One")
    lines = Lines(window())
    first = lines.of(event(board, ts="2026-11-20T12:00:00.000000Z"))
    second = lines.of(event(board, ts="2026-11-20T12:00:01.000000Z"))
    third = lines.of(event(board, ts="2026-11-22T12:00:00.000000Z"))
    assert [len(found) for found in (first, second, third)] == [2, 1, 2]
    assert "November 2026" in third[0]


def test_a_time_that_cannot_be_read_is_told_as_it_stands(board):
    board.ok("add", "One")
    assert told(event(board, ts="sometime")).startswith("sometime  TASK-001")


@pytest.mark.parametrize("kind", [kind.value for kind in EventType] + ["made_tomorrow"])
def test_every_fact_has_words_whatever_it_lacks(board, kind):
    board.ok("add", "One")
    bare = {"type": kind, "data": {}, "to": None, "from_": None, "agent": None, "run": None}
    text = told(event(board, **bare))
    assert len(text.splitlines()) == 1
    assert len(text) > len("2026-11-20 12:00:00  TASK-001  ")
    assert "_" not in text.partition("TASK-001")[2].replace("_blocked", "")
