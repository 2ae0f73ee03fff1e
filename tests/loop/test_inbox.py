"""Which boxes of an inbox are tasks already."""

from __future__ import annotations

from typing import Any

from taskboard.core.parse import parse
from taskboard.core.state import DONE, READY, WITHDRAWN
from taskboard.core.task import Task, World
from taskboard.loop.boxes import box_id, boxes


def world(*made: tuple[str, int, dict[str, Any]]) -> World:
    """A ledger with tasks that were made of boxes: of which text, as which of those with it."""
    found = World()
    found.ledger_id = "ledger"
    for place, (text, number, more) in enumerate(made):
        task_id = box_id(found, text, number)
        facts = {"status": READY, **more}
        found.tasks[task_id] = Task(
            task_id=task_id, task=f"A-{place}", title=text, created="", updated="", seq=1, **facts
        )  # fmt: skip
    return found


def listed(text: str, known: World) -> list[tuple[int, str | None]]:
    board = parse(f"## Inbox\n{text}".encode())
    return [(b.item.line, b.task.task if b.task else None) for b in boxes(board, known)]


def test_a_box_is_its_task_as_long_as_that_stands():
    assert listed("- [ ] a\n- [ ] b\n", world(("a", 0, {}))) == [(2, "A-0"), (3, None)]
    assert listed("- [ ] a\n", world(("a", 0, {"status": DONE}))) == [(2, "A-0")]
    assert listed("- [ ] a\n", world(("a", 0, {"status": WITHDRAWN}))) == [(2, None)]
    assert listed("- [ ] a\n", world(("a", 0, {"status": DONE, "hidden": True}))) == [(2, None)]


def test_of_boxes_with_the_same_words_the_ticked_and_then_the_first_are_the_tasks():
    known = world(("a", 0, {"status": DONE}), ("a", 1, {}))
    assert listed("- [ ] a\n- [ ] a\n- [ ] a\n", known) == [(2, "A-0"), (3, "A-1"), (4, None)]
    assert listed("- [ ] a\n- [x] a\n- [ ] a\n", known) == [(2, "A-1"), (4, None)]
    known = world(("a", 0, {"status": WITHDRAWN}), ("a", 1, {}))
    assert listed("- [ ] a\n- [ ] a\n", known) == [(2, "A-1"), (3, None)]


def test_a_title_alone_makes_no_box_a_task():
    known = world(("a", 0, {}))
    (task,) = known.tasks.values()
    known.tasks = {"other": task}
    assert listed("- [ ] a\n", known) == [(2, None)]


def test_words_that_are_not_utf8_are_told_apart():
    known = world(("\udcff", 0, {}))
    board = parse(b"## Inbox\n- [ ] \xff\n- [ ] \xfe\n")
    assert [box.task is not None for box in boxes(board, known)] == [True, False]
