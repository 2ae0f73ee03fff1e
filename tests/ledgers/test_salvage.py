"""A damaged ledger: everything that is whole goes on, nothing that was there is ever lost."""

from contextlib import suppress

import pytest

from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.errors import Corrupt, NotFound, Refused
from taskboard.heads import Heads
from taskboard.ledgers.jsonl import Place
from taskboard.ledgers.jsonl.salvage import salvage
from taskboard.testing.clock import ManualClock
from taskboard.testing.facts import about, claimed, created
from taskboard.testing.files import SimFiles
from taskboard.testing.ledger import history
from taskboard.testing.steps import Crashed
from tests.ledgers.conftest import FOLDER, PATH, QUARANTINE, put, run, start, written

PLACE = Place(PATH, FOLDER / ".taskboard", "task-board.md", "here")
SEGMENTS = FOLDER / ".taskboard" / "segments"
STORY = [
    [created(1), created(2)],
    [claimed(1), about(E.STEP_STARTED, 1, run="agent-1", step="analyze")],
    [about(E.DECIDED, 2, data={"reason": "x" * 900})],
    [about(E.COMPLETED, 1, "done", run="agent-1"), about(E.DECIDED, 1)],
    [created(3), Draft(type=E.PAUSED)],
]


def heads_of(files):
    return Heads(files, ManualClock(), FOLDER.parent / "heads")


def rescue(files, carry=lambda _world: []):
    return salvage(files, ManualClock(), heads_of(files), PLACE, carry)


def begin(files, segment=1 << 20):
    return start(files, heads=heads_of(files), segment=segment)


async def tell(files, segment=1 << 20):
    ledger = begin(files, segment)
    for drafts in STORY:
        await ledger.append(drafts)
    ledger.close()
    return await history(ledger)


def told(segment=1 << 20):
    files = SimFiles()
    return files, run(tell(files, segment))


def all_files(files):
    return [files.read(SEGMENTS / name) for name in files.names(SEGMENTS)] + [files.read(PATH)]


def quarantined(saved, files):
    folder = saved.files.with_suffix("")
    return [files.read(folder / name) for name in files.names(folder)] + [files.read(saved.files)]


@pytest.mark.parametrize("segment", [1500, 1 << 20], ids=["segments", "one file"])
def test_any_line_that_is_damaged_costs_itself_and_what_hangs_on_it(segment):
    files, before = told(segment)
    count = len(before)
    for lost in range(1, count):  # the last line, damaged, is a torn tail
        files, _ = told(segment)
        names = [*(SEGMENTS / name for name in files.names(SEGMENTS)), PATH]
        line = before[lost - 1]
        path = next(p for p in names if b'"hash":"%b"}' % line.hash.encode() in files.read(p))
        data = files.read(path)
        at = data.index(b'"hash":"%b"}' % line.hash.encode())
        files.write(path, data[:at] + b"#" + data[at + 1 :])
        damaged = all_files(files)
        saved = rescue(files)
        after = run(history(begin(files)))
        proof = run(begin(files).verify())
        assert proof.ok
        assert heads_of(files).judge(PATH) is None
        assert quarantined(saved, files) == damaged
        assert files.names(SEGMENTS) == []
        kept = {e.id for e in after}
        whole = [e for e in before if e.seq not in (1, lost)]
        assert len([e for e in whole if e.id not in kept]) == saved.dropped
        assert saved.kept == count - 1 - saved.dropped
        assert [(g.first, g.last) for g in saved.gaps] == [(lost, lost)]
        assert saved.gaps[0].bytes == len(data[: data.index(b"\n", at)].splitlines()[-1]) + 1
        assert line.task is None or line.task in saved.tasks
        told_of = next(e for e in after if e.type == E.LEDGER_REPAIRED)
        assert told_of.data["lost"][0]["first"] == lost
        old = after[0].data["forked_from"]
        assert (old["seq"], old["head"]) == (saved.seq, saved.head)
        assert saved.seq < lost, "a commit that lost a line is proved by nothing"
        run(begin(files).append([created(9)]))


