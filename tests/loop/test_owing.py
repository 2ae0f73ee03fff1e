"""What a run has cost reaches the ledger, whatever ends it, and once."""

from __future__ import annotations

import asyncio
import json

import pytest

from taskboard.core.bill import Bill, Usage
from taskboard.core.outcome import Failed
from taskboard.errors import Refused
from taskboard.loop import find, people
from taskboard.loop.owing import pay
from taskboard.loop.tick import tick
from taskboard.testing.processes import FakeProcesses

BOARD = "# B\n\n## TASK-001 Task\n- status: ready\n- agent: codex\n"


def used(dollars):
    return Bill((Usage(model="m", input=7),), dollars)


def works(staff, *costs, seconds=1.0):
    """Work that keeps what it has used on disk as it goes on, and never ends by itself."""

    async def work(order):
        for cost in costs:
            await asyncio.sleep(seconds)
            staff.desk.files.write(
                order.folder / "bill.json", json.dumps(used(cost).as_data()).encode()
            )
        await asyncio.sleep(10_000)

    return work


def paid(staff):
    """US dollars by the ledger, of the task and of the day, and the facts that say so."""
    world = staff.desk.play(staff.desk.ctx.ledger.look())
    said = [(e.type, e.data["cost_usd"]) for e in staff.desk.facts() if "usage" in e.data]
    sums = world.costs.values()
    return staff.desk.task("TASK-001").cost_usd, sum(sum(c.values()) for c in sums), said


@pytest.fixture
def staff(staff):
    staff.mind.cost = 0.0
    return staff


def begun(staff, *costs, until=2.5):
    """A run that has worked for a while; its supervisor's job."""
    staff.codex.say(works(staff, *costs))
    staff.desk.save(BOARD)

    return lambda: working(staff, until)


async def working(staff, until):
    await tick(staff.desk.ctx, staff.desk.memory, start=True)
    await asyncio.sleep(until)
    (active,) = staff.desk.memory.active.values()
    return active


def hand_back(staff, after):
    """Let the run begin, and be released after a while."""

    async def scene():
        active = await working(staff, after)
        active.stop = "release"
        active.job.cancel()
        await asyncio.gather(active.job)

    staff.desk.play(scene())


def without_decisions(found):
    cost, total, said = found
    return cost, total, [pair for pair in said if pair[0] != "decided"]


def test_a_run_that_is_handed_back_has_cost_what_it_had_used_by_then(staff):
    begun(staff, 0.5, 1.25)
    hand_back(staff, after=2.5)

    assert staff.desk.state("TASK-001") == "ready"
    assert without_decisions(paid(staff)) == (1.25, 1.25, [("released", 1.25)])


def test_a_run_that_is_cancelled_while_it_works_is_paid_for_when_it_has_ended(staff):
    half = begun(staff, 0.5, 1.25)

    async def scene():
        active = await half()
        task = await find.find_task(staff.desk.ctx, "TASK-001")
        await people.say_cancel(staff.desk.ctx, task, "command:ann")
        await tick(staff.desk.ctx, staff.desk.memory)
        await asyncio.gather(active.job)
        await tick(staff.desk.ctx, staff.desk.memory, start=True)

    staff.desk.play(scene())

    assert staff.desk.events("TASK-001")[-1] == "cost_recorded"
    assert staff.desk.state("TASK-001") == "failed:cancelled"
    assert without_decisions(paid(staff)) == (1.25, 1.25, [("cost_recorded", 1.25)])


def dies(staff):
    """The daemon's process is gone; its lease still lies there."""
    desk = staff.desk
    desk.machine.exit(desk.processes.me())
    desk.processes = FakeProcesses(desk.machine)
    desk.open()


def killed(staff, *costs):
    half = begun(staff, *costs)

    async def scene():
        active = await half()
        lease = active.lease
        active.job.cancel()
        return lease

    ghost = staff.desk.ctx.leases
    ghost.take(staff.desk.play(scene()))
    dies(staff)


def test_a_run_whose_daemon_was_killed_is_paid_for_when_it_is_taken_back(staff):
    killed(staff, 0.5, 1.25)
    staff.codex.say(lambda order: staff.report(order, cost=0.25))
    staff.desk.once()

    assert staff.desk.state("TASK-001") == "done"
    assert without_decisions(paid(staff)) == (
        1.5,
        1.5,
        [("reclaimed", 1.25), ("step_completed", 0.25)],
    )


