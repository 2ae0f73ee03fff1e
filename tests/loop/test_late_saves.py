"""A save that reached a displaced file late is joined by whoever looks next, also by commands."""

from __future__ import annotations

import hashlib

import pytest

from taskboard.loop import find, people
from taskboard.testing.files import SimFiles

BOARD = "# B\n\n## TASK-001 One\n- status: ready\n- run: ok\n\nwords\n"
OTHER = "\n## TASK-002 Two\n- status: todo\n\nmore words\n"


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


def stored(desk, text):
    """What the ledger has under the digest of these bytes; fails when it has nothing."""
    return desk.play(desk.ctx.ledger.fetch(hashlib.sha256(text).hexdigest()))


def test_the_bytes_of_a_late_save_are_stored(desk):
    desk.save(BOARD)
    save_late(desk)
    desk.turn()
    late = f"{BOARD}\na late thought\n".encode()

    assert desk.files.read(desk.workspace.board) != late
    assert stored(desk, late) == late


def test_a_save_in_the_gap_is_stored_although_another_follows_before_it_is_read(desk):
    desk.save(BOARD)
    saves = [f"{BOARD}\nthe {n} thought\n".encode() for n in ("first", "second")]
    editor, waiting, swaps = SimFiles(desk.files.disk), list(saves), []

    def between(operation):
        """One save just before the swap, the next as soon as the swap has been taken back."""
        swap = operation.startswith("exchange")
        if (swap and not swaps) or (not swap and len(swaps) == 2 and waiting):
            editor.write(desk.workspace.board, waiting.pop(0))
        swaps.extend([operation] * swap)

    desk.files.steps.between = between
    desk.turn()
    desk.files.steps.between = None

    assert waiting == []
    assert "the second thought" in desk.board
    assert [stored(desk, save) for save in saves] == saves


def test_a_clash_of_two_saves_is_named_on_the_tasks_it_is_about(desk):
    text = (
        BOARD.replace("ready", "todo").replace("run: ok", "not-before: 2030-01-01T00:00Z") + OTHER
    )
    desk.save(text)
    desk.turn()
    log = SimFiles(desk.files.disk).open_log(desk.workspace.board)
    desk.say(_ready)
    ours = desk.board
    log.truncate(0)
    log.append(text.replace("todo", "Ready", 1).replace("\n\nwords", "\n\nother words").encode())
    log.close()
    desk.clock.advance(1)
    desk.turn()

    [name] = desk.files.names(desk.workspace.conflicts)
    assert desk.files.read(desk.workspace.conflicts / name).decode() == ours
    one, two = desk.board.split("## TASK-002 ")
    assert "- status: Ready\n" in one
    assert "\n\nother words\n" in one
    assert f"- note: TB310 another version of this text is in .taskboard/conflicts/{name}\n" in one
    assert "TB310" not in two


async def _ready(ctx):
    return await people.say_ready(ctx, await find.find_task(ctx, "TASK-001"), "ann")
