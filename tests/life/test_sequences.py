"""Sequences of edits that people and agents make, one by one, over a board whose tasks run: what
each of them meant happens, and nothing else."""

from __future__ import annotations

import pytest
from lifeworld.splices import splices

TASK = "## {0} {1}\n- status: {2}\n- run: mark {1};{3}\n\nDo it.  \nAnd well.\n\n"
THREE = "# Work\n\n" + "".join(
    TASK.format(f"TASK-00{n}", title, "ready", "ok")
    for n, title in enumerate(("Alpha", "Beta", "Gamma"), 1)
)


def runs(desk, title):
    """How often the command of a task was executed."""
    return sum(word.endswith(f" mark {title}") for word in desk.script.done)


def rest(desk):
    """Everything comes to rest, and another turn adds nothing."""
    for _ in range(4):
        desk.once()
        desk.clock.advance(61)
    before = desk.events()
    desk.turn()
    assert desk.events() == before


@pytest.fixture
def worked(desk):
    """Three tasks, done."""
    desk.save(THREE)
    rest(desk)
    assert [desk.state(f"TASK-00{n}") for n in (1, 2, 3)] == ["done"] * 3
    return desk


def once_each(desk):
    assert [runs(desk, title) for title in ("Alpha", "Beta", "Gamma")] == [1, 1, 1]


def test_an_agent_writes_the_whole_file_back_from_before_the_work(worked):
    text = THREE + TASK.format("TASK-004", "Delta", "ready", "ok")
    worked.save(text.replace("Do it.", "Do it again.", 1))
    rest(worked)

    once_each(worked)
    assert runs(worked, "Delta") == 1
    assert worked.state("TASK-001") == "done"
    assert "Do it again." in worked.board


def test_the_board_is_sorted_backwards(worked):
    head, *rest_ = worked.board.split("## ")
    worked.save("## ".join([head, *reversed(rest_)]))
    saved = worked.board
    rest(worked)

    once_each(worked)
    assert worked.board == saved


def test_a_section_moves_under_another_heading_and_gets_status_and_prose_in_one_save(worked):
    worked.save("# Later\n\n" + TASK.format("TASK-009", "Delta", "todo", "ok") + worked.board)
    rest(worked)
    text = worked.board
    section = text[text.index("## TASK-009") : text.index("# Work")]
    moved = section.replace("todo", "ready").replace("Do it.", "Do it today.")
    worked.save(text.replace(section, "") + "\n# Now\n\n" + moved)
    rest(worked)

    once_each(worked)
    assert runs(worked, "Delta") == 1
    assert worked.state("TASK-009") == "done"
    assert worked.events("TASK-009").count("created") == 1


def test_a_title_changes_and_the_work_is_not_done_again(worked):
    worked.retype("TASK-002 Beta", "TASK-002 Better")
    rest(worked)

    once_each(worked)
    assert worked.task("TASK-002").title == "Better"


@pytest.mark.parametrize("away", [5, 45, 200])
def test_git_checks_an_older_version_out_and_back(worked, away):
    newest = worked.board
    worked.save("# Work\n\n" + TASK.format("TASK-001", "Alpha", "ready", "ok"))
    worked.turn()
    worked.clock.advance(away)
    worked.turn()
    worked.save(newest)
    rest(worked)

    once_each(worked)
    assert not [s for s in splices(newest.encode(), worked.board.encode()) if s.kind == "status"]


def test_a_stash_and_its_pop_lose_no_edit_and_start_nothing(worked):
    newest = worked.board.replace("And well.", "And very well.", 1)
    worked.save(newest)
    worked.turn()
    worked.save(THREE)
    worked.turn()
    worked.save(newest)
    rest(worked)

    once_each(worked)
    assert "And very well." in worked.board


def test_a_section_is_pasted_as_a_template_and_then_filled_in(worked):
    text = worked.board
    section = text[text.index("## TASK-002") : text.index("## TASK-003")]
    worked.save(text + section)
    worked.turn()
    assert worked.state("TASK-002") == "done"
    copy = TASK.format("TASK-010", "Delta", "ready", "ok")
    worked.save(text + copy)
    rest(worked)

    once_each(worked)
    assert runs(worked, "Delta") == 1


