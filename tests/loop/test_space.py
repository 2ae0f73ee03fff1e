"""What `gc` removes, what it never does, and that a crash or a save beside it loses nothing."""

from __future__ import annotations

import contextlib
import hashlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from taskboard.core.event import Draft, EventType
from taskboard.core.units import stamp
from taskboard.errors import NotFound
from taskboard.loop import people
from taskboard.loop.absorb import absorb
from taskboard.loop.context import Memory
from taskboard.loop.keep import append_with
from taskboard.loop.past import present, text_at
from taskboard.loop.rebuild import rebuild
from taskboard.loop.space import free, tidy
from taskboard.testing.steps import Crashed

DAY = 86400.0
MONTH = 31 * DAY
BOARD = "# B\n\n" + "\n".join(
    f"## TASK-00{n} T{n}\n- status: ready\n- run: {run}\n\ntext {n}\n"
    for n, run in ((1, "ok"), (2, "final"), (3, "ask why?"))
)


def collect(desk, **how):
    return desk.play(free(desk.ctx, actor="ann", **how))


def logged(desk):
    """Every run of the desk leaves a log, as real executors do."""
    runs = {}
    for event in desk.facts():
        if event.type == "claimed":
            folder = desk.ctx.run_folder(event.run)
            desk.files.make_folder(folder / "steps" / "analyze")
            desk.files.write(folder / "output.log", b"some words\n" * 10)
            desk.files.write(folder / "steps" / "analyze" / "output.log", b"more")
            runs.setdefault(event.task, []).append(event.run)
    return runs


def retype_daily(desk, count, days=1.0):
    """A board that somebody works on: what stood there after each save, and when."""
    frames = []
    for number in range(count):
        text = desk.board
        head, _, rest = text.partition("\ntext 1")
        desk.save(f"{head}\ntext 1 day {number}\n{rest.partition(chr(10))[2]}")
        desk.turn()
        desk.clock.advance(1)
        frames.append((stamp(desk.clock.now()), desk.files.read(desk.workspace.board)))
        desk.clock.advance(days * DAY)
    return frames


@pytest.fixture
def worked(desk):
    """Three tasks have run: one is done, one has failed for good, one waits for an answer."""
    desk.save(BOARD)
    desk.once()
    desk.runs = logged(desk)
    assert [desk.task(f"TASK-00{n}").kind for n in (1, 2, 3)] == ["done", "failed", "blocked"]
    return desk


def test_only_logs_of_tasks_that_have_ended_well_go(worked):
    worked.clock.advance(MONTH)
    freed = collect(worked)

    assert list(freed.runs) == worked.runs["TASK-001"]
    assert worked.files.names(worked.workspace.runs) == sorted(
        [*worked.runs["TASK-002"], *worked.runs["TASK-003"]]
    )
    said = worked.facts()[-1]
    assert (said.type, said.actor, said.task) == ("space_freed", "ann", None)
    assert said.data == {"runs": list(freed.runs), "objects": [], "bytes": freed.size}
    assert freed.size > 110
    assert collect(worked).runs == ()
    assert worked.facts()[-1] == said


def test_what_is_younger_than_retain_stays(worked):
    worked.clock.advance(29 * DAY)
    assert collect(worked) == replace(collect(worked), runs=(), objects=(), size=0)
    worked.ctx = replace(worked.ctx, settings=replace(worked.settings, retain=28 * DAY))
    assert list(collect(worked).runs) == worked.runs["TASK-001"]


def test_the_logs_of_a_task_that_runs_again_stay(worked):
    worked.retype("text 3", "text three")
    worked.say(people.say_answer, worked.task("TASK-003"), "Because.", "ann")
    worked.clock.advance(MONTH)
    assert not set(worked.runs["TASK-003"]) & set(collect(worked).runs)


def test_logs_that_this_ledger_does_not_know_stay(worked):
    folder = worked.workspace.runs / "01a1fd64-3128-71b0-84d3-f1b85f2ca111"
    worked.files.make_folder(folder)
    worked.files.write(folder / "output.log", b"x")
    worked.clock.advance(10 * MONTH)
    collect(worked)
    assert worked.files.exists(folder / "output.log")


def test_old_texts_of_the_board_go_and_every_moment_within_retain_is_still_told(desk):
    desk.save(BOARD)
    desk.once()
    frames = retype_daily(desk, 60)
    freed = collect(desk)

    assert 25 < len(freed.objects) < 35
    now = stamp(desk.clock.now())
    limit = freed.limits.cutoff
    for moment, data in frames:
        if moment >= limit:
            assert desk.play(text_at(desk.ctx, moment)).data == data
    with pytest.raises(NotFound, match="was removed by gc at") as gone:
        desk.play(text_at(desk.ctx, frames[0][0]))
    assert gone.value.data["removed"] <= now
    assert desk.play(desk.ctx.ledger.verify()).ok


def test_no_definition_section_or_answer_ever_goes(worked):
    worked.say(people.say_answer, worked.task("TASK-003"), "Because of this.", "ann")
    retype_daily(worked, 10)
    worked.clock.advance(20 * MONTH)
    collect(worked)
    for event in worked.facts():
        for key in ("text", "section", "answer"):
            digest = event.data.get(key)
            if isinstance(digest, str):
                assert worked.play(worked.ctx.ledger.fetch(digest))


