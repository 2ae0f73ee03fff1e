"""Nothing starts, ends or is stopped that a person did not mean: edits that took a second look."""

from __future__ import annotations

import asyncio

import pytest

from taskboard.loop import agents, people
from taskboard.loop.command import begin
from taskboard.loop.holder import Holder, note_of
from taskboard.loop.tick import tick

ONE = "# Work\n\n## TASK-001 One\n- status: {}\n- run: ok\n\nwords\n"


def start(desk, text):
    desk.save(text)
    desk.turn(start=True)


def test_a_done_that_is_taken_back_before_the_gate_answers_is_none(desk):
    start(desk, ONE.format("todo").replace("- run: ok", "- run: ok\n- verify: sleep 6"))

    async def scene():
        desk.retype("- status: todo", "- status: done")
        await tick(desk.ctx, desk.memory)
        await asyncio.sleep(3)
        desk.retype("- status: done", "- status: todo")
        await tick(desk.ctx, desk.memory)
        await asyncio.gather(*desk.memory.judged.values())
        await tick(desk.ctx, desk.memory)

    desk.play(scene())
    assert desk.state("TASK-001") == "open"
    assert "completed" not in desk.events()


def test_a_done_taken_back_while_all_is_paused_is_none(desk):
    start(desk, ONE.format("todo").replace("- run: ok", "- verify: ok"))
    desk.save(desk.board.replace("# Work\n", "# Work\n\npause: all\n"))
    desk.turn()
    desk.retype("- status: todo", "- status: done")
    desk.turn()
    assert desk.state("TASK-001") == "open"
    desk.retype("- status: done", "- status: todo")
    desk.turn()
    desk.save(desk.board.replace("\npause: all\n", ""))
    desk.turn()

    assert desk.state("TASK-001") == "open"
    assert "completed" not in desk.events()


def test_what_changed_under_the_gate_is_asked_again(desk):
    start(desk, ONE.format("todo").replace("- run: ok", "- run: ok\n- verify: sleep 6"))

    async def scene():
        desk.retype("- status: todo", "- status: done")
        await tick(desk.ctx, desk.memory)
        await asyncio.sleep(3)
        desk.retype("- verify: sleep 6", "- verify: fail")
        await tick(desk.ctx, desk.memory)
        for _ in range(3):
            await asyncio.gather(*desk.memory.judged.values())
            await tick(desk.ctx, desk.memory)

    desk.play(scene())
    assert desk.state("TASK-001") == "open"
    assert "evidence_blocked" in desk.events("TASK-001")


def test_done_without_a_verify_is_answered_while_all_is_paused(desk):
    start(desk, "# Work\n\npause: all\n\n## TASK-001 One\n- status: todo\n\nwords\n")
    desk.retype("- status: todo", "- status: done")
    desk.turn()

    assert desk.state("TASK-001") == "done"


def test_a_parent_and_its_children_called_done_together_are_done_and_nothing_starts(desk):
    text = (
        "# Work\n\n## TASK-001 Parent\n- status: ready\n- run: ok\n\nwords\n\n"
        "### TASK-002 A\n- status: todo\n\n### TASK-003 B\n- status: todo\n"
    )
    start(desk, text)
    desk.save(desk.board.replace("status: ready", "status: done").replace("todo", "done"))
    desk.once()

    assert [desk.state(f"TASK-00{n}") for n in (1, 2, 3)] == ["done"] * 3
    assert "claimed" not in desk.events()


@pytest.mark.parametrize("after", ["ready", "cancelled again"])
def test_an_old_copy_with_the_line_of_an_earlier_end_is_an_old_copy(desk, after):
    start(desk, ONE.format("todo"))
    desk.say(people.say_cancel, desk.task("TASK-001"), "ann")
    old = desk.board
    desk.save(desk.board.replace("# Work\n", "# Work\n\npause: all\n"))
    desk.say(people.say_ready, desk.task("TASK-001"), "ann")
    waiting = desk.board
    if after == "cancelled again":
        desk.say(people.say_cancel, desk.task("TASK-001"), "ann")
        old = waiting.replace("\npause: all\n", "")
    desk.save(old + "\nA thought.\n")
    desk.turn()

    assert desk.state("TASK-001") == ("ready" if after == "ready" else "failed:cancelled")
    assert "TB301" in desk.board
    assert "claimed" not in desk.events()


def test_a_retry_is_not_cancelled_by_a_copy_from_before_it(desk):
    start(desk, ONE.format("ready").replace("run: ok", "run: fail"))
    assert desk.state("TASK-001").startswith("blocked:retry:")
    old = desk.board
    desk.clock.advance(30)

    desk.say(lambda ctx: agents.take(ctx, desk.memory, "TASK-001", "bot-1", "agent:bot-1"))
    assert desk.state("TASK-001").startswith("running:bot-1")
    desk.save(old + "\nA thought.\n")
    desk.turn()

    assert desk.state("TASK-001").startswith("running:bot-1")


