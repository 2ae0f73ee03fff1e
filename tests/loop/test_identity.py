"""Which task a section is, whatever editors, people and old buffers do to its heading."""

from __future__ import annotations

from datetime import timedelta

import pytest

from taskboard.core.ready import why
from taskboard.loop import agents, command, find
from taskboard.loop.scene import diagnoses, set_scene

BARE = "# Week\n\n## Write the report\n- status: ready\n- run: ok\n\nWith figures.\n"
TWO = (
    "# Week\n\n## TASK-001 Alpha\n- status: {one}\n\nalpha\n\n"
    "## TASK-002 Beta\n- status: todo\n\nbeta\n"
)


def names(desk):
    return sorted(desk.play(desk.ctx.ledger.look()).names)


async def claimed(ctx, name="TASK-001"):
    from taskboard.loop.absorb import absorb
    from taskboard.loop.context import Memory

    memory = Memory()
    await absorb(ctx, memory)
    return await agents.take(ctx, memory, name, "bot-1", "agent:bot-1")


async def completed(ctx, label):
    task = await find.find_run(ctx, label)
    offered = agents.Evidence(output="x" * 51)
    return await agents.finish(ctx, task, label, offered, "agent:bot-1")


async def failed(ctx, label, final=False):
    task = await find.find_run(ctx, label)
    return await agents.give_up(ctx, task, label, "no", "agent:bot-1", final=final)


async def released(ctx, label):
    task = await find.find_run(ctx, label)
    return await agents.hand_back(ctx, task, label, "agent:bot-1")


def found(desk, code):
    """The tasks about which ``check`` says this now."""
    world = desk.play(desk.ctx.ledger.look())
    return {d.task for d in diagnoses(desk.ctx, desk.memory.sight, world) if d.code == code}


async def added(ctx, title="From a command", **fields):
    from taskboard.loop.absorb import absorb
    from taskboard.loop.context import Memory

    memory = Memory()
    await absorb(ctx, memory)
    pairs = list(fields.items())
    return await command.add(
        ctx, memory, title, status="ready", fields=pairs, body="do it", actor="ann"
    )


def running(desk):
    """A board whose first task is run by an outside agent."""
    desk.save(TWO.format(one="ready"))
    desk.turn(start=True)
    desk.say(claimed)
    return desk


# Ids given to new headings


def test_an_old_buffer_without_the_id_gets_the_same_id_again_and_the_work_is_not_done_twice(desk):
    desk.save(BARE)
    desk.once()
    assert desk.state("TASK-001") == "done"
    desk.save(BARE + "\nOne more thought.\n")
    desk.once()

    assert names(desk) == ["TASK-001"]
    assert desk.events().count("claimed") == 1
    assert "## TASK-001 Write the report\n- status: done\n" in desk.board
    assert "One more thought." in desk.board


def test_two_headings_of_one_title_keep_their_ids_apart_by_their_text(desk):
    text = "# B\n\n## Call\n- status: ready\n\nAda\n\n## Call\n- status: ready\n\nBen\n"
    desk.save(text)
    desk.turn(start=True)
    first = desk.board
    assert first.index("TASK-001") < first.index("Ada") < first.index("TASK-002")
    ada, ben = text.removeprefix("# B\n\n").split("\n## Call", 1)
    desk.save(f"# B\n\n## Call{ben}\n{ada}")
    desk.turn()

    assert names(desk) == ["TASK-001", "TASK-002"]
    assert "## TASK-001 Call\n- status: ready\n- note" in desk.board
    assert desk.board.index("TASK-002") < desk.board.index("Ben") < desk.board.index("TASK-001")
    assert "edited" not in desk.events()


def test_a_title_that_is_still_being_typed_keeps_its_id_under_autosave(desk):
    for title in ("W", "Write", "Write the rep", "Write the report"):
        desk.save(f"# Week\n\n## {title}\n- status: ready\n- not-before: 2030-01-01T00:00Z\n")
        desk.turn(settling=True)

    assert names(desk) == ["TASK-001"]
    assert desk.task("TASK-001").title == "Write the report"


