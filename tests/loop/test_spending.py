"""Budgets: what stops when they are spent, what the board says, and when it goes on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from taskboard.core.outcome import Failed
from taskboard.core.ready import why
from taskboard.loop import agents
from taskboard.loop.context import Memory
from taskboard.loop.daemon import Daemon
from taskboard.loop.scene import set_scene


def board(*tasks):
    sections = (
        f"\n## TASK-{n:03} Task {n}\n" + "".join(f"- {f}\n" for f in fields)
        for n, fields in enumerate(tasks, 1)
    )
    return "# B\n" + "".join(sections)


AGENT = ("status: ready", "agent: codex")


class Silence:
    def start(self, folder, names, tell):
        pass

    def stop(self):
        pass


def watched_for(staff, seconds):
    """A daemon that works for so long."""
    daemon = Daemon(staff.desk.ctx, staff.desk.memory, Silence())

    async def work():
        running = asyncio.create_task(daemon.run())
        await asyncio.sleep(seconds)
        daemon.stop()
        await running

    staff.desk.play(work())


def spend(dollars):
    """Work that succeeds and costs so much."""
    text = "It is all done, and this is what I have to say about it."

    def work(order):
        from taskboard.core.bill import Bill, Usage
        from taskboard.core.report import Report, outcome_of

        used = Bill((Usage(model="m", input=7),), dollars)
        report = Report(status="done", summary=text)
        return outcome_of(report, used, run=order.run, sha256="0" * 64, log=order.log)

    return work


def rule_of(staff, name):
    async def ask():
        world = await staff.desk.ctx.ledger.look()
        scene = set_scene(staff.desk.ctx, staff.desk.memory, world)
        return why(world.named(name), scene)

    return staff.desk.play(ask())


@pytest.fixture
def free(staff):
    """A mind that costs nothing."""
    staff.mind.cost = 0.0
    return staff


SETTINGS = [
    ({"budget_usd_day": 1.0}, "today is spent: $1.00 of $1.00"),
    ({"origins": {"board": {"budget_usd_day": 0.75}}}, "from board is spent: $1.00 of $0.75"),
]


@pytest.mark.parametrize(("settings", "said"), SETTINGS)
def test_a_day_that_is_spent_stops_agents_and_says_so_on_the_board(free, settings, said):
    free.set(slots=1, **settings)
    free.codex.say(spend(1.0))
    free.desk.save(board(AGENT, AGENT))
    free.desk.turn(start=True)
    free.desk.turn()

    assert free.codex.labels == ["TASK-001@1"]
    assert "- note: TB132 The budget today" in free.desk.board
    assert said in free.desk.board
    found = rule_of(free, "TASK-002")
    assert found.rule == "budget"
    assert "day ends (UTC)" in found.clear[0]


def test_other_origins_go_on_when_one_is_spent(free):
    free.set(slots=1, origins={"git": {"budget_usd_day": 0.0}})
    free.desk.save(board(AGENT))
    free.desk.turn(start=True)

    assert free.codex.labels == ["TASK-001@1"]


def test_the_shell_costs_nothing_and_goes_on(free):
    free.set(budget_usd_day=0.0)
    free.desk.save(board(AGENT, ("status: ready", "run: ok")))
    free.desk.turn(start=True)

    assert free.desk.state("TASK-002") == "done"
    assert free.codex.orders == []


def test_a_spent_day_is_over_at_midnight_without_anybody_doing_anything(free):
    free.desk.clock.wall = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    free.set(slots=1, budget_usd_day=1.0)
    free.codex.say(spend(1.0))
    free.desk.save(board(AGENT, AGENT))
    watched_for(free, 25 * 60)
    assert "TB132" in free.desk.board
    free.open()
    free.desk.clock.wall = datetime(2026, 11, 20, 23, 58, tzinfo=UTC)
    watched_for(free, 125)

    assert free.desk.state("TASK-002") == "done"
    assert "TB132" not in free.desk.board
    [begun] = [e.ts for e in free.desk.facts() if e.type == "claimed" and e.task == "TASK-002"]
    assert begun[:16] == "2026-11-21T00:00"


def test_an_idle_daemon_does_not_wake_at_midnight_for_nothing(free):
    free.desk.clock.wall = datetime(2026, 11, 20, 23, 59, tzinfo=UTC)
    free.set(budget_usd_day=1.0)
    free.desk.save(board(("status: todo",)))
    turns = []
    daemon = Daemon(free.desk.ctx, free.desk.memory, Silence(), lambda: turns.append(1))

    async def work():
        running = asyncio.create_task(daemon.run())
        await asyncio.sleep(2)
        patience = await daemon._patience()
        daemon.stop()
        await running
        return patience

    assert free.desk.play(work()) == float("inf")


def test_a_claim_by_name_is_nobodys_budget(free):
    free.set(budget_usd_day=0.0)
    free.desk.save(board(AGENT))
    free.desk.turn(start=True)
    assert rule_of(free, "TASK-001").rule == "budget"

    async def take(ctx):
        memory = Memory()
        return await agents.take(ctx, memory, "TASK-001", "bot-1", "agent:bot-1")

    free.desk.say(take)

    assert free.desk.state("TASK-001").startswith("running:bot-1")


def test_a_run_is_given_what_is_left_of_the_smallest_limit(free):
    free.set(slots=1, budget_usd_day=10.0)
    free.codex.say(spend(1.5))
    free.desk.save(board((*AGENT, "budget: $2"), (*AGENT, "budget: 20 USD")))
    free.desk.once()

    assert [order.budget_usd for order in free.codex.orders] == [2.0, 8.5]


def test_the_budget_of_a_run_is_that_of_all_its_steps(free):
    free.codex.say(spend(0.75))
    free.desk.save(board((*AGENT, "budget: 1", "steps: analyze, generate")))
    free.desk.once()

    assert [order.budget_usd for order in free.codex.orders] == [1.0, 0.25]


def out_of_money(cost):
    def work(order):
        del order
        from taskboard.core.bill import Bill, Usage

        used = Bill((Usage(model="m", input=7),), cost)
        return Failed(reason="budget", error="no more money", bill=used)

    return work


@pytest.mark.parametrize("cost", [2.0, 1.95])
def test_a_run_that_spends_its_tasks_budget_ends_the_task_with_a_letter(free, cost):
    free.set(budget_usd_day=50.0)
    free.codex.say(out_of_money(cost))
    free.desk.save(board((*AGENT, "budget: 2")))
    free.desk.once()

    assert free.desk.state("TASK-001") == "failed:budget"
    assert free.desk.events("TASK-001")[-1] == "deadlettered"
    assert free.desk.files.read(free.desk.workspace.deadletter / "TASK-001.md")
    assert free.desk.task("TASK-001").cost_usd == cost


def test_a_task_that_was_stopped_half_way_through_its_steps_is_its_own_budgets(free):
    free.codex.say(spend(0.5), out_of_money(0.5))
    free.desk.save(board((*AGENT, "budget: 1", "steps: analyze, generate")))
    free.desk.once()

    assert free.desk.state("TASK-001") == "failed:budget"


def test_a_run_that_spends_the_day_waits_for_the_next_unspent(free):
    free.set(budget_usd_day=1.0)
    free.codex.say(out_of_money(1.0))
    free.desk.save(board(AGENT))
    free.desk.turn(start=True)

    assert free.desk.state("TASK-001") == "blocked:quota:2026-11-21T00:00Z"
    assert free.desk.task("TASK-001").spent == 0

    free.desk.clock.wall = datetime(2026, 11, 20, 23, 59, tzinfo=UTC)
    watched_for(free, 70)
    assert free.desk.state("TASK-001") == "done"


def test_a_day_that_had_less_left_than_the_task_is_the_days(free):
    free.set(budget_usd_day=1.0)
    free.codex.say(out_of_money(1.0))
    free.desk.save(board((*AGENT, "budget: 2")))
    free.desk.turn(start=True)

    assert free.desk.state("TASK-001") == "blocked:quota:2026-11-21T00:00Z"


def test_costs_stand_on_the_events_the_task_and_the_day(free):
    free.codex.say(spend(0.5), spend(0.25))
    free.mind.cost = 0.125
    free.desk.save(board((*AGENT, "steps: analyze, generate")))
    free.desk.once()
    world = free.desk.play(free.desk.ctx.ledger.look())
    steps = free.facts("step_completed")

    assert [s["cost_usd"] for s in steps if "cost_usd" in s] == [0.5, 0.25]
    assert free.desk.task("TASK-001").cost_usd == 0.75
    assert world.costs == {"2026-11-20": {"decider": 0.125, "board": 0.75}}
    asked = free.facts("decided")
    assert sum(e.data.get("cost_usd") or 0 for e in free.desk.facts()) == 0.875
    assert asked[0]["cost_usd"] == 0.125


def test_an_agent_with_an_unknown_price_shows_tokens_and_null(free):
    free.codex.say(spend(None))
    free.desk.save(board(AGENT))
    free.desk.once()
    [step] = free.facts("step_completed")

    assert step["cost_usd"] is None
    assert step["usage"][0]["input"] == 7
    assert free.desk.task("TASK-001").cost_usd == 0.0


def test_a_judge_costs_too(free):
    free.mind.verdict = free.Judgement(ok=True, reason="so it is", by="mind", bill=free.bill(0.5))
    free.desk.save(board((*AGENT, "measure: It is good.")))
    free.desk.once()

    assert free.facts("validated")[0]["cost_usd"] == 0.5
    assert free.desk.task("TASK-001").cost_usd == 0.5


def test_nobody_judges_when_the_money_is_spent(free):
    free.codex.say(spend(1.0))
    free.desk.save(board((*AGENT, "measure: It is good.", "budget: 1")))
    free.desk.once()

    assert free.mind.claims == []
    assert free.desk.state("TASK-001") == "done"


# Several runs at once, and several budgets.


def spends_slowly(dollars):
    async def work(order):
        await asyncio.sleep(60)
        return spend(min(dollars, order.budget_usd or 0.0))(order)

    return work


def test_runs_side_by_side_share_what_the_day_may_cost(free):
    """Eight that would each cost three dollars, on a day that may cost three."""
    free.set(slots=8, budget_usd_day=3.0)
    free.codex.say(*[spends_slowly(3.0)] * 8)
    free.desk.save(board(*[AGENT] * 8))
    free.desk.turn(start=True)

    given = [order.budget_usd for order in free.codex.orders]
    assert len(given) == 8
    assert sum(given) == pytest.approx(3.0)
    assert sum(free.desk.task(f"TASK-{n:03}").cost_usd for n in range(1, 9)) <= 3.0


def test_what_runs_hold_is_not_given_twice_and_why_says_so(free):
    free.set(slots=2, budget_usd_day=2.0)
    free.codex.say(spends_slowly(0.25), spends_slowly(0.25))
    free.desk.save(board(AGENT, AGENT, AGENT))

    async def scene():
        from taskboard.loop.tick import tick

        await tick(free.desk.ctx, free.desk.memory, start=True)
        await asyncio.sleep(1)
        world = await free.desk.ctx.ledger.look()
        held = set_scene(free.desk.ctx, free.desk.memory, world)
        return why(world.named("TASK-003"), held)

    found = free.desk.play(scene())

    assert [order.budget_usd for order in free.codex.orders] == [1.0, 1.0]
    assert found.rule == "budget"
    assert "$0.00 of $2.00, and what runs now may need $2.00" in found.text


def test_a_share_that_is_spent_goes_on_with_another_while_the_day_has_more(free):
    free.set(slots=2, budget_usd_day=2.0)
    free.codex.say(out_of_money(1.0), out_of_money(0.5), spend(0.1))
    free.desk.save(board(AGENT))
    free.desk.once()

    assert [order.budget_usd for order in free.codex.orders] == [1.0, 0.5, 0.25]
    assert free.desk.state("TASK-001") == "done"
    assert [d["cause"] for d in free.facts("released")] == ["budget", "budget"]
    assert free.desk.task("TASK-001").spent == 0


def test_a_program_that_says_so_and_has_not_spent_it_does_not_begin_again_at_once(free):
    free.set(slots=2, budget_usd_day=2.0)
    free.codex.say(out_of_money(0.1))
    free.desk.save(board(AGENT))
    free.desk.turn(start=True)

    assert free.desk.state("TASK-001") == "blocked:quota:2026-11-21T00:00Z"


@pytest.mark.parametrize("cost", [0.5, None])
def test_the_executors_own_budget_is_not_the_days(free, cost):
    free.set(budget_usd_day=100.0, executors={"codex": {"budget_usd": 0.5}})
    free.codex.say(out_of_money(cost))
    free.desk.save(board(AGENT))
    free.desk.once()

    assert free.desk.state("TASK-001") == "failed:budget"


def test_a_run_across_midnight_goes_on_with_the_new_days_money(free):
    free.desk.clock.wall = datetime(2026, 11, 20, 23, 59, tzinfo=UTC)
    free.set(slots=1, budget_usd_day=1.0)

    async def slow(order):
        await asyncio.sleep(120)
        return out_of_money(0.9)(order)

    free.codex.say(slow, spend(0.05))
    free.desk.save(board(AGENT))
    free.desk.once()

    assert free.desk.state("TASK-001") == "done"
    assert free.codex.orders[1].budget_usd == pytest.approx(0.1)


def test_a_day_that_is_spent_in_the_middle_of_a_run_is_noted_on_the_board(free):
    free.set(budget_usd_day=1.0)
    free.codex.say(out_of_money(1.0))
    free.desk.save(board(AGENT))
    free.desk.turn(start=True)

    assert (
        "- note: TB132 The budget today is spent. It goes on when the day ends" in free.desk.board
    )


def test_slots_are_the_boards_and_not_a_processs(free):
    """A second process beside the first begins nothing while both slots are taken."""
    free.set(slots=2)
    free.codex.say(*[spends_slowly(0.0)] * 4)
    free.desk.save(board(*[AGENT] * 4))

    async def scene():
        from taskboard.loop.tick import tick

        await tick(free.desk.ctx, free.desk.memory, start=True)
        await asyncio.sleep(1)
        beside = Memory()
        await tick(free.desk.ctx, beside)
        await asyncio.sleep(1)
        return len(free.desk.memory.active), len(beside.active)

    assert free.desk.play(scene()) == (2, 0)


def test_tokens_without_a_price_are_counted_by_day(free):
    free.codex.say(spend(None))
    free.desk.save(board(AGENT))
    free.desk.once()

    assert free.desk.play(free.desk.ctx.ledger.look()).unpriced == {"2026-11-20": 7}
