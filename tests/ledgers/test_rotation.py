"""Full files are sealed and the chain goes on: at every moment, for everybody who has it open."""

import errno
import json
from contextlib import suppress

import pytest

from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.fold import fold
from taskboard.core.task import World
from taskboard.errors import Corrupt, Storage
from taskboard.heads import Heads, opened_as
from taskboard.ledgers.jsonl import Place
from taskboard.ledgers.jsonl.fork import fork
from taskboard.testing.clock import ManualClock
from taskboard.testing.facts import about, claimed, created
from taskboard.testing.files import SimFiles
from taskboard.testing.ledger import history, same
from taskboard.testing.steps import Crashed
from tests.ledgers.conftest import FOLDER, MARK, PATH, QUARANTINE, run, start, written

SEGMENTS = FOLDER / ".taskboard" / "segments"
OWN = (E.LEDGER_REPAIRED, E.LEDGER_OPENED, E.SEGMENT_SEALED)
STORY = [
    [created(1), created(2)],
    [claimed(1), about(E.STEP_STARTED, 1, run="agent-1", step="analyze")],
    [about(E.DECIDED, 2, data={"reason": "x" * 900})],
    [about(E.FAILED, 1, "failed:final", run="agent-1"), about(E.DEADLETTERED, 1)],
    [about(E.REQUEUED, 1, "ready"), Draft(type=E.PAUSED)],
]


def small(files, clock=None, **more):
    """A ledger whose files are full after three commits or so."""
    return start(files, clock, segment=1500, **more)


def segments(files):
    return [SEGMENTS / name for name in files.names(SEGMENTS)]


def all_bytes(files):
    return b"".join(files.read(path) for path in [*segments(files), PATH])


async def tell(files, heard, **more):
    ledger = small(files, **more)
    for drafts in STORY:
        heard.append(await ledger.append(drafts))
    ledger.close()


async def grown():
    files = SimFiles()
    await tell(files, [])
    assert len(segments(files)) >= 2
    return files


def told():
    return run(grown())


def test_a_full_file_is_sealed_and_the_chain_goes_on_in_a_new_one():
    async def main():
        files, heard = SimFiles(), []
        await tell(files, heard)
        names = [path.name for path in segments(files)]
        assert names == [f"{n:06}.jsonl" for n in range(1, len(names) + 1)]
        for number, path in enumerate([*segments(files)[1:], PATH], 1):
            first = json.loads(files.read(path).splitlines()[0])
            sealed = segments(files)[number - 1]
            assert first["type"] == "segment_sealed"
            assert first["data"]["segment"] == number
            assert first["data"]["bytes"] == len(files.read(sealed)) >= 1500
        fresh = small(files)
        events = await history(fresh)
        assert [e.seq for e in events] == list(range(1, len(events) + 1))
        assert [e for e in events if e.type not in OWN] == [e for c in heard for e in c][0:]
        assert same(fold(World(), events), await fresh.look())
        for after in range(len(events) + 1):
            assert await history(fresh, after) == events[after:]
            assert await history(small(files, writable=False), after) == events[after:]
        proof = await fresh.verify()
        assert (proof.ok, proof.segments, proof.events) == (True, len(names), len(events))

    run(main())


def test_whoever_has_the_old_file_open_goes_on_in_the_new_one():
    async def main():
        files = SimFiles()
        one, other, reader = small(files), small(files), small(files, writable=False)
        await one.append([created(1)])
        for ledger in (other, reader):
            await ledger.look()
        for turn in range(12):
            ledger = (one, other)[turn % 2]
            await ledger.append([about(E.DECIDED, data={"turn": turn, "x": "y" * 300})])
            assert same(await reader.look(), await ledger.look())
        assert len(segments(files)) > 2
        assert same(await one.look(), await other.look())
        turns = [e.data["turn"] for e in await history(reader) if e.type == E.DECIDED]
        assert turns == list(range(12))

    run(main())


