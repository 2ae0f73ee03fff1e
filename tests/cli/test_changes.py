"""What people and agents say by command, and what the board looks like afterwards."""

from __future__ import annotations

import threading

import pytest


def test_added_tasks_stand_at_the_end_with_all_that_was_said(board):
    said = board(
        "add",
        "Compare prices",
        "--run",
        "echo a, b",
        "--needs",
        "TASK-009",
        "--verify",
        "test 1",
        "--artifacts",
        "a.md, b.md",
        "--priority",
        "high",
        "--field",
        "timeout=5m",
        "--body",
        "-",
        stdin="Be quick.\n\nAnd good.\n",
    )
    assert (said.code, said.out) == (0, "TASK-001\n")
    assert board.board.read_text() == (
        "# Board\n\n## TASK-001 Compare prices\n- status: ready\n- run: echo a, b\n"
        "- verify: test 1\n- artifacts: a.md, b.md\n- needs: TASK-009\n- priority: high\n"
        "- timeout: 5m\n\nBe quick.\n\nAnd good.\n"
    )


def test_added_text_cannot_forge_a_task(board):
    board.ok("add", "Innocent", "--status", "todo", "--body", "## TASK-666 Evil\n- status: ready")
    assert [t["task"] for t in board.ok("list")["tasks"]] == ["TASK-001"]


def test_adding_from_several_processes_loses_nothing(board):
    import subprocess
    import sys

    def add(number: int) -> None:
        subprocess.run(
            [sys.executable, "-m", "taskboard", "add", f"Task {number}", "--status", "todo"],
            cwd=board.folder,
            check=True,
            capture_output=True,
        )

    threads = [threading.Thread(target=add, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tasks = board.ok("list")["tasks"]
    assert sorted(t["title"] for t in tasks) == [f"Task {n}" for n in range(4)]
    assert len({t["task"] for t in tasks}) == 4
    assert board.board.read_text().count("- status: todo") == 4


def test_a_command_absorbs_what_was_typed_before_it_acts(board):
    board.write("# Board\n\n## TASK-005 Typed\n- status: ready\n")
    assert board.ok("claim", "TASK-005", "--agent", "me")["attempt"] == 1


def test_claim_next_takes_the_most_urgent(board):
    board.ok("add", "Low", "--priority", "low")
    board.ok("add", "High", "--priority", "high")
    assert board.ok("claim", "--next", "--agent", "me")["task"] == "TASK-002"
    assert board.ok("claim", "--next", "--agent", "me")["task"] == "TASK-001"
    assert board("claim", "--next", "--agent", "me").code == 66


def test_a_task_needs_no_right_case(board):
    board.ok("add", "Work", "--status", "todo")
    assert board.ok("ready", "task-001")["task"] == "TASK-001"


def test_heartbeat_leaves_the_board_alone_even_when_it_was_edited(board):
    board.ok("add", "Work")
    run = board.ok("claim", "TASK-001", "--agent", "me")
    board.write(board.board.read_text() + "\n## TASK-002 New\n- status: todo\n")
    before, events = board.board.read_bytes(), board("tail", "--json").out
    board.ok("heartbeat", run["label"])
    assert board.board.read_bytes() == before
    assert board("tail", "--json").out == events


def test_a_failed_run_is_tried_again_until_its_attempts_are_spent(board):
    board.ok("add", "Work", "--field", "max-attempts=2")
    run = board.ok("claim", "TASK-001", "--agent", "me")
    state = board.ok("fail", run["label"], "--reason", "no access")["state"]
    assert state.startswith("blocked:retry:")
    board.ok("ready", "TASK-001")
    run = board.ok("claim", "TASK-001", "--agent", "me")
    assert run["label"] == "TASK-001@2"
    board.ok("fail", run["label"], "--reason", "no access")
    assert board.task("TASK-001")["state"] == "failed:exhausted_retries"
    assert "no access" in (board.folder / "deadletter/TASK-001.md").read_text()
    assert board.ok("ready", "TASK-001")["state"] == "ready"


def test_an_output_counts_from_51_characters_on_and_may_come_from_stdin(board):
    board.ok("add", "Work")
    run = board.ok("claim", "TASK-001", "--agent", "me")
    assert board("complete", run["label"], "--output", "x" * 50).code == 3
    done = board.ok("complete", run["label"], "--output", "-", stdin="x" * 51)
    assert (done["tier"], done["verified"]) == ("output", False)


def test_a_verify_command_is_run_by_the_host_on_complete(board):
    board.ok("add", "Work", "--verify", "test -e there")
    run = board.ok("claim", "TASK-001", "--agent", "me")
    assert board("complete", run["label"]).code == 3
    (board.folder / "there").write_text("x")
    assert board.ok("complete", run["label"])["tier"] == "check"


def test_paused_nothing_starts(board):
    board.ok("add", "Work", "--run", "true")
    board.ok("pause")
    assert board.ok("once")["started"] == []
    assert board.ok("why", "TASK-001")["rule"] == "paused"
    board.ok("resume")
    assert board.ok("once")["completed"] == ["TASK-001"]


def test_an_answer_stands_in_the_ledger_and_not_on_the_board(board):
    board.ok("add", "Work", "--status", "blocked:ada:answer")
    before = board.board.read_bytes()
    board.ok("answer", "TASK-001", "The blue one.")
    assert board.board.read_bytes() == before
    assert "question_answered" in [e["type"] for e in board.ok("show", "TASK-001")["events"]]


def test_once_works_a_chain_off_to_its_end(board):
    board.ok("add", "Third", "--run", "true", "--needs", "TASK-002")
    assert board.ok("add", "First", "--run", "true")["task"] == "TASK-003"  # 002 is spoken of
    text = (board.folder / "task-board.md").read_text()
    second = "## TASK-002 Second\n- status: ready\n- run: true\n- needs: TASK-003\n"
    (board.folder / "task-board.md").write_text(f"{text}\n{second}")
    assert board.ok("once")["completed"] == ["TASK-001", "TASK-002", "TASK-003"]


def test_once_tells_people_what_it_does(board):
    board.ok("add", "Work", "--run", "true")
    said = board("once")
    assert said.code == 0
    first, second, last = said.out.splitlines()
    assert "TASK-001  started by shell-" in first
    assert "TASK-001  done, ran (exit)" in second
    assert last == "Started 1: 1 done."
    assert "Nothing could be started" in board("once").out


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("ready", "TASK-001"), "TASK-001 is ready"),
        (("block", "TASK-001", "siyao", "brief"), "TASK-001 is blocked:siyao:brief"),
        (("cancel", "TASK-001"), "TASK-001 is failed:cancelled"),
        (("done", "TASK-001"), "TASK-001 is done"),
    ],
)
def test_for_people_a_change_is_one_short_line(board, words, text):
    board.ok("add", "Work", "--status", "todo")
    assert board(*words).out == f"{text}\n"


def test_what_was_refused_still_writes_back_what_was_absorbed(board):
    board.write("# Board\n\n## New thing\n- status: ready\n")
    assert board("claim", "TASK-404", "--agent", "me").code == 66
    assert "## TASK-001 New thing" in board.board.read_text()


def test_resume_tells_of_a_pause_that_only_the_board_can_end(board):
    board.write("# B\n\npause: all\n\n## TASK-001 A\n- status: ready\n")
    assert board.ok("resume")["paused"] is True
    assert "pause: all" in board("resume").out
