"""A save that reached a displaced file late is joined by whoever looks next, also by commands."""

from __future__ import annotations

import pytest

from taskboard.loop import people
from taskboard.testing.files import SimFiles

BOARD = "# B\n\n## TASK-001 One\n- status: ready\n- run: ok\n\nwords\n"


def save_late(desk):
    """An editor that had the board open before our write finishes its save after it."""
    editor = SimFiles(desk.files.disk)
    log = editor.open_log(desk.workspace.board)
    desk.once()  # the board is exchanged: the editor's file is displaced now
    assert desk.state("TASK-001") == "done"
    log.append(b"\na late thought\n")
    log.close()
    desk.clock.advance(1)


async def _pause(ctx):
    return await people.say_pause(ctx, "ann", paused=True)


@pytest.mark.parametrize("who", ["turn", "command"])
def test_a_late_save_is_on_the_board_and_our_lines_stay(desk, who):
    desk.save(BOARD)
    save_late(desk)
    if who == "turn":
        desk.turn()
    else:
        desk.say(_pause)

    assert "a late thought" in desk.board
    assert "- status: done" in desk.board
    assert "- result: ran (exit)" in desk.board
    assert "edited" in desk.events("TASK-001")
