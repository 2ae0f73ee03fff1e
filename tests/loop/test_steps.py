"""Steps: in which order, with which receipts, and where the next run begins."""

from __future__ import annotations

import asyncio

import pytest

from taskboard.core.outcome import Failed
from taskboard.loop.tick import tick
from taskboard.testing.processes import FakeProcesses

FOUR = "steps: analyze, generate, deliver, confirm"


def task(*fields, agent="codex"):
    lines = ["status: ready", *([f"agent: {agent}"] if agent else []), *fields]
    return "# B\n\n## TASK-001 One\n" + "".join(f"- {f}\n" for f in lines)


def steps(staff, kind="step_completed"):
    return [e.step for e in staff.desk.facts() if e.type == kind]


def writing(staff, path="out.txt"):
    def work(order):
        staff.desk.files.write(order.project / path, f"by {order.label}".encode())
        return staff.report(order, artifacts=(path,))

    return work


def asked(agent):
    """The steps an agent was asked for, each with its run."""
    found = []
    for order in agent.orders:
        step = order.prompt.partition("Do only the step `")[2].partition("`")[0]
        found.append(f"{step or 'generate'}@{order.attempt}")
    return found


def test_four_steps_and_validation_come_in_order_each_with_its_receipts(staff):
    staff.codex.say(staff.report, writing(staff))
    staff.desk.save(task(FOUR, "artifacts: out.txt", "verify: ok"))
    staff.desk.once()
    found = [
        (e.type, e.step)
        for e in staff.desk.facts()
        if e.type in ("step_started", "step_completed", "validated", "completed")
    ]

    assert found == [
        ("step_started", "analyze"),
        ("step_completed", "analyze"),
        ("step_started", "generate"),
        ("step_completed", "generate"),
        ("step_started", "validate"),
        ("validated", "validate"),
        ("step_completed", "validate"),
        ("step_started", "deliver"),
        ("step_completed", "deliver"),
        ("step_started", "confirm"),
        ("step_completed", "confirm"),
        ("completed", None),
    ]
    receipts = [f["receipts"] for f in staff.facts("step_completed") if "receipts" in f]
    assert [[r["tier"] for r in found] for found in receipts] == [["output"]] * 4
    last = staff.facts("completed")[0]
    assert [r["tier"] for r in last["receipts"]] == [
        "output",
        "output",
        "check",
        "artifact",
        "output",
        "output",
    ]
    assert staff.desk.task("TASK-001").verified


def test_each_step_goes_on_from_the_one_before_it(staff):
    staff.desk.save(task(FOUR))
    staff.desk.once()
    folder = staff.codex.orders[1].folder

    assert [o.folder for o in staff.codex.orders] == [
        folder / "steps/analyze",
        folder,
        folder / "steps/deliver",
        folder / "steps/confirm",
    ]
    assert [o.previous for o in staff.codex.orders] == [
        None,
        folder / "steps/analyze",
        folder,
        folder / "steps/deliver",
    ]


def test_a_task_without_steps_is_one_piece_of_work(staff):
    staff.desk.save(task())
    staff.desk.once()

    assert steps(staff) == ["generate"]
    assert "Do only the step" not in staff.codex.orders[0].prompt


def test_a_step_of_ones_own_comes_before_the_work(staff):
    staff.desk.save(task("steps: sketch"))
    staff.desk.once()

    assert steps(staff) == ["sketch", "generate"]
    assert "Do the step the task calls `sketch`." in staff.codex.orders[0].prompt


def test_nothing_is_delivered_that_was_not_validated(staff):
    staff.desk.save(task(FOUR, "verify: fail no", "max-attempts: 1"))
    staff.desk.once()

    assert asked(staff.codex) == ["analyze@1", "generate@1"]
    assert staff.desk.state("TASK-001") == "failed:exhausted_retries"


# The next run.


@pytest.mark.parametrize(
    ("fails", "again"),
    [(0, "analyze@2"), (1, "generate@2"), (2, "deliver@2"), (3, "confirm@2")],
)
def test_after_a_failure_the_next_run_begins_at_the_step_that_failed(staff, fails, again):
    staff.codex.say(*[staff.report] * fails, Failed(reason="agent", error="It broke."))
    staff.desk.save(task(FOUR))
    staff.desk.once()
    order = staff.codex.orders[fails + 1]

    assert asked(staff.codex)[fails + 1] == again
    assert len(staff.codex.orders) == 5
    assert staff.desk.state("TASK-001") == "done"
    assert "The last run was not accepted: It broke." in order.prompt
    first = staff.codex.orders[fails]
    assert order.previous == first.folder  # where its session lies


