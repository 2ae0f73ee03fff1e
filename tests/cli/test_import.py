"""``taskboard import`` as it is typed."""

from __future__ import annotations

import os

import pytest

from taskboard.core.parse import parse

CHECKLIST = "# Home\n\n- [ ] Paint the door\n- [/] Buy wood @kim\n- [x] Sweep\n"


@pytest.fixture
def todo(desk):
    (desk.folder / "TODO.md").write_text(CHECKLIST)
    return desk


def test_the_board_goes_to_stdout_and_the_report_to_stderr(todo):
    said = todo("import", "TODO.md")
    assert said.code == 0
    assert said.out == (
        "# Home\n\n## TASK-001 Paint the door\n- status: todo\n\n"
        "## TASK-002 Buy wood\n- status: blocked:kim:working\n- owner: kim\n"
        "- source-status: [/]\n\n## TASK-003 Sweep\n- status: done\n"
    )
    assert said.err == (
        "TODO.md:4: changed: TASK-002: '[/]' became 'blocked:kim:working'.\n"
        "TODO.md: 3 tasks, read as checklist.\n3 tasks: 1 open, 1 blocked, 1 done.\n"
        "Nothing starts by itself: `taskboard ready ID` lets a task run.\n"
    )


def test_no_workspace_is_needed_and_nothing_is_written(todo):
    before = todo.files()
    todo("import", "TODO.md")
    assert todo.files() == before


def test_json_is_one_document_with_both(todo):
    made = todo.ok("import", "TODO.md")
    assert set(made) == {
        "schema_version", "kind", "board", "output", "files", "tasks", "findings", "counts",
    }  # fmt: skip
    assert parse(made["board"].encode()).item("TASK-003").status.text == "done"
    assert made["files"] == [{"file": "TODO.md", "shape": "checklist", "tasks": 3}]
    assert made["tasks"][1] == {
        "task": "TASK-002",
        "title": "Buy wood",
        "status": "blocked:kim:working",
        "source_status": None,
        "source_id": None,
        "file": "TODO.md",
        "line": 4,
    }
    assert made["findings"][0]["line"] == 4
    assert made["counts"] == {
        "tasks": 3, "left_out": 0, "open": 1, "blocked": 1, "done": 1, "failed": 0,
    }  # fmt: skip


def test_a_new_file_is_written_and_none_is_overwritten(todo):
    said = todo("import", "TODO.md", "-o", "new.md")
    assert (said.code, said.out) == (0, "")
    assert "Written to new.md." in said.err
    first = (todo.folder / "new.md").read_bytes()
    assert len(parse(first).items) == 3
    again = todo("import", "TODO.md", "-o", "new.md", "--json")
    assert again.code == 2
    assert again.error["code"] == "usage"
    assert (todo.folder / "new.md").read_bytes() == first


def test_a_link_that_leads_nowhere_is_not_written_through(todo):
    (todo.folder / "link.md").symlink_to(todo.folder / "elsewhere.md")
    assert todo("import", "TODO.md", "-o", "link.md").code == 2
    assert not (todo.folder / "elsewhere.md").exists()


def test_what_is_left_out_is_said_and_the_exit_status_is_1(todo):
    (todo.folder / "notes.md").write_text("# Notes\n\nNothing to do.\n")
    said = todo("import", "TODO.md", "notes.md")
    assert said.code == 1
    assert "notes.md: left-out: No tasks are seen in it" in said.err
    assert len(parse(said.out.encode()).items) == 3


def test_where_no_task_is_seen_nothing_is_given_out(todo):
    (todo.folder / "notes.md").write_text("# Notes\n\nNothing to do.\n")
    said = todo("import", "notes.md", "-o", "new.md")
    assert (said.code, said.out) == (1, "")
    assert not (todo.folder / "new.md").exists()
    assert todo("import", "notes.md").out == ""


def test_stdin_can_be_read(todo):
    assert "TASK-003 Sweep" in todo("import", "-", stdin=CHECKLIST).out


