"""The daemon on virtual time: when it acts, and what it does when it is told to stop."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from msgspec.structs import replace

from taskboard.core.settings import Settings
from taskboard.errors import Untrusted
from taskboard.loop import find, people
from taskboard.loop.daemon import Daemon
from taskboard.testing.files import SimFiles

BOARD = "# B\n\n## TASK-001 One\n- status: {}\n"
PARKED = BOARD.format("todo")


class Hints:
    """Changes in the test's hand."""

    def __init__(self):
        self.tell = lambda name: None
        self.stopped = False

    def start(self, folder, names, tell):
        self.tell = tell

    def stop(self):
        self.stopped = True


class Watched:
    """A desk with a daemon at it."""

    def __init__(self, desk, hints):
        self.desk, self.hints = desk, hints
        self.daemon = Daemon(desk.ctx, desk.memory, hints)

    def save(self, text, *, hint=True):
        SimFiles(self.desk.files.disk).write(self.desk.workspace.board, text.encode())
        if hint:
            self.hints.tell("task-board.md")

    async def events(self):
        return [event async for event, _line in self.desk.ctx.history.read()]

    async def types(self, name=None):
        return [e.type for e in await self.events() if name is None or e.task == name]


def watch(desk, scene, board=PARKED, **settings):
    """Run ``scene(watched)`` beside a daemon, then stop it."""
    if settings:
        desk.settings = replace(desk.settings, **settings)
        desk.open()
    desk.save(board)
    watched = Watched(desk, Hints())

    async def both():
        running = asyncio.create_task(watched.daemon.run())
        await asyncio.sleep(0.5)
        try:
            return await scene(watched)
        finally:
            watched.daemon.stop()
            await running

    return desk.play(both())


def test_a_save_is_recorded_when_it_has_been_quiet_for_the_debounce(desk):
    async def scene(w):
        saved = w.desk.clock.awake()
        w.save(BOARD.format("todo") + "\nmore\n")
        for _ in range(500):
            await asyncio.sleep(0.01)
            if (await w.types())[-1] == "edited":
                return w.desk.clock.awake() - saved
        return None

    assert 2.0 <= watch(desk, scene) <= 2.05


def test_continuous_saves_are_recorded_after_at_most_ten_seconds(desk):
    async def scene(w):
        saved = w.desk.clock.awake()
        for n in range(200):
            w.save(BOARD.format("todo") + f"\nline {n}\n")
            await asyncio.sleep(0.1)
            if (await w.types())[-1] == "edited":
                return w.desk.clock.awake() - saved
        return None

    assert 9.9 <= watch(desk, scene) <= 10.2


def test_a_save_without_any_hint_is_found_by_the_poll(desk):
    async def scene(w):
        w.save(BOARD.format("todo") + "\nmore\n", hint=False)
        await asyncio.sleep(3 + 2 + 0.1)
        return await w.types()

    assert watch(desk, scene)[-1] == "edited"


def test_an_idle_daemon_writes_nothing_after_its_own_write(desk):
    async def scene(w):
        await asyncio.sleep(20)
        before = len(await w.events())
        w.hints.tell("task-board.md")
        w.hints.tell("events.jsonl")
        await asyncio.sleep(120)
        return before, len(await w.events())

    before, after = watch(desk, scene, BOARD.format("ready\n- run: ok"))

    assert before == after
    assert desk.state("TASK-001") == "done"


def test_a_save_that_changes_no_byte_is_no_event(desk):
    async def scene(w):
        before = len(await w.events())
        w.save(w.desk.board)
        await asyncio.sleep(10)
        return before, len(await w.events())

    before, after = watch(desk, scene)

    assert before == after


def test_a_task_that_waits_for_a_time_starts_by_itself(desk):
    async def scene(w):
        await asyncio.sleep(3700)
        return await w.types("TASK-001")

    board = BOARD.format("blocked:until:2026-11-20T13:00Z\n- run: ok")

    assert watch(desk, scene, board)[-1] == "completed"


def test_a_settling_task_starts_when_its_ten_seconds_are_over(desk):
    async def scene(w):
        await asyncio.sleep(1)
        w.save(BOARD.format("ready\n- run: ok"))
        await asyncio.sleep(2 + 9)
        early = await w.types("TASK-001")
        await asyncio.sleep(2)
        return early, await w.types("TASK-001")

    early, late = watch(desk, scene)

    assert "claimed" not in early
    assert late[-1] == "completed"


def test_what_was_saved_before_the_daemon_began_does_not_settle(desk):
    desk.save(PARKED)
    desk.turn()
    desk.open()
    new = "\n## TASK-002 Two\n- status: ready\n- run: ok\n"

    async def scene(w):
        return w.desk.script.done

    assert watch(desk, scene, BOARD.format("ready\n- run: ok") + new) == [
        "TASK-001@1 ok",
        "TASK-002@1 ok",
    ]


def test_the_board_is_written_at_most_once_in_two_seconds(desk):
    board = "# B\n" + "".join(
        f"\n## TASK-00{n} T\n- status: ready\n- run: sleep 0.7\n" for n in range(1, 9)
    )

    async def scene(w):
        written, shown = [], w.desk.board
        for _ in range(2000):
            await asyncio.sleep(0.01)
            if w.desk.board != shown:
                written.append(w.desk.clock.awake())
                shown = w.desk.board
        return written

    written = watch(desk, scene, board, slots=1)
    gaps = [after - before for before, after in pairwise(written)]

    assert "status: ready" not in desk.board
    assert len(gaps) >= 2
    assert min(gaps) >= 1.98  # looked at every 10 ms
    assert max(gaps) <= 2.8  # and not later than the next end of a run