def test_what_stands_on_the_board_is_rebuilt_however_old_it_is(worked):
    worked.clock.advance(100 * MONTH)
    collect(worked, at_most=0)
    before = worked.files.read(worked.workspace.board)
    worked.files.remove(worked.workspace.board)
    worked.files.remove_folder(worked.workspace.projection)
    worked.open()
    assert worked.play(rebuild(worked.ctx, Memory())).data == before


def test_under_a_hold_the_text_before_it_stays(worked):
    before = worked.files.read(worked.workspace.board)
    worked.save("")
    worked.turn()
    worked.clock.advance(10 * MONTH)
    collect(worked)
    assert worked.play(present(worked.ctx)).data == before


def test_a_dry_run_writes_nothing(worked):
    worked.clock.advance(MONTH)
    before = everything(worked)
    assert list(collect(worked, dry=True).runs) == worked.runs["TASK-001"]
    assert everything(worked) == before


def everything(desk):
    folders = (desk.workspace.runs, desk.workspace.objects, desk.workspace.state)
    names = [desk.files.names(folder) for folder in folders]
    return names, desk.files.read(desk.workspace.ledger)


def test_beyond_the_room_the_oldest_go_first_and_nothing_younger_than_a_day(desk):
    desk.save(BOARD)
    desk.once()
    frames = retype_daily(desk, 10)
    kept = len(desk.files.names(desk.workspace.objects))
    one = collect(desk, at_most=len(frames[-1][1]) * 4, dry=True)
    everything_old = collect(desk, at_most=0)

    assert 0 < len(one.objects) < len(everything_old.objects)
    assert set(one.objects) <= set(everything_old.objects)
    assert len(desk.files.names(desk.workspace.objects)) == kept - len(everything_old.objects)
    for moment, data in frames[-1:]:
        assert desk.play(text_at(desk.ctx, moment)).data == data


def test_conflicts_and_quarantine_are_a_persons(worked):
    for folder in (worked.workspace.conflicts, worked.workspace.quarantine):
        worked.files.make_folder(folder)
        worked.files.write(folder / "old", b"x")
    worked.clock.advance(20 * MONTH)
    collect(worked, at_most=0)
    assert worked.files.names(worked.workspace.conflicts) == ["old"]
    assert worked.files.names(worked.workspace.quarantine) == ["old"]


def superseded(desk):
    """A board's text that another has followed, a month ago."""
    desk.save(BOARD.replace("ready", "todo"))
    desk.turn(start=True)
    first = desk.board
    desk.retype("text 1", "text one")
    desk.turn()
    desk.clock.advance(MONTH)
    return first


def test_a_text_that_comes_back_after_its_removal_is_stored_again_by_who_knew_it(desk):
    first = superseded(desk)
    other = type(desk)()  # another process on the same disk
    other.clock, other.files = desk.clock, desk.files
    other.open()
    digest = hashlib.sha256(first.encode()).hexdigest()
    assert digest in collect(other).objects

    desk.save(first)
    desk.turn()
    assert desk.play(desk.ctx.ledger.fetch(digest)) == first.encode()


def saves_while(desk, step, text, monkeypatch):
    """Somebody else's process absorbs ``text`` just before a step of the ``gc``."""
    other = type(desk)()
    other.clock, other.files = desk.clock, type(desk.files)(desk.files.disk)
    other.open()
    real = getattr(desk.files, step)

    def saved_first(*given):
        monkeypatch.setattr(desk.files, step, real)
        other.save(text)
        coming = absorb(other.ctx, Memory())
        with contextlib.suppress(StopIteration):
            for _ in range(100):  # it waits for nobody but its turn
                coming.send(None)
        return real(*given)

    monkeypatch.setattr(desk.files, step, saved_first)


@pytest.mark.parametrize("step", ["make_folder", "rename", "remove", "sync_folder"])
def test_a_save_that_names_an_old_text_again_while_it_goes_keeps_it(desk, step, monkeypatch):
    first = superseded(desk)
    saves_while(desk, step, first, monkeypatch)
    collect(desk)

    digest = hashlib.sha256(first.encode()).hexdigest()
    assert desk.play(desk.ctx.ledger.look()).digest == digest
    assert desk.play(desk.ctx.ledger.fetch(digest)) == first.encode()


def test_a_text_that_goes_between_its_keeping_and_its_naming_is_stored_again(desk, monkeypatch):
    desk.save(BOARD)
    desk.turn(start=True)
    text = b"an answer that was typed before, and never given"
    digest = desk.play(desk.ctx.ledger.keep(text))
    desk.clock.advance(MONTH)
    desk.open()
    real = desk.ctx.ledger.append

    async def removed_first(drafts, **how):
        monkeypatch.setattr(desk.ctx.ledger, "append", real)
        assert digest in (await free(desk.ctx, actor="ann")).objects
        return await real(drafts, **how)

    monkeypatch.setattr(desk.ctx.ledger, "append", removed_first)
    draft = Draft(type=EventType.PAUSED, data={"answer": digest})
    desk.play(append_with(desk.ctx, [text], [draft]))

    assert desk.play(desk.ctx.ledger.fetch(digest)) == text