def test_a_folder_is_read_file_by_file_and_hidden_ones_are_not(desk):
    card = "---\nid: {}\ntitle: {}\nstatus: To Do\n---\n\nText.\n"
    folder = desk.folder / "tasks"
    (folder / ".old").mkdir(parents=True)
    (folder / "task-1.md").write_text(card.format("task-1", "One"))
    (folder / "task-2.md").write_text(card.format("task-2", "Two"))
    (folder / ".old" / "task-3.md").write_text(card.format("task-3", "Three"))
    (folder / "other.txt").write_text(card.format("task-4", "Four"))
    said = desk("import", "tasks")
    assert said.code == 0
    assert [i.task for i in parse(said.out.encode()).items] == ["TASK-1", "TASK-2"]
    assert said.out.startswith("# tasks\n")


def test_a_shape_can_be_named(todo):
    assert "## TASK-001 TODO" not in todo("import", "TODO.md").out
    said = todo("import", "TODO.md", "--from", "front-matter")
    assert len(parse(said.out.encode()).items) == 1


def test_a_shape_that_is_not_there_names_those_that_are(todo):
    said = todo("import", "TODO.md", "--from", "trello", "--json")
    assert said.code == 2
    assert "checklist" in said.error["hint"]


def test_a_file_that_is_not_there_is_66(desk):
    said = desk("import", "gone.md", "--json")
    assert (said.code, said.error["code"]) == (66, "no_workspace")


def test_a_folder_without_boards_is_66(desk):
    (desk.folder / "empty").mkdir()
    assert desk("import", "empty").code == 66


def test_ids_of_the_board_it_is_for_are_not_given_again(board):
    board.ok("add", "First", "--status", "todo")
    (board.folder / "TODO.md").write_text(CHECKLIST)
    said = board("import", "TODO.md", "--board", ".")
    assert [i.task for i in parse(said.out.encode()).items] == ["TASK-002", "TASK-003", "TASK-004"]
    with board.board.open("a") as file:
        file.write(f"\n{said.out}")
    assert board("once").code == 0
    found = {t["task"]: t["kind"] for t in board.ok("list")["tasks"]}
    assert found == {
        "TASK-001": "open", "TASK-002": "open", "TASK-003": "blocked", "TASK-004": "done",
    }  # fmt: skip


def test_nothing_imported_starts(board):
    (board.folder / "in.md").write_text(
        "| ID | Task | Status | Run |\n|--|--|--|--|\n| A-1 | x | Ready | touch ran |\n"
        "| A-2 | y | done | touch ran |\n| A-3 | z | blocked by A-2 | touch ran |\n"
    )
    with board.board.open("a") as file:
        file.write(f"\n{board('import', 'in.md').out}")
    assert board("once", "--wait", "1s").code == 0
    assert not (board.folder / "ran").exists()
    assert {t["kind"] for t in board.ok("list")["tasks"]} == {"open", "done"}


def test_nothing_that_acts_on_a_terminal_is_printed(desk):
    (desk.folder / "x.md").write_bytes(b"- [ ] \x1b]0;owned\x07 red and so on, long enough\n")
    said = desk("import", "x.md")
    assert "\x1b" not in said.out + said.err
    assert "[U+001B]" in said.out


def test_a_large_board_is_imported_in_reasonable_time(desk):
    (desk.folder / "x.md").write_text("- [ ] a task of many\n" * 3000)
    assert len(parse(desk("import", "x.md").out.encode()).items) == 3000


def test_check_points_at_import_where_a_board_has_another_shape(board):
    board.write("# Plan\n\n| ID | Task | Status |\n|--|--|--|\n| A-1 | x | todo |\n")
    said = board("check")
    assert said.code == 0
    assert "no task, but what looks like some (table)" in said.out
    assert "taskboard import task-board.md" in said.out
    for text in ("# Plan\n\nNothing yet.\n", "# Inbox\n\n- [ ] a box\n"):
        board.write(text)
        assert board("check").out == "Nothing is wrong with the board.\n"


TABLE = "| ID | Task | Status |\n| --- | --- | --- |\n"