def test_new_settings_start_nothing_until_they_are_trusted_and_what_runs_goes_on(desk):
    def ready(n, run):
        return f"\n## TASK-00{n} T\n- status: ready\n- run: {run}\n"

    async def scene(w):
        await asyncio.sleep(1)
        w.desk.untrusted = Untrusted("taskboard.toml has changed", hint="taskboard trust")
        w.save(w.desk.board + ready(2, "ok"))
        await asyncio.sleep(60)
        before = list(w.desk.script.done), await w.types("TASK-001")
        w.desk.untrusted = None  # elsewhere: nothing tells of it
        await asyncio.sleep(4)
        return *before, list(w.desk.script.done)

    begun, first, after = watch(desk, scene, "# B\n" + ready(1, "sleep 5"))

    assert begun == ["TASK-001@1 sleep 5"]
    assert first[-1] == "completed"
    assert after == ["TASK-001@1 sleep 5", "TASK-002@1 ok"]


def test_who_waits_for_trust_does_nothing_meanwhile(desk):
    async def scene(w):
        w.desk.untrusted = Untrusted("taskboard.toml has changed", hint="taskboard trust")
        w.save(BOARD.format("ready\n- run: ok"))
        await asyncio.sleep(20)
        done = []
        w.desk.files.steps.between = done.append
        await asyncio.sleep(60)
        w.desk.files.steps.between = None
        return done

    looks = ("stat ", "names ")
    assert [step for step in watch(desk, scene) if not step.startswith(looks)] == []
    assert "claimed" not in desk.events()


def test_a_section_that_is_back_and_not_quiet_yet_when_its_minute_ends_is_not_withdrawn(desk):
    whole = PARKED + "\n## TASK-002 Two\n- status: todo\n"

    async def scene(w):
        w.save(PARKED)
        await asyncio.sleep(2.5)
        [event] = [e for e in await w.events() if e.data.get("gone")]
        assert event.data["gone"] == ["TASK-002"]
        await asyncio.sleep(58.5)
        w.save(whole)
        await asyncio.sleep(10)
        return await w.types("TASK-002")

    assert "withdrawn" not in watch(desk, scene, whole)
    assert desk.task("TASK-002").missing_since is None


def test_never_more_runs_at_once_than_slots(desk):
    board = "# B\n" + "".join(
        f"\n## TASK-00{n} T\n- status: ready\n- run: sleep 5\n" for n in range(1, 6)
    )

    async def scene(w):
        most = 0
        for _ in range(400):
            await asyncio.sleep(0.05)
            most = max(most, len(w.desk.memory.active))
        return most

    assert watch(desk, scene, board) == 2
    assert all(desk.state(f"TASK-00{n}") == "done" for n in range(1, 6))


@pytest.mark.parametrize(
    ("on_stop", "state", "last"),
    [("release", "ready", "released"), ("finish", "done", "completed")],
)
def test_a_clean_stop_does_what_on_stop_says(desk, on_stop, state, last):
    async def scene(w):
        await asyncio.sleep(1)

    watch(desk, scene, BOARD.format("ready\n- run: sleep 50"), on_stop=on_stop)

    assert desk.state("TASK-001") == state
    assert desk.events("TASK-001")[-1] == last
    assert desk.task("TASK-001").spent == 0
    assert desk.events()[-1] == "daemon_stopped"
    assert f"- status: {state}\n" in desk.board


def test_a_cancel_by_another_process_ends_the_run_here(desk):
    async def scene(w):
        await asyncio.sleep(1)
        assert w.desk.memory.active
        task = await find.find_task(w.desk.ctx, "TASK-001")
        await people.say_cancel(w.desk.ctx, task, "command:ann")
        w.hints.tell("events.jsonl")
        await asyncio.sleep(1)
        return len(w.desk.memory.active)

    assert watch(desk, scene, BOARD.format("ready\n- run: sleep 50")) == 0
    assert desk.state("TASK-001") == "failed:cancelled"
    assert desk.events("TASK-001")[-1] == "cancelled"
    assert desk.script.done == ["TASK-001@1 sleep 50"]


def test_nothing_is_claimed_while_a_noticed_save_is_not_absorbed(desk):
    two = BOARD.format("ready\n- run: sleep 3") + "\n## TASK-002 Two\n- status: ready\n- run: ok\n"

    async def scene(w):
        await asyncio.sleep(2)
        w.save(
            w.desk.board.replace(
                "## TASK-002 Two\n- status: ready", "## TASK-002 Two\n- status: todo"
            )
        )
        await asyncio.sleep(30)
        return await w.types("TASK-002")

    assert "claimed" not in watch(desk, scene, two, slots=1)


def test_a_board_that_vanishes_is_waited_for_and_withdraws_nothing(desk):
    async def scene(w):
        text = w.desk.board
        SimFiles(w.desk.files.disk).remove(w.desk.workspace.board)
        w.hints.tell("task-board.md")
        await asyncio.sleep(90)
        gone = await w.types("TASK-001")
        w.save(text)
        await asyncio.sleep(5)
        return gone

    assert watch(desk, scene) == ["created"]
    assert desk.state("TASK-001") == "open"


def test_settings_keep_defaults_as_documented():
    assert (Settings().debounce, Settings().debounce_max, Settings().poll) == (2.0, 10.0, 3.0)
