"""`verify` misses whatever text something is made of later, and nothing that `gc` has removed."""

import json

import pytest

BOARD = "# B\n\n## TASK-001 One\n- status: todo\n\n## TASK-002 Two\n- status: blocked:ada:answer\n"


@pytest.fixture
def told(board):
    """A save, a section of a command's, an answer, and a second save; the events."""
    board.write(BOARD)
    board.ok("add", "Three", "--status", "todo")
    board.ok("answer", "TASK-002", "yes, of course")
    board.write(board.board.read_text() + "\nmore\n")
    board.ok("pause")
    return [json.loads(line) for line in (board.folder / "events.jsonl").read_bytes().splitlines()]


def named(events, kind, key):
    return next(e["data"][key] for e in reversed(events) if e["type"] == kind and key in e["data"])


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("file_changed_triggered", "digest"),
        ("created", "text"),
        ("created", "section"),
        ("question_answered", "answer"),
    ],
)
def test_a_text_that_is_gone_is_named(board, told, kind, key):
    assert board.ok("verify")["ok"]
    digest = named([e for e in told if e["data"].get(key)], kind, key)
    text = board.folder / ".taskboard/objects" / digest
    data = text.read_bytes()
    text.unlink()
    said = board("verify", "--json")
    assert (said.code, said.json["missing_objects"]) == (65, [digest])
    text.write_bytes(data)
    assert board.ok("verify")["ok"]