@pytest.mark.parametrize("rows", ["", "|  |  |  |\n", "|  |  |  |\n|  |  |  |\n"])
@pytest.mark.parametrize("named", [(), ("--from", "table")])
def test_a_table_without_a_task_is_a_file_without_tasks(desk, rows, named):
    (desk.folder / "plan.md").write_text(f"# Plan\n\n{TABLE}{rows}")
    said = desk("import", "plan.md", *named)
    assert (said.code, said.out) == (1, "")
    assert "plan.md: left-out: No tasks are seen in it" in said.err


def test_a_kanban_board_without_a_card_is_a_file_without_tasks(desk):
    board = "---\nkanban-plugin: basic\n---\n\n## Todo\n\n## Done\n"
    (desk.folder / "plan.md").write_text(board)
    said = desk("import", "plan.md")
    assert (said.code, said.out) == (1, "")
    assert "No tasks are seen in it as kanban" in said.err


def test_an_empty_row_beside_others_is_no_task(desk):
    (desk.folder / "plan.md").write_text(f"{TABLE}|  |  |  |\n| A-1 | Paint | todo |\n")
    assert [t["title"] for t in desk.ok("import", "plan.md")["tasks"]] == ["Paint"]


def test_one_lane_is_a_board_where_nothing_else_is_seen(desk):
    (desk.folder / "plan.md").write_text("# Plan\n\n## Done\n\n- Paint\n- Sweep\n")
    made = desk.ok("import", "plan.md")
    assert [(t["title"], t["status"]) for t in made["tasks"]] == [
        ("Paint", "done"),
        ("Sweep", "done"),
    ]
    (desk.folder / "plan.md").write_text("## Ideas\n\n- one\n\n## Else\n\n- [ ] Paint\n")
    assert desk.ok("import", "plan.md")["files"][0]["shape"] == "checklist"


def test_a_list_under_one_word_of_a_board_of_ours_is_no_board_of_others(board):
    board.write("# Board\n\n## Ideas\n\n- one\n- two\n")
    assert "import" not in board("check").out


def test_a_named_pipe_is_refused_and_never_waited_for(desk):
    os.mkfifo(desk.folder / "pipe")
    reader = os.open(desk.folder / "pipe", os.O_RDWR)  # without the refusal nothing would come
    os.write(reader, CHECKLIST.encode() * (1 << 10))
    said = desk("import", "pipe", "--json")
    os.close(reader)
    assert (said.code, said.error["code"]) == (2, "usage")
    assert "taskboard import -" in said.error["hint"]


def test_what_the_shell_pipes_in_is_read(desk):
    reader, writer = os.pipe()
    os.write(writer, CHECKLIST.encode())
    os.close(writer)
    try:
        assert desk.ok("import", f"/dev/fd/{reader}")["counts"]["tasks"] == 3
    finally:
        os.close(reader)


def test_text_that_is_not_what_it_looks_like_is_taken_over_and_said(desk):
    (desk.folder / "plan.md").write_text(
        "# Plan\n\nAll \u2066well.\n\n- [ ] Pay \u202e01\u202c euro\n- [ ] می\u200cروم \u200f\n"
    )
    made = desk.ok("import", "plan.md")
    assert "\u202e01" in made["tasks"][0]["title"]
    assert [(f["line"], f["message"]) for f in made["findings"] if f["kind"] == "unclear"] == [
        (1, "U+2066 in it: what is seen is not what stands there."),
        (5, "TASK-001: U+202C, U+202E in it: what is seen is not what stands there."),
    ]


def test_a_nul_character_in_json_is_replaced_and_its_spelling_is_kept(desk):
    text = r'{"id": "a\u0000", "title": "one \\u0000 two\u0000", "status": "open"}'
    (desk.folder / "issues.jsonl").write_text(text + "\n")
    [task] = desk.ok("import", "issues.jsonl")["tasks"]
    assert (task["title"], task["source_id"]) == (r"one \u0000 two" + "\ufffd", "a\ufffd")
