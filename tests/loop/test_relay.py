"""Who does a task, and who takes over from whom."""

from __future__ import annotations

import asyncio

import pytest

from taskboard.core.outcome import Failed, Unable
from taskboard.errors import Usage
from taskboard.executor import Fitness
from taskboard.loop import agents
from taskboard.loop.context import Memory
from taskboard.loop.daemon import Daemon

MISSING = Fitness(usable=False, problem="The program is not there", hint="Install it.")


def board(*tasks):
    sections = (
        f"\n## TASK-{n:03} Task {n}\n" + "".join(f"- {f}\n" for f in fields)
        for n, fields in enumerate(tasks, 1)
    )
    return "# B\n" + "".join(sections)


def unable(reason):
    return Unable(reason=reason, error="It would not.", hint="Say please.")


LATE = Failed(reason="timeout", error="It took too long.")


class Silence:
    def start(self, folder, names, tell):
        pass

    def stop(self):
        pass


# Who.


def test_a_command_is_the_shells_whatever_else_the_task_says(staff):
    staff.set(executor="codex")
    staff.desk.save(board(("status: ready", "run: ok", "agent: gemini")))
    staff.desk.once()

    assert staff.desk.script.done == ["TASK-001@1 ok"]


def test_the_agent_a_task_names_goes_before_the_setting(staff):
    staff.set(executor="codex")
    staff.desk.save(board(("status: ready", "agent: gemini"), ("status: ready",)))
    staff.desk.once()

    assert staff.gemini.labels == ["TASK-001@1"]
    assert staff.codex.labels == ["TASK-002@1"]


@pytest.mark.parametrize("first", range(4))
def test_else_it_is_the_first_that_can_be_used(staff, first):
    order = [staff.code, staff.codex, staff.gemini, staff.claude]
    for agent in order[:first]:
        agent.fit = MISSING
    staff.desk.save(board(("status: ready",)))
    staff.desk.once()

    assert [agent.labels for agent in order] == [
        ["TASK-001@1"] if n == first else [] for n in range(4)
    ]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (("agent: codex",), "TB130 codex cannot run it: The program is not there. Install it."),
        (("agent: nobody",), "TB130 nobody cannot run it: There is no executor nobody."),
        ((), "TB130 nothing here can run it. Give it a `run:` command"),
        (("agent: shell",), "TB130 nothing here can run it. Give it a `run:` command"),
    ],
)
def test_what_nobody_can_do_stays_ready_with_the_cure_and_spends_nothing(staff, fields, said):
    for agent in staff.agents.values():
        agent.fit = MISSING
    staff.desk.save(board(("status: ready", *fields)))
    staff.desk.once()

    assert staff.desk.state("TASK-001") == "ready"
    assert f"- note: {said}" in staff.desk.board
    assert staff.desk.events("TASK-001") == ["created", "anomaly_flagged"]
    assert staff.mind.questions == []


def test_an_executor_is_looked_at_once_in_a_turn(staff):
    staff.codex.fit = MISSING
    staff.desk.save(board(*[("status: ready", "agent: codex")] * 5, ("status: ready", "run: ok")))
    staff.desk.turn(start=True)
    before = staff.codex.looks
    staff.desk.retype("# B", "# C")

    async def one_turn():
        from taskboard.loop.tick import tick

        await tick(staff.desk.ctx, staff.desk.memory)

    staff.desk.play(one_turn())

    assert staff.codex.looks - before == 1


# Who takes over.


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (LATE, "timeout"),
        (unable("missing"), "missing"),
        (unable("authentication"), "authentication"),
        (unable("capability"), "capability"),
    ],
)
def test_another_takes_over_and_nothing_is_spent(staff, outcome, reason):
    staff.set(executors={"codex": {"fallback": ("gemini",)}})
    staff.codex.say(outcome)
    staff.desk.save(board(("status: ready", "agent: codex", "max-attempts: 1")))
    staff.desk.once()
    (passed,) = staff.facts("relayed")

    assert staff.gemini.labels == ["TASK-001@2"]
    assert staff.desk.state("TASK-001") == "done"
    assert staff.desk.task("TASK-001").spent == 0
    assert (passed["from"], passed["executor"], passed["reason"]) == ("codex", "gemini", reason)
    assert passed["error"] == outcome.error


def test_a_failure_is_nobody_elses(staff):
    staff.set(executors={"codex": {"fallback": ("gemini",)}})
    staff.codex.say(Failed(reason="agent", error="I could not."))
    staff.desk.save(board(("status: ready", "agent: codex")))
    staff.desk.once()

    assert staff.gemini.orders == []
    assert staff.codex.labels == ["TASK-001@1", "TASK-001@2"]


