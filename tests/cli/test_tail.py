"""``tail``: the ledger's own lines for programs, one readable line an event for people."""

from __future__ import annotations

import io
import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import msgspec
import pytest

from taskboard.cli.tail import Lines
from taskboard.cli.text import Screen
from taskboard.core.codec import decode

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
