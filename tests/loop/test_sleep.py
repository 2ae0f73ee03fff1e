"""Closed lids, stopped processes and clocks that jump: none of them costs a task an attempt."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import msgspec
import pytest
from msgspec.structs import replace

from taskboard.core.outcome import Receipt, Succeeded, Tier
from taskboard.executor import Fitness
from taskboard.loop import agents, command, find, people
from taskboard.loop.claim import claim
from taskboard.loop.context import Memory
from taskboard.loop.daemon import Daemon
from taskboard.loop.once import once
from taskboard.loop.reclaim import has_dead, reclaim
from taskboard.testing.files import SimFiles
from taskboard.testing.processes import FakeProcesses

HOUR, DAY, YEAR = 3600.0, 86400.0, 365 * 86400.0
BOARD = "# B\n\n## TASK-001 One\n- status: {}\n"
LONG = BOARD.format("ready\n- run: sleep 100")


class NoHints:
    """Nobody tells of a change: only the poll finds it."""

    def start(self, folder, names, tell):
        self.tell = tell

    def stop(self):
        pass


def with_daemon(desk, scene, board=LONG, **settings):
    """Run ``scene()`` beside a daemon, then stop it."""
    if settings:
        desk.settings = replace(desk.settings, **settings)
        desk.open()
    desk.save(board)
    daemon = Daemon(desk.ctx, desk.memory, NoHints())

    async def both():
        running = asyncio.create_task(daemon.run())
        await asyncio.sleep(0.5)
        try:
            return await scene()
        finally:
            daemon.stop()
            await running

    return desk.play(both())


def another_process(desk):
    """The edges as another process of the same machine has them."""
    mine = desk.ctx, desk.memory, desk.processes
    desk.processes = FakeProcesses(desk.machine)
    desk.open()
    other = desk.ctx
    desk.ctx, desk.memory, desk.processes = mine
    return other


async def a_command(ctx):
    """What any command that changes state does, as a process of its own."""
    memory = Memory()
    await command.begin(ctx, memory)
    await command.end(ctx, memory)


def jump(desk, seconds):
    """Somebody sets the wall clock."""
    desk.clock.wall += timedelta(seconds=seconds)


# A closed lid.


def test_three_lid_closings_cost_no_attempt(desk):
    async def scene():
        other = another_process(desk)
        for _ in range(3):
            await asyncio.sleep(10)
            desk.clock.sleep(8 * HOUR)
            await a_command(other)  # before the daemon has moved
        await asyncio.sleep(80)

    with_daemon(desk, scene)

    assert desk.state("TASK-001") == "done"
    assert desk.events("TASK-001").count("claimed") == 1
    assert "reclaimed" not in desk.events("TASK-001")
    assert (desk.task("TASK-001").attempt, desk.task("TASK-001").spent) == (1, 0)


def test_a_lid_closed_over_and_over_never_adds_up_to_a_ttl_of_watching(desk):
    seen = another_process(desk)
    memory = Memory()

    async def scene():
        for _ in range(60):
            await reclaim(seen, memory)
            await asyncio.sleep(1)
            desk.clock.sleep(HOUR)

    with_daemon(desk, scene)

    assert "reclaimed" not in desk.events("TASK-001")


class Drowsy:
    """An executor whose machine falls asleep just before its first process can begin."""

    def __init__(self, desk, asleep):
        self.desk, self.asleep = desk, asleep
        self.begun = []

    def fitness(self):
        return Fitness(usable=True)

    async def execute(self, order, watcher):
        if self.asleep is not None:
            nap, self.asleep = self.asleep, None
            await nap()
        watcher.started(self.desk.machine.spawn(marker=order.run))
        self.begun.append(order.label)
        receipt = Receipt(tier=Tier.EXIT, ok=True, run=order.run, detail={"exit_code": 0})
        return Succeeded(receipts=(receipt,))


def drowsy(desk, asleep):
    executor = Drowsy(desk, asleep)
    desk.ctx.executors["shell"] = executor
    return executor


def test_who_slept_before_the_start_looks_and_goes_on_as_the_same_run(desk):
    async def nap():
        desk.clock.sleep(8 * HOUR)

    executor = drowsy(desk, nap)
    desk.save(BOARD.format("ready\n- run: x"))
    desk.once()

    assert executor.begun == ["TASK-001@1"]
    assert desk.state("TASK-001") == "done"
    assert desk.events("TASK-001").count("claimed") == 1


def test_who_slept_before_the_start_never_starts_a_run_that_is_over(desk):
    async def nap():
        desk.clock.sleep(8 * HOUR)
        other = another_process(desk)
        await people.say_cancel(other, await find.find_task(other, "TASK-001"), "command:ann")

    executor = drowsy(desk, nap)
    desk.save(BOARD.format("ready\n- run: x"))
    desk.once()

    assert executor.begun == []
    assert desk.state("TASK-001") == "failed:cancelled"


def test_who_wakes_up_fenced_ends_its_work(desk):
    async def scene():
        other = another_process(desk)
        await asyncio.sleep(10)
        desk.clock.sleep(8 * HOUR)
        await people.say_cancel(other, await find.find_task(other, "TASK-001"), "command:ann")
        await asyncio.sleep(25)  # one renewal later
        return len(desk.memory.active)

    assert with_daemon(desk, scene) == 0
    assert "completed" not in desk.events("TASK-001")


@pytest.mark.parametrize(
    "status",
    [
        "ready\n- run: ok\n- not-before: 2026-11-20T13:00Z",
        "blocked:until:2026-11-20T13:00Z\n- run: ok",
        "blocked:retry:2026-11-20T13:00Z\n- run: ok",
    ],
)
def test_a_time_that_passed_while_asleep_has_passed_within_one_poll(desk, status):
    async def scene():
        await asyncio.sleep(5)
        before = [e async for e, _line in desk.ctx.history.read()]
        desk.clock.sleep(2 * HOUR)
        await asyncio.sleep(desk.settings.poll + 0.5)
        return [e.type for e in before]

    before = with_daemon(desk, scene, BOARD.format(status))

    assert "claimed" not in before
    assert desk.state("TASK-001") == "done"


def test_a_task_that_settles_while_asleep_has_settled_within_one_poll(desk):
    async def scene():
        await asyncio.sleep(5)
        SimFiles(desk.files.disk).write(
            desk.workspace.board, BOARD.format("ready\n- run: ok").encode()
        )
        await asyncio.sleep(desk.settings.poll + desk.settings.debounce + 1)
        assert not desk.script.done
        desk.clock.sleep(2 * HOUR)
        await asyncio.sleep(desk.settings.poll + 0.5)

    with_daemon(desk, scene, BOARD.format("todo"))

    assert desk.state("TASK-001") == "done"


def test_once_starts_what_has_become_due_while_asleep(desk):
    desk.save(BOARD.format("ready\n- run: ok\n- not-before: 2026-11-20T12:30Z"))

    async def scene():
        working = asyncio.create_task(once(desk.ctx, desk.memory, wait=HOUR))
        await asyncio.sleep(5)
        desk.clock.sleep(2 * HOUR)
        woke = desk.clock.awake()
        await working
        return desk.clock.awake() - woke

    assert desk.play(scene()) < desk.settings.poll + 1
    assert desk.state("TASK-001") == "done"


# Stopped processes.


def held_by_a_stopped_process(desk):
    """A run whose holder lives and does nothing; the lease it has."""
    desk.save(LONG.replace("sleep 100", "ok"))
    stopped = another_process(desk)

    async def take():
        await a_command(stopped)
        task = (await stopped.ledger.look()).named("TASK-001")
        how = {"agent": "shell-b", "executor": "shell", "actor": "daemon"}
        return await claim(stopped, task, supervised=True, **how)

    return desk.play(take())


async def watch(desk, memory, seconds, every=1.0):
    """Look from time to time; the first moment (seconds) when the holder counts as dead."""
    for n in range(int(seconds / every) + 1):
        if await has_dead(desk.ctx, memory):
            return n * every
        await asyncio.sleep(every)
    return None


def test_a_holder_that_shows_nothing_for_a_whole_ttl_is_dead_to_who_watched_it(desk):
    held_by_a_stopped_process(desk)

    assert desk.play(watch(desk, Memory(), 100)) == 60.0


def test_a_command_has_watched_nobody_and_takes_nothing(desk):
    held_by_a_stopped_process(desk)
    desk.clock.advance(10 * HOUR)
    desk.play(a_command(desk.ctx))

    assert desk.task("TASK-001").status.text.startswith("running:")


def test_who_was_stopped_with_the_holder_does_not_count_that_time(desk):
    """SIGSTOP to everybody: clocks go on, and who wakes up first must not judge by them."""
    held_by_a_stopped_process(desk)
    memory = Memory()

    async def scene():
        assert await watch(desk, memory, 10) is None
        desk.clock.advance(180)
        assert not await has_dead(desk.ctx, memory)
        return await watch(desk, memory, 100)

    assert 25 <= desk.play(scene()) <= 35  # 10 s before, one renewal's 20 s for the gap


def test_a_sign_of_life_starts_the_watch_again(desk):
    lease = held_by_a_stopped_process(desk)
    memory = Memory()

    async def scene():
        assert await watch(desk, memory, 50) is None
        assert desk.ctx.leases.renew(msgspec.structs.replace(lease, renewals=1))
        return await watch(desk, memory, 100)

    assert desk.play(scene()) == 60.0


def test_a_lease_folder_that_was_cleared_away_is_made_again(desk):
    async def scene():
        await asyncio.sleep(5)
        label = next(iter(desk.memory.active.values())).lease.label
        desk.files.remove_folder(desk.workspace.locks / label)
        await asyncio.sleep(20)
        found = desk.ctx.leases.find("TASK-001", 1)
        await a_command(another_process(desk))
        await asyncio.sleep(100)
        return found

    assert with_daemon(desk, scene) is not None
    assert desk.events("TASK-001").count("claimed") == 1
    assert desk.state("TASK-001") == "done"


# Claims by command: nobody renews them.


def claimed_by_command(desk):
    desk.save(BOARD.format("ready"))

    async def take():
        memory = Memory()
        await command.begin(desk.ctx, memory)
        await agents.take(desk.ctx, memory, "TASK-001", "bot", "agent:bot")
        await command.end(desk.ctx, memory)

    desk.play(take())


def is_held(desk):
    """Whether the claim stands after one more command."""
    desk.play(a_command(desk.ctx))
    return desk.state("TASK-001").startswith("running:bot")


@pytest.mark.parametrize("seconds", [-YEAR, -DAY, DAY, YEAR])
def test_a_claim_by_command_lasts_as_long_whatever_the_wall_clock_says(desk, seconds):
    claimed_by_command(desk)
    jump(desk, seconds)
    desk.clock.advance(890)
    assert is_held(desk)
    desk.clock.advance(11)
    assert not is_held(desk)
    assert desk.events("TASK-001")[-1] == "reclaimed"


def test_the_time_of_a_claim_by_command_counts_sleep(desk):
    claimed_by_command(desk)
    desk.clock.sleep(901)
    assert not is_held(desk)


def restart(desk, seconds):
    desk.machine.reboot()
    desk.clock.reboot(seconds)
    desk.processes = FakeProcesses(desk.machine)
    desk.open()


@pytest.mark.parametrize(("seconds", "held"), [(600, True), (901, False)])
def test_after_a_restart_a_claim_by_command_lasts_until_its_utc_time(desk, seconds, held):
    claimed_by_command(desk)
    restart(desk, seconds)
    assert is_held(desk) is held


def test_a_heartbeat_after_a_restart_is_counted_by_the_new_boot(desk):
    claimed_by_command(desk)
    restart(desk, 600)
    desk.play(agents.beat(desk.ctx, "TASK-001@1"))
    jump(desk, YEAR)
    desk.clock.advance(800)
    assert is_held(desk)
    desk.clock.advance(101)
    assert not is_held(desk)


# Clocks that jump.


@pytest.mark.parametrize("seconds", [-YEAR, -DAY, -HOUR, -1, 1, HOUR, DAY, YEAR])
def test_a_wall_clock_that_jumps_while_a_task_runs_changes_nothing(desk, seconds):
    async def scene():
        other = another_process(desk)
        for _ in range(9):
            await asyncio.sleep(10)
            jump(desk, seconds)
            await a_command(other)
        await asyncio.sleep(20)

    with_daemon(desk, scene)

    assert desk.events("TASK-001").count("claimed") == 1
    assert desk.events("TASK-001")[-1] == "completed"
    assert "- status: done\n" in desk.board


@pytest.mark.parametrize("seconds", [-YEAR, YEAR])
def test_a_wall_clock_that_jumps_does_not_move_the_end_of_a_debounce(desk, seconds):
    async def scene():
        await asyncio.sleep(5)
        SimFiles(desk.files.disk).write(
            desk.workspace.board, (BOARD.format("todo") + "\nmore\n").encode()
        )
        await asyncio.sleep(desk.settings.poll)  # noticed
        jump(desk, seconds)
        await asyncio.sleep(desk.settings.debounce + 0.1)
        return [e.type async for e, _line in desk.ctx.history.read()][-1]

    assert with_daemon(desk, scene, BOARD.format("todo")) == "edited"


def test_a_moment_that_a_person_typed_means_the_wall_clock(desk):
    desk.save(BOARD.format("blocked:until:2026-11-21T12:00Z\n- run: ok"))
    desk.once(wait=0)
    jump(desk, -DAY)
    desk.once(wait=0)
    assert desk.state("TASK-001").startswith("blocked:until:")
    jump(desk, 2.5 * DAY)
    desk.once()
    assert desk.state("TASK-001") == "done"


def test_artifacts_are_fresh_by_what_changed_and_not_by_the_clock(desk):
    desk.save(BOARD.format("ready\n- run: write out.txt\n- artifacts: out.txt"))
    execute = desk.script.execute

    async def while_the_clock_goes_back(order, watcher):
        jump(desk, -DAY)
        return await execute(order, watcher)

    desk.script.execute = while_the_clock_goes_back
    desk.once()
    assert desk.state("TASK-001") == "done"


# A start that another process holds up.


def test_once_waits_for_a_start_that_a_dying_claim_held_up(desk):
    """Somebody made the folder of the next lease and died: after a second it is stepped over."""
    desk.save(BOARD.format("ready\n- run: ok"))
    desk.files.make_folder(desk.workspace.locks / "TASK-001@1")
    desk.once(wait=10)

    assert desk.state("TASK-001") == "done"
    assert desk.task("TASK-001").attempt == 2


def test_once_gives_up_on_a_start_that_stays_held_up(desk):
    desk.save(BOARD.format("ready\n- run: ok"))
    for n in range(1, 70):
        desk.files.make_folder(desk.workspace.locks / f"TASK-001@{n}")
    began = desk.clock.awake()
    desk.play(once(desk.ctx, desk.memory, wait=10.0))

    assert desk.state("TASK-001") == "ready"
    assert 9 <= desk.clock.awake() - began <= 12


# Displaced boards: an editor sleeps with the machine, and saves after it.


def test_a_displaced_board_is_kept_while_its_editor_is_asleep(desk):
    desk.save(BOARD.format("ready\n- run: ok"))
    editor = SimFiles(desk.files.disk).open_log(desk.workspace.board)
    desk.once()  # the board is exchanged: the editor's file is displaced now
    desk.clock.sleep(8 * HOUR)
    desk.play(a_command(desk.ctx))  # looks at it before the editor has moved
    editor.append(b"\na late thought\n")
    editor.close()
    desk.clock.advance(1)
    desk.play(a_command(desk.ctx))

    assert "a late thought" in desk.board
    assert "- status: done" in desk.board


@pytest.mark.parametrize("seconds", [-YEAR, YEAR])
def test_a_wall_clock_that_jumps_makes_no_displaced_board_older(desk, seconds):
    desk.save(BOARD.format("ready\n- run: ok"))
    desk.once()
    jump(desk, seconds)
    desk.play(a_command(desk.ctx))
    assert desk.files.names(desk.workspace.displaced)
    desk.clock.advance(31)
    desk.play(a_command(desk.ctx))
    assert not desk.files.names(desk.workspace.displaced)
