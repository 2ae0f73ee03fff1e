"""Telling people what happened: in order, once, never lost, never for ever."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.notice import SINGLY
from taskboard.errors import Untrusted
from taskboard.loop.bell import Rung
from taskboard.loop.context import Memory
from taskboard.loop.daemon import Daemon
from taskboard.loop.notify import Notifier
from taskboard.loop.once import once
from taskboard.testing.files import SimFiles

BOARD = "# B\n"


def tasks(*words: str, first: int = 1) -> str:
    """One task after the other, each with its `run` (or its status after `=`)."""
    sections = []
    for number, word in enumerate(words, first):
        field = f"status: {word[1:]}" if word[0] == "=" else f"status: ready\n- run: {word}"
        sections.append(f"\n## TASK-{number:03} Work {number}\n- {field}\n")
    return BOARD + "".join(sections)


class Bell:
    """Hears what is told; ``takes`` seconds for each, ``says`` how it went, dies when told to."""

    def __init__(self):
        self.heard, self.free, self.takes, self.says, self.dies = [], True, 0.0, [], 0
        self.ringing = self.most = 0

    def take(self):
        return self.free

    def leave(self):
        pass

    async def ring(self, variables, document):
        self.ringing += 1
        self.most = max(self.most, self.ringing)
        try:
            await asyncio.sleep(self.takes)
            self.heard.append((variables, document))
        finally:
            self.ringing -= 1
        if self.dies:
            self.dies -= 1
            raise SystemError("killed between telling and writing down that it was told")
        return self.says.pop(0) if self.says else Rung()

    @property
    def told(self):
        return [(d["event"], d["task"]) for _, d in self.heard]


class Nobody:
    """Changes that nobody tells of: the daemon's poll finds them."""

    def start(self, folder, names, tell):
        pass

    def stop(self):
        pass


@pytest.fixture
def bell(desk):
    hung = Bell()
    opened = desk.open

    def open_with_bell():
        opened()
        desk.ctx = replace(desk.ctx, bell=hung)

    desk.open = open_with_bell
    desk.settings = replace(desk.settings, max_attempts=1)
    desk.open()
    return hung


def serve(desk, seconds=30.0, scene=None):
    """A daemon for a while, then stopped."""

    async def life():
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # the disk may die
        daemon = Daemon(desk.ctx, Memory(), Nobody())
        running = asyncio.create_task(daemon.run())
        try:
            await (scene(daemon) if scene else asyncio.sleep(seconds))
        finally:
            daemon.stop()
            await running

    desk.play(life())


def die(desk, seconds):
    """A daemon that is killed after so long: nothing of it says goodbye."""

    async def life():
        daemon = Daemon(desk.ctx, Memory(), Nobody())
        running = asyncio.create_task(daemon.run())
        await asyncio.sleep(seconds)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    desk.play(life())
    desk.open()


def work_off(desk):
    return desk.play(once(desk.ctx, Memory(), wait=3600))


def delivered(desk):
    return [e for e in desk.facts() if e.type in ("delivered", "delivery_failed")]


def test_done_failed_and_blocked_on_somebody_are_told_in_order_and_written_down(desk, bell):
    desk.save(tasks("ok", "final", "ask Which one?"))
    serve(desk)
    assert sorted(bell.told) == [
        ("blocked", "TASK-003"),
        ("done", "TASK-001"),
        ("failed", "TASK-002"),
    ]
    found = delivered(desk)
    assert [e.type for e in found] == ["delivered"] * 3
    assert [e.task for e in found] == [task for _, task in bell.told]
    by_seq = {e.seq: e for e in desk.facts()}
    assert all(by_seq[e.data["upto"]].task == e.task for e in found)
    assert all(e.data["upto"] < e.seq for e in found)


def test_what_a_person_does_and_what_ends_by_itself_is_not_told(desk, bell):
    desk.save(tasks("=todo", "=blocked:task:TASK-001", "=ready", "=todo"))

    async def scene(daemon):
        await asyncio.sleep(5)
        desk.save(tasks("=done", "=blocked:task:TASK-001", "=failed:cancelled", "=blocked:bob:x"))
        await asyncio.sleep(30)

    serve(desk, scene=scene)
    assert desk.state("TASK-001") == "done"
    assert bell.told == []


def test_a_first_import_is_history_and_not_told(desk, bell):
    desk.save(tasks("=done", "=failed:final", "=blocked:ada:look"))
    serve(desk)
    assert bell.told == []