def test_a_cancel_after_the_daemon_was_killed_pays_itself(staff):
    killed(staff, 0.5, 1.25)

    async def cancel():
        task = await find.find_task(staff.desk.ctx, "TASK-001")
        await people.say_cancel(staff.desk.ctx, task, "command:ann")

    staff.desk.play(cancel())
    staff.desk.once()

    assert without_decisions(paid(staff)) == (1.25, 1.25, [("cost_recorded", 1.25)])


def test_a_daemon_that_died_after_a_cancel_leaves_the_bill_to_the_next(staff):
    half = begun(staff, 0.75)

    async def scene():
        active = await half()
        task = await find.find_task(staff.desk.ctx, "TASK-001")
        await people.say_cancel(staff.desk.ctx, task, "command:ann")  # its supervisor lives
        file = staff.desk.ctx.run_folder(active.lease.run) / "bill.json"
        written = staff.desk.files.read(file)
        staff.desk.files.remove(file)  # so that it pays nothing when this scene ends it
        return active.lease, file, written

    ghost = staff.desk.ctx.leases
    lease, file, written = staff.desk.play(scene())
    ghost.take(lease)
    staff.desk.files.write(file, written)
    dies(staff)
    assert paid(staff)[0] == 0.0
    staff.desk.once()

    assert without_decisions(paid(staff)) == (0.75, 0.75, [("cost_recorded", 0.75)])


def test_an_outcome_that_comes_too_late_is_paid_for_all_the_same(staff):
    """The executor ends by itself in the very moment of the cancel: its outcome is refused."""

    async def work(order):
        staff.desk.files.write(
            order.folder / "bill.json", json.dumps(used(2.0).as_data()).encode()
        )
        task = await find.find_task(staff.desk.ctx, "TASK-001")
        await people.say_cancel(staff.desk.ctx, task, "command:ann")
        return Failed(reason="agent", error="It went wrong.", bill=used(2.0))

    staff.codex.say(work)
    staff.desk.save(BOARD)
    staff.desk.turn(start=True)

    assert without_decisions(paid(staff)) == (2.0, 2.0, [("cost_recorded", 2.0)])


def test_a_finished_step_is_not_paid_for_twice(staff):
    def work(order):
        bill = json.dumps(used(0.5).as_data()).encode()
        staff.desk.files.write(order.folder / "bill.json", bill)
        return staff.report(order, cost=0.5)

    staff.codex.say(work)
    staff.desk.save(BOARD + "- verify: sleep 100\n")
    hand_back(staff, after=5)

    assert "released" in staff.desk.events("TASK-001")
    assert without_decisions(paid(staff)) == (0.5, 0.5, [("step_completed", 0.5)])


def test_nobody_can_pay_a_second_time(staff):
    test_a_run_that_is_cancelled_while_it_works_is_paid_for_when_it_has_ended(staff)
    [event] = [e for e in staff.desk.facts() if e.type == "cost_recorded"]
    from taskboard.core.event import Draft, EventType

    again = Draft(
        type=EventType.COST_RECORDED,
        task_id=event.task_id,
        task=event.task,
        run=event.run,
        data=event.data,
    )
    with pytest.raises(Refused, match="in the ledger already"):
        staff.desk.play(staff.desk.ctx.ledger.append([again]))
    staff.desk.play(pay(staff.desk.ctx, str(event.task_id)))

    assert paid(staff)[0] == 1.25


@pytest.mark.parametrize("data", [b"", b"[]", b'{"usage": 7}', b"{" * 10_000, b"\xff"])
def test_what_is_no_bill_costs_nothing_and_holds_nothing_up(staff, data):
    async def work(order):
        staff.desk.files.write(order.folder / "bill.json", data)
        await asyncio.sleep(10_000)

    staff.codex.say(work)
    staff.desk.save(BOARD)
    hand_back(staff, after=1)

    assert staff.desk.state("TASK-001") == "ready"
    assert without_decisions(paid(staff)) == (0.0, 0.0, [])