def test_the_text_of_a_finished_and_removed_task_is_that_task_and_another_text_is_new_work(desk):
    other = "\n## TASK-009 Other\n- status: todo\n"
    desk.save(f"{BARE}{other}")
    desk.once()
    assert "## TASK-010 Write" in desk.board
    desk.save(f"# Week\n{other}")
    desk.turn()
    desk.clock.advance(61)
    desk.turn()
    assert desk.task("TASK-010").hidden
    again = desk.board + BARE.removeprefix("# Week\n")
    desk.save(again)
    desk.once()
    assert desk.events().count("claimed") == 1
    assert "TB302" in desk.board or "TB301" in desk.board
    desk.save(again.replace("With figures.", "With the figures of this week."))
    desk.clock.advance(61)
    desk.once()

    assert desk.state("TASK-010") == "done"


# Renames


def test_an_id_exchanged_for_a_new_one_is_a_rename_and_the_run_goes_on(desk):
    running(desk)
    desk.save(desk.board.replace("TASK-001", "SITE-7"))
    desk.turn()

    task = desk.task("SITE-7")
    assert desk.task("TASK-001") == task
    assert task.status.text.startswith("running:bot-1:")
    assert task.run.attempt == 1
    assert desk.events().count("created") == 2
    desk.clock.advance(120)
    desk.turn()
    assert desk.state("SITE-7").startswith("running:")

    desk.say(completed, "TASK-001@1")
    assert desk.state("SITE-7") == "done"
    assert "## SITE-7 Alpha\n- status: done\n" in desk.board


def test_a_renamed_run_answers_to_both_labels(desk):
    running(desk)
    desk.save(desk.board.replace("TASK-001", "SITE-7"))
    desk.turn()
    desk.say(completed, "SITE-7@1")

    assert desk.state("SITE-7") == "done"


def test_a_renamed_run_whose_holder_is_gone_is_taken_back_and_leaves_no_lease(desk):
    running(desk)
    desk.save(desk.board.replace("TASK-001", "SITE-7"))
    desk.turn()
    locks = desk.workspace.locks
    assert desk.files.names(locks) == ["TASK-001@1"]
    desk.clock.advance(16 * 60)
    desk.turn()

    assert desk.state("SITE-7") == "ready"
    assert "reclaimed" in desk.events("SITE-7")
    assert not [name for name in desk.files.names(locks) if "@" in name]


def test_who_needed_the_old_id_is_served_by_the_new_one(desk):
    text = (
        "# B\n\n## TASK-001 Alpha\n- status: ready\n- run: ok\n\n"
        "## TASK-002 Beta\n- status: ready\n- run: ok\n- needs: TASK-001\n"
    )
    desk.save(text.replace("ready", "todo"))
    desk.turn(start=True)
    desk.save(desk.board.replace("## TASK-001", "## SITE-7"))
    desk.turn()
    desk.save(desk.board.replace("todo", "ready"))
    desk.once()

    assert desk.state("SITE-7") == desk.state("TASK-002") == "done"


def test_a_circle_is_seen_through_an_old_id(desk):
    desk.save(
        "# B\n\n## TASK-001 Alpha\n- status: todo\n- run: ok\n\n"
        "## TASK-002 Beta\n- status: todo\n- run: ok\n- needs: TASK-001\n"
    )
    desk.turn(start=True)
    desk.save(desk.board.replace("## TASK-001", "## SITE-7"))
    desk.turn()
    desk.save(
        desk.board.replace("todo", "ready").replace("ok\n\n", "ok\n- needs: TASK-002\n\n", 1)
    )
    desk.turn()
    world = desk.play(desk.ctx.ledger.look())
    scene = set_scene(desk.ctx, desk.memory, world)

    assert why(desk.task("TASK-002"), scene).rule == "cycle"
    assert "claimed" not in desk.events()


def test_a_rename_and_a_status_in_one_save_are_both_meant(desk):
    desk.save(TWO.format(one="todo"))
    desk.turn(start=True)
    desk.save(
        desk.board.replace("## TASK-002 Beta\n- status: todo", "## B-1 Beta\n- status: ready")
    )
    desk.turn()

    assert desk.state("B-1") == "ready"
    assert desk.events().count("created") == 2


