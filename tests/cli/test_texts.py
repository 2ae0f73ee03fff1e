"""What people read: why nothing goes on, and the step that clears it."""

from __future__ import annotations

import os
import re
import subprocess
from datetime import datetime

import msgspec
import pytest

from taskboard.cli import start
from taskboard.cli.display import telling
from taskboard.cli.when import When
from taskboard.cli.words import words
from taskboard.core.codec import decode
from taskboard.core.hold import HELD


def events(board):
    lines = (board.folder / "events.jsonl").read_bytes().splitlines(keepends=True)
    return [decode(line) for line in lines]


def git(folder, *words: str) -> None:
    who = {f"GIT_{r}_{w}": "a@b" for r in ("AUTHOR", "COMMITTER") for w in ("NAME", "EMAIL")}
    environment = {**os.environ, **who, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", *words], cwd=folder, env=environment, check=True, capture_output=True)


@pytest.fixture
def pulled(board):
    """Two tasks that git has brought onto the board."""
    board.write("# Board\n\n## TASK-001 Mine\n- status: todo\n- run: true\n")
    git(board.folder, "init", "-q", "-b", "main")
    git(board.folder, "add", "task-board.md", ".gitignore")
    git(board.folder, "commit", "-q", "-m", "one")
    git(board.folder, "checkout", "-q", "-b", "theirs")
    more = "".join(f"\n## TASK-00{n} T{n}\n- status: ready\n- run: true\n" for n in (2, 3))
    before = board.board.read_text()
    board.write(before + more)
    git(board.folder, "commit", "-q", "-a", "-m", "two")
    git(board.folder, "checkout", "-q", "main")
    board.ok("pause")
    board.ok("resume")
    git(board.folder, "merge", "-q", "theirs")
    return board


# status


def test_a_pause_is_told_with_what_ends_it(board):
    board.ok("pause")
    assert "Paused by command.\n  clears it: taskboard resume\n" in board("status").out


def test_a_pause_on_the_board_is_told_as_one(board):
    board.write("# B\n\npause: all\n\n## TASK-001 A\n- status: ready\n- run: true\n")
    out = board("status").out
    assert "Paused: `pause: all` stands under the board's title." in out
    assert "Why(" not in out


def test_what_only_an_agent_can_run_is_listed_with_the_command_that_takes_it(board):
    board.ok("add", "For an agent")
    board.ok("add", "For the shell", "--run", "true")
    part = board("status").out.partition("Waits for an agent\n")[2]
    assert part == "  TASK-001  For an agent  taskboard claim TASK-001 --agent NAME\n"


def test_the_starter_board_does_not_promise_an_agent(desk):
    assert (
        "if one is\n  installed; or anybody with `taskboard claim ID --agent NAME`"
        in start.EXAMPLE
    )
    desk.ok("init")
    assert desk.ok("check")["diagnoses"] == []


def test_what_is_not_taken_in_yet_is_pending_everywhere(board):
    board.ok("add", "Work", "--status", "todo")
    board.write(board.board.read_text().replace("todo", "ready"))
    assert "Pending, for the next turn to take in: TASK-001" in board("status").out
    assert board("list").out.split() == ["TASK-001", "open", "Work", "pending"]
    assert "pending: " in board("show", "TASK-001").out


# once


def test_once_says_that_a_pause_kept_everything(board):
    board.ok("add", "Work", "--run", "true")
    board.ok("pause")
    assert board("once").out == "Nothing could be started.\nPaused: taskboard resume\n"


def test_once_names_the_tasks_that_wait_for_approval(pulled):
    out = pulled("once").out
    assert "2 tasks wait for approval: taskboard approve TASK-002 TASK-003" in out


def test_held_is_three_things_in_words_and_one_in_json(pulled):
    pulled.ok("once")
    assert "waits: approval" in pulled("list").out
    assert pulled("why", "TASK-002").out.startswith("approval: What it would run arrived by git")
    assert pulled.ok("why", "TASK-002")["rule"] == "held"
    pulled.write("")
    assert "waits: board held" in pulled("list").out


# What ends a hold


def test_a_held_board_offers_accept_only_where_it_applies(board):
    board.ok("add", "Work", "--status", "todo")
    whole = board.board.read_text()
    board.write("")
    assert "clears it: taskboard accept" in board("status").out
    assert "taskboard accept" in board("add", "More", "--json").error["hint"]
    board.write(whole + "\n<<<<<<< ours\n- a\n=======\n- b\n>>>>>>> theirs\n")
    assert HELD["conflict"] in board("status").out
    assert "clears it: taskboard check" in board("status").out
    assert "taskboard accept" not in board("add", "More", "--json").error["hint"]


def test_a_ledger_in_doubt_offers_a_fork(board):
    board.ok("add", "Work", "--run", "true")
    older = (board.folder / "events.jsonl").read_bytes()
    board.ok("once")
    (board.folder / "events.jsonl").write_bytes(older)
    assert any("taskboard fork" in step for step in board.ok("why", "TASK-001")["clear"])
    assert "taskboard fork" in board("status").out


def test_a_section_that_is_gone_says_when_its_task_is_withdrawn(board):
    stays = "# Board\n\n## TASK-002 Stays\n- status: todo\n"
    board.write(stays + "\n## TASK-001 Goes\n- status: ready\n- run: true\n")
    board.ok("pause")
    board.write(stays)
    board.ok("resume")
    found = board.ok("why", "TASK-001")
    assert found["rule"] == "held"
    began = datetime.fromisoformat(events(board)[-1].ts)
    moment = datetime.fromisoformat(found["text"].split("withdrawn at ")[1].split()[0])
    assert 50 <= (moment - began).total_seconds() <= 62
    assert found["text"].endswith("unless it comes back.")
    assert found["clear"] == ["put the section back"]
    assert "waits: section gone" in board("list").out


# The daemon's lines


def about(board, kind, **data):
    """An event of this type, as the ledger would have it."""
    board.ok("add", "Work", "--status", "todo")
    made = next(event for event in events(board) if event.task == "TASK-001")
    return msgspec.structs.replace(made, type=kind, data=data)


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        (
            "terminal_blocked",
            {"verb": "cancel", "reason": "terminal_blocked"},
            "cancel refused: it has ended",
        ),
        (
            "transition_blocked",
            {"verb": "done", "reason": "not_from_here"},
            "done refused: its state does not allow it",
        ),
        (
            "transition_blocked",
            {"verb": "complete", "reason": "stale_run"},
            "complete refused: that run is over",
        ),
        (
            "transition_blocked",
            {"verb": "claim", "reason": "not_before"},
            "claim refused: waits: not before",
        ),
        (
            "evidence_blocked",
            {"verb": "complete", "reason": "output: 4 characters"},
            "refused: output: 4 characters",
        ),
    ],
)
def test_a_refusal_is_told_in_words(board, kind, data, said):
    event = msgspec.structs.replace(about(board, kind, **data), to=None)
    assert words(event, When(here=False)).text.startswith(f"{said}, by ")
    assert telling(event, "").endswith(said)


