"""What a machine remembers of its ledgers: it never accuses falsely, and it sees a cut."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from taskboard import head
from taskboard.core.codec import decode, seal
from taskboard.core.event import EventType as E
from taskboard.errors import Corrupt, Storage
from taskboard.heads import Heads, Mark, opened_as
from taskboard.ledgers.jsonl import Place
from taskboard.ledgers.jsonl.fork import fork
from taskboard.testing.clock import ManualClock
from taskboard.testing.facts import about, claimed, created
from taskboard.testing.files import SimFiles
from taskboard.testing.ledger import history
from taskboard.testing.steps import Crashed
from tests.ledgers.conftest import FOLDER, MARK, PATH, QUARANTINE, put, run, start, written

HOME = Path("/home/heads")
STORY = [
    [created(1), created(2)],
    [claimed(1)],
    [about(E.FAILED, 1, "failed:final", run="agent-1"), about(E.DEADLETTERED, 1)],
    [created(3)],
]


def heads_of(files, clock=None):
    return Heads(files, clock or ManualClock(), HOME)


def begin(files, clock=None, **more):
    clock = clock or ManualClock()
    return start(files, clock, heads=heads_of(files, clock), **more)


async def tell(files, heard, seconds=2.0):
    """The story, with so much time between two commits that the record is rewritten."""
    clock = ManualClock()
    ledger = begin(files, clock)
    for drafts in STORY:
        heard.append(await ledger.append(drafts))
        clock.advance(seconds)
    ledger.close()


def told(files, **more):
    run(tell(files, [], **more))
    return written(files)


def refused(files):
    """The error of a writer, which must have written nothing."""
    before = written(files)
    with pytest.raises(Corrupt) as caught:
        run(begin(files).append([created(9)]))
    assert written(files) == before
    assert files.names(QUARANTINE) == []
    return caught.value


def lines(data, count):
    return b"".join(data.splitlines(keepends=True)[:count])


@pytest.mark.parametrize("power", [True, False], ids=["power fails", "program is killed"])
@pytest.mark.parametrize("seed", range(3))
def test_no_crash_makes_a_machine_doubt_its_own_ledger(power, seed):
    files = SimFiles()
    files.make_folder(FOLDER)
    before = files.count
    run(tell(files, []))
    for step in range(1, files.count - before + 1):
        files, heard = SimFiles(seed=seed * 1000 + step), []
        files.make_folder(FOLDER)
        files.crash_at(step)
        with pytest.raises(Crashed):
            run(tell(files, heard))
        files.crash() if power else files.restart()
        run(survive(files, heard))


async def survive(files, heard):
    ledger = begin(files)
    await ledger.append([created(9)])
    shown = [
        e for e in await history(ledger) if e.type not in (E.LEDGER_REPAIRED, E.LEDGER_OPENED)
    ]
    known = [e for commit in heard for e in commit]
    assert shown[: len(known)] == known
    ledger.close()
    assert heads_of(files).judge(PATH) is None


def test_no_failed_sync_makes_a_machine_doubt_its_own_ledger():
    for nth in range(1, 40):
        files, heard = SimFiles(seed=nth), []
        files.make_folder(FOLDER)
        files.fail_sync_at(nth)
        try:
            run(tell(files, heard))
        except Storage:
            files.restart()
            run(survive(files, heard))
        else:
            break
    assert nth > 5


def test_every_cut_that_takes_an_acknowledged_event_is_seen():
    files = SimFiles()
    data = told(files)
    for end in range(1, len(data)):
        put(files, data[:end])
        doubt = heads_of(files).judge(PATH)
        first = data.index(b"\n") + 1
        # Without even a first line it is nobody's ledger any more, as if it were not there.
        assert (doubt is None) is (end < first)
        assert doubt is None or doubt.code == "ledger_rollback"


def test_an_older_copy_is_refused_and_says_what_may_be_missing():
    files = SimFiles()
    data = told(files)
    put(files, lines(data, 4))
    error = refused(files)
    assert (error.code, error.exit_code) == ("ledger_rollback", 65)
    assert (error.data["seq"], error.data["acknowledged"]) == (4, len(data.splitlines()))
    assert "events 5 to 7" in error.message
    assert "taskboard fork" in error.hint


def test_another_history_of_the_same_length_is_refused():
    files = SimFiles()
    data = told(files)
    put(files, lines(data, 3))
    files.remove_folder(HOME)
    heads_of(files).begin(opened_as(files, PATH), PATH)

    async def otherwise():
        ledger = begin(files, ManualClock(seed=2))
        await ledger.append([created(number) for number in range(10, 14)])
        ledger.close()

    run(otherwise())
    other = written(files)
    assert len(other.splitlines()) == len(data.splitlines())
    put(files, data)
    error = refused(files)
    assert error.code == "ledger_rollback"
    assert "another event 7 stands in it" in error.message


def test_a_longer_file_that_holds_the_acknowledged_event_goes_on():
    files = SimFiles()
    told(files)
    record = {name: files.read(HOME / name) for name in files.names(HOME)}
    run(begin(files).append([created(8)]))
    for name, old in record.items():
        files.write(HOME / name, old)
    run(begin(files).append([created(9)]))


def test_a_ledger_that_no_record_tells_of_is_foreign():
    files = SimFiles()
    told(files)
    files.remove_folder(HOME)
    error = refused(files)
    assert (error.code, error.exit_code) == ("ledger_foreign", 65)
    assert "taskboard fork" in error.hint


def test_a_failed_sync_does_not_make_a_foreign_ledger_ours():
    files = SimFiles()
    told(files)
    files.remove_folder(HOME)
    files.write(MARK, b"")
    assert refused(files).code == "ledger_foreign"


def test_a_torn_tail_of_a_foreign_ledger_is_left_alone():
    files = SimFiles()
    data = told(files)
    files.remove_folder(HOME)
    put(files, data + b'{"v":1,')
    assert refused(files).code == "ledger_foreign"


def test_a_damaged_ledger_says_where_before_it_says_anything_else():
    files = SimFiles()
    data = told(files)
    put(files, data.replace(b"created", b"creatXd", 1))
    assert refused(files).code == "corrupt"


def test_who_refuses_once_does_not_remember_the_refused_file():
    files = SimFiles()
    data = told(files)
    put(files, lines(data, 4))

    async def twice():
        ledger = begin(files)
        for _ in range(2):
            with pytest.raises(Corrupt):
                await ledger.look()
        ledger.close()

    run(twice())
    put(files, data)
    assert heads_of(files).judge(PATH) is None


def test_a_moved_ledger_goes_on_and_its_record_follows():
    files = SimFiles()
    told(files)
    files.make_folder(Path("/elsewhere"))
    other = Path("/elsewhere/events.jsonl")
    files.rename(PATH, other)
    heads = heads_of(files)
    assert heads.judge(other) is None
    ledger_id = opened_as(files, other)
    heads.note(Mark(ledger_id, 99, "0" * 64, 1), other)
    assert b"/elsewhere/events.jsonl" in files.read(HOME / ledger_id)


def test_a_copy_is_foreign_while_the_other_is_there():
    files = SimFiles()
    data = told(files)
    files.make_folder(Path("/copy"))
    copy = Path("/copy/events.jsonl")
    files.write(copy, data)
    heads = heads_of(files)
    doubt = heads.judge(copy)
    assert doubt.code == "ledger_foreign"
    assert str(PATH) in doubt.message
    assert heads.judge(PATH) is None
    files.remove(PATH)
    assert heads.judge(copy) is None


def test_one_file_under_two_names_is_no_copy():
    files = SimFiles()
    told(files)
    files.make_folder(Path("/again"))
    files.link(PATH, Path("/again/events.jsonl"))
    assert heads_of(files).judge(Path("/again/events.jsonl")) is None


@pytest.mark.parametrize("damage", [b"", b"\0" * 300, b"{}", b"[1]", b'{"ledger_id":"other"}'])
def test_a_record_that_cannot_be_read_proves_that_the_ledger_is_known(damage):
    files = SimFiles()
    told(files)
    (name,) = files.names(HOME)
    files.write(HOME / name, damage)
    run(begin(files).append([created(9)]))


def test_an_absent_and_an_empty_ledger_begin_anew():
    for empty in (False, True):
        files = SimFiles()
        told(files)
        put(files, b"") if empty else files.remove(PATH)
        run(begin(files, ManualClock(seed=3)).append([created(9)]))
        assert len(files.names(HOME)) == 2


def test_an_id_is_never_a_path():
    files = SimFiles()
    data = told(files)
    first = decode(data.splitlines(keepends=True)[0])
    for name in ("../../home/heads/x", "", ".", "a/b", "x" * 99, 7, None):
        forged = msgspec.structs.replace(first, data={"ledger_id": name}, more=0, hash="")
        put(files, seal(forged)[1])
        error = refused(files)
        assert error.code == "ledger_foreign"
        assert "does not begin as a ledger does" in error.message


def test_the_record_is_rewritten_at_most_once_a_second_and_at_the_end():
    files, clock = SimFiles(), ManualClock()
    heads = heads_of(files, clock)
    heads.begin("a-b", PATH)

    def seq():
        return msgspec.json.decode(files.read(HOME / "a-b"))["seq"]

    heads.note(Mark("a-b", 1, "1" * 64, 100), PATH)
    assert seq() == 1
    heads.note(Mark("a-b", 2, "2" * 64, 200), PATH)
    assert seq() == 1
    clock.advance(1.0)
    heads.note(Mark("a-b", 3, "3" * 64, 300), PATH)
    assert seq() == 3
    heads.note(Mark("a-b", 4, "4" * 64, 400), PATH)
    heads.flush()
    assert seq() == 4
    late = heads_of(files, clock)
    late.note(Mark("a-b", 2, "2" * 64, 200), PATH)
    late.flush()
    assert seq() == 4, "a slower process takes nothing back"


def test_a_record_is_written_over_the_one_before_and_never_made_anew():
    steps = []
    files, clock = SimFiles(between=steps.append), ManualClock()
    heads = heads_of(files, clock)
    heads.begin("a-b", PATH)
    steps.clear()
    for number in range(1, 12):
        heads.note(Mark("a-b", number, "1" * 64, number * 100), PATH, at_once=True)
    assert [step.split()[0] for step in steps] == ["read", "write"] * 11
    files.write(HOME / "a-b", b"torn", durable=False)
    heads.note(Mark("a-b", 12, "1" * 64, 1200), PATH, at_once=True)
    assert head.read(files.read(HOME / "a-b")).seq == 12, "one that cannot be read is replaced"


def test_who_reads_a_record_while_it_is_written_looks_again():
    files = SimFiles()
    data = told(files)
    (name,) = files.names(HOME)
    whole = files.read(HOME / name)
    reads = []

    def between(step):
        if step == f"read {HOME / name}":
            reads.append(step)
            node = files.disk.need(HOME / name)
            node.data[:] = whole if len(reads) == 3 else whole.replace(b'"seq":', b'"seq":1')

    put(files, lines(data, 4))
    looking = SimFiles(files.disk, between=between)
    assert heads_of(looking).judge(PATH).code == "ledger_rollback"
    assert len(reads) == 3


def noted(files):
    (name,) = files.names(HOME)
    return msgspec.json.decode(files.read(HOME / name))["seq"]


def test_the_last_event_of_a_busy_second_is_written_down_while_nothing_happens():
    files, clock = SimFiles(), ManualClock()

    async def work():
        ledger = begin(files, clock)
        for number in range(1, 6):
            await ledger.append([created(number)])
        behind, clock_stood = noted(files), (await ledger.look()).seq
        assert behind < clock_stood, "the record is not rewritten for every event"
        clock.advance(1.0)
        assert noted(files) == behind
        assert (await ledger.look()).seq == clock_stood == noted(files)

    run(work())


@pytest.mark.parametrize("together", [False, True])
def test_a_run_is_written_down_before_it_begins(together):
    files, clock = SimFiles(), ManualClock()

    async def work():
        ledger = begin(files, clock)
        await ledger.append([created(1), created(2)])
        await ledger.append([created(3)])
        wishes = [ledger.append([claimed(1)])]
        if together:
            wishes.append(ledger.append([created(4)]))
        await asyncio.gather(*wishes)
        return (await ledger.look()).seq

    last = run(work())
    assert noted(files) == last, "nothing was closed: as if the program were killed"
    data = written(files)
    put(files, lines(data, 4))
    assert refused(files).code == "ledger_rollback"


def test_a_reader_writes_no_record():
    files = SimFiles()
    told(files)
    files.remove_folder(HOME)

    async def read():
        ledger = begin(files, writable=False)
        assert (await ledger.look()).seq == 7
        assert ledger.doubt().code == "ledger_foreign"
        ledger.close()

    run(read())
    assert files.names(HOME) == []


def test_a_proof_names_the_place_where_the_end_was_cut_off():
    files = SimFiles()
    data = told(files)
    put(files, lines(data, 4))

    async def prove():
        return await begin(files, writable=False).verify()

    proof = run(prove())
    assert not proof.ok
    assert (proof.events, proof.fault.seq, proof.fault.byte) == (4, 5, len(lines(data, 4)))


# Forks


def forked(files, carry=lambda world: []):
    place = Place(PATH, FOLDER / ".taskboard", "task-board.md", "here")
    return fork(files, ManualClock(seed=1), heads_of(files), place, carry)


def test_a_fork_keeps_every_event_and_names_the_old_head():
    files = SimFiles()
    data = told(files)
    old_id = opened_as(files, PATH)
    files.remove_folder(HOME)
    made = forked(files)
    assert (made.old_id, made.seq) == (old_id, 7)
    assert files.read(made.kept) == data

    async def look():
        ledger = begin(files)
        world = await ledger.look()
        events = await history(ledger)
        await ledger.append([created(9)])
        assert (await ledger.verify()).fault is None
        return world, events

    world, events = run(look())
    named = {"ledger_id": old_id, "seq": 7, "head": made.head}
    assert events[0].data["forked_from"] == named
    assert world.ledger_id == made.ledger_id != old_id
    for old, new in zip(data.splitlines()[1:], written(files).splitlines()[1:7], strict=True):
        assert old.rpartition(b',"prev":')[0] == new.rpartition(b',"prev":')[0]


def test_what_a_fork_carries_is_in_its_first_write():
    files = SimFiles()
    told(files)
    made = forked(files, lambda world: [about(E.CANCELLED, 2, "failed:cancelled")])
    assert made.world.seq == 8
    assert b"failed:cancelled" in written(files)


def test_a_torn_tail_and_the_mark_of_a_failed_sync_stay_behind():
    files = SimFiles()
    data = told(files)
    put(files, data + b'{"v":1,"torn')
    files.write(MARK, b"")
    made = forked(files)
    assert made.seq == 7
    assert files.read(made.kept).endswith(b"torn")
    run(begin(files).append([created(9)]))


def test_a_damaged_ledger_is_not_forked():
    files = SimFiles()
    data = told(files)
    put(files, data.replace(b"created", b"creatXd", 1))
    before = written(files)
    with pytest.raises(Corrupt) as caught:
        forked(files)
    assert caught.value.code == "corrupt"
    assert written(files) == before


@pytest.mark.parametrize("power", [True, False], ids=["power fails", "program is killed"])
def test_a_crash_in_a_fork_leaves_the_old_ledger_or_the_new_one(power):
    step = 0
    while True:
        step += 1
        files = SimFiles(seed=step)
        data = told(files)
        old_id = opened_as(files, PATH)
        files.remove_folder(HOME)
        files.sync_folder(HOME.parent)
        files.crash_at(step)
        try:
            forked(files)
        except Crashed:
            files.crash() if power else files.restart()
        else:
            break
        if opened_as(files, PATH) == old_id:
            assert written(files) == data
            assert heads_of(files).judge(PATH).code == "ledger_foreign"
            forked(files)
        assert data in [files.read(QUARANTINE / name) for name in files.names(QUARANTINE)]
        run(begin(files).append([created(9)]))
    assert step > 5