def test_a_doubtful_stop_keeps_a_task_from_starting_until_somebody_says_which_is_meant(desk):
    start(desk, "# Work\n\npause: all\n\n" + ONE.format("todo").removeprefix("# Work\n\n"))
    desk.say(people.say_ready, desk.task("TASK-001"), "ann")
    desk.retype("- status: ready", "- status: todo")
    desk.turn()
    assert "TB301" in desk.board
    desk.save(desk.board.replace("pause: all\n\n", ""))
    desk.turn()
    assert desk.state("TASK-001") == "ready"
    assert "claimed" not in desk.events()

    desk.say(people.say_ready, desk.task("TASK-001"), "ann")
    assert "TB301" not in desk.board
    desk.turn()
    assert desk.state("TASK-001") == "done"


def test_a_doubtful_stop_that_is_typed_again_is_obeyed(desk):
    start(desk, "# Work\n\npause: all\n\n" + ONE.format("todo").removeprefix("# Work\n\n"))
    desk.say(people.say_ready, desk.task("TASK-001"), "ann")
    for _ in range(2):
        desk.retype("- status: ready", "- status: todo")
        desk.turn()

    assert desk.state("TASK-001") == "open"


def test_a_note_about_an_edit_that_a_person_deletes_stays_away(desk):
    start(desk, ONE.format("ready"))
    desk.retype("- status: done", "- status: todo")
    desk.turn()
    noted = [line for line in desk.board.splitlines() if "note: TB30" in line]
    assert len(noted) == 1
    desk.save(desk.board.replace(noted[0] + "\n", ""))
    desk.turn()
    desk.turn()

    assert "note:" not in desk.board


def test_a_word_that_is_no_state_over_done_is_refused_and_done_stands_again(desk):
    start(desk, ONE.format("ready"))
    desk.retype("- status: done", "- status: almost")
    desk.turn()

    assert "- status: done" in desk.board
    assert "TB302 `almost`" in desk.board


@pytest.mark.parametrize("how", ["released", "failed"])
def test_a_section_that_came_back_while_its_task_ran_is_not_withdrawn_at_the_end(desk, how):
    start(desk, ONE.format("ready").replace("- run: ok\n", ""))
    run = desk.say(lambda ctx: _take(ctx, desk))
    whole = desk.board
    desk.save("# Work\n")
    desk.turn()
    desk.clock.advance(66)
    desk.turn()
    desk.save(whole)
    desk.turn()
    task = desk.task("TASK-001")
    if how == "released":
        desk.say(agents.hand_back, task, run.run, "bot")
    else:
        desk.say(lambda ctx: agents.give_up(ctx, task, run.run, "no", "bot", final=False))
    desk.turn()

    assert "withdrawn" not in desk.events()


async def _take(ctx, desk):
    from taskboard.loop.absorb import absorb

    await absorb(ctx, desk.memory)
    await agents.take(ctx, desk.memory, "TASK-001", "bot-1", "agent:bot-1")
    task = (await ctx.ledger.look()).named("TASK-001")
    return task.run


def test_blocked_children_that_a_person_typed_asks_no_gate(desk):
    start(desk, ONE.format("todo").replace("- run: ok", "- verify: ok"))
    desk.retype("- status: todo", "- status: blocked:children:2")
    desk.once(wait=0)

    assert desk.state("TASK-001") == "blocked:children:2"


def test_an_imported_blocked_children_asks_no_gate(desk):
    start(desk, ONE.format("blocked:children:3").replace("- run: ok", "- verify: ok"))
    desk.once(wait=0)

    assert desk.state("TASK-001") == "blocked:children:3"


def test_typed_blocked_children_ends_when_they_have_ended(desk):
    text = ONE.format("blocked:children:1") + "\n### TASK-002 Kid\n- status: ready\n- run: ok\n"
    desk.save(text)
    desk.once()

    assert desk.events("TASK-001").count("claimed") == 1
    assert desk.state("TASK-001") == "done"


@pytest.mark.parametrize("hold", ["blocked:ada:quote", "blocked:until:2027-01-01T00:00Z"])
def test_a_persons_hold_is_back_when_the_child_that_failed_is_requeued(desk, hold):
    kid = "\n### TASK-002 Kid\n- status: ready\n- run: fail\n- max-attempts: 1\n"
    start(desk, ONE.format(hold) + kid)
    desk.turn()
    assert desk.state("TASK-001") == "blocked:ann:child-failed"
    desk.retype("- run: fail", "- run: ok")
    desk.say(people.say_ready, desk.task("TASK-002"), "ann")
    desk.once(wait=0)

    assert desk.state("TASK-001") == hold
    assert "claimed" not in desk.events("TASK-001")


