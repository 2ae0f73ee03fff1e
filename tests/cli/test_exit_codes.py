"""Every exit code of the contract, with the error that goes with it."""

from __future__ import annotations

import pytest


def held(board):
    """Cut the board inside a conflict: it is not read as intent and not written."""
    whole = board.board.read_text()
    board.write(whole + "\n<<<<<<< ours\n- a\n=======\n- b\n>>>>>>> theirs\n")
    return board.board.read_bytes()


def test_a_failed_task_makes_once_end_with_1(board):
    board.ok("add", "Bad", "--run", "exit 3", "--field", "max-attempts=1")
    said = board("once", "--json")
    assert said.code == 1
    assert said.json["failed"] == ["TASK-001"]
    assert said.err == ""


def test_check_ends_with_1_only_on_errors(board):
    board.write("# Board\n\n## TASK-001 A\n- status: nonsense\n")
    assert board("check").code == 0
    board.write("# Board\n\n## TASK-001 A\n- status: ready\n\n## TASK-001 B\n- status: ready\n")
    assert board("check").code == 1


def test_an_unfit_machine_makes_doctor_end_with_1(desk):
    said = desk("doctor", "--json")
    assert said.code == 1
    assert said.json["ok"] is False


@pytest.mark.parametrize(
    "words",
    [
        ("nonsense",),
        ("claim", "TASK-001"),
        ("claim", "--agent", "me"),
        ("claim", "TASK-001", "--next", "--agent", "me"),
        ("claim", "--next", "--agent", "me too"),
        ("list", "--nonsense"),
        ("list", "--status", "nonsense"),
        ("once", "--wait", "soon"),
        ("add", "Work", "--status", "running:me:2026-01-01T00:00Z"),
        ("add", "Work", "--field", "nonsense"),
        ("add", ""),
        ("block", "TASK-001", "siyao", "two words"),
        ("fail", "TASK-001@1"),
        ("tail", "--lines", "-1"),
    ],
)
def test_off_words_end_with_2(board, words):
    board.ok("add", "Work", "--status", "todo")
    said = board(*words, "--json")
    assert said.code == 2
    assert said.error["code"] == "usage"
    assert said.error["hint"]


def test_what_the_gate_refuses_ends_with_3_and_the_run_goes_on(board):
    board.ok("add", "Work", "--artifacts", "report.md")
    run = board.ok("claim", "TASK-001", "--agent", "me")
    said = board("complete", run["label"], "--output", "x" * 60, "--json")
    assert (said.code, said.error["code"]) == (3, "evidence_blocked")
    assert said.error["task"] == "TASK-001"
    assert board.task("TASK-001")["run"] == run["run"]


def test_open_children_are_counted_and_named(board):
    board.write("# B\n\n## TASK-001 Top\n- status: ready\n\n### TASK-002 Part\n- status: todo\n")
    run = board.ok("claim", "TASK-001", "--agent", "me")
    said = board("complete", run["label"], "--output", "x" * 60, "--json")
    assert (said.code, said.error["code"]) == (3, "dependency_blocked")
    assert said.error["data"]["open"] == 1
    assert said.error["data"]["children"] == ["TASK-002"]


def test_a_stale_run_ends_with_3(board):
    board.ok("add", "Work")
    run = board.ok("claim", "TASK-001", "--agent", "me")
    board.ok("release", run["label"])
    said = board("complete", run["label"], "--output", "x" * 60, "--json")
    assert (said.code, said.error["code"]) == (3, "stale_run")


@pytest.mark.parametrize("end", ["done", "cancel"])
def test_claiming_what_has_ended_is_terminal(board, end):
    board.ok("add", "Work", "--status", "todo")
    board.ok(end, "TASK-001")
    said = board("claim", "TASK-001", "--agent", "me", "--json")
    assert (said.code, said.error["code"]) == (3, "terminal_blocked")


def test_claiming_what_is_not_ready_names_the_rule(board):
    board.ok("add", "Work", "--status", "todo")
    said = board("claim", "TASK-001", "--agent", "me", "--json")
    assert (said.code, said.error["code"]) == (3, "transition_blocked")
    assert said.error["data"]["rule"] == "open"


def test_claiming_what_another_runs_ends_with_4(board):
    board.ok("add", "Work")
    board.ok("claim", "TASK-001", "--agent", "one")
    said = board("claim", "TASK-001", "--agent", "two", "--json")
    assert (said.code, said.error["code"]) == (4, "held")
    assert "one" in said.error["message"]


