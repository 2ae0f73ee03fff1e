"""``board`` and ``rebuild`` at the command line."""

from __future__ import annotations

import hashlib
import json

import pytest

TEXT = "# B\n\n## TASK-001 One\n- status: ready\n- run: true\n\nwords\n"


@pytest.fixture
def ran(board):
    """A board on which one task was done."""
    board.write(TEXT)
    board.ok("once")
    board.text = board.board.read_bytes()
    return board


def test_board_prints_the_bytes_that_stand_there(ran):
    assert ran("board").out.encode() == ran.text
    facts = ran.ok("board")
    assert facts["kind"] == "board"
    assert facts["sha256"] == hashlib.sha256(ran.text).hexdigest()
    assert (facts["at"], facts["held"], facts["pending"]) == (None, None, False)


def test_board_writes_nothing_and_marks_a_save_that_is_not_absorbed(ran):
    ran.write(ran.text.decode().replace("words", "other words"))
    before = ran.files()
    said = ran("board")
    assert said.out.encode() == ran.text
    assert "the board's file says something else" in said.err
    assert ran.ok("board")["pending"] is True
    assert ran.files() == before


def test_board_at_a_time_is_as_it_was(ran):
    moment = max(e["ts"] for e in map(json.loads, ran("tail", "--json").out.splitlines()))
    ran.ok("add", "Two")
    assert ran("board", "--at", moment).out.encode() == ran.text
    facts = ran.ok("board", "--at", moment)
    assert facts["text"].encode() == ran.text
    assert facts["since"] <= moment
    assert "## TASK-002 Two" in ran("board").out


@pytest.mark.parametrize("words", ["2h", "2h ago", "99d"])
def test_before_the_first_save_there_was_none(ran, words):
    error = ran("board", "--at", words, "--json")
    assert error.code == 66
    assert "tells of no board" in error.error["message"]


def test_a_time_that_is_none_is_refused(ran):
    said = ran("board", "--at", "nonsense", "--json")
    assert said.code == 2
    assert "--at 8h" in said.error["hint"]


def test_rebuild_writes_a_board_that_is_gone(ran):
    ran.board.unlink()
    assert ran("rebuild").out == "Written: task-board.md, from the ledger.\n"
    assert ran.board.read_bytes() == ran.text
    again = ran.ok("rebuild")
    assert (again["kind"], again["deed"], again["aside"]) == ("rebuild", "same", None)


def test_rebuild_puts_a_held_board_aside(ran):
    ran.write("")
    done = ran.ok("rebuild")
    assert done["deed"] == "replaced"
    assert (ran.folder / done["aside"]).read_bytes() == b""
    assert ran.board.read_bytes() == ran.text
    assert ran.ok("status")["held"] is None


def test_in_a_run_nothing_is_rebuilt(ran, monkeypatch):
    ran.board.unlink()
    monkeypatch.setenv("TASKBOARD_RUN", "TASK-001@1")
    assert ran("rebuild", "--json").error["code"] == "untrusted"
    assert not ran.board.exists()


def test_without_a_ledger_there_is_nothing_to_rebuild_or_to_print(desk):
    (desk.folder / "taskboard.toml").write_text("slots = 1\n")
    for words in (("rebuild",), ("board",), ("board", "--at", "1h")):
        assert desk(*words, "--json").error["code"] == "no_workspace"
    assert not desk.board.exists()