def test_each_has_it_once_in_a_round_and_again_in_the_next(staff):
    everybody = {
        "codex": {"fallback": ("gemini", "claude")},
        "gemini": {"fallback": ("codex", "claude")},
        "claude": {"fallback": ("codex", "gemini")},
    }
    staff.set(executors=everybody)
    for agent in (staff.codex, staff.gemini, staff.claude):
        agent.say(LATE, LATE)
    staff.desk.save(board(("status: ready", "agent: codex", "max-attempts: 1")))
    staff.desk.once()

    assert staff.desk.state("TASK-001") == "failed:exhausted_retries"
    assert [a.labels for a in (staff.codex, staff.gemini, staff.claude)] == [
        ["TASK-001@1"],
        ["TASK-001@2"],
        ["TASK-001@3"],
    ]

    staff.desk.retype("- status: failed:exhausted_retries", "- status: ready")
    staff.desk.once()

    assert staff.codex.labels == ["TASK-001@1", "TASK-001@4"]
    assert staff.claude.labels == ["TASK-001@3", "TASK-001@6"]


def test_it_stays_with_whom_it_was_passed_to_for_the_round(staff):
    staff.set(executors={"codex": {"fallback": ("gemini",)}})
    staff.codex.say(LATE)
    staff.gemini.say(Failed(reason="agent", error="Not yet."))
    staff.desk.save(board(("status: ready", "agent: codex")))
    staff.desk.once()

    assert staff.gemini.labels == ["TASK-001@2", "TASK-001@3"]


def test_whoever_cannot_be_used_is_passed_over(staff):
    staff.set(executors={"codex": {"fallback": ("gemini", "claude")}})
    staff.gemini.fit = MISSING
    staff.codex.say(LATE)
    staff.desk.save(board(("status: ready", "agent: codex")))
    staff.desk.once()

    assert staff.claude.labels == ["TASK-001@2"]


@pytest.mark.parametrize("names", [("shell",), ("nobody",), ("codex",)])
def test_a_fallback_that_cannot_have_it_is_none(staff, names):
    staff.set(executors={"codex": {"fallback": names}})
    staff.codex.say(LATE)
    staff.desk.save(board(("status: ready", "agent: codex", "max-attempts: 1")))
    staff.desk.once()

    assert staff.facts("relayed") == []
    assert staff.desk.state("TASK-001") == "failed:exhausted_retries"


def test_a_command_that_takes_too_long_is_passed_to_nobody(staff):
    staff.set(executors={"shell": {"fallback": ("codex",)}})

    async def slow(_verb, _rest, _order):
        return LATE

    staff.desk.script._do = slow
    staff.desk.save(board(("status: ready", "run: ok", "max-attempts: 1")))
    staff.desk.once()

    assert staff.facts("relayed") == []
    assert staff.desk.state("TASK-001") == "failed:exhausted_retries"


def test_a_person_who_names_another_agent_is_heard(staff):
    staff.codex.say(unable("capability"))
    staff.set(executors={"codex": {"fallback": ("gemini",)}})
    staff.gemini.say(unable("capability"))
    staff.desk.save(board(("status: ready", "agent: codex")))
    staff.desk.once()
    assert staff.desk.state("TASK-001") == "blocked:ann:executor"

    staff.desk.retype("- agent: codex", "- agent: claude")
    staff.desk.retype("- status: blocked:ann:executor", "- status: ready")
    staff.desk.once()

    assert staff.claude.labels == ["TASK-001@3"]
    assert staff.desk.state("TASK-001") == "done"


# Nobody takes over.


def test_what_this_task_asks_too_much_of_is_for_its_owner(staff):
    staff.codex.say(unable("capability"))
    staff.desk.save(board(("status: ready", "agent: codex", "owner: siyao"), ("status: ready",)))
    staff.desk.once()

    assert staff.desk.state("TASK-001") == "blocked:siyao:executor"
    assert "TB130 codex cannot do this: It would not. Say please." in staff.desk.board
    assert staff.desk.task("TASK-001").spent == 0
    assert staff.desk.state("TASK-002") == "done"


@pytest.mark.parametrize("reason", ["authentication", "missing"])
def test_what_is_true_of_all_tasks_stops_the_executor_and_not_the_board(staff, reason):
    staff.set(slots=1)
    staff.codex.say(unable(reason))
    staff.desk.save(
        board(*[("status: ready", "agent: codex")] * 2, ("status: ready", "agent: gemini"))
    )
    staff.desk.turn(start=True)
    staff.desk.turn()

    assert staff.codex.labels == ["TASK-001@1"]
    assert staff.desk.state("TASK-001") == staff.desk.state("TASK-002") == "ready"
    assert staff.desk.task("TASK-001").spent == 0
    said = "TB130 codex cannot run it: It would not. Say please."
    assert staff.desk.board.count(said) == 2
    assert staff.desk.state("TASK-003") == "done"


def test_a_task_of_anybody_goes_to_the_next_when_one_is_refused_its_service(staff):
    staff.code.say(unable("authentication"))
    staff.desk.save(board(("status: ready",)))
    staff.desk.once()

    assert staff.codex.labels == ["TASK-001@2"]


def test_the_hint_is_told_where_no_other_is_left(staff):
    for agent in (staff.codex, staff.gemini, staff.claude):
        agent.fit = MISSING
    staff.code.say(unable("authentication"))
    staff.desk.save(board(("status: ready",)))
    staff.desk.once()

    assert "TB130 claude-code cannot run it: It would not. Say please." in staff.desk.board