@pytest.mark.parametrize(
    "words",
    [
        ("add", "More"),
        ("claim", "--next", "--agent", "me"),
        ("ready", "TASK-001"),
        ("block", "TASK-001", "siyao", "brief"),
    ],
)
def test_a_held_board_refuses_what_would_be_written_on_it(board, words):
    board.ok("add", "Work", "--status", "todo")
    before = held(board)
    said = board(*words, "--json")
    assert (said.code, said.error["code"]) == (3, "board_held")
    assert board.board.read_bytes() == before


@pytest.mark.parametrize(
    "words",
    [
        ("complete", "TASK-001@1", "--output", "x" * 60),
        ("fail", "TASK-001@1", "--reason", "no"),
        ("release", "TASK-001@1"),
        ("heartbeat", "TASK-001@1"),
        ("cancel", "TASK-001"),
    ],
)
def test_a_held_board_keeps_nobody_from_ending_a_run(board, words):
    board.ok("add", "Work")
    board.ok("claim", "TASK-001", "--agent", "me")
    before = held(board)
    assert board(*words, "--json").code == 0
    assert board.board.read_bytes() == before


def test_once_over_a_held_board_says_so(board):
    board.ok("add", "Work", "--run", "true")
    held(board)
    said = board("once", "--json")
    assert (said.code, said.error["code"]) == (3, "board_held")


def test_a_corrupt_ledger_ends_with_65(board):
    board.ok("add", "Work")
    board.ok("add", "More")
    ledger = board.folder / "events.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b'"Work"', b'"Play"'))
    for words in (("list",), ("add", "More")):
        said = board(*words, "--json")
        assert (said.code, said.error["code"]) == (65, "corrupt")
    assert board("verify", "--json").code == 65


def test_no_workspace_ends_with_66(desk):
    said = desk("list", "--json")
    assert (said.code, said.error["code"]) == (66, "no_workspace")
    assert "taskboard init" in said.error["hint"]


def test_a_board_of_nearly_the_right_name_is_pointed_out(desk):
    (desk.folder / "TASKS.md").write_text("# Tasks\n")
    assert "TASKS.md" in desk("list", "--json").error["hint"]


def test_check_without_a_board_ends_with_66(board):
    board.board.unlink()
    assert board("check", "--json").error["code"] == "no_workspace"


@pytest.mark.parametrize(
    "words",
    [
        ("show", "TASK-404"),
        ("why", "TASK-404"),
        ("ready", "TASK-404"),
        ("done", "TASK-404"),
        ("claim", "TASK-404", "--agent", "me"),
        ("heartbeat", "TASK-404@1"),
        ("complete", "TASK-404@1"),
        ("release", "no-such-run"),
        ("claim", "--next", "--agent", "me"),
    ],
)
def test_no_such_task_or_run_ends_with_66(board, words):
    said = board(*words, "--json")
    assert (said.code, said.error["code"]) == (66, "no_task")


def test_bad_settings_end_with_78_and_name_every_mistake(board):
    (board.folder / "taskboard.toml").write_text('slots = "many"\npoll = 7\n')
    said = board("list", "--json")
    assert (said.code, said.error["code"]) == (78, "settings")
    assert {m["line"] for m in said.error["data"]["mistakes"]} == {1, 2}


def test_an_interruption_ends_with_130(board, monkeypatch):
    def interrupted(*_args, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr("taskboard.app.open_app", interrupted)
    said = board("list")
    assert (said.code, said.out) == (130, "")


def test_a_fault_of_the_program_ends_with_70_and_says_how_to_report_it(board, monkeypatch):
    def broken(*_args, **_more):
        raise RuntimeError("the moon")

    monkeypatch.setattr("taskboard.app.open_app", broken)
    said = board("list", "--json")
    assert (said.code, said.error["code"]) == (70, "internal")
    assert "TASKBOARD_DEBUG" in said.error["hint"]
    said = board("list")
    assert "Traceback" not in said.err
    assert said.err.startswith("taskboard: ")


def test_a_fault_shows_its_traceback_when_asked(board, monkeypatch):
    def broken(*_args, **_more):
        raise RuntimeError("the moon")

    monkeypatch.setattr("taskboard.app.open_app", broken)
    monkeypatch.setenv("TASKBOARD_DEBUG", "1")
    with pytest.raises(RuntimeError, match="the moon"):
        board("list")


def test_for_people_an_error_is_a_line_and_the_next_step(board):
    said = board("show", "TASK-404")
    first, second = said.err.splitlines()
    assert first.startswith("taskboard: ")
    assert "TASK-404" in first
    assert second == "  taskboard list"
    assert said.out == ""


def test_over_a_held_board_people_are_told_that_it_was_left_alone(board):
    board.ok("add", "Work")
    board.ok("claim", "TASK-001", "--agent", "me")
    held(board)
    said = board("release", "TASK-001@1")
    assert said.code == 0
    assert said.err.startswith("taskboard: recorded, and the board was left alone: ")
