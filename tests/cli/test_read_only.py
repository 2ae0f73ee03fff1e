"""Commands that only read write nothing, anywhere, and say what is not absorbed yet."""

from __future__ import annotations

import subprocess
import sys

import pytest

READING = [
    ("status",),
    ("list",),
    ("list", "--next"),
    ("show", "TASK-001"),
    ("why", "TASK-001"),
    ("tail",),
    ("check",),
    ("verify",),
    ("doctor",),
    ("config",),
]
FRESH = "# Board\n\n## TASK-001 Work\n- status: ready\n- run: true\n"


@pytest.mark.parametrize("words", READING)
def test_a_board_without_a_ledger_is_read_and_nothing_appears(desk, tmp_path, words):
    desk.write(FRESH)
    before = desk.files()
    said = desk(*words, "--json")
    assert said.code in (0, 1)
    assert desk.files() == before
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("words", READING)
def test_an_edit_that_nobody_absorbed_stays_unabsorbed(board, words):
    board.write(FRESH)
    board.ok("pause")
    board.write(FRESH.replace("ready", "blocked:siyao:brief"))
    before = board.files()
    assert board(*words, "--json").code == 0
    assert board.files() == before


def test_a_torn_ledger_is_read_up_to_the_tear_and_not_mended(board):
    board.ok("add", "Work")
    ledger = board.folder / "events.jsonl"
    ledger.write_bytes(ledger.read_bytes() + b'{"v":1,"seq"')
    before = board.files()
    assert [t["task"] for t in board.ok("list")["tasks"]] == ["TASK-001"]
    assert board.files() == before


def test_a_folder_that_may_not_be_written_is_read(tmp_path):
    """In a process without root's rights, where there is one to take."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "task-board.md").write_text(FRESH)
    for path in (folder / "task-board.md", folder):
        path.chmod(path.stat().st_mode & ~0o222)
    said = subprocess.run(
        [sys.executable, "-m", "taskboard", "list", "--json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    folder.chmod(0o755)
    assert said.returncode == 0, said.stderr
    assert '"TASK-001"' in said.stdout


def test_what_is_only_on_the_board_is_pending_and_has_no_task_id(board):
    board.ok("add", "Known", "--run", "true")
    board.write(board.board.read_text() + "\n## TASK-007 New\n- status: ready\n- run: true\n")
    known, new = board.ok("list")["tasks"]
    assert (known["pending"], new["pending"]) == (False, True)
    assert new["task_id"] is None
    assert known["task_id"] is not None
    assert (new["task"], new["state"], new["title"]) == ("TASK-007", "ready", "New")


def test_a_changed_word_is_pending_and_the_ledgers_state_is_shown(board):
    board.ok("add", "Work", "--run", "true")
    board.write(board.board.read_text().replace("status: ready", "status: blocked:siyao:brief"))
    task = board.task("TASK-001")
    assert (task["pending"], task["state"]) == (True, "ready")
    board.ok("pause")
    task = board.task("TASK-001")
    assert (task["pending"], task["state"]) == (False, "blocked:siyao:brief")


def test_prose_beside_the_tasks_makes_nothing_pending(board):
    board.ok("add", "Work")
    board.write(board.board.read_text().replace("# Board", "# Board\n\nSome prose."))
    assert board.task("TASK-001")["pending"] is False


def test_our_own_write_is_not_pending(board):
    board.ok("add", "Work", "--run", "true")
    board.ok("once")
    assert [t["pending"] for t in board.ok("list")["tasks"]] == [False]


def test_next_is_the_order_in_which_it_would_run_also_before_any_ledger(desk):
    desk.write(
        "# B\n\n## TASK-001 Low\n- status: ready\n- run: true\n- priority: low\n\n"
        "## TASK-002 Waits\n- status: ready\n- run: true\n- needs: TASK-001\n\n"
        "## TASK-003 High\n- status: ready\n- run: true\n- priority: critical\n"
    )
    desk("trust")
    names = [t["task"] for t in desk.ok("list", "--next")["tasks"]]
    assert names == ["TASK-003", "TASK-001"]


def test_list_keeps_the_order_of_the_board(board):
    board.write("# B\n\n## TASK-009 A\n- status: todo\n\n## TASK-002 B\n- status: todo\n")
    board.ok("pause")
    assert [t["task"] for t in board.ok("list")["tasks"]] == ["TASK-009", "TASK-002"]


def test_list_by_kind_and_by_whole_state(board):
    board.ok("add", "A", "--status", "blocked:siyao:brief")
    board.ok("add", "B", "--status", "blocked:siyao:other")
    assert len(board.ok("list", "--status", "blocked")["tasks"]) == 2
    found = board.ok("list", "--status", "blocked:siyao:brief")["tasks"]
    assert [t["task"] for t in found] == ["TASK-001"]


@pytest.mark.parametrize(("text", "code"), [("", "TB104"), ("# Board\n", "TB405")])
def test_a_held_board_is_said_to_be_held(board, text, code):
    board.ok("add", "Work")
    board.write(text)
    assert board.ok("status")["held"]
    assert "Held:" in board("status").out
    found = board("check", "--json")
    assert found.code == 1
    assert code in {d["code"] for d in found.json["diagnoses"]}


def test_the_board_may_be_named_before_and_after_the_command(desk, tmp_path, monkeypatch):
    desk.write(FRESH)
    monkeypatch.chdir(tmp_path)
    for words in (
        ("--json", "--board", desk.folder, "list"),
        ("list", "--board", desk.board, "--json"),
        ("--board", desk.folder, "list", "--json"),
        ("--json", "list", "--board", desk.folder),
    ):
        said = desk(*words)
        assert said.code == 0, said.err
        assert [t["task"] for t in said.json["tasks"]] == ["TASK-001"]


def test_a_run_finds_its_board_by_the_environment(desk, tmp_path, monkeypatch):
    desk.write(FRESH)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TASKBOARD_BOARD", str(desk.board))
    assert [t["task"] for t in desk.ok("list")["tasks"]] == ["TASK-001"]


def test_an_id_that_stands_twice_can_be_asked_about_before_and_after_it_is_absorbed(board):
    board.write("# B\n\n## TASK-001 A\n- status: ready\n\n## TASK-001 B\n- status: ready\n")
    for _ in range(2):
        assert board.ok("why", "TASK-001")["rule"] == "duplicate"
        assert [t["task"] for t in board.ok("list")["tasks"]] == ["TASK-001"]
        board.ok("pause")