def test_a_new_id_lies_above_every_id_that_the_text_speaks_of(desk):
    text = (
        "# Work\n\nSee TASK-041 and GPT-9.\n\n## TASK-001 One\n- status: ready\n"
        "- needs: TASK-002\n- run: ok\n\n## Fresh\n- status: ready\n- run: ok\n\n"
        "<!--\n## TASK-050 Hidden\n- status: todo\n-->\n"
    )
    start(desk, text)

    assert "## TASK-051 Fresh" in desk.board
    assert desk.state("TASK-001") == "ready"


def test_headings_that_are_no_tasks_do_not_set_the_prefix(desk):
    start(desk, "# Work\n\n## GPT-4 evaluation\n\nwords\n\n## Fresh\n- status: ready\n- run: ok\n")

    assert "## TASK-001 Fresh" in desk.board


def test_a_board_whose_ledger_is_gone_is_history_like_any_other(desk):
    start(desk, ONE.format("ready").replace("- run: ok", "- run: ok\n- verify: ok"))
    assert desk.state("TASK-001") == "done"
    before = desk.board
    desk.files.remove(desk.workspace.ledger)
    desk.open()
    desk.turn(start=True)

    assert desk.state("TASK-001") == "done"
    assert desk.events().count("completed") == 0
    assert desk.board == before


class Machine:
    """A daemon's note, so that commands know that one watches."""

    def __init__(self, desk):
        import msgspec

        ctx = desk.ctx
        desk.files.make_folder(desk.workspace.state)
        note = Holder(who=ctx.processes.me(), device="desk", since="2026-11-20T12:00:00Z")
        desk.files.write(note_of(ctx), msgspec.json.encode(note))


@pytest.mark.parametrize("watched", [True, False])
def test_a_command_takes_half_a_text_for_one_while_a_daemon_watches(desk, watched):
    start(desk, "# Work\n\n## TASK-001 One\n- status: todo\n\nwords\n")
    if watched:
        Machine(desk)
    desk.save(desk.board + "\n## TASK-002 Two\n- status: ready\n- run: ok\n")
    desk.play(begin(desk.ctx, type(desk.memory)()))

    assert (desk.task("TASK-002").settle_from is not None) is watched


def test_two_exchanged_ids_start_nothing_although_both_carry_lines(desk):
    text = (
        "# Work\n\n## TASK-001 One\n- status: ready\n- run: ok\n\nfirst\n\n"
        "## TASK-002 Two\n- status: ready\n\nsecond\n"
    )
    start(desk, text)
    assert "TB130" in desk.board
    assert "result:" in desk.board
    swapped = desk.board.replace("TASK-001", "X").replace("TASK-002", "TASK-001")
    desk.save(swapped.replace("X", "TASK-002"))
    desk.once(wait=0)

    assert desk.events().count("claimed") == 1
    assert desk.state("TASK-002") == "ready"


@pytest.mark.parametrize("how", ["merge", "cherry-pick", "writing"])
def test_what_comes_while_git_is_at_it_waits_for_approval(desk, how):
    desk.git.commit()
    start(desk, ONE.format("todo"))
    desk.git.writing = how == "writing"
    desk.git.busy = None if how == "writing" else how
    desk.save(desk.board + "\n## TASK-002 Theirs\n- status: ready\n- run: ok\n")
    desk.turn()
    desk.git.busy, desk.git.writing = None, False
    desk.once(wait=0)

    assert desk.task("TASK-002").origin == "git"
    assert "claimed" not in desk.events()


def test_a_pull_of_other_files_does_not_make_a_hand_edit_gits(desk):
    desk.git.commit()
    start(desk, ONE.format("todo"))
    desk.git.pull()
    desk.once(wait=0)
    assert desk.events().count("git_moved") == 1
    desk.once(wait=0)
    assert desk.events().count("git_moved") == 1
    desk.save(desk.board + "\n## TASK-002 Mine\n- status: ready\n- run: ok\n")
    desk.once(wait=0)

    assert desk.task("TASK-002").origin == "board"
    assert desk.state("TASK-002") == "done"


def test_a_file_in_the_place_of_the_dead_letters_stops_nothing(desk):
    desk.files.write(desk.workspace.deadletter, b"")
    start(desk, ONE.format("ready").replace("run: ok", "run: final"))
    desk.once(wait=0)

    assert desk.state("TASK-001") == "failed:final"
    assert "failed:final" in desk.board
    desk.files.remove(desk.workspace.deadletter)
    desk.once(wait=0)
    assert desk.files.read(desk.workspace.deadletter / "TASK-001.md")
