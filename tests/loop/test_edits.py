"""What an edit means: every row of the table, typed into a board that the runtime has written."""

from __future__ import annotations

import asyncio

import pytest

from taskboard.loop import agents, find, people
from taskboard.loop.tick import tick

BOARD = "# Work\n\n## TASK-001 One\n- status: {status}\n\nwords\n"
LATER = "- not-before: 2026-11-20T12:01Z"
"""Keeps a task from starting for a minute: whatever keeps it after that is what is tested."""


def shown(desk, status, typed):
    """A board with one task in ``status``, projected, then retyped."""
    desk.save(BOARD.format(status=status))
    desk.turn(start=True)
    desk.save(desk.board.replace(f"- status: {status}", f"- status: {typed}"))
    desk.turn()
    return desk


def run_by_agent(desk):
    """A board whose only task is run by an outside agent."""
    desk.save(BOARD.format(status="ready"))
    desk.turn(start=True)
    return desk.say(claimed)


async def claimed(ctx):
    from taskboard.loop.absorb import absorb
    from taskboard.loop.context import Memory

    memory = Memory()
    await absorb(ctx, memory)
    return await agents.take(ctx, memory, "TASK-001", "bot-1", "agent:bot-1")


@pytest.mark.parametrize(
    ("before", "typed", "after", "event"),
    [
        ("todo", "ready", "ready", "unblocked"),
        ("strange", "ready", "ready", "unblocked"),
        ("blocked:siyao:brief", "ready", "ready", "unblocked"),
        ("ready", "blocked:siyao:brief", "blocked:siyao:brief", "blocked"),
        ("todo", "blocked:siyao:brief", "blocked:siyao:brief", "blocked"),
        ("blocked:a:b", "blocked:siyao:brief", "blocked:siyao:brief", "blocked"),
        ("ready", "failed:cancelled", "failed:cancelled", "cancelled"),
        ("todo", "failed:cancelled", "failed:cancelled", "cancelled"),
        ("blocked:a:b", "failed:cancelled", "failed:cancelled", "cancelled"),
        ("ready", "todo", "open", "blocked"),
        ("blocked:a:b", "todo", "open", "blocked"),
        ("ready", "done", "done", "completed"),
        ("todo", "done", "done", "completed"),
        ("blocked:a:b", "done", "done", "completed"),
        ("ready", "running:siyao:2026-11-20T11:00Z", "blocked:siyao:working", "blocked"),
    ],
)
def test_a_typed_status_is_a_verb(desk, before, typed, after, event):
    shown(desk, before, typed)

    assert desk.state("TASK-001") == after
    assert event in desk.events("TASK-001")


@pytest.mark.parametrize("typed", ["ready", "todo", "blocked:a:b", "failed:cancelled", "almost"])
def test_anything_over_done_is_refused_and_the_line_returns(desk, typed):
    shown(desk, "ready", "done")
    desk.retype("- status: done", f"- status: {typed}")
    desk.turn()

    assert desk.state("TASK-001") == "done"
    assert "- status: done\n" in desk.board
    assert desk.events("TASK-001").count("terminal_blocked") == 1
    assert "- note: TB302" in desk.board


@pytest.mark.parametrize("typed", ["done", "blocked:a:b", "almost"])
def test_what_is_not_ready_over_failed_is_refused_and_the_line_returns(desk, typed):
    shown(desk, "ready", "failed:cancelled")
    desk.retype("- status: failed:cancelled", f"- status: {typed}")
    desk.turn()

    assert desk.state("TASK-001") == "failed:cancelled"
    assert "- status: failed:cancelled\n" in desk.board
    assert desk.events("TASK-001").count("terminal_blocked") == 1
    assert "- note: TB302" in desk.board


def test_ready_over_failed_requeues(desk):
    shown(desk, "ready", "failed:cancelled")
    desk.retype("- status: failed:cancelled", "- status: ready")
    desk.turn()

    assert desk.state("TASK-001") == "ready"
    assert "requeued" in desk.events("TASK-001")


