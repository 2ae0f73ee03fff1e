"""Work to its end: chains, parents, retries, dead letters, evidence, crashes."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from taskboard.errors import Untrusted
from taskboard.loop import agents
from taskboard.loop.context import Memory
from taskboard.loop.reclaim import reclaim
from taskboard.loop.tick import tick
from taskboard.testing.processes import FakeProcesses

FAMILY = """# B

## TASK-001 Parent
- status: ready
{run}
### TASK-002 First
- status: {first}
- run: {does}

### TASK-003 Second
- status: ready
- run: ok
"""


def family(run="", first="ready", does="ok"):
    return FAMILY.format(run=run, first=first, does=does)


def task(status="ready", *fields):
    return "# B\n\n## TASK-001 One\n" + "".join(f"- {f}\n" for f in (f"status: {status}", *fields))


def test_a_chain_of_needs_runs_in_order(desk):
    desk.save(
        "# B\n\n## TASK-003 C\n- status: ready\n- run: ok c\n- needs: TASK-002\n"
        "\n## TASK-002 B\n- status: ready\n- run: ok b\n- needs: TASK-001\n"
        "\n## TASK-001 A\n- status: ready\n- run: ok a\n"
    )
    desk.once()

    assert desk.script.done == ["TASK-001@1 ok a", "TASK-002@1 ok b", "TASK-003@1 ok c"]


@pytest.mark.parametrize("order", ["before", "after"])
def test_a_blocked_task_wakes_when_its_blocker_is_done_whenever_that_was(desk, order):
    waits = "\n## TASK-002 Two\n- status: blocked:task:TASK-001\n- run: ok\n"
    if order == "after":
        desk.save(task("ready", "run: ok"))
        desk.once()
        desk.save(desk.board + waits)
    else:
        desk.save(task("ready", "run: ok") + waits)
    desk.once()

    assert desk.state("TASK-002") == "done"
    assert "unblocked" in desk.events("TASK-002")


def test_promote_ask_asks_the_owner_instead(desk):
    desk.settings = replace(desk.settings, promote="ask")
    desk.open()
    desk.save(task("ready", "run: ok") + "\n## TASK-002 Two\n- status: blocked:task:TASK-001\n")
    desk.once()

    assert desk.state("TASK-002") == "blocked:ann:promote"
    assert "TB312" in desk.board


def test_a_container_is_done_with_its_childrens_receipts(desk):
    desk.save(family())
    desk.once()

    assert desk.state("TASK-001") == "done"
    assert desk.events("TASK-001") == ["created", "completed"]
    assert len(desk.task("TASK-001").receipts) == 2


def test_a_parent_with_work_of_its_own_starts_when_its_children_are_done(desk):
    desk.save(family(run="- run: ok parent\n"))
    desk.once()

    assert desk.script.done[-1] == "TASK-001@1 ok parent"
    assert desk.state("TASK-001") == "done"


def test_a_team_lead_may_start_early_and_then_waits_for_its_children(desk):
    desk.save(family(run="- run: ok lead\n- role: team_lead\n", first="todo"))
    desk.once()
    assert desk.state("TASK-001") == "blocked:children:2"
    assert desk.events("TASK-001")[-2:] == ["dependency_blocked", "blocked"]

    desk.retype("- status: todo", "- status: ready")
    desk.once()

    assert desk.state("TASK-001") == "done"
    assert desk.task("TASK-001").spent == 0
    assert desk.script.done.count("TASK-001@1 ok lead") == 1


def test_a_failed_child_blocks_its_parent_until_it_is_requeued(desk):
    desk.save(family(does="final"))
    desk.once()
    assert desk.state("TASK-001") == "blocked:ann:child-failed"
    assert "TB309" in desk.board

    desk.save(
        desk.board.replace("- run: final", "- run: ok").replace(
            "- status: failed:final", "- status: ready"
        )
    )
    desk.once()

    assert desk.state("TASK-002") == "done"
    assert desk.state("TASK-001") == "done"


def test_a_persons_ready_starts_a_parent_with_a_failed_child_as_it_is(desk):
    desk.save(family(run="- run: ok parent\n", does="final"))
    desk.once()
    desk.retype("- status: blocked:ann:child-failed", "- status: ready")
    desk.once()

    assert desk.state("TASK-001") == "done"


def test_failures_are_retried_with_growing_waits_and_end_in_a_dead_letter(desk):
    desk.save(task("ready", "run: fail boom", "max-attempts: 3"))
    desk.once()
    waits = [(e.to, e.ts) for e in desk.facts() if e.type == "failed"]

    assert desk.state("TASK-001") == "failed:exhausted_retries"
    assert desk.events("TASK-001")[-2:] == ["failed", "deadlettered"]
    assert [to.rpartition(":")[0].split("T")[0] for to, _ in waits[:2]] == [
        "blocked:retry:2026-11-20"
    ] * 2
    letter = desk.files.read(desk.workspace.deadletter / "TASK-001.md").decode()
    assert letter.count("## Attempt") == 3
    assert "boom" in letter
    assert "taskboard ready TASK-001" in letter


def test_a_requeue_gives_a_new_round_and_stands_on_top_of_the_letter(desk):
    desk.save(task("ready", "run: fail boom", "max-attempts: 1"))
    desk.once()
    desk.retype("- run: fail boom", "- run: ok")
    desk.turn()
    desk.retype("- status: failed:exhausted_retries", "- status: ready")
    desk.once()

    assert desk.state("TASK-001") == "done"
    assert desk.task("TASK-001").spent == 0
    letter = desk.files.read(desk.workspace.deadletter / "TASK-001.md").decode()
    assert letter.index("round 2") < letter.index("## Attempt 1")


def test_a_final_failure_is_not_retried(desk):
    desk.save(task("ready", "run: final"))
    desk.once()

    assert desk.state("TASK-001") == "failed:final"
    assert desk.events("TASK-001").count("claimed") == 1


def test_a_quota_waits_unspent_and_wakes_by_itself(desk):
    desk.save(task("ready", "run: snooze 2026-11-20T12:30:00Z"))
    desk.turn(start=True)

    assert desk.state("TASK-001") == "blocked:quota:2026-11-20T12:30:00Z"
    assert desk.task("TASK-001").spent == 0
    desk.clock.advance(3600)
    desk.retype("- run: snooze 2026-11-20T12:30:00Z", "- run: ok")
    desk.once()
    assert desk.state("TASK-001") == "done"


def test_a_question_blocks_on_the_owner_unspent(desk):
    desk.save(task("ready", "run: ask Which colour?", "owner: siyao"))
    desk.once()

    assert desk.state("TASK-001") == "blocked:siyao:answer"
    assert "Which colour?" in desk.board
    assert desk.task("TASK-001").spent == 0


def test_a_declared_artifact_that_was_there_before_is_no_proof(desk):
    desk.files.write(desk.workspace.root / "out.txt", b"old")
    desk.save(task("ready", "run: ok", "artifacts: out.txt", "max-attempts: 1"))
    desk.once()

    assert desk.state("TASK-001") == "failed:exhausted_retries"
    assert "evidence_blocked" in desk.events("TASK-001")


def test_a_fresh_artifact_and_verify_make_a_task_verified(desk):
    desk.save(task("ready", "run: write out.txt", "artifacts: out.txt", "verify: ok"))
    desk.once()

    assert desk.task("TASK-001").verified
    assert desk.task("TASK-001").tier == "check"
    assert "verified (check, artifact, exit)" in desk.board


@pytest.mark.parametrize("path", ["task-board.md", "events.jsonl", ".taskboard/x", "deadletter/x"])
def test_control_files_are_never_evidence(desk, path):
    desk.save(task("ready", "run: ok", f"artifacts: {path}", "max-attempts: 1"))
    desk.once()

    assert desk.state("TASK-001") == "failed:exhausted_retries"


def test_an_input_that_is_missing_names_the_owner_and_starts_by_itself_later(desk):
    desk.save(task("ready", "run: ok", "inputs: notes.md", "owner: siyao"))
    desk.once()
    assert "TB131 siyao: missing input notes.md" in desk.board
    assert desk.events("TASK-001") == ["created", "anomaly_flagged"]

    desk.files.write(desk.workspace.root / "notes.md", b"here")
    desk.once()

    assert desk.state("TASK-001") == "done"
    assert "TB131" not in desk.board


def test_what_nothing_can_run_stays_ready_with_the_cure(desk):
    desk.save(task("ready"))
    desk.once()
    desk.once()

    assert desk.state("TASK-001") == "ready"
    assert "TB130" in desk.board
    assert desk.events("TASK-001") == ["created", "anomaly_flagged"]


def test_untrusted_nothing_starts(desk):
    desk.untrusted = Untrusted("nobody trusts it")
    desk.save(task("ready", "run: ok"))
    desk.turn(start=True)

    assert "claimed" not in desk.events()


def crash_during(desk, command):
    """A daemon's process dies while it runs TASK-001; a new one opens the same disk."""
    desk.save(task("ready", f"run: {command}", "artifacts: out.txt"))

    async def half():
        await tick(desk.ctx, desk.memory, start=True)
        (active,) = desk.memory.active.values()
        lease = active.lease
        active.job.cancel()
        return lease

    ghost = desk.ctx.leases
    lease = desk.play(half())
    ghost.take(lease)
    desk.machine.exit(desk.processes.me())
    desk.processes = FakeProcesses(desk.machine)
    desk.open()
    return lease