def test_only_one_is_told_at_a_time_and_the_turn_goes_on_meanwhile(desk, bell):
    bell.takes = 20.0
    desk.save(tasks("ok", "ok", "ok"))

    async def scene(daemon):
        await asyncio.sleep(6)
        ended = [e for e in [e async for e, _ in desk.ctx.history.read()] if e.to == "done"]
        assert len({e.task for e in ended}) == 3
        assert bell.heard == []
        await asyncio.sleep(90)

    serve(desk, scene=scene)
    assert len(bell.told) == 3
    assert bell.most == 1


def test_many_at_once_are_one_summary(desk, bell):
    bell.takes = 10.0
    desk.save(tasks(*["ok"] * 12, "final"))
    serve(desk, 60)
    (first, *_), summary = bell.told, bell.heard[-1][1]
    assert first[0] in ("done", "failed")
    assert len(bell.told) == 2
    assert summary["event"] == "summary"
    assert summary["count"] == 12
    assert len(summary["tasks"]) == 12
    assert "done" in summary["text"]
    assert bell.heard[-1][0]["TASKBOARD_EVENT"] == "summary"
    assert bell.heard[-1][0]["TASKBOARD_TASK"] == ""


def test_a_restart_tells_nothing_again(desk, bell):
    desk.save(tasks("ok", "final"))
    serve(desk)
    before = list(bell.told)
    for _ in range(3):
        desk.open()
        serve(desk)
    assert bell.told == before


def test_what_ended_when_a_daemon_died_is_told_by_the_next_one(desk, bell):
    bell.takes = 1000.0
    desk.save(tasks("ok"))
    die(desk, 10)
    assert desk.state("TASK-001") == "done"
    assert bell.told == []
    bell.takes = 0.0
    serve(desk)
    assert bell.told == [("done", "TASK-001")]


def test_a_death_between_telling_and_writing_it_down_tells_it_once_more_and_no_more(desk, bell):
    bell.dies = 1
    desk.save(tasks("ok"))
    die(desk, 10)
    assert bell.told == [("done", "TASK-001")]
    assert delivered(desk) == []
    for _ in range(3):
        serve(desk)
        desk.open()
    assert bell.told == [("done", "TASK-001")] * 2
    one, two = (v["TASKBOARD_EVENT_ID"] for v, _ in bell.heard)
    assert one == two, "who must not act twice can tell"


def test_what_others_ended_while_no_daemon_ran_is_told_in_one_summary(desk, bell):
    desk.save(tasks("=todo"))
    serve(desk, 5)
    desk.open()
    desk.ctx = replace(desk.ctx, bell=None)
    desk.save(desk.board + tasks(*["ok"] * (SINGLY + 3), first=2))
    work_off(desk)
    assert desk.state("TASK-009") == "done"
    assert bell.told == []
    desk.open()
    serve(desk)
    assert bell.told == [("summary", None)]
    assert bell.heard[0][1]["count"] == SINGLY + 3


def test_what_ended_before_anybody_wanted_to_be_told_is_not_told(desk, bell):
    hung = desk.ctx
    desk.ctx = replace(hung, bell=None)
    desk.save(tasks("ok", "final"))
    serve(desk)
    desk.ctx = hung
    serve(desk)
    assert bell.told == []


def test_turning_it_off_for_a_while_leaves_that_time_untold(desk, bell):
    desk.save(tasks("ok"))
    serve(desk)
    hung = desk.ctx
    desk.ctx = replace(hung, bell=None)
    desk.save(desk.board + "\n## TASK-002 Two\n- status: ready\n- run: ok\n")
    serve(desk)
    desk.ctx = hung
    desk.save(desk.board + "\n## TASK-003 Three\n- status: ready\n- run: ok\n")
    serve(desk)
    # The last telling stands before that time, so what came after it is still to be told.
    assert bell.told == [("done", "TASK-001"), ("done", "TASK-003")]


def test_a_failure_to_tell_is_written_down_and_not_repeated(desk, bell):
    bell.says = [Rung("exit status 7", "no network")]
    desk.save(tasks("ok"))
    serve(desk)
    desk.open()
    serve(desk)
    (found,) = delivered(desk)
    assert found.type == "delivery_failed"
    assert (found.data["reason"], found.data["said"]) == ("exit status 7", "no network")
    assert len(bell.heard) == 1