def test_a_refused_executor_is_tried_again_after_a_quarter_of_an_hour(staff):
    staff.codex.say(unable("authentication"))
    staff.desk.save(board(("status: ready", "agent: codex")))
    daemon = Daemon(staff.desk.ctx, staff.desk.memory, Silence())

    async def work():
        running = asyncio.create_task(daemon.run())
        await asyncio.sleep(890)
        early = list(staff.codex.labels)
        await asyncio.sleep(20)
        daemon.stop()
        await running
        return early

    assert staff.desk.play(work()) == ["TASK-001@1"]
    assert staff.codex.labels == ["TASK-001@1", "TASK-001@2"]
    assert staff.desk.state("TASK-001") == "done"
    assert "TB130" not in staff.desk.board


# By hand.


def taken(staff):
    staff.desk.save(board(("status: ready", "agent: codex")))
    staff.codex.fit = MISSING
    staff.desk.turn(start=True)

    async def take(ctx):
        return await agents.take(ctx, Memory(), "TASK-001", "bot-1", "agent:bot-1")

    staff.desk.say(take)


def passed_on(staff, to):
    async def give(ctx):
        task = (await ctx.ledger.look()).named("TASK-001")
        return await agents.hand_back(ctx, task, "TASK-001@1", "bot-1", to=to)

    return staff.desk.say(give)


def test_whoever_holds_a_run_can_pass_it_on(staff):
    taken(staff)
    passed_on(staff, "gemini")
    (passed,) = staff.facts("relayed")
    staff.desk.once()

    assert (passed["from"], passed["executor"], passed["reason"]) == (
        "outside",
        "gemini",
        "manual",
    )
    assert staff.gemini.labels == ["TASK-001@2"]
    assert staff.desk.task("TASK-001").spent == 0


@pytest.mark.parametrize("to", ["shell", "nobody", ""])
def test_it_can_be_passed_to_agents_only(staff, to):
    taken(staff)
    with pytest.raises(Usage, match="No agent here is called"):
        passed_on(staff, to)

    assert staff.desk.state("TASK-001").startswith("running:")


def test_a_run_of_the_daemon_is_passed_on_and_its_work_ended(staff):
    async def for_ever(_order):
        await asyncio.sleep(3000)

    staff.codex.say(for_ever)
    staff.desk.save(board(("status: ready", "agent: codex")))
    daemon = Daemon(staff.desk.ctx, staff.desk.memory, Silence())

    async def work():
        running = asyncio.create_task(daemon.run())
        await asyncio.sleep(20)
        ctx = staff.desk.ctx
        task = (await ctx.ledger.look()).named("TASK-001")
        await agents.hand_back(ctx, task, "TASK-001@1", "command:ann", to="claude")
        await asyncio.sleep(10)
        daemon.stop()
        await running

    staff.desk.play(work())

    assert staff.claude.labels == ["TASK-001@2"]
    assert staff.desk.state("TASK-001") == "done"


def test_a_command_cannot_be_passed_to_an_agent(staff):
    staff.desk.save(board(("status: ready", "run: ok", "needs: TASK-002"), ("status: todo",)))
    staff.desk.turn(start=True)
    staff.desk.retype("- needs: TASK-002\n", "")

    async def take(ctx):
        return await agents.take(ctx, Memory(), "TASK-001", "bot-1", "agent:bot-1")

    staff.desk.say(take)
    with pytest.raises(Usage, match="only the shell does"):
        passed_on(staff, "codex")


# From the start.


def test_who_cannot_begin_is_stood_in_for_by_the_fallback(staff):
    staff.codex.fit = MISSING
    staff.set(executors={"codex": {"fallback": ("claude", "gemini")}})
    staff.claude.fit = MISSING
    staff.desk.save(board(("status: ready", "agent: codex")))
    staff.desk.once()

    assert staff.gemini.labels == ["TASK-001@1"]
    assert staff.desk.state("TASK-001") == "done"


def test_where_the_fallback_cannot_either_both_are_named(staff):
    staff.codex.fit = staff.gemini.fit = MISSING
    staff.set(executors={"codex": {"fallback": ("gemini",)}})
    staff.desk.save(board(("status: ready", "agent: codex")))
    staff.desk.once()

    assert "TB130 codex cannot run it: The program is not there." in staff.desk.board
    assert "Nor can its fallback (gemini)." in staff.desk.board


@pytest.mark.parametrize("reason", ["authentication", "missing"])
def test_who_is_out_of_service_is_not_asked_again_though_somebody_took_over(staff, reason):
    staff.set(executors={"codex": {"fallback": ("gemini",)}}, slots=1)
    staff.codex.say(unable(reason))
    staff.desk.save(board(*[("status: ready", "agent: codex")] * 3))
    staff.desk.once()

    assert staff.codex.labels == ["TASK-001@1"]
    assert staff.gemini.labels == ["TASK-001@2", "TASK-002@1", "TASK-003@1"]