def test_a_reader_in_the_middle_of_the_history_is_not_disturbed():
    async def main():
        files = SimFiles()
        ledger = small(files)
        for turn in range(6):
            await ledger.append([Draft(type=E.PAUSED, data={"turn": turn, "x": "y" * 200})])
        seen = []
        async for event, _line in ledger.read():
            seen.append(event.seq)
            await ledger.append([Draft(type=E.RESUMED, data={"x": "y" * 500})])
        assert seen == list(range(1, len(seen) + 1))
        assert len(seen) >= 7

    run(main())


def test_a_repeated_id_is_found_in_a_sealed_file():
    async def main():
        files = SimFiles()
        ledger = small(files)
        drafts = [created(1), Draft(type=E.DECIDED, task_id="id-1", id="the-id")]
        first = await ledger.append(drafts)
        for _ in range(9):
            await ledger.append([about(E.DECIDED, data={"x": "y" * 300})])
        assert len(segments(files)) > 1
        assert await ledger.append(drafts) == first
        assert await small(files).append(drafts) == first

    run(main())


def steps_of(**more):
    files = SimFiles()
    files.make_folder(FOLDER)
    before = files.count
    run(tell(files, [], **more))
    return files.count - before


async def survive(files, heard, **more):
    fresh = small(files, **more)
    world = await fresh.look()
    events = [e for e in await history(fresh) if e.type not in OWN]
    known = [e for commit in heard for e in commit]
    assert events[: len(known)] == known, "what was acknowledged is in the next fold"
    extra = len(events) - len(known)
    assert extra in (0, len(STORY[len(heard)]) if len(heard) < len(STORY) else 0)
    assert same(fold(World(), await history(fresh)), world)
    added = await fresh.append([created(9)])
    assert (await fresh.verify()).ok
    return added


@pytest.mark.parametrize("then", ["power fails", "program is killed", "killed, then power fails"])
def test_a_crash_at_any_step_of_a_rotation_loses_nothing_acknowledged(then):
    for step in range(1, steps_of() + 1):
        files, heard = SimFiles(seed=step), []
        files.make_folder(FOLDER)
        files.crash_at(step)
        with pytest.raises(Crashed):
            run(tell(files, heard))
        if then == "power fails":
            files.crash()
        else:
            files.restart()
        added = run(survive(files, heard))
        if then == "killed, then power fails":  # what the second process was told must last too
            files.crash()
            events = run(history(small(files)))
            assert added[0] in events
            assert [e for c in heard for e in c] == [e for e in events if e.type not in OWN][
                : sum(map(len, heard))
            ]


def test_a_failed_sync_or_operation_anywhere_loses_nothing_acknowledged():
    for plan in ("fail_at", "fail_sync_at"):
        for nth in range(1, steps_of() + 1):
            files, heard = SimFiles(seed=nth), []
            files.make_folder(FOLDER)
            getattr(files, plan)(nth)
            with suppress(Storage):
                run(tell(files, heard))
            files.restart()
            run(survive_once(files, heard))
            files.crash()
            run(survive_once(files, heard))


async def survive_once(files, heard):
    fresh = small(files)
    await fresh.look()
    events = [e for e in await history(fresh) if e.type not in OWN]
    known = [e for commit in heard for e in commit]
    assert events[: len(known)] == known


def test_a_file_that_cannot_be_sealed_grows_on():
    async def main():
        files = SimFiles()
        files.disk.links = False
        ledger = small(files)
        for turn in range(9):
            await ledger.append([Draft(type=E.PAUSED, data={"turn": turn, "x": "y" * 300})])
        assert segments(files) == []
        assert (await ledger.verify()).ok
        files.disk.links = True
        assert len(await history(small(files))) == 10
        for turn in range(9):
            await small(files).append([Draft(type=E.PAUSED, data={"turn": turn})])
        assert len(segments(files)) >= 2
        assert (await small(files).verify()).ok

    run(main())