def test_most_of_the_board_is_deleted_by_mistake_and_put_back(desk):
    text = "# Work\n\n" + "".join(
        TASK.format(f"TASK-{n:03}", f"T{n}", "blocked:ann:later", "ok") for n in range(1, 11)
    )
    desk.save(text)
    rest(desk)
    desk.save(text[: text.index("## TASK-006")])
    desk.turn()
    desk.clock.advance(300)
    desk.turn()
    assert desk.memory.sight.held is not None
    assert "withdrawn" not in desk.events()

    desk.save(text)
    rest(desk)

    assert desk.memory.sight.held is None
    assert desk.state("TASK-010") == "blocked:ann:later"
    assert desk.board == text


def test_an_undo_in_the_editor_brings_the_text_from_before_the_id(desk):
    desk.save("# Work\n\n" + TASK.format("", "Alpha", "ready", "ok").replace("##  ", "## "))
    typed = desk.board
    rest(desk)
    desk.save(typed + "\nA thought.\n")
    rest(desk)
    desk.save(typed)
    rest(desk)

    assert runs(desk, "Alpha") == 1
    assert desk.events("TASK-001").count("created") == 1
    assert "## TASK-001 Alpha" in desk.board


def test_several_sections_without_ids_are_appended_at_once(worked):
    bare = "".join(
        TASK.format("", f"New{n}", "ready", "ok").replace("##  ", "## ") for n in (1, 2, 3)
    )
    worked.save(worked.board + bare)
    rest(worked)

    once_each(worked)
    assert [runs(worked, f"New{n}") for n in (1, 2, 3)] == [1, 1, 1]
    assert [worked.state(f"TASK-00{n}") for n in (4, 5, 6)] == ["done"] * 3


@pytest.mark.parametrize("away", [20, 200])
def test_a_section_is_cut_and_pasted_back_later(desk, away):
    waiting = TASK.format("TASK-009", "Delta", "blocked:ann:later", "ok")
    desk.save(THREE + waiting)
    rest(desk)
    text = desk.board
    desk.save(text.replace(waiting, ""))
    desk.turn()
    desk.clock.advance(away)
    desk.turn()
    desk.save(waiting + text.replace(waiting, ""))
    rest(desk)

    once_each(desk)
    assert runs(desk, "Delta") == 0
    assert desk.state("TASK-009") == "blocked:ann:later"


def test_an_id_is_exchanged_for_another_and_the_run_goes_on(worked):
    worked.retype("## TASK-002 Beta", "## OPS-7 Beta")
    rest(worked)

    once_each(worked)
    assert worked.state("OPS-7") == "done"
    assert "## OPS-7 Beta\n- status: done\n" in worked.board


@pytest.mark.parametrize("moment", ["empty", "missing", "conflict", "fence"])
def test_the_board_is_no_board_for_a_moment(worked, moment):
    whole = worked.board
    odd = {
        "empty": "",
        "conflict": f"<<<<<<< HEAD\n{whole}=======\n{THREE}>>>>>>> theirs\n",
        "fence": whole[:20] + "\n```\n" + whole[20:],
    }
    if moment == "missing":
        worked.files.remove(worked.workspace.board)
    else:
        worked.save(odd[moment])
    worked.turn()
    worked.clock.advance(120)
    worked.turn()
    if moment != "missing":
        assert worked.board == odd[moment]
    worked.save(whole)
    rest(worked)

    once_each(worked)
    assert worked.board == whole
    assert "withdrawn" not in worked.events()


def test_a_formatter_passes_over_everything(worked):
    text = worked.board
    formatted = "\n".join(line.rstrip() for line in text.splitlines()).replace("\n\n\n", "\n\n")
    worked.save(formatted + "\n")
    saved = worked.board
    rest(worked)

    once_each(worked)
    assert worked.board == saved


def test_a_formatter_with_stars_and_other_line_endings_passes_over_everything(worked):
    text = worked.board.replace("\n- ", "\n* ").replace("\n", "\r\n")
    worked.save(text)
    rest(worked)

    once_each(worked)
    assert [worked.state(f"TASK-00{n}") for n in (1, 2, 3)] == ["done"] * 3
    lines = worked.files.read(worked.workspace.board).split(b"\r\n")
    assert sum(b"result:" in line for line in lines) == 3
