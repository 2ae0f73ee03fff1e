"""The source system's smoke table, with the exact event sequence of every row."""

from __future__ import annotations

import pytest

from taskboard.errors import Refused
from taskboard.loop import agents, find
from taskboard.loop.absorb import absorb
from taskboard.loop.context import Memory

AGENT = "agent:bot-1"
PARENT = """# B

## TASK-001 Parent
- status: ready

text of its own

### TASK-002 Child
- status: ready

### TASK-003 Child
- status: ready
"""


def claim(desk, name="TASK-001"):
    async def take(ctx):
        memory = Memory()
        await absorb(ctx, memory)
        return await agents.take(ctx, memory, name, "bot-1", AGENT)

    task, lease = desk.say(take)
    return lease.label, task


def complete(desk, label, **evidence):
    async def finish(ctx):
        task = await find.find_run(ctx, label)
        return await agents.finish(ctx, task, label, agents.Evidence(**evidence), AGENT)

    return desk.say(finish)


def refused(desk, label, **evidence):
    with pytest.raises(Refused) as caught:
        complete(desk, label, **evidence)
    return caught.value


@pytest.fixture
def single(desk):
    desk.save("# B\n\n## TASK-001 One\n- status: ready\n")
    desk.turn(start=True)
    return desk


BEGIN = ["created", "anomaly_flagged", "claimed"]


def test_a_completion_without_evidence_is_evidence_blocked_and_the_run_goes_on(single):
    label, _ = claim(single)

    error = refused(single, label)

    assert error.code == "evidence_blocked"
    assert error.exit_code == 3
    assert single.events("TASK-001") == [*BEGIN, "evidence_blocked"]
    assert single.task("TASK-001").run is not None


def test_b_fifty_characters_fail_and_fifty_one_pass_as_output(single):
    label, _ = claim(single)

    assert refused(single, label, output="x" * 50).code == "evidence_blocked"
    verdict = complete(single, label, output="x" * 51)

    assert (verdict.evidence_type, verdict.evidence_count) == ("output", 1)
    assert not verdict.verified
    assert single.events("TASK-001") == [*BEGIN, "evidence_blocked", "completed"]
    assert "asserted (output)" in single.board


@pytest.mark.parametrize("padding", [" \n\t" * 40, "\x00\x07" * 40])
def test_b_white_space_and_control_characters_are_no_output(single, padding):
    label, _ = claim(single)

    assert refused(single, label, output="x" * 50 + padding).code == "evidence_blocked"


def test_c_any_change_on_a_done_task_is_terminal_blocked_and_the_status_stays(single):
    label, _ = claim(single)
    complete(single, label, output="x" * 51)

    for again in (lambda: claim(single), lambda: complete(single, label, output="x" * 60)):
        with pytest.raises(Refused) as caught:
            again()
        assert caught.value.code == "terminal_blocked"
    single.retype("- status: done", "- status: ready")
    single.turn()

    assert single.state("TASK-001") == "done"
    assert "- status: done\n" in single.board
    assert single.events("TASK-001") == [*BEGIN, "completed", *["terminal_blocked"] * 3]


def test_d_and_e_a_parent_waits_for_its_children_and_the_same_run_passes_after_them(desk):
    desk.save(PARENT)
    desk.turn(start=True)
    desk.files.write(desk.workspace.root / "report.md", b"work")
    label, _ = claim(desk)
    desk.clock.advance(1)
    desk.files.write(desk.workspace.root / "report.md", b"more work")

    error = refused(desk, label, output="x" * 51, artifacts=("report.md",))
    assert error.code == "dependency_blocked"
    assert error.data["open"] == 2
    assert error.data["children"] == ["TASK-002", "TASK-003"]

    for name in ("TASK-002", "TASK-003"):
        child, _ = claim(desk, name)
        complete(desk, child, output="y" * 51)
    verdict = complete(desk, label, output="x" * 51, artifacts=("report.md",))

    assert (verdict.evidence_type, verdict.evidence_count) == ("multiple", 2)
    assert verdict.verified
    assert desk.events("TASK-001") == [
        "created",
        "claimed",
        "dependency_blocked",
        "completed",
    ]


def test_f_a_localhost_url_is_refused_as_a_placeholder(single):
    label, _ = claim(single)

    for url in (
        "http://localhost:3000/x",
        "https://example.com",
        "https://a.dev/smoke/1",
        "https://10.0.0.1/x",
        "https://a.dev/remediate/x",
    ):
        error = refused(single, label, url=url)
        assert error.code == "evidence_blocked"
        assert "placeholder" in error.message
    error = refused(single, label, url="https://github.com/a/b")
    assert "there is no network here" in error.message, "a real one is asked for, and looked at"
    assert "no git repository" in refused(single, label, commit="abcdef1").message
    assert "not a commit hash" in refused(single, label, commit="HEAD").message


def test_g_every_attempt_is_in_the_ledger_and_the_chain_holds(single):
    label, _ = claim(single)
    refused(single, label)
    refused(single, label, output="short")
    complete(single, label, output="x" * 51)
    with pytest.raises(Refused):
        claim(single)

    proof = single.play(single.ctx.ledger.verify())

    assert proof.ok
    assert single.events("TASK-001") == [
        *BEGIN,
        "evidence_blocked",
        "evidence_blocked",
        "completed",
        "terminal_blocked",
    ]


def test_a_stale_run_is_refused_for_every_verb(single):
    label, _ = claim(single)
    single.clock.advance(16 * 60)
    fresh, _ = claim(single)
    assert fresh == "TASK-001@2"

    async def each(ctx):
        codes = []
        task = await find.find_run(ctx, label)
        for act in (
            agents.beat(ctx, label),
            agents.finish(ctx, task, label, agents.Evidence(output="x" * 51), AGENT),
            agents.give_up(ctx, task, label, "no", AGENT, final=False),
            agents.hand_back(ctx, task, label, AGENT),
        ):
            try:
                await act
            except Refused as error:
                codes.append((error.code, error.exit_code))
        return codes

    assert single.say(each) == [("stale_run", 3)] * 4
    assert single.task("TASK-001").run.attempt == 2
    assert single.events("TASK-001").count("transition_blocked") == 4
