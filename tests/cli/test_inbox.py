"""Boxes under a heading Inbox: listed as open, and made tasks by ``ready --line N``."""

from __future__ import annotations

import subprocess
import sys

import pytest

INBOX = (
    "# Board\n\n## Inbox\n\n- [ ] Call Ann\n  - at noon\n- [x] Old\n- [ ] Water the plants\n\n"
    "## TASK-007 Known\n- status: todo\n\n- [ ] a criterion\n"
)


def titles(board, *args):
    return [(t["task"], t["title"]) for t in board.ok("list", *args)["tasks"]]


def test_open_boxes_are_listed_as_open_and_are_no_tasks(board):
    board.write(INBOX)
    known, first, second = board.ok("list")["tasks"]
    assert set(known) == set(first)
    assert [first[key] for key in ("task", "task_id", "title", "state", "kind")] == [
        None, None, "Call Ann", "open", "open",
    ]  # fmt: skip
    assert (first["runnable"], first["why"], first["line"], second["line"]) == (
        False,
        "open",
        5,
        8,
    )
    assert titles(board, "--status", "open") == [
        ("TASK-007", "Known"), (None, "Call Ann"), (None, "Water the plants"),
    ]  # fmt: skip
    assert titles(board, "--status", "done") == titles(board, "--next") == []
    said = board("list").out.splitlines()
    assert [line.split()[0] for line in said] == ["TASK-007", "Inbox", "Inbox"]
    assert said[1].endswith("ready --line 5")


def test_a_box_becomes_a_canonical_section_and_stays_as_it_was_typed(board):
    board.write(INBOX)
    answer = board.ok("ready", "--line", "5")
    assert (answer["kind"], answer["task"], answer["state"]) == ("ready", "TASK-008", "ready")
    assert set(answer) == {
        "schema_version", "kind", "task", "task_id", "run", "attempt", "state", "seq",
    }  # fmt: skip
    assert board.board.read_text() == (
        f"{INBOX}\n## TASK-008 Call Ann\n- status: ready\n\n- at noon\n"
    )
    assert board.task("TASK-008")["origin"] == "command"
    assert titles(board) == [
        ("TASK-007", "Known"), ("TASK-008", "Call Ann"), (None, "Water the plants"),
    ]  # fmt: skip


def test_the_same_box_never_becomes_two_tasks(board):
    board.write(INBOX)
    first = board.ok("ready", "--line", "5")
    before = board.board.read_bytes()
    assert board.ok("ready", "--line", "5")["task_id"] == first["task_id"]
    board.write("\n" + board.board.read_text())
    assert board.ok("ready", "--line", "6")["task"] == "TASK-008"
    assert board.board.read_bytes() == b"\n" + before
    board.ok("done", "TASK-008")
    assert board.ok("ready", "--line", "6")["state"] == "done"


def test_a_box_that_several_ask_for_at_once_becomes_one_task(board):
    board.write(INBOX)
    command = [sys.executable, "-m", "taskboard", "ready", "--line", "5"]
    asked = [
        subprocess.Popen(command, cwd=board.folder, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert {process.communicate()[0] for process in asked} == {"TASK-008 is ready\n"}
    assert board.board.read_text().count("## TASK-008 Call Ann") == 1
    assert len(titles(board)) == 3


def test_a_second_box_with_the_same_words_is_another_task(board):
    board.write("## Inbox\n- [ ] Water\n")
    assert board.ok("ready", "--line", "2")["task"] == "TASK-001"
    text = board.board.read_text()
    board.write(text.replace("- [ ] Water", "- [ ] Water\n- [x] Water"))
    assert titles(board)[1:] == [(None, "Water")]
    assert board.ok("ready", "--line", "2")["task"] == "TASK-002"
    assert titles(board) == [("TASK-001", "Water"), ("TASK-002", "Water")]


@pytest.mark.parametrize("line", ["1", "3", "6", "7", "13", "99", "0", "-1"])
def test_a_line_without_an_open_box_is_told(board, line):
    board.write(INBOX)
    said = board("ready", f"--line={line}", "--json")
    assert (said.code, said.error["code"]) == (2, "usage")
    assert f"Line {line} of task-board.md" in said.error["message"]
    assert said.error["hint"] == "Open boxes: line 5, 8."
    assert board.board.read_text() == INBOX


@pytest.mark.parametrize("args", [(), ("TASK-007", "--line", "5")])
def test_either_a_task_or_a_line_is_named(board, args):
    board.write(INBOX)
    said = board("ready", *args, "--json")
    assert (said.code, said.error["code"]) == (2, "usage")


def test_a_held_board_gives_no_task_away(board):
    board.write(INBOX)
    board.ok("list")
    board.ok("ready", "TASK-007")
    board.write(f"<<<<<<< a\n{INBOX}>>>>>>> b\n")
    said = board("ready", "--line", "6", "--json")
    assert (said.code, said.error["code"]) == (3, "board_held")


def test_text_that_can_be_no_task_is_refused_and_nothing_is_written(board):
    text = "## Inbox\n- [ ] x\n  ```\n  open\n\n## TASK-001 y\n- status: todo\n"
    board.write(text)
    said = board("ready", "--line", "2", "--json")
    assert (said.code, said.error["code"]) == (2, "usage")
    assert board.board.read_text() == text