def test_the_old_id_back_alone_is_the_task_renamed_back(desk):
    running(desk)
    old = desk.board
    desk.save(old.replace("TASK-001", "SITE-7"))
    desk.turn()
    desk.save(old.replace("alpha", "alpha, by an old buffer"))
    desk.turn()

    assert desk.task("TASK-001").task == "TASK-001"
    assert desk.events().count("created") == 2
    assert desk.events().count("withdrawn") == 0
    assert desk.state("TASK-001").startswith("running:")


def test_old_and_new_id_side_by_side_are_doubled_and_nothing_is_read_from_them(desk):
    desk.save(TWO.format(one="todo"))
    desk.turn(start=True)
    old = desk.board
    desk.save(old.replace("TASK-002", "B-1"))
    desk.turn()
    desk.save(desk.board + "\n## TASK-002 Beta\n- status: ready\n- run: ok\n")
    desk.once()

    assert desk.state("B-1") == "open"
    assert "claimed" not in desk.events()


def test_a_copy_of_a_finished_task_under_a_new_id_is_new_work(desk):
    desk.save(
        "# B\n\n## WEEK-1 Report\n- status: ready\n- run: ok\n\nfigures\n\n"
        "## WEEK-9 Other\n- status: todo\n"
    )
    desk.once()
    desk.save(desk.board.replace("WEEK-1", "WEEK-2").replace("status: done", "status: ready"))
    desk.once()

    assert desk.state("WEEK-1") == desk.state("WEEK-2") == "done"
    assert desk.events().count("claimed") == 2


# Leaving and coming back


def withdrawn(desk, state="blocked:ada:brief"):
    desk.save(TWO.format(one=state))
    desk.turn(start=True)
    whole = desk.board
    desk.save(whole[: whole.index("## TASK-001")] + whole[whole.index("## TASK-002") :])
    desk.turn()
    desk.clock.advance(61)
    desk.turn()
    assert desk.state("TASK-001") == "withdrawn"
    return whole


def test_the_same_id_and_title_back_restore_the_task_to_what_it_was(desk):
    whole = withdrawn(desk)
    desk.save(whole)
    desk.turn()

    assert desk.state("TASK-001") == "blocked:ada:brief"
    assert desk.events("TASK-001") == ["created", "withdrawn", "restored"]
    assert desk.board == whole


def test_a_restored_task_takes_the_text_and_the_status_it_comes_back_with(desk):
    whole = withdrawn(desk)
    desk.save(whole.replace("alpha", "alpha, better").replace("blocked:ada:brief", "ready"))
    desk.turn()

    assert desk.state("TASK-001") == "ready"
    assert desk.events("TASK-001")[:5] == [
        "created",
        "withdrawn",
        "restored",
        "edited",
        "unblocked",
    ]


@pytest.mark.parametrize("state", ["blocked:ada:brief", "planned"])
def test_other_text_under_an_old_id_is_held_and_starts_nothing(desk, state):
    whole = withdrawn(desk, state)
    typed = whole.replace("## TASK-001 Alpha", "## TASK-001 Something else")
    desk.save(typed.replace(f"status: {state}", "status: ready\n- run: ok"))
    before = desk.board
    desk.turn()
    desk.clock.advance(61)
    desk.turn()

    assert desk.state("TASK-001") == "withdrawn"
    assert desk.task("TASK-001").title == "Alpha"
    assert desk.board == before
    assert found(desk, "TB110") == {"TASK-001"}
    assert "claimed" not in desk.events()


@pytest.mark.parametrize("typed", ["ready", "todo", "blocked:ada:brief", "failed:cancelled"])
def test_other_text_under_the_id_of_an_ended_and_removed_task_is_held(desk, typed):
    desk.save(TWO.format(one="ready\n- run: ok"))
    desk.once()
    whole = desk.board
    desk.save("# Week\n\n" + whole[whole.index("## TASK-002") :])
    desk.turn()
    desk.clock.advance(61)
    desk.turn()
    assert desk.task("TASK-001").hidden
    known = len(desk.events("TASK-001"))
    desk.save(f"{desk.board}\n## TASK-001 Something else\n- status: {typed}\n- run: ok\n")
    before = desk.board
    desk.turn()
    desk.clock.advance(61)
    desk.turn()

    assert desk.board == before
    assert found(desk, "TB110") == {"TASK-001"}
    assert desk.task("TASK-001").hidden
    assert desk.task("TASK-001").title == "Alpha"
    assert desk.state("TASK-001") == "done"
    assert len(desk.events("TASK-001")) == known