def test_ready_over_an_exhausted_task_requeues_because_its_result_line_is_there(desk):
    desk.save(BOARD.format(status="ready\n- run: fail\n- max-attempts: 1"))
    desk.once()
    assert desk.state("TASK-001") == "failed:exhausted_retries"
    desk.retype("- status: failed:exhausted_retries", "- status: ready")
    desk.once()

    assert desk.events("TASK-001").count("requeued") == 1
    assert desk.events("TASK-001").count("failed") == 2


def test_an_old_buffer_saved_over_a_finished_task_is_a_stale_copy(desk):
    old = BOARD.format(status="ready\n- run: fail\n- max-attempts: 1")
    desk.save(old)
    desk.once()
    desk.save(old + "\nA thought.\n")
    desk.once()

    assert desk.state("TASK-001") == "failed:exhausted_retries"
    assert desk.events("TASK-001").count("failed") == 1
    assert "TB301" in desk.board
    assert "taskboard ready TASK-001" in desk.board
    assert "A thought." in desk.board


def test_ready_over_running_is_a_stale_copy(desk):
    run_by_agent(desk)
    running = desk.state("TASK-001")
    desk.retype(f"- status: {running}", "- status: ready")
    desk.turn()

    assert desk.state("TASK-001") == running
    assert f"- status: {running}" in desk.board
    assert "TB301" in desk.board


def test_ready_over_a_second_attempt_is_a_stale_copy_although_its_note_stands(desk):
    run_by_agent(desk)
    desk.say(_fail)
    desk.retype(f"- status: {desk.state('TASK-001')}", "- status: ready")
    desk.turn()
    desk.say(claimed)
    running = desk.state("TASK-001")
    desk.retype(f"- status: {running}", "- status: done")
    desk.turn()
    assert "- note: TB303 " in desk.board  # so the text was made on what the runtime wrote last
    desk.retype(f"- status: {running}", "- status: ready")
    desk.turn()

    assert desk.state("TASK-001") == running
    assert desk.task("TASK-001").attempt == 2
    assert f"- status: {running}\n" in desk.board
    assert "- note: TB301 " in desk.board


async def _fail(ctx):
    task = await find.find_run(ctx, "TASK-001@1")
    return await agents.give_up(ctx, task, "TASK-001@1", "no", "agent:bot-1", final=False)


@pytest.mark.parametrize("typed", ["blocked:siyao:stop", "failed:cancelled"])
def test_blocked_or_cancelled_over_running_cancels_the_run(desk, typed):
    run_by_agent(desk)
    desk.retype(f"- status: {desk.state('TASK-001')}", f"- status: {typed}")
    desk.turn()

    assert desk.state("TASK-001") == typed
    assert desk.events("TASK-001").count("cancelled") == 1
    assert desk.task("TASK-001").run is None


def test_done_over_running_is_refused(desk):
    run_by_agent(desk)
    running = desk.state("TASK-001")
    desk.retype(f"- status: {running}", "- status: done")
    desk.turn()

    assert desk.state("TASK-001") == running
    assert "transition_blocked" in desk.events("TASK-001")


def test_a_word_that_is_no_state_is_no_intent_and_stays_until_the_next_change(desk):
    shown(desk, "ready", "Ready for review")
    assert desk.state("TASK-001") == "ready"
    assert "- status: Ready for review\n" in desk.board
    desk.turn()
    assert "- status: Ready for review\n" in desk.board

    desk.say(_cancel)

    assert "- status: failed:cancelled\n" in desk.board


async def _cancel(ctx):
    task = await find.find_task(ctx, "TASK-001")
    return await people.say_cancel(ctx, task, "command:ann")


def test_an_unknown_word_over_a_ready_task_keeps_it_from_starting(desk):
    desk.save(BOARD.format(status=f"ready\n- run: ok\n{LATER}"))
    desk.turn(start=True)
    desk.retype("- status: ready", "- status: wip")
    desk.clock.advance(120)
    desk.turn()

    assert "claimed" not in desk.events("TASK-001")

    desk.retype("- status: wip", "- status: ready")
    desk.turn()

    assert desk.state("TASK-001") == "done"