def test_when_the_evidence_does_not_hold_the_work_is_done_again_and_not_the_analysis(staff):
    staff.codex.say(staff.report, staff.report, writing(staff))
    staff.desk.save(task(FOUR, "artifacts: out.txt"))
    staff.desk.once()

    assert asked(staff.codex) == [
        "analyze@1",
        "generate@1",
        "generate@2",
        "deliver@2",
        "confirm@2",
    ]
    assert staff.desk.state("TASK-001") == "done"


def test_a_requeue_begins_at_the_beginning(staff):
    staff.codex.say(staff.report, Failed(reason="agent", error="No.", retryable=False))
    staff.desk.save(task(FOUR))
    staff.desk.once()
    staff.desk.retype("- status: failed:final", "- status: ready")
    staff.desk.once()

    assert asked(staff.codex)[2] == "analyze@2"
    assert staff.codex.orders[2].previous is None


@pytest.mark.parametrize("finished", [1, 2, 3])
def test_after_a_crash_between_steps_the_next_run_begins_at_the_first_unfinished(staff, finished):
    async def for_ever(_order):
        await asyncio.sleep(3000)

    staff.codex.say(*[staff.report] * finished, for_ever)
    staff.desk.save(task(FOUR))
    desk = staff.desk

    async def half():
        await tick(desk.ctx, desk.memory, start=True)
        await asyncio.sleep(5)
        (active,) = desk.memory.active.values()
        lease = desk.ctx.leases.find("TASK-001", 1)
        active.stop = "lost"
        active.job.cancel()
        await asyncio.gather(active.job, return_exceptions=True)
        return lease

    lease = desk.play(half())
    desk.ctx.leases.take(lease)
    desk.machine.exit(desk.processes.me())
    desk.processes = FakeProcesses(desk.machine)
    staff.open()
    desk.once()
    names = ["analyze", "generate", "deliver", "confirm"]

    assert desk.events("TASK-001").count("reclaimed") == 1
    assert asked(staff.codex)[finished + 1 :] == [f"{name}@2" for name in names[finished:]]
    assert desk.state("TASK-001") == "done"
    assert staff.codex.orders[finished + 1].previous == staff.codex.orders[finished].folder


def test_a_changed_text_begins_at_the_beginning(staff):
    staff.codex.say(staff.report, Failed(reason="agent", error="No.", retryable=False))
    staff.desk.save(task(FOUR))
    staff.desk.once()
    staff.desk.retype("# B", "# B2")
    staff.desk.save(staff.desk.board + "\nMore of it.\n")
    staff.desk.turn()
    staff.desk.retype("- status: failed:final", "- status: ready")
    staff.desk.once()

    assert asked(staff.codex)[2] == "analyze@2"


# What a measure says.


def judged(staff, ok):
    return staff.Judgement(ok=ok, reason="I have read it", by="mind")


def test_a_measure_is_judged_where_no_command_checks_it_and_called_asserted(staff):
    staff.mind.verdict = judged(staff, True)
    staff.codex.say(writing(staff))
    staff.desk.save(task("measure: It is blue.", "artifacts: out.txt"))
    staff.desk.once()
    (claim,) = staff.mind.claims
    (found,) = staff.facts("validated")
    opinion = found["receipts"][-1]

    assert (claim.measure, claim.summary) == (
        "It is blue.",
        "It is finished: all that was asked for is there, and was looked at.",
    )
    assert "out.txt, " in claim.evidence
    assert "by TASK-001@1" in claim.evidence
    assert (opinion["tier"], opinion["ok"], opinion["verified"]) == ("output", True, False)
    assert opinion["detail"]["judged_by"] == "mind"


def test_an_opinion_alone_makes_nothing_verified(staff):
    staff.mind.verdict = judged(staff, True)
    staff.desk.save(task("measure: It is blue."))
    staff.desk.once()

    assert staff.desk.state("TASK-001") == "done"
    assert not staff.desk.task("TASK-001").verified
    assert "asserted (output)" in staff.desk.board


