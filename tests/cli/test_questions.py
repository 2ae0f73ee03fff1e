"""What a task asks, and what it is answered."""

from __future__ import annotations

import asyncio

from taskboard.app import open_app
from taskboard.core.codec import decode
from taskboard.core.event import Draft, EventType


def test_an_answer_says_that_it_lets_nothing_run(board):
    board.ok("add", "Work", "--status", "blocked:ada:answer")
    assert board("answer", "TASK-001", "The blue one.").out == (
        "Answered TASK-001; it still is blocked:ada:answer.\n"
        "  taskboard ready TASK-001   lets it go on\n"
    )


def test_an_answer_to_what_has_asked_nothing_is_refused(board):
    board.ok("add", "Work", "--status", "todo")
    said = board("answer", "TASK-001", "Blue.")
    assert (said.code, said.out) == (3, "")
    assert "TASK-001 has asked nothing; it is open" in said.err


def test_show_has_the_question_and_the_answer(board):
    board.ok("add", "Work", "--status", "blocked:ada:answer")
    board.ok("answer", "TASK-001", "The blue one,\nand soon.")
    (said,) = board.ok("show", "TASK-001")["questions"]
    assert (said["type"], said["text"]) == ("answer", "The blue one,\nand soon.")
    out = board("show", "TASK-001").out
    assert "answered by " in out
    assert "     The blue one,\n     and soon.\n" in out


def test_show_has_what_an_agent_asked(board):
    board.ok("add", "Work")
    run = board.ok("claim", "TASK-001", "--agent", "me")
    asked = Draft(
        type=EventType.QUESTION_ASKED,
        task_id=run["task_id"],
        task="TASK-001",
        run=run["run"],
        attempt=1,
        step="generate",
        data={"question": "Blue\x1b[2J or red?"},
    )

    async def ask() -> None:
        app = open_app(board.folder)
        await app.ledger.append([asked])
        app.ledger.close()

    asyncio.run(ask())
    board.ok("answer", "TASK-001", "Blue.")
    said = board.ok("show", "TASK-001")["questions"]
    assert [(s["type"], s["text"]) for s in said] == [
        ("question", "Blue\x1b[2J or red?"),
        ("answer", "Blue."),
    ]
    out = board("show", "TASK-001").out
    assert "asked by " in out
    assert "\x1b" not in out


def test_show_says_who_asked(board):
    board.ok("add", "Work", "--status", "todo")
    task = board.ok("show", "TASK-001")["task"]["task_id"]
    asked = Draft(
        type=EventType.BLOCKED,
        task_id=task,
        task="TASK-001",
        to="blocked:ada:answer",
        data={"cause": "question", "question": "Which?", "by": "the decision layer"},
    )

    async def ask() -> None:
        app = open_app(board.folder)
        await app.ledger.append([asked])
        app.ledger.close()

    asyncio.run(ask())
    (said,) = board.ok("show", "TASK-001")["questions"]
    assert (said["type"], said["by"], said["text"]) == ("question", "the decision layer", "Which?")
    assert "asked by the decision layer:" in board("show", "TASK-001").out


def test_a_lost_answer_is_said_to_be_lost(board):
    board.ok("add", "Work", "--status", "blocked:ada:answer")
    board.ok("answer", "TASK-001", "Blue.")
    last = decode((board.folder / "events.jsonl").read_bytes().splitlines(keepends=True)[-1])
    (board.folder / ".taskboard/objects" / last.data["answer"]).unlink()
    assert board.ok("show", "TASK-001")["questions"][0]["text"] is None
    assert "(its text is lost)" in board("show", "TASK-001").out