def test_other_text_is_an_edit_and_our_own_write_is_silence(desk):
    desk.save(BOARD.format(status="ready\n- run: ok"))
    desk.once()
    before = desk.events()
    desk.turn(start=True)
    assert desk.events() == before

    desk.save(desk.board.replace("words", "other words"))
    desk.turn()

    assert desk.events()[len(before) :] == ["file_changed_triggered", "edited"]


def test_a_new_heading_without_an_id_gets_the_next_one(desk):
    desk.save("# B\n\n## TASK-007 Old\n- status: todo\n\n## New thing\n- status: ready\n")
    desk.turn(start=True)

    assert "## TASK-008 New thing\n- status: ready\n" in desk.board
    assert desk.events("TASK-008")[0] == "created"


def test_a_new_task_typed_as_done_goes_through_the_gate(desk):
    desk.save(BOARD.format(status="ready"))
    desk.turn(start=True)
    desk.save(desk.board + "\n## TASK-002 Two\n- status: done\n")
    desk.turn()

    assert desk.state("TASK-002") == "done"
    assert desk.events("TASK-002") == ["created", "completed"]
    assert "asserted (human)" in desk.board


def test_a_new_task_typed_as_running_is_a_person_at_work(desk):
    desk.save(BOARD.format(status="todo"))
    desk.turn(start=True)
    desk.save(
        desk.board + "\n## TASK-002 Two\n- status: running:ada:2026-11-20T11:00Z\n- run: ok\n"
    )
    desk.turn()

    assert desk.state("TASK-002") == "blocked:ada:working"
    assert desk.events("TASK-002") == ["created"]
    assert "## TASK-002 Two\n- status: blocked:ada:working\n" in desk.board
    assert "- note: TB304 " in desk.board


def test_a_new_task_typed_as_cancelled_is_cancelled_by_that_person(desk):
    desk.save(BOARD.format(status="todo"))
    desk.turn(start=True)
    desk.save(desk.board + "\n## TASK-002 Two\n- status: failed:cancelled\n- run: ok\n")
    desk.turn()

    assert desk.state("TASK-002") == "failed:cancelled"
    assert desk.events("TASK-002") == ["created", "cancelled"]
    assert "- status: failed:cancelled\n" in desk.board
    assert "- result: cancelled by board" in desk.board


def test_nothing_starts_under_a_typed_done_before_the_gate_has_answered(desk):
    desk.save(BOARD.format(status=f"ready\n- run: ok\n- verify: sleep 300\n{LATER}"))
    desk.turn(start=True)
    desk.retype("- status: ready", "- status: done")

    async def scene():
        await tick(desk.ctx, desk.memory)
        gates = list(desk.memory.judged.values())
        desk.clock.advance(120)  # nothing but the typed word keeps it from starting now
        await tick(desk.ctx, desk.memory)
        begun = list(desk.script.done)
        await asyncio.gather(*gates, *(a.job for a in desk.memory.active.values()))
        await tick(desk.ctx, desk.memory)
        return begun

    assert [word for word in desk.play(scene()) if word.endswith(" ok")] == []
    assert desk.state("TASK-001") == "done"
    assert "claimed" not in desk.events()


def test_a_done_whose_verify_does_not_hold_returns_to_the_ledgers_state(desk):
    desk.save(BOARD.format(status="blocked:a:b\n- verify: fail"))
    desk.turn(start=True)
    desk.retype("- status: blocked:a:b", "- status: done")
    desk.turn()

    assert desk.state("TASK-001") == "blocked:a:b"
    assert "- status: blocked:a:b\n" in desk.board
    assert desk.events("TASK-001")[-1] == "evidence_blocked"


def test_a_deleted_section_is_withdrawn_after_two_reads_a_minute_apart(desk):
    text = BOARD.format(status="ready")
    desk.save(text + "\n## TASK-002 Two\n- status: ready\n")
    desk.turn(start=True)
    desk.save(text)
    desk.turn()
    assert desk.state("TASK-002") == "ready"
    desk.clock.advance(61)
    desk.turn()

    assert desk.state("TASK-002") == "withdrawn"
    assert "TASK-002" not in desk.board


