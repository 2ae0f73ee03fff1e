"""What lives of a board have brought to light, each in its smallest form."""

import asyncio

import pytest

from taskboard.loop.context import Memory
from taskboard.loop.tick import tick

BARE = "# Work\n\n## Alpha\n- status: ready\n- run: mark Alpha;ok\n\nDo it.\n"
ONE = BARE.replace("## Alpha", "## TASK-001 Alpha")
PLUS = "\n## TASK-009 Other\n- status: todo\n"


def runs(desk, title="Alpha"):
    return sum(w.endswith(f" mark {title}") for w in desk.script.done)


def rest(desk):
    for _ in range(4):
        desk.once()
        desk.clock.advance(61)


def test_an_old_buffer_from_before_id_and_new_title_is_the_same_task(desk):
    desk.save(BARE + PLUS)
    rest(desk)
    desk.retype("## TASK-010 Alpha", "## TASK-010 Alpha and more")  # a person renames the title
    rest(desk)
    desk.save(BARE + PLUS)  # somebody's buffer from the very beginning
    rest(desk)
    assert runs(desk) == 1


def test_an_old_buffer_is_the_same_task_when_prose_and_title_were_edited_since(desk):
    desk.save(BARE + PLUS)
    rest(desk)
    desk.save(desk.board.replace("Do it.", "Do it well.").replace("TASK-010 Alpha", "TASK-010 A"))
    rest(desk)
    desk.save(BARE.replace("Do it.", "Do it.\n\nAnd a thought.") + PLUS)
    rest(desk)
    assert runs(desk) == 1


@pytest.mark.parametrize("word", ["failed:cancelled", "done", "todo", "wip"])
def test_a_word_typed_in_a_buffer_that_has_no_id_yet_is_read(desk, word):
    text = BARE.replace("- run:", "- not-before: 2030-01-01T00:00Z\n- run:") + PLUS
    desk.save(text)
    rest(desk)
    desk.save(text.replace("status: ready", f"status: {word}"))  # the id was not in this buffer
    rest(desk)
    assert desk.state("TASK-010") != "withdrawn"
    assert "## TASK-010 Alpha" in desk.board


def test_an_id_exchanged_in_an_old_buffer_of_finished_work_does_not_run_it_again(desk):
    desk.save(ONE + PLUS)
    rest(desk)
    desk.save(ONE.replace("TASK-001", "OPS-7") + PLUS)  # made on the text from before the work
    rest(desk)
    assert runs(desk) == 1


def test_an_old_buffer_over_a_typed_cancel_starts_nothing(desk):
    old = ONE.replace("- run:", "- not-before: 2030-01-01T00:00Z\n- run:") + PLUS
    desk.save(old)
    desk.turn()
    desk.retype("- status: ready", "- status: failed:cancelled")  # ann, in her editor
    desk.turn()
    assert desk.state("TASK-001") == "failed:cancelled"
    desk.save(old + "\nsomebody else's thought\n")  # bob, who has had the board open all the time
    desk.turn()
    assert desk.state("TASK-001") == "failed:cancelled"


def test_a_held_board_does_not_grow_the_ledger_at_every_start(desk):
    desk.save("<<<<<<< a\n## TASK-001 A\n- status: todo\n=======\nx\n>>>>>>> b\n")
    desk.turn(start=True)
    before = desk.events()
    for _ in range(3):
        desk.memory = Memory()
        desk.turn(start=True)
    assert desk.events() == before


def test_history_gets_no_dead_letters(desk):
    desk.save(
        "# B\n\n" + "".join(f"## TASK-{n:03} T\n- status: failed:old\n\n" for n in range(1, 4))
    )
    desk.turn(start=True)
    assert not desk.files.names(desk.workspace.deadletter)


def test_ready_typed_once_is_read_once_although_nothing_could_be_written_back(desk):
    desk.save(ONE.replace(";ok", ";fail").replace("- run", "- max-attempts: 1\n- run") + PLUS)
    rest(desk)
    assert desk.state("TASK-001") == "failed:exhausted_retries"
    again = desk.board.replace("status: failed:exhausted_retries", "status: ready")
    desk.save(again)

    async def turn():  # the daemon wrote a moment ago, or the board is held or missing just then
        await tick(desk.ctx, desk.memory, write=False)
        await asyncio.gather(*[a.job for a in desk.memory.active.values()])
        await tick(desk.ctx, desk.memory, write=False)

    desk.play(turn())
    assert (runs(desk), desk.state("TASK-001")) == (2, "failed:exhausted_retries")
    desk.save(again + "\nA thought, typed into the same buffer.\n")
    rest(desk)
    assert runs(desk) == 2


def test_a_finished_section_without_id_that_was_gone_for_a_minute_and_is_back(desk):
    desk.save(BARE + PLUS)
    rest(desk)
    desk.save("# Work\n" + PLUS)
    rest(desk)
    desk.save(BARE + PLUS)  # git checkout of the commit from before the id
    rest(desk)
    assert runs(desk) == 1