def test_a_dead_daemons_run_is_reclaimed_spent_and_run_again(desk):
    crash_during(desk, "write out.txt")
    world = desk.once()

    assert world.named("TASK-001").status.text == "done"
    kinds = desk.events("TASK-001")
    assert kinds.count("reclaimed") == 1
    assert kinds.count("claimed") == 2
    assert world.named("TASK-001").spent == 1


def test_a_live_claim_is_not_taken_back_and_an_expired_one_is(desk):
    desk.save(task("ready"))
    desk.turn(start=True)

    async def take(ctx):
        memory = Memory()
        return await agents.take(ctx, memory, "TASK-001", "bot-1", "agent:bot-1")

    desk.say(take)
    desk.clock.advance(14 * 60)
    assert desk.play(reclaim(desk.ctx, Memory())) == []
    desk.clock.advance(2 * 60)

    assert desk.play(reclaim(desk.ctx, Memory())) == ["TASK-001"]
    assert desk.state("TASK-001") == "ready"
    assert desk.task("TASK-001").spent == 1


def test_a_heartbeat_moves_the_end_of_a_claim(desk):
    desk.save(task("ready"))
    desk.turn(start=True)

    async def take(ctx):
        return await agents.take(ctx, Memory(), "TASK-001", "bot-1", "agent:bot-1")

    desk.say(take)
    for _ in range(3):
        desk.clock.advance(14 * 60)
        desk.play(agents.beat(desk.ctx, "TASK-001@1"))

    assert desk.play(reclaim(desk.ctx, Memory())) == []


def test_a_finished_step_is_not_repeated_after_a_crash(desk):
    desk.save(task("ready", "run: write out.txt", "artifacts: out.txt", "verify: sleep 30"))

    async def half():
        await tick(desk.ctx, desk.memory, start=True)
        await asyncio.sleep(5)
        (active,) = desk.memory.active.values()
        active.stop = "release"
        active.job.cancel()
        await asyncio.gather(active.job)

    desk.play(half())
    assert desk.state("TASK-001") == "ready"
    desk.open()
    desk.once()

    assert desk.state("TASK-001") == "done"
    assert [d for d in desk.script.done if "write" in d] == ["TASK-001@1 write out.txt"]
    assert "step_started" in desk.events("TASK-001")
