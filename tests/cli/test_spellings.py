"""A task goes through its life in the spelling that its author chose."""

from __future__ import annotations

import re

import pytest

SPELLINGS = {
    "bold": ("**Status:** {}  ", "**Owner**: ada  "),
    "bare": ("Status: {}", "Owner: ada"),
    "stars": ("* status: {}", "* **Assignee:** ada"),
    "wide": ("状态：{}", "负责人：ada"),
    "wide_list": ("- 状态：{}", "- 负责人：ada"),
    "bold_list": ("- **Status**: {}", "- **Owner：**ada"),
    "code": ("**State:** `{}`", "Owner: `ada`"),
}


def section(spelling: str, word: str, *lines: str) -> str:
    status, owner = SPELLINGS[spelling]
    rows = [f"## TASK-001 {spelling}", status.format(word), owner, "- run: echo hello", *lines]
    return "\r\n".join(["# Board", "", *rows, "", "Prose.", ""])


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_run_ends_with_the_word_and_one_line_of_ours(board, spelling):
    board.board.write_bytes(section(spelling, "ready").encode())
    assert board.ok("once")["completed"] == ["TASK-001"]
    task = board.task("TASK-001")
    assert (task["state"], task["owner"], task["tier"]) == ("done", "ada", "exit")
    text = board.board.read_bytes().decode()
    (line,) = re.findall("- result: [^\r]*", text)
    assert text == section(spelling, "done", line)
    assert board.ok("list")["tasks"][0]["pending"] is False


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_failure_is_told_and_ready_removes_all_that_was_written(board, spelling):
    text = section(spelling, "ready").replace("echo hello", "exit 3").replace("\r\n", "\n")
    text = text.replace("- run", "- max-attempts: 1\n- run")
    board.write(text)
    assert board("once").code == 1
    assert "failed:exhausted_retries" in board.board.read_text()
    board.ok("ready", "TASK-001")
    assert re.sub("- (result|note): .*\n", "", board.board.read_text()) == text


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_typed_word_is_read_in_every_spelling(board, spelling):
    board.board.write_bytes(section(spelling, "todo").encode())
    assert board.task("TASK-001")["kind"] == "open"
    board.ok("block", "TASK-001", "bo", "brief")
    assert board.board.read_bytes().decode() == section(spelling, "blocked:bo:brief")
    board.board.write_bytes(section(spelling, "READY").encode())
    board.ok("pause")
    assert board.task("TASK-001")["state"] == "ready"
    assert board.board.read_bytes().decode() == section(spelling, "READY")