def test_the_ledgers_own_refusal_names_its_verb(board):
    board.ok("add", "Work", "--status", "todo")
    board.ok("cancel", "TASK-001")
    assert board("cancel", "TASK-001").code == 3
    assert "cancel refused: it has ended, by " in board("tail").out
    assert "cancel refused: it has ended, by " in board("show", "TASK-001").out


def test_a_withdrawal_is_told(board):
    event = about(board, "withdrawn", cause="section deleted")
    assert telling(event, "").endswith("TASK-001  withdrawn (section removed)")


# Small things


def test_blocking_on_a_task_that_is_not_there_warns(board):
    board.ok("add", "Work")
    said = board("block", "TASK-001", "task", "TASK-999")
    assert (said.code, said.out) == (0, "TASK-001 is blocked:task:TASK-999\n")
    assert "no task TASK-999" in said.err
    board.ok("add", "Other", "--status", "todo")
    assert board("block", "TASK-001", "task", board.ok("list")["tasks"][1]["task"]).err == ""


def test_claims_hints_are_aligned(board):
    board.ok("add", "Work")
    hints = board("claim", "TASK-001", "--agent", "me").out.splitlines()[1:]
    words = ("what is to be done", "keeps it", "ends it")
    assert len({line.index(word) for line, word in zip(hints, words, strict=True)}) == 1


def test_help_says_what_a_commit_and_a_url_have_to_be(board):
    said = " ".join(board("complete", "--help").out.split())
    assert "7 digits at least" in said
    assert "it is fetched" in said


def test_doctor_warns_of_errors_on_the_board(board):
    board.write("# B\n\n## TASK-001 A\n- status: ready\n\n## TASK-001 B\n- status: ready\n")
    said = board("doctor")
    assert "warn  board" in said.out
    assert "taskboard check" in said.out
    found = {c["name"]: c for c in board("doctor", "--json").json["checks"]}["board"]
    assert (found["ok"], found["warn"]) == (True, True)
    board.write("# B\n\n## TASK-001 A\n- status: ready\n")
    assert re.search(r"ok    board +1 task\n", board("doctor").out)


def test_config_prints_what_could_stand_in_the_file(board):
    out = board("config").out
    assert "False" not in out
    assert "false" in out


def test_config_shows_what_there_is_where_a_mistake_keeps_it_from_counting(board):
    (board.folder / "taskboard.toml").write_text('slots = "many"\n')
    said = board("config")
    assert said.code == 78
    assert "slots" in said.out
    assert "One mistake" in said.err
    assert board("config", "--json").error["code"] == "settings"


def test_list_has_the_boards_words_for_proof(board):
    board.ok("add", "Shell", "--run", "true")
    board.ok("add", "Person", "--status", "todo")
    board.ok("once")
    board.ok("done", "TASK-002")
    assert [line.split("  ")[-1].strip() for line in board("list").out.splitlines()] == [
        "ran (exit)",
        "asserted (human)",
    ]