def test_garbage_between_lines_swapped_lines_and_a_swallowed_newline_lose_no_event():
    def with_lines(change):
        files, before = told()
        lines = written(files).splitlines(keepends=True)
        put(files, b"".join(change(lines)))
        saved = rescue(files)
        after = run(history(begin(files)))
        assert [e.id for e in after[1:-1]] == [e.id for e in before[1:]]
        assert saved.dropped == 0
        return saved

    with_lines(lambda ls: [*ls[:4], b"\0" * 5000 + b"\n", *ls[4:]])
    with_lines(lambda ls: [*ls[:3], ls[4], ls[3], *ls[5:]])
    with_lines(lambda ls: [*ls[:4], ls[3], *ls[4:]])
    saved = with_lines(lambda ls: [*ls[:4], b'{"v":1,"seq":7,"ta', *ls[4:]])
    assert [(g.bytes, g.first, g.last) for g in saved.gaps] == [(18, 5, 4)]


@pytest.mark.parametrize("gone", [0, 1])
def test_a_lost_segment_costs_its_events(gone):
    files, before = told(1500)
    path = SEGMENTS / files.names(SEGMENTS)[gone]
    lost = files.read(path).count(b"\n")
    files.remove(path)
    saved = rescue(files)
    assert saved.gaps[0].last - saved.gaps[0].first + 1 == lost
    assert saved.kept + saved.dropped == len(before) - lost
    assert run(begin(files).verify()).ok


def test_the_lost_present_file_costs_its_events():
    files, before = told(1500)
    lost = written(files).count(b"\n")
    files.remove(PATH)
    saved = rescue(files)
    assert saved.kept == len(before) - lost
    assert run(begin(files).verify()).ok


def test_what_follows_is_written_in_the_same_file():
    files, _ = told()
    put(files, written(files).replace(b'"reason":"x', b'"reason":"y'))
    saved = rescue(files, lambda world: [about(E.BLOCKED, 2, "blocked:me:fork")])
    world = run(begin(files).look())
    assert world.named("TASK-002").status.text == "blocked:me:fork"
    assert world.seq == saved.world.seq


def test_a_ledger_that_is_not_damaged_is_left_alone():
    files, _ = told()
    whole = written(files)
    for data in (whole, whole[:-9]):  # a torn tail is no damage: the next writer cuts it
        put(files, data)
        with pytest.raises(Refused):
            rescue(files)
        assert written(files) == data
    with pytest.raises(NotFound):
        rescue(SimFiles())
    put(files, b"no ledger at all\n" * 9 + whole.replace(b'"v":1', b'"v":7'))
    with pytest.raises((NotFound, Refused, Corrupt)):
        rescue(files)
    assert files.names(QUARANTINE) == []


@pytest.mark.parametrize("place", [3, -1])
def test_what_a_newer_version_has_written_is_not_damage(place):
    files, _ = told()
    lines = written(files).splitlines(keepends=True)
    lines[place] = lines[place].replace(b'"v":1', b'"v":7', 1)
    put(files, b"".join(lines))
    with pytest.raises(Corrupt) as caught:
        rescue(files)
    assert caught.value.code == "ledger_newer"
    assert written(files) == b"".join(lines)
    assert files.names(QUARANTINE) == []


@pytest.mark.parametrize("power", [True, False], ids=["power fails", "program is killed"])
def test_a_rescue_that_crashes_leaves_the_old_files_or_the_new_one(power):
    def wrecked(seed=0):
        files, _ = told(1500)
        data = written(files)
        at = data.index(b'"hash"')
        files.write(PATH, data[:at] + b"#" + data[at + 1 :])
        return SimFiles(files.disk, seed=seed)

    files = wrecked()
    before, count = all_files(files), files.count
    whole = rescue(files)
    for step in range(1, files.count - count + 1):
        files = wrecked(step)
        files.crash_at(step)
        with suppress(Crashed):
            rescue(files)
        files.crash() if power else files.restart()
        with suppress(Refused):
            rescue(files)
        ledger = begin(files)
        assert len([e for e in run(history(ledger)) if e.type != E.LEDGER_REPAIRED]) == whole.kept
        kept = [
            files.read(QUARANTINE / name)
            for name in files.names(QUARANTINE)
            if name.endswith(".jsonl")
        ]
        assert before[-1] in kept