def test_a_measure_that_a_command_checks_is_nobodys_opinion(staff):
    staff.mind.verdict = judged(staff, False)
    staff.desk.save(task("measure: It is blue.", "verify: ok"))
    staff.desk.once()

    assert staff.mind.claims == []
    assert staff.desk.task("TASK-001").verified


def test_an_agents_own_word_is_refused_by_a_judge_and_told_why(staff):
    staff.mind.verdict = judged(staff, False)
    staff.desk.save(task("measure: It is blue.", "max-attempts: 2"))
    staff.desk.once()

    assert staff.desk.state("TASK-001") == "failed:exhausted_retries"
    assert "the measure is not met: I have read it" in staff.codex.orders[1].prompt


def test_a_persons_own_command_is_not_refused_by_an_opinion(staff):
    staff.mind.verdict = judged(staff, False)
    staff.desk.save(task("run: ok", "measure: It is blue.", agent=None))
    staff.desk.once()

    assert len(staff.mind.claims) == 1
    assert staff.desk.state("TASK-001") == "done"
    assert "ran (exit)" in staff.desk.board


def test_a_judge_who_cannot_tell_changes_nothing(staff):
    staff.desk.save(task("measure: It is blue."))
    staff.desk.once()

    assert len(staff.mind.claims) == 1
    assert staff.desk.state("TASK-001") == "done"


def test_a_judge_hears_what_was_said_in_an_earlier_run(staff):
    staff.mind.verdict = judged(staff, True)
    staff.codex.say(staff.report, Failed(reason="agent", error="The door was locked."))
    staff.desk.save(task("measure: It is blue.", "steps: generate, deliver"))
    staff.desk.once()

    assert asked(staff.codex) == ["generate@1", "deliver@1", "deliver@2"]
    assert [c.summary for c in staff.mind.claims] == [
        "It is finished: all that was asked for is there, and was looked at."
    ] * 2


@pytest.mark.parametrize("name", ["../../..", "output.log", "x" * 300, "."])
def test_a_step_with_a_hostile_name_starts_nothing(staff, name):
    staff.desk.save(task(f"steps: {name}, generate"))
    staff.desk.once()
    assert staff.codex.orders == []
    assert staff.desk.state("TASK-001") == "ready"


def test_every_step_has_a_folder_of_its_own_beneath_the_runs(staff):
    staff.desk.save(task("steps: output, generate, steps"))
    staff.desk.once()
    folders = [order.folder for order in staff.codex.orders]
    run = staff.desk.workspace.runs / staff.codex.orders[0].run
    assert folders == [run / "steps/output", run, run / "steps/steps"]


# What an agent says of its work.


TALK = "# B\n\n## TASK-001 Task\n- status: ready\n- agent: codex\n"
SHORT = {"a word": "ok", "50": "x" * 50, "spaces": " " * 80, "unseen": "\u200b" * 80, "": ""}


@pytest.mark.parametrize("said", SHORT.values(), ids=SHORT)
def test_a_few_words_of_an_agent_are_no_evidence(staff, said):
    staff.codex.say(lambda order: staff.report(order, said))
    staff.desk.save(TALK)
    staff.desk.turn(start=True)

    assert staff.desk.state("TASK-001").startswith("blocked:retry:")
    assert "more than 50 are needed" in staff.desk.task("TASK-001").refusal


def test_beside_a_file_that_is_there_few_words_do_no_harm(staff):
    def work(order):
        staff.desk.files.write(order.project / "out.txt", b"made")
        return staff.report(order, "ok")

    staff.codex.say(work)
    staff.desk.save(TALK + "- artifacts: out.txt\n")
    staff.desk.once()

    assert staff.desk.state("TASK-001") == "done"
    assert staff.desk.task("TASK-001").tier == "artifact"


def test_few_words_of_one_step_do_not_spoil_what_another_has_said(staff):
    staff.codex.say(lambda order: staff.report(order, "read it"))
    staff.desk.save(TALK + "- steps: analyze, generate\n")
    staff.desk.once()

    assert staff.desk.state("TASK-001") == "done"