def test_the_lock_of_a_finished_task_outlives_its_removal(desk):
    desk.save(
        "# B\n\n## TASK-001 Alpha\n- status: ready\n- run: ok\n\n## TASK-002 B\n- status: todo\n"
    )
    desk.once()
    whole = desk.board
    desk.save("# B\n\n## TASK-002 B\n- status: todo\n")
    desk.turn()
    desk.clock.advance(61)
    desk.turn()
    assert desk.task("TASK-001").hidden
    desk.save(whole.replace("- status: done", "- status: ready"))
    desk.once()

    assert desk.state("TASK-001") == "done"
    assert not desk.task("TASK-001").hidden
    assert desk.events().count("claimed") == 1
    assert "- status: done\n" in desk.board

    desk.save("# B\n\n## TASK-002 B\n- status: todo\n")
    desk.turn()
    desk.clock.advance(61)
    desk.turn()
    desk.save(
        "# B\n\n## TASK-002 B\n- status: todo\n\n## TASK-001 New\n- status: ready\n- run: ok\n"
    )
    before = desk.board
    desk.turn()
    assert found(desk, "TB110") == {"TASK-001"}
    assert desk.board == before
    assert desk.task("TASK-001").hidden
    assert desk.events().count("claimed") == 1


def test_a_section_gone_from_one_read_and_back_at_the_next_asks_for_nothing(desk):
    desk.save(TWO.format(one="ready"))
    desk.turn(start=True)
    whole = desk.board
    desk.save(whole[: whole.index("## TASK-002")])
    desk.turn()
    desk.clock.advance(40)
    desk.save(whole)
    desk.turn()
    desk.clock.advance(61)
    desk.turn()

    assert desk.state("TASK-002") == "open"
    assert "withdrawn" not in desk.events()


def without_the_running_task(desk):
    """Its section is gone for longer than a minute; what was on the board before."""
    running(desk)
    whole = desk.board
    desk.save("# Week\n\n" + whole[whole.index("## TASK-002") :])
    desk.turn()
    desk.clock.advance(61)
    desk.turn()
    assert desk.state("TASK-001").startswith("running:")
    assert desk.task("TASK-001").withdrawing
    return whole


@pytest.mark.parametrize("end", [failed, released], ids=lambda end: end.__name__)
def test_a_running_task_whose_section_is_gone_is_withdrawn_at_its_end(desk, end):
    without_the_running_task(desk)
    desk.say(end, "TASK-001@1")

    assert desk.state("TASK-001") == "withdrawn"
    assert desk.events("TASK-001")[-2:] == [end.__name__, "withdrawn"]
    assert "TASK-001" not in desk.board


def test_it_is_withdrawn_at_its_end_whatever_the_clock_says_by_then(desk):
    without_the_running_task(desk)
    desk.machine.reboot()
    desk.clock.reboot()
    desk.clock.wall -= timedelta(days=1)
    desk.open()
    desk.say(released, "TASK-001@1")

    assert desk.state("TASK-001") == "withdrawn"


@pytest.mark.parametrize("final", [False, True], ids=["done", "failed for good"])
def test_a_running_task_whose_section_is_gone_is_hidden_when_it_ends_for_good(desk, final):
    without_the_running_task(desk)
    if final:
        desk.say(failed, "TASK-001@1", final=True)
    else:
        desk.say(completed, "TASK-001@1")

    assert desk.state("TASK-001") == ("failed:final" if final else "done")
    assert desk.task("TASK-001").hidden
    assert "TASK-001" not in desk.board


def test_a_running_task_whose_section_is_back_before_its_end_is_not_withdrawn(desk):
    whole = without_the_running_task(desk)
    desk.save(whole)
    desk.turn()
    desk.say(released, "TASK-001@1")

    assert desk.state("TASK-001") == "ready"
    assert "withdrawn" not in desk.events()
    assert "## TASK-001 Alpha\n- status: ready\n" in desk.board