def test_a_section_that_comes_back_within_the_minute_was_never_gone(desk):
    text = BOARD.format(status="ready") + "\n## TASK-002 Two\n- status: ready\n"
    desk.save(text)
    desk.turn(start=True)
    desk.save(BOARD.format(status="ready"))
    desk.turn()
    desk.clock.advance(30)
    desk.save(text)
    desk.turn()
    desk.clock.advance(61)
    desk.turn()

    assert desk.state("TASK-002") == "ready"


def test_a_terminal_task_whose_section_goes_is_only_hidden(desk):
    desk.save(BOARD.format(status="ready\n- run: ok") + "\n## TASK-002 Two\n- status: todo\n")
    desk.once()
    desk.save("# Work\n\n## TASK-002 Two\n- status: todo\n")
    desk.turn()
    desk.clock.advance(61)
    desk.turn()

    assert desk.state("TASK-001") == "done"
    assert desk.task("TASK-001").hidden


def test_doubled_ids_are_not_read_and_nothing_new_starts(desk):
    desk.save(BOARD.format(status=f"ready\n- run: ok\n{LATER}"))
    desk.turn(start=True)
    once = desk.board
    desk.save(once + "\n## TASK-001 Again\n- status: failed:cancelled\n")
    desk.clock.advance(120)
    desk.turn()

    assert desk.state("TASK-001") == "ready"
    assert "claimed" not in desk.events()

    desk.save(once)
    desk.turn()

    assert desk.state("TASK-001") == "done"


def test_doubled_ids_are_not_written_to_until_each_text_has_its_own(desk):
    desk.save(BOARD.format(status="ready"))
    desk.turn(start=True)
    doubled = desk.board + "\n## TASK-001 Again\n- status: todo\n"
    desk.save(doubled)
    desk.say(_cancel)

    assert desk.state("TASK-001") == "failed:cancelled"
    assert desk.board == doubled

    desk.retype("## TASK-001 Again", "## TASK-002 Again")
    desk.turn()

    assert desk.state("TASK-001") == "failed:cancelled"
    assert desk.board.count("- status: failed:cancelled\n") == 1
    assert desk.board.count("- status: todo\n") == 1


def test_pause_all_keeps_everything_from_starting_until_it_is_removed(desk):
    paused = BOARD.replace("# Work\n", "# Work\n\npause: all\n").format(status="ready\n- run: ok")
    desk.save(paused)
    desk.once()
    assert "claimed" not in desk.events()
    desk.save(paused.replace("pause: all\n", ""))
    desk.once()

    assert desk.state("TASK-001") == "done"


def test_first_import_takes_states_as_history_and_reclaims_old_runs(desk):
    desk.save(
        "# B\n\n## TASK-001 A\n- status: done\n\n## TASK-002 B\n- status: failed:whatever\n\n"
        "## TASK-003 C\n- status: running:old-bot:2026-11-19T10:00Z\n\n"
        "## TASK-004 D\n- status: wip\n"
    )
    before = desk.board
    desk.turn(start=True)

    assert [desk.state(f"TASK-00{n}") for n in (1, 2, 3, 4)] == [
        "done",
        "failed:whatever",
        "ready",
        "unknown",
    ]
    assert desk.task("TASK-003").spent == 0
    expected = before.replace("running:old-bot:2026-11-19T10:00Z", "ready")
    notes = [line for line in desk.board.splitlines() if line.startswith("- note:")]
    assert len(notes) == 1  # the one that is ready now and has nobody to run it
    assert desk.board.replace(notes[0] + "\n", "") == expected