@pytest.mark.parametrize("step", ["append", "rename"])
def test_two_at_the_same_moment_remove_and_record_everything_once(worked, step, monkeypatch):
    retype_daily(worked, 2)
    worked.clock.advance(MONTH)
    before = stored(worked)
    ledger, files = worked.ctx.ledger, worked.files
    there = {"append": ledger, "rename": files}[step]
    real = getattr(there, step)
    other = type(worked)()
    other.clock, other.files = worked.clock, type(files)(files.disk)
    other.open()

    def run_other():
        monkeypatch.setattr(there, step, real)
        coming = free(other.ctx, actor="other")
        with contextlib.suppress(StopIteration):
            while True:
                coming.send(None)

    async def append(*given, **how):
        run_other()
        return await real(*given, **how)

    def rename(*given):
        run_other()
        return real(*given)

    monkeypatch.setattr(there, step, {"append": append, "rename": rename}[step])
    mine = collect(worked)

    events = [e for e in worked.facts() if e.type == "space_freed"]
    assert len(events) == 1
    gone = [name for kind in ("runs", "objects") for name in freed(events[0], kind)]
    assert len(gone) > 1
    assert before - stored(worked) == set(gone)
    assert mine.size == (0 if step == "append" else events[0].data["bytes"])
    assert files.names(worked.workspace.state / "leaving") == []


def test_a_crash_at_any_step_leaves_nothing_unrecorded_and_the_next_gc_ends_it(desk):
    crashes = 0
    for step in range(1, 400, 3):
        one = type(desk)()
        one.save(BOARD)
        one.once()
        logged(one)
        frames = retype_daily(one, 2, days=0.5)
        one.clock.advance(MONTH)
        known = stored(one)
        one.files.crash_at(step)
        try:
            collect(one)
        except Crashed:
            crashes += 1
            survive(one)
        else:
            break
        said = [name for e in one.facts() for k in ("runs", "objects") for name in freed(e, k)]
        assert known - stored(one) <= set(said)
        collect(one)
        assert one.files.names(one.workspace.state / "leaving") == []
        moment, data = frames[-1]
        assert one.play(text_at(one.ctx, moment)).data == data
        assert one.play(one.ctx.ledger.verify()).ok
    assert crashes > 15, crashes


def freed(event, kind):
    return event.data.get(kind, ()) if event.type == "space_freed" else ()


def stored(desk):
    return {*desk.files.names(desk.workspace.runs), *desk.files.names(desk.workspace.objects)}


def survive(desk):
    """The machine went down: what was not synced is gone."""
    import random

    desk.files.disk.lose_power(random.Random(7))
    desk.files = type(desk.files)(desk.files.disk)
    desk.open()


# The daemon.


def test_a_daemon_looks_once_a_day_and_writes_nothing_while_all_is_young(worked):
    worked.play(tidy(worked.ctx, Memory()))
    assert not worked.files.exists(worked.workspace.state / "tidied")
    worked.clock.advance(MONTH)
    worked.play(tidy(worked.ctx, Memory()))
    assert worked.events().count("space_freed") == 1
    assert worked.facts()[-1].actor == "daemon"
    logged(worked)  # as old as can be, and no day has passed
    worked.clock.advance(DAY - 60)
    worked.play(tidy(worked.ctx, Memory()))
    assert worked.events().count("space_freed") == 1


def test_a_daemon_looks_at_every_file_once_a_day_and_not_in_every_turn(worked, monkeypatch):
    looked, stat = [], type(worked.files).stat

    def watched(files, path, **how):
        looked.append(path)
        return stat(files, path, **how)

    monkeypatch.setattr(type(worked.files), "stat", watched)
    memory = Memory()
    worked.play(tidy(worked.ctx, memory))
    assert len(looked) > 3
    looked.clear()
    worked.play(tidy(worked.ctx, memory))
    assert looked == []
    worked.clock.advance(DAY + 60)
    worked.play(tidy(worked.ctx, memory))
    assert len(looked) > 3


def test_a_daemon_that_is_at_work_looks_later(worked):
    worked.clock.advance(MONTH)
    memory = Memory()
    memory.active["run"] = object()
    worked.play(tidy(worked.ctx, memory))
    assert worked.events().count("space_freed") == 0


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.floats(0.05, 20), min_size=1, max_size=12), st.floats(0.01, 40))
def test_whatever_goes_every_moment_within_retain_is_told(desk, days, retain):
    desk = type(desk)()
    desk.settings = replace(desk.settings, retain=retain * DAY)
    desk.open()
    desk.save(BOARD)
    desk.once()
    frames = [frame for gap in days for frame in retype_daily(desk, 1, gap)]
    limit = collect(desk).limits.cutoff
    for moment, data in frames:
        if moment >= limit:
            assert desk.play(text_at(desk.ctx, moment)).data == data