def test_where_nothing_may_start_nobody_is_told_until_it_is_trusted_again(desk, bell):
    desk.save(tasks("sleep 5"))

    async def scene(daemon):
        await asyncio.sleep(3)
        desk.untrusted = Untrusted("taskboard.toml changed.")
        await asyncio.sleep(30)
        assert "completed" in [e.type async for e, _ in desk.ctx.history.read()]
        assert bell.told == []
        desk.untrusted = None
        await asyncio.sleep(30)

    serve(desk, scene=scene)
    assert bell.told == [("done", "TASK-001")]


def test_once_tells_too_before_it_ends_unless_another_process_does(desk, bell):
    desk.save(tasks("ok"))
    work_off(desk)
    assert bell.told == [("done", "TASK-001")]
    bell.free = False
    desk.save(desk.board + "\n## TASK-002 Two\n- status: ready\n- run: ok\n")
    work_off(desk)
    assert len(bell.told) == 1


def test_what_a_once_has_not_told_is_told_by_the_next_though_nothing_ever_was(desk, bell):
    bell.takes = 10_000.0
    desk.save(tasks("ok"))
    work_off(desk)
    assert desk.state("TASK-001") == "done"
    assert bell.told == []
    bell.takes = 0.0
    for _ in range(2):
        desk.open()
        work_off(desk)
    assert bell.told == [("done", "TASK-001")]
    began, told = delivered(desk)
    assert (began.data["what"], told.data["what"]) == ("beginning", "done")


def test_where_a_daemon_has_begun_to_tell_nothing_else_says_so(desk, bell):
    serve(desk)
    desk.open()
    work_off(desk)
    assert delivered(desk) == []


def test_who_stops_waits_for_a_teller_only_so_long(desk, bell):
    bell.takes = 10_000.0
    desk.save(tasks("ok"))
    before = desk.clock.awake()
    serve(desk, 5)
    assert desk.clock.awake() - before < 60
    bell.takes = 0.0
    desk.open()
    serve(desk)
    assert bell.told == [("done", "TASK-001")]


def test_the_facts_are_whole_and_never_missing(desk, bell):
    desk.save(tasks("ask Which one?", "ok"))
    serve(desk)
    facts = {d["event"]: d for _, d in bell.heard}
    assert all(d["schema_version"] == 1 and d["kind"] == "notify" for d in facts.values())
    assert set(facts["done"]) == set(facts["blocked"])
    assert facts["blocked"]["reason"] == "Which one?"
    assert facts["blocked"]["state"] == "blocked:ann:answer"
    assert facts["done"]["text"].startswith("TASK-002 Work 2: done, ran (exit)")
    assert facts["done"]["title"] == "Work 2"


def test_without_a_bell_nothing_is_done_at_all(desk):
    desk.save(tasks("ok"))
    serve(desk)
    assert delivered(desk) == []
    assert all("notify" not in e.data for e in desk.facts() if e.type == "daemon_started")


@pytest.mark.parametrize("seed", range(12))
def test_a_crash_at_any_write_loses_no_news_and_ends(desk, bell, seed):
    """The disk dies at some operation of a life; lives go on until one is quiet."""
    desk.save(tasks("ok", "final", "ok"))
    for life in range(4):
        if life < 3:
            desk.files.crash_at(15 + seed * 7 + life * 11)
        try:
            serve(desk, 20)
        except BaseException as trouble:  # the crash of the simulated disk
            if isinstance(trouble, KeyboardInterrupt):
                raise
        desk.files.crash()
        desk.files = SimFiles(desk.files.disk)
        desk.script.files = desk.files
        desk.open()
    serve(desk, 400)
    known = set()
    for event in desk.facts():
        kind = (event.to or "").partition(":")[0]
        if kind in ("done", "failed") and event.to != event.from_:
            known.add((kind, event.task))
    told = {(e["event"], e["task"]) for _, d in bell.heard for e in (d["tasks"] or [d])}
    assert told == known
    assert len(bell.heard) <= 3 + 5, "a crash may repeat one, and no more than that"


def test_a_look_back_ends_somewhere(desk, bell, monkeypatch):
    monkeypatch.setattr("taskboard.loop.notify._LOOK_BACK", 20)
    monkeypatch.setattr("taskboard.loop.notify._WINDOW", 8)
    desk.save(tasks("ok"))
    serve(desk)
    known = len(bell.told)

    async def much():
        for _ in range(10):
            await desk.ctx.ledger.append([Draft(type=E.PAUSED), Draft(type=E.RESUMED)] * 2)
        notifier = Notifier(desk.ctx)
        await notifier.start()
        await notifier.stop()

    desk.play(much())
    assert len(bell.told) == known
