"""A board that is gone while its ledger knows tasks: it is to be put back, not begun anew."""

from __future__ import annotations

import pytest


@pytest.fixture
def lost(board):
    """Three tasks, and no board any more."""
    for title in ("One", "Two", "Three"):
        board.ok("add", title, "--run", "true")
    board.text = board.board.read_bytes()
    board.board.unlink()
    return board


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("init",), 3),
        (("once",), 3),
        (("add", "More"), 3),
        (("claim", "--next", "--agent", "me"), 3),
        (("ready", "TASK-001"), 3),
        (("accept",), 3),
        (("check",), 66),
    ],
)
def test_whatever_wants_the_board_says_where_its_text_lies(lost, words, code):
    said = lost(*words, "--json")
    assert said.code == code
    error = said.error
    assert error["code"] == ("board_held" if code == 3 else "no_workspace")
    assert "The ledger knows 3 tasks, but task-board.md is gone." in error["message"]
    assert error["hint"].endswith("Or write it anew from the ledger: taskboard rebuild")
    assert "taskboard init" not in error["hint"]
    assert not lost.board.exists()


def test_the_hint_brings_the_text_back(lost):
    command = lost("init", "--json").error["hint"].rpartition(": ")[2].split()
    assert command == ["taskboard", "rebuild"]
    assert lost.ok(*command[1:])["deed"] == "made"
    assert lost.board.read_bytes() == lost.text
    assert lost.ok("once")["completed"] == ["TASK-001", "TASK-002", "TASK-003"]


def test_status_and_why_say_it_too(lost):
    out = lost("status").out
    assert "Held: The ledger knows 3 tasks, but task-board.md is gone." in out
    assert "clears it: Put it back" in out
    assert any("taskboard rebuild" in step for step in lost.ok("why", "TASK-001")["clear"])


def test_a_renamed_board_is_pointed_out(lost):
    (lost.folder / "tasks.md").write_bytes(lost.text)
    assert lost("init", "--json").error["hint"].startswith("tasks.md looks like it")


def test_init_refuses_over_a_ledger_that_lost_its_state_folder_as_well(lost):
    import shutil

    shutil.rmtree(lost.folder / ".taskboard")
    error = lost("init", "--json").error
    assert error["code"] == "board_held"
    assert "rebuild" not in error["hint"]
    assert not lost.board.exists()


def test_init_goes_on_where_the_ledger_knows_no_task(board):
    board.board.unlink()
    assert board.ok("init")["created"] is True


def test_init_counts_one_task_as_one(desk):
    desk.ok("init")
    assert "it has 1 task." in desk("init").out