@pytest.mark.parametrize(
    ("change", "task"),
    [
        (lambda _: BOARD.format(status="ready\n- run: ok"), "TASK-001"),
        (lambda board: board + "\n## TASK-002 Two\n- status: ready\n- run: ok\n", "TASK-002"),
    ],
    ids=["text changed", "a new task"],
)
def test_what_is_typed_under_a_watching_daemon_settles_first(desk, change, task):
    desk.save(BOARD.format(status="todo"))
    desk.turn(start=True)
    desk.save(change(desk.board))
    desk.turn(settling=True)
    assert "claimed" not in desk.events()
    desk.clock.advance(11)
    desk.turn()

    assert desk.state(task) == "done"


def test_a_status_flipped_to_ready_does_not_settle(desk):
    desk.save(BOARD.format(status="todo\n- run: ok"))
    desk.turn(start=True)
    desk.save(BOARD.format(status="ready\n- run: ok"))
    desk.turn(settling=True)

    assert desk.state("TASK-001") == "done"


def test_an_edit_while_it_runs_is_noted_on_done(desk):
    run_by_agent(desk)
    desk.save(desk.board.replace("words", "new words"))
    desk.turn()
    evidence = agents.Evidence(output="x" * 51)
    desk.say(_complete, evidence)

    assert desk.state("TASK-001") == "done"
    assert "TB305" in desk.board


async def _complete(ctx, evidence):
    task = await find.find_run(ctx, "TASK-001@1")
    return await agents.finish(ctx, task, "TASK-001@1", evidence, "agent:bot-1")


@pytest.mark.parametrize(
    ("before", "typed", "code"),
    [
        ("ready", "running:siyao:2026-11-20T11:00Z", "TB304"),
        ("ready", "failed:final", "TB306"),
        ("ready\n- verify: fail", "done", "TB307"),
        ("ready\n\n### TASK-002 Child\n- status: todo", "done", "TB308"),
    ],
)
def test_a_note_with_its_code_says_what_became_of_the_word(desk, before, typed, code):
    desk.save(BOARD.format(status=before))
    desk.turn(start=True)
    desk.retype("- status: ready", f"- status: {typed}")
    desk.turn()

    assert f"- note: {code} " in desk.board


def test_done_over_running_says_so(desk):
    run_by_agent(desk)
    desk.retype(f"- status: {desk.state('TASK-001')}", "- status: done")
    desk.turn()

    assert "- note: TB303 " in desk.board


def test_two_ids_exchanged_start_and_end_nothing_until_they_are_put_right(desk):
    text = (
        "# B\n\n## TASK-001 Alpha\n- status: ready\n- run: ok\n\n"
        "## TASK-002 Gamma\n- status: blocked:me:later\n- run: ok\n"
    )
    desk.save(text)
    desk.once()
    right = desk.board
    swapped = (
        right.replace("TASK-001", "X").replace("TASK-002", "TASK-001").replace("X", "TASK-002")
    )
    desk.save(swapped)
    desk.once()

    assert desk.board == swapped
    assert (desk.state("TASK-001"), desk.state("TASK-002")) == ("done", "blocked:me:later")
    assert desk.task("TASK-002").title == "Gamma"
    assert desk.events("TASK-002") == ["created"]

    desk.save(right.replace("blocked:me:later", "ready"))
    desk.once()

    assert desk.state("TASK-002") == "done"


def test_a_typed_answer_answers_what_the_task_asked(desk):
    desk.save(BOARD.format(status="ready\n- run: ask which colour?"))
    desk.once()
    assert desk.state("TASK-001") == "blocked:ann:answer"
    desk.retype("- status: blocked:ann:answer\n", "- status: ready\n- answer: the blue one\n")
    desk.turn()

    facts = [e for e in desk.facts() if e.type == "question_answered"]
    assert [desk.play(desk.ctx.ledger.fetch(e.data["answer"])) for e in facts] == [b"the blue one"]
    events = desk.events("TASK-001")
    assert events.index("question_answered") < events.index("unblocked")


def test_an_answer_is_told_once(desk):
    desk.save(BOARD.format(status="todo"))
    desk.turn(start=True)
    desk.save(BOARD.format(status="todo\n- answer: yes"))
    desk.turn()
    desk.save(BOARD.format(status="todo\n- answer: yes").replace("words", "more words"))
    desk.turn()

    assert desk.events().count("question_answered") == 1
