"""A workspace begins; nothing in it runs before its user has said so."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

STRANGE = "# Board\n\n## TASK-001 Work\n- status: ready\n- run: touch ran\n- verify: true\n"


def test_init_makes_a_board_that_runs_to_the_end(desk):
    made = desk.ok("init")
    assert made["created"] is True
    assert made["trusted"] is True
    assert made["ignored"] == ["events.jsonl", ".taskboard/"]
    assert desk.ok("once")["completed"] == ["TASK-001"]
    assert desk.task("TASK-001")["verified"] is True


def test_init_explains_the_lines_that_matter_as_they_stand_on_the_board(desk):
    said = desk("init")
    board = (desk.folder / "task-board.md").read_text()
    shown = [line.strip().partition("    ")[0] for line in said.out.splitlines()[1:4]]
    for line in shown:
        assert line.partition("...")[0].rstrip() in board, line


def test_what_a_linked_gitignore_leads_to_is_left_alone(desk, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine\n")
    (desk.folder / ".gitignore").symlink_to(victim)
    said = desk("init")
    assert said.code == 0
    assert victim.read_text() == "mine\n"
    assert ".gitignore was left as it is" in said.err


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_a_gitignore_that_is_no_file_is_left_alone(desk, make):
    make(desk.folder / ".gitignore")
    said = desk("init")
    assert (said.code, (desk.folder / "task-board.md").exists()) == (0, True)
    assert "Have git ignore" in said.err


def test_a_folder_that_cannot_be_made_is_said_to_be_so(desk):
    (desk.folder / "file").write_text("")
    said = desk("init", "file/x")
    assert said.code == 2
    assert "cannot be made" in said.err


def test_the_paragraph_for_other_agents_is_printed_and_nothing_is_made(desk):
    said = desk("init", "--agents-md")
    assert said.code == 0
    assert "taskboard claim --next" in said.out
    assert list(desk.folder.iterdir()) == []


def test_what_the_paragraph_tells_agents_to_do_works(desk, monkeypatch):
    desk.write("# B\n\n## TASK-001 One\n- status: ready\n- agent: me\n")
    monkeypatch.setenv("TASKBOARD_TRUST", "1")
    said = desk("init", "--agents-md").out
    words = re.findall(r"`taskboard ([a-z]+)((?: --[a-z-]+)*)", said)
    for name, options in words:
        assert set(options.split()) <= set(re.findall(r"--[a-z-]+", desk(name, "--help").out))
    label = desk.ok("claim", "--next", "--agent", "me")["label"]
    desk.ok("heartbeat", label)
    assert desk("complete", label, "--json").code == 3
    desk.ok("complete", label, "--output", "x" * 60)


def test_init_says_what_to_do_next_in_a_few_lines(desk):
    said = desk("init")
    assert len(said.out.splitlines()) <= 8
    assert "taskboard once" in said.out


def test_init_keeps_a_board_and_does_not_trust_what_it_did_not_write(desk):
    desk.write(STRANGE)
    made = desk.ok("init")
    assert (made["created"], made["trusted"]) == (False, False)
    assert desk.board.read_text() == STRANGE
    said = desk("init")
    assert "Kept" in said.out
    assert "taskboard trust" in said.out


@pytest.mark.parametrize("name", ["taskboard.toml", "events.jsonl"])
def test_init_trusts_nothing_where_settings_or_a_ledger_lay_already(desk, name):
    (desk.folder / name).write_text("")
    assert desk.ok("init")["trusted"] is False


def test_init_adds_only_the_lines_that_gitignore_lacks(desk):
    ignore = desk.folder / ".gitignore"
    ignore.write_text("node_modules\n/.taskboard")
    desk.ok("init")
    assert ignore.read_text() == "node_modules\n/.taskboard\nevents.jsonl\n"
    desk.ok("init")
    assert ignore.read_text() == "node_modules\n/.taskboard\nevents.jsonl\n"


def test_init_in_a_new_folder(desk):
    desk.ok("init", "notes/launch")
    assert (desk.folder / "notes/launch/task-board.md").is_file()
    assert not desk.board.exists()


def test_init_refuses_a_second_board_in_a_folder(desk):
    desk.ok("init")
    said = desk("init", "other.md", "--json")
    assert (said.code, said.error["code"]) == (2, "usage")


def test_init_refuses_a_folder_that_others_may_write(desk):
    desk.folder.chmod(0o777)
    said = desk("init", "--json")
    assert (said.code, said.error["code"]) == (3, "untrusted")
    assert "chmod" in said.error["hint"]
    assert list(desk.folder.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [("once",), ("run",), ("claim", "TASK-001", "--agent", "me"), ("done", "TASK-001")],
)
def test_untrusted_nothing_starts_and_nothing_is_written(desk, words):
    desk.write(STRANGE)
    before = desk.files()
    said = desk(*words, "--json")
    assert (said.code, said.error["code"]) == (3, "untrusted")
    assert desk.files() == before


def test_untrusted_a_run_that_must_be_verified_cannot_be_completed(desk):
    desk.write(STRANGE)
    desk("trust")
    run = desk.ok("claim", "TASK-001", "--agent", "me")
    (desk.folder / "taskboard.toml").write_text("slots = 3\n")
    before = desk.files()
    said = desk("complete", run["label"], "--output", "x" * 60, "--json")
    assert (said.code, said.error["code"]) == (3, "untrusted")
    assert desk.files() == before


def test_untrusted_a_person_may_still_say_done_where_nothing_is_verified(desk):
    desk.write("# Board\n\n## TASK-001 Work\n- status: todo\n")
    assert desk.ok("done", "TASK-001")["state"] == "done"


def test_trust_shows_every_command_before_it_records(desk):
    desk.write(STRANGE)
    (desk.folder / "taskboard.toml").write_text('notify = "notify-me --loud"\nslots = 4\n')
    said = desk("trust")
    assert "touch ran" in said.out
    assert "notify-me --loud" in said.out
    assert "slots" not in said.out
    assert desk.ok("once")["completed"] == ["TASK-001"]


def test_trust_changes_nothing_in_the_workspace(desk):
    desk.write(STRANGE)
    before = desk.files()
    desk.ok("trust")
    assert desk.files() == before


def test_trust_ends_when_the_settings_change(desk):
    desk.write(STRANGE)
    desk("trust")
    (desk.folder / "taskboard.toml").write_text("slots = 4\n")
    assert desk("once", "--json").error["code"] == "untrusted"
    desk("trust")
    assert desk("once", "--json").code == 0


def test_commands_hidden_by_escape_sequences_are_shown_plainly(desk):
    desk.write(
        "# B\n\n## TASK-001 A\n- status: ready\n- run: rm x \x1b[2K\x1b[1Gecho \u202efine\n"
    )
    said = desk("trust")
    assert "\x1b" not in said.out
    assert "\u202e" not in said.out
    assert "rm x" in said.out
