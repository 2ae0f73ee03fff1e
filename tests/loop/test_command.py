"""What a command does before it looks at the board: it waits until nobody is writing it."""

from __future__ import annotations

import asyncio

import pytest

from taskboard.errors import BoardHeld
from taskboard.loop import command
from taskboard.loop.context import Memory
from taskboard.testing.files import SimFiles

BOARD = "# B\n\n## TASK-001 One\n- status: todo\n\nwords\n"
HALF, WHOLE = f"{BOARD}\n## TASK-002 Wri", f"{BOARD}\n## TASK-002 Write\n- status: todo\n"


def save(desk, text):
    """An editor writes the board in this very moment."""
    SimFiles(desk.files.disk).write(desk.workspace.board, text.encode())


def begin(desk, *later):
    """Begin a command while an editor saves these texts, 30 ms apart; how long it took."""

    async def saves():
        for text in later:
            await asyncio.sleep(0.03)
            save(desk, text)

    async def scene():
        writing = asyncio.create_task(saves())
        try:
            await command.begin(desk.ctx, Memory())
            return desk.clock.awake() - start
        finally:
            await writing

    start = desk.clock.awake()
    return desk.play(scene())


def test_a_save_in_two_writes_is_read_once_and_whole(desk):
    desk.save(BOARD)
    desk.turn(start=True)
    save(desk, HALF)
    took = begin(desk, WHOLE)

    assert 0.05 < took < 1
    assert desk.events().count("file_changed_triggered") == 2
    assert desk.task("TASK-002").title == "Write"


def test_a_board_that_keeps_changing_is_not_read_by_a_command(desk):
    desk.save(BOARD)
    desk.turn(start=True)
    known = desk.events()
    save(desk, f"{BOARD}.\n")

    with pytest.raises(BoardHeld, match="keeps changing"):
        begin(desk, *(f"{BOARD}{n}\n" for n in range(100)))
    assert desk.events() == known


def test_two_equal_looks_are_enough(desk):
    desk.save(BOARD)
    desk.turn(start=True)
    save(desk, WHOLE)

    assert begin(desk) == pytest.approx(0.05)
    assert desk.state("TASK-002") == "open"


@pytest.mark.parametrize("fresh", [False, True], ids=["an old save", "what was absorbed last"])
def test_nobody_waits_for_a_board_that_is_quiet(desk, fresh):
    desk.save(BOARD)
    desk.turn(start=True)
    if fresh:
        save(desk, desk.board)
    else:
        desk.save(WHOLE)

    assert begin(desk) == 0