def test_a_file_in_the_way_is_put_aside_and_kept():
    async def main():
        files = SimFiles()
        await start(files).append([created(1)])
        files.make_folder(SEGMENTS)
        files.write(SEGMENTS / "000001.jsonl", b"of another ledger\n")
        for _ in range(5):
            await small(files).append([about(E.DECIDED, data={"x": "y" * 600})])
        (name,) = files.names(QUARANTINE)
        assert files.read(QUARANTINE / name) == b"of another ledger\n"
        assert (await small(files).verify()).ok

    run(main())


@pytest.mark.parametrize("writable", [True, False])
def test_a_missing_file_is_damage_and_no_new_ledger_begins_beside_the_others(writable):
    async def main():
        for gone in range(3):
            files = await grown()
            path = [*segments(files)[:2], PATH][gone]
            files.remove(path)
            before = all_names(files)
            with pytest.raises(Corrupt) as caught:
                await small(files, writable=writable).look()
            assert caught.value.exit_code == 65
            assert path.name in caught.value.message
            assert all_names(files) == before
            proof = await small(files, writable=False).verify()
            assert not proof.ok
            assert path.name in proof.fault.file + proof.fault.reason

    run(main())


def all_names(files):
    return [files.names(FOLDER), files.names(SEGMENTS)]


def test_damage_in_a_sealed_file_is_named_by_its_own_byte_and_line():
    async def main():
        files = await grown()
        second = segments(files)[1]
        lines = files.read(second).splitlines(keepends=True)
        begins = json.loads(lines[0])["seq"]
        files.write(
            second, b"".join([lines[0], lines[1].replace(b"daemon", b"demon!"), *lines[2:]])
        )
        proof = await small(files).verify()
        fault = proof.fault
        assert fault.file == ".taskboard/segments/000002.jsonl"
        assert (fault.byte, fault.line, fault.seq) == (len(lines[0]), 2, begins + 1)
        assert proof.seq == begins
        with pytest.raises(Corrupt) as caught:
            await small(files).look()
        assert "taskboard salvage" in caught.value.hint

    run(main())


@pytest.mark.parametrize("cut", [1, 40, 300])
def test_a_sealed_file_that_lost_its_end_is_damage_and_is_not_cut(cut):
    async def main():
        files = await grown()
        first = segments(files)[0]
        files.write(first, files.read(first)[:-cut])
        before = all_bytes(files)
        for ledger in (small(files), small(files, writable=False)):
            with pytest.raises(Corrupt):
                await ledger.look()
        assert all_bytes(files) == before

    run(main())


def heads_of(files, clock):
    return Heads(files, clock, FOLDER.parent / "home" / "heads")


def test_a_rotation_is_no_rollback_and_a_cut_after_one_is_seen():
    files, clock = SimFiles(), ManualClock()

    async def main(seconds):
        ledger = small(files, clock, heads=heads_of(files, clock))
        for drafts in STORY:
            await ledger.append(drafts)
            clock.advance(seconds)
        ledger.close()

    for seconds in (0.0, 2.0):  # the record is of the last file, and of an earlier one
        files, clock = SimFiles(), ManualClock()
        run(main(seconds))
        whole = written(files)
        assert heads_of(files, clock).judge(PATH, SEGMENTS) is None
        assert opened_as(files, PATH) == run(small(files).look()).ledger_id
        files.write(PATH, b"".join(whole.splitlines(keepends=True)[:-1]))
        assert heads_of(files, clock).judge(PATH, SEGMENTS).code == "ledger_rollback"
        files.write(PATH, files.read(segments(files)[-1]))
        assert heads_of(files, clock).judge(PATH, SEGMENTS).code == "ledger_rollback"
        with pytest.raises(Corrupt):
            run(small(files, clock, heads=heads_of(files, clock)).append([created(9)]))


