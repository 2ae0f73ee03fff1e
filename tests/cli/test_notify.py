"""Setting ``notify``, from the settings to a real script."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from taskboard.app import open_app

NOTIFY = 'notify = "cat >> told.jsonl; echo $TASKBOARD_EVENT $TASKBOARD_TASK >> told.txt"\n'


@pytest.fixture
def telling(board):
    """A workspace that tells into a file, and is trusted with it."""
    (board.folder / "taskboard.toml").write_text(NOTIFY)
    assert board("trust").code == 0
    return board


def told(board):
    try:
        return (board.folder / "told.txt").read_text().splitlines()
    except FileNotFoundError:
        return []


def test_a_script_hears_of_what_once_has_done(telling):
    telling.ok("add", "Good", "--run", "true")
    telling.ok("add", "Bad", "--run", "exit 3", "--field", "max-attempts=1")
    telling("once")
    assert sorted(told(telling)) == ["done TASK-001", "failed TASK-002"]
    facts = [json.loads(s) for s in (telling.folder / "told.jsonl").read_text().splitlines()]
    assert {f["title"] for f in facts} == {"Good", "Bad"}
    assert all(f["kind"] == "notify" for f in facts)
    assert "exit status 3" in next(f["reason"] for f in facts if f["event"] == "failed")
    telling("once")
    assert len(told(telling)) == 2, "nothing is told twice"


def test_what_fails_to_tell_is_said_by_away_and_tail(telling):
    (telling.folder / "taskboard.toml").write_text('notify = "echo offline; exit 9"\n')
    telling("trust")
    telling.ok("add", "Good", "--run", "true")
    telling("once")
    assert "notify failed once, last: exit status 9" in telling("away").out
    assert "notify could not tell of it: exit status 9, offline" in telling("tail").out


def test_a_command_in_settings_that_nobody_trusts_is_no_bell(board):
    (board.folder / "taskboard.toml").write_text(NOTIFY)
    assert open_app(Path.cwd()).ctx.bell is None
    assert board("once", "--json").code == 3
    board("trust")
    assert open_app(Path.cwd()).ctx.bell is not None


def test_without_the_setting_there_is_no_bell(board):
    assert open_app(Path.cwd()).ctx.bell is None