# Sections that commands added


def test_a_section_that_an_old_buffer_drops_is_added_once_more(desk):
    desk.save(TWO.format(one="todo"))
    desk.turn(start=True)
    buffer = desk.board
    desk.say(added, run="ok")
    assert "## TASK-003 From a command" in desk.board
    desk.save(buffer.replace("alpha", "alpha two"))
    desk.turn()

    assert "## TASK-003 From a command" in desk.board
    assert "alpha two" in desk.board
    desk.clock.advance(61)
    desk.turn()
    assert desk.state("TASK-003") == "done"
    assert desk.events("TASK-003").count("claimed") == 1


def test_dropped_a_second_time_it_is_a_deletion(desk):
    desk.save(TWO.format(one="todo"))
    desk.turn(start=True)
    buffer = desk.board
    desk.say(added)
    for _ in range(2):
        desk.save(buffer)
        desk.turn()
    assert "TASK-003" not in desk.board
    desk.clock.advance(61)
    desk.turn()

    assert desk.state("TASK-003") == "withdrawn"


def test_a_section_that_a_save_has_contained_is_the_persons_to_delete(desk):
    desk.save(TWO.format(one="todo"))
    desk.turn(start=True)
    buffer = desk.board
    desk.say(added)
    desk.save(desk.board.replace("alpha", "alpha two"))
    desk.turn()
    desk.save(buffer)
    desk.turn()

    assert "TASK-003" not in desk.board
    assert desk.task("TASK-003").missing_since is not None


# A status line that is gone


def test_a_task_without_its_status_line_starts_nothing_and_is_not_withdrawn(desk):
    later = "- not-before: 2026-11-20T12:01Z"
    text = f"# B\n\n## TASK-001 A\n- status: ready\n- run: ok\n{later}\n"
    desk.save(f"{text}\n## TASK-002 B\n- status: todo\n")
    desk.turn(start=True)
    desk.retype("## TASK-001 A\n- status: ready\n", "## TASK-001 A\n")
    bare = desk.board
    desk.turn()
    desk.clock.advance(121)  # now only the missing line keeps it
    desk.turn()

    assert desk.state("TASK-001") == "ready"
    assert desk.board == bare
    assert "claimed" not in desk.events()
    assert "withdrawn" not in desk.events()

    desk.retype("## TASK-001 A\n", "## TASK-001 A\n- status: ready\n")
    desk.turn()
    assert desk.state("TASK-001") == "done"


# Sixty seconds


def test_a_section_is_withdrawn_when_it_is_gone_for_sixty_seconds_and_no_sooner(desk):
    desk.save(TWO.format(one="todo"))
    desk.turn(start=True)
    whole = desk.board
    desk.save(whole[: whole.index("## TASK-002")])
    desk.turn()
    desk.clock.advance(59)
    desk.turn()
    assert desk.state("TASK-002") == "open"
    desk.clock.advance(1)
    desk.turn()

    assert desk.state("TASK-002") == "withdrawn"


# Clocks that are set


@pytest.mark.parametrize("jump", [86_400, -86_400])
def test_a_clock_that_is_set_makes_a_removal_neither_sooner_nor_later(desk, jump):
    desk.save(TWO.format(one="todo"))
    desk.turn(start=True)
    whole = desk.board
    desk.save(whole[: whole.index("## TASK-002")])
    desk.turn()
    desk.clock.wall += timedelta(seconds=jump)
    desk.turn()
    assert desk.state("TASK-002") == "open"
    desk.clock.advance(61)
    desk.turn()

    assert desk.state("TASK-002") == "withdrawn"


def test_a_clock_that_is_set_back_does_not_keep_a_text_from_settling(desk):
    desk.save(TWO.format(one="todo"))
    desk.turn(start=True)
    desk.save(desk.board.replace("- status: todo\n\nalpha", "- status: ready\n- run: ok\n\nalpha"))
    desk.turn(settling=True)
    desk.clock.wall -= timedelta(days=300)
    desk.turn()

    assert desk.state("TASK-001") == "done"
