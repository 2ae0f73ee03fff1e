"""Boards that are doubted: nothing is read from them until they are whole again, or accepted."""

from __future__ import annotations

import pytest

from taskboard.errors import BoardHeld
from taskboard.loop import people
from taskboard.loop.absorb import absorb
from taskboard.loop.context import Memory


def sections(*numbers, status="todo\n- run: ok"):
    return "".join(f"## TASK-{n:03d} T{n}\n- status: {status}\n\ntext {n}\n\n" for n in numbers)


def board(*numbers, status="todo\n- run: ok"):
    return f"# B\n\n{sections(*numbers, status=status)}"


def accept(desk):
    async def accepted(ctx):
        memory = Memory()
        await absorb(ctx, memory)
        return await absorb(ctx, memory, accept=True)

    return desk.say(accepted)


def held(desk):
    return desk.memory.sight.held


@pytest.mark.parametrize(("left", "is_held"), [(range(1, 8), False), (range(1, 7), True)])
def test_more_than_three_tenths_of_the_open_tasks_gone_at_once_hold_the_board(desk, left, is_held):
    desk.save(board(*range(1, 11)))
    desk.turn(start=True)
    desk.save(board(*left))
    desk.turn()

    assert (held(desk) is not None) == is_held
    desk.clock.advance(61)
    desk.turn()
    assert ("withdrawn" in desk.events()) != is_held


@pytest.mark.parametrize(("gone", "is_held"), [(30, False), (31, True)])
def test_thirty_of_a_hundred_may_go_at_once_and_not_one_more(desk, gone, is_held):
    desk.save(board(*range(1, 101)))
    desk.turn(start=True)
    desk.save(board(*range(1, 101 - gone)))
    desk.turn()

    assert (held(desk) is not None) == is_held


@pytest.mark.parametrize(("tasks", "is_held"), [(4, False), (5, True)])
def test_a_board_is_doubted_from_five_open_tasks_on(desk, tasks, is_held):
    desk.save(board(*range(1, tasks + 1)))
    desk.turn(start=True)
    desk.save(board(*range(3, tasks + 1)))
    desk.turn()

    assert (held(desk) is not None) == is_held


def test_a_small_board_is_never_doubted_for_what_it_lost(desk):
    desk.save(board(1, 2, 3, 4))
    desk.turn(start=True)
    desk.save(board(1))
    desk.turn()

    assert held(desk) is None


def test_finished_tasks_may_be_cleared_away_all_at_once(desk):
    desk.save(board(*range(1, 8), status="done") + sections(8, 9))
    desk.turn(start=True)
    desk.save(board(8, 9))
    desk.turn()

    assert held(desk) is None


def test_renamed_tasks_are_not_gone(desk):
    desk.save(board(*range(1, 8)))
    desk.turn(start=True)
    desk.save(desk.board.replace("TASK-", "SITE-"))
    desk.turn()

    assert held(desk) is None
    assert sorted(t.task for t in desk.play(desk.ctx.ledger.look()).tasks.values()) == [
        f"SITE-{n:03d}" for n in range(1, 8)
    ]
    assert desk.events().count("created") == 7


def test_while_it_is_held_nothing_starts_and_nothing_is_written(desk):
    desk.save(board(*range(1, 11)))
    desk.turn(start=True)
    cut = board(1, 2).replace("todo", "ready")
    desk.save(cut)
    desk.once()

    assert desk.board == cut
    assert "claimed" not in desk.events()
    assert desk.state("TASK-001") == "open"


def test_a_text_that_is_whole_again_ends_it(desk):
    desk.save(board(*range(1, 11)))
    desk.turn(start=True)
    whole = desk.board
    desk.save(board(1, 2))
    desk.turn()
    assert held(desk)
    desk.save(whole.replace("## TASK-001 T1\n- status: todo", "## TASK-001 T1\n- status: ready"))
    desk.once()

    assert desk.state("TASK-001") == "done"
    assert "withdrawn" not in desk.events()


def test_accepted_it_is_read_as_it_is_and_what_is_gone_is_withdrawn(desk):
    desk.save(board(*range(1, 11)))
    desk.turn(start=True)
    desk.save(board(1, 2).replace("todo", "ready", 1))
    desk.turn()
    accept(desk)
    desk.turn()

    assert held(desk) is None
    assert desk.state("TASK-001") == "done"
    desk.clock.advance(61)
    desk.turn()
    assert desk.events().count("withdrawn") == 8


def test_a_board_without_any_of_its_tasks_is_held_until_accepted(desk):
    desk.save(board(1, 2))
    desk.turn(start=True)
    desk.save("# B\n\nAll moved elsewhere.\n")
    desk.turn()
    assert held(desk)
    accept(desk)
    desk.turn()
    desk.clock.advance(61)
    desk.turn()

    assert desk.state("TASK-001") == desk.state("TASK-002") == "withdrawn"


def test_a_fence_that_swallows_the_rest_is_held_until_accepted(desk):
    desk.save(board(1, 2))
    desk.turn(start=True)
    desk.save(desk.board.replace("text 1\n", "```\ntext 1\n"))
    desk.turn()
    assert held(desk)
    accept(desk)
    desk.turn()

    assert held(desk) is None
    desk.save(desk.board + "more\n")
    desk.turn()
    assert held(desk) is None


@pytest.mark.parametrize(
    "bad", [b"\xff\xfe#\0 \0B\0", b"# B\n\0\n", b"# B\n\n<<<<<<< a\n=======\n>>>>>>> b\n"]
)
def test_what_cannot_be_read_cannot_be_accepted(desk, bad):
    desk.save(board(1, 2))
    desk.turn(start=True)
    desk.files.write(desk.workspace.board, bad)
    desk.clock.advance(5)
    accept(desk)
    desk.turn()

    assert held(desk)
    assert desk.files.read(desk.workspace.board) == bad


def test_commands_that_end_things_work_on_a_held_board_and_leave_it_alone(desk):
    desk.save(board(*range(1, 11)))
    desk.turn(start=True)
    cut = board(1, 2)
    desk.save(cut)

    async def cancelled(ctx):
        task = (await ctx.ledger.look()).named("TASK-005")
        return await people.say_cancel(ctx, task, "ann")

    desk.say(cancelled)
    assert desk.state("TASK-005") == "failed:cancelled"
    assert desk.board == cut


def test_adding_to_a_held_board_is_refused(desk):
    from taskboard.loop import command

    desk.save(board(*range(1, 11)))
    desk.turn(start=True)
    desk.save(board(1, 2))

    async def added(ctx):
        memory = Memory()
        await absorb(ctx, memory)
        await command.add(ctx, memory, "X", status="ready", fields=(), body="", actor="ann")

    with pytest.raises(BoardHeld, match="taskboard accept"):
        desk.say(added)