@pytest.mark.parametrize("power", [True, False], ids=["power fails", "program is killed"])
def test_no_crash_in_a_rotation_makes_a_machine_doubt_its_own_ledger(power):
    files = SimFiles()
    files.make_folder(FOLDER)
    before = files.count
    run(tell(files, [], heads=heads_of(files, ManualClock())))
    for step in range(1, files.count - before + 1):
        files, heard = SimFiles(seed=step), []
        files.make_folder(FOLDER)
        files.crash_at(step)
        with pytest.raises(Crashed):
            run(tell(files, heard, heads=heads_of(files, ManualClock())))
        files.crash() if power else files.restart()
        run(survive(files, heard, heads=heads_of(files, ManualClock())))
        assert heads_of(files, ManualClock()).judge(PATH, SEGMENTS) is None


def test_a_fork_takes_the_sealed_files_in_and_keeps_them():
    async def main():
        files, clock = await grown(), ManualClock()
        before, sealed = await history(small(files)), segments(files)
        old = [files.read(path) for path in [*sealed, PATH]]
        place = Place(PATH, FOLDER / ".taskboard", "task-board.md", "here")
        forked = fork(files, clock, heads_of(files, clock), place, lambda _world: [created(9)])
        folder = forked.kept.with_suffix("")
        kept = [folder / path.name for path in sealed]
        assert [files.read(path) for path in [*kept, forked.kept]] == old
        assert segments(files) == []
        ledger = small(files, clock, heads=heads_of(files, clock))
        events = await history(ledger)
        assert [e.id for e in events[1:-1]] == [e.id for e in before[1:]]
        assert same(await ledger.look(), forked.world)
        await ledger.append([created(10)])
        assert [path.name for path in segments(files)] == ["000001.jsonl"]
        assert (await ledger.verify()).ok

    run(main())


@pytest.mark.parametrize("power", [True, False], ids=["power fails", "program is killed"])
def test_a_fork_of_sealed_files_that_crashes_leaves_the_old_ledger_or_the_new_one(power):
    place = Place(PATH, FOLDER / ".taskboard", "task-board.md", "here")

    def go(files):
        return fork(files, ManualClock(), heads_of(files, ManualClock()), place, lambda _world: [])

    files = told()
    before = files.count
    go(files)
    for step in range(1, files.count - before + 1):
        files = told()
        files.disk.pending.clear()
        files = SimFiles(files.disk, seed=step)
        known = [e.id for e in run(history(small(files, writable=False)))][1:]
        files.crash_at(step)
        with suppress(Crashed):
            go(files)
        files.crash() if power else files.restart()
        events = run(history(small(files)))
        assert [e.id for e in events if e.type != E.LEDGER_REPAIRED][1:] == known
        go(files)
        assert [e.id for e in run(history(small(files)))][1 : len(known) + 1] == known


def test_after_a_failed_sync_only_the_present_file_moves():
    async def main():
        files = await grown()
        before, sealed = await history(small(files)), [files.read(p) for p in segments(files)]
        files.fail_sync_at(1)
        with pytest.raises(Storage):
            await small(files).append([Draft(type=E.RESUMED)])
        assert files.exists(MARK)
        files.restart()
        events = await history(small(files))
        assert events[: len(before)] == before
        assert events[-1].type == E.LEDGER_REPAIRED
        assert [files.read(p) for p in segments(files)][: len(sealed)] == sealed
        assert (await small(files).verify()).ok

    run(main())


def test_a_full_disk_puts_a_rotation_off():
    async def main():
        for nth in range(1, 30):
            files = SimFiles()
            ledger = small(files)
            await ledger.append([created(1)])
            files.fail_at(nth, errno.ENOSPC)
            done = 0
            for turn in range(6):
                with suppress(Storage):
                    await ledger.append([about(E.DECIDED, data={"turn": turn, "x": "y" * 400})])
                    done += 1
            files.restart()
            fresh = small(files)
            turns = [e for e in await history(fresh) if e.type == E.DECIDED]
            assert len(turns) >= done
            assert (await fresh.verify()).ok

    run(main())
