"""A newer taskboard beside an older one: the older one stops, and neither harms the other."""

import msgspec
import pytest

from taskboard.core.codec import decode, seal
from taskboard.core.event import Draft, Event
from taskboard.core.event import EventType as E
from taskboard.errors import Corrupt
from taskboard.testing.facts import about, created
from taskboard.testing.files import SimFiles
from taskboard.testing.ledger import history
from tests.ledgers.conftest import QUARANTINE, put, run, start, written


def newer_type(last):
    """An event that a later version of this format writes."""
    event = msgspec.structs.replace(
        last, seq=last.seq + 1, type="task_snoozed", prev=last.hash, hash="", more=0, id="n"
    )
    return seal(event)[1]


def newer_format(last):
    """A line of another format: other keys, another hash."""
    return b'{"v":2,"seq":%d,"what":"no idea","proof":"%b"}\n' % (last.seq + 1, b"z" * 20)


def known_keys(last):
    """A line of another format that looks like ours."""
    event = msgspec.structs.replace(last, v=2, seq=last.seq + 1, prev=last.hash, hash="", id="n")
    return seal(event)[1]


def half(last):
    """The beginning of a line of another format: somebody is writing it."""
    return newer_format(last)[:40]


LINES = [newer_type, newer_format, known_keys, half]


async def grown(files):
    ledger = start(files)
    await ledger.append([created(1), created(2)])
    return ledger, (await history(ledger))[-1]


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.__name__)
@pytest.mark.parametrize("running", [True, False], ids=["it runs already", "it starts"])
def test_an_older_writer_stops_says_why_and_cuts_nothing(line, running):
    async def main():
        files = SimFiles()
        ledger, last = await grown(files)
        if not running:
            ledger = start(files)
        put(files, written(files) + line(last))
        before = written(files)
        for _ in range(2):
            with pytest.raises(Corrupt) as caught:
                await ledger.append([about(E.DECIDED)])
            assert (caught.value.code, caught.value.exit_code) == ("ledger_newer", 65)
            assert "written by a newer taskboard" in caught.value.message
            with pytest.raises(Corrupt):
                await ledger.look()
        ledger.close()
        assert written(files) == before
        assert files.names(QUARANTINE) == []
        assert not files.exists(QUARANTINE.parent / "checkpoint")

    run(main())


def test_an_older_reader_reads_on_over_types_it_does_not_know():
    async def main():
        files = SimFiles()
        _, last = await grown(files)
        line = newer_type(last)
        put(files, written(files) + line)
        reader = start(files, writable=False)
        world = await reader.look()
        assert (world.seq, world.head) == (last.seq + 1, decode(line).hash)
        assert [e.type for e in await history(reader)][-1] == "task_snoozed"
        assert (await reader.verify()).ok

    run(main())


def test_what_no_longer_makes_sense_after_a_newer_event_is_no_damage():
    async def main():
        files = SimFiles()
        _, last = await grown(files)
        line = newer_type(last)
        odd = msgspec.structs.replace(
            decode(line), seq=last.seq + 2, type="retried", prev=decode(line).hash, hash="", id="o"
        )
        put(files, written(files) + line + seal(odd)[1])
        for writable in (True, False):
            with pytest.raises(Corrupt) as caught:
                await start(files, writable=writable).look()
            assert caught.value.code == "ledger_newer"

    run(main())


def test_a_daemon_that_runs_is_known_by_its_version_until_it_stops():
    async def main():
        files = SimFiles()
        ledger = start(files)
        world = await ledger.look()
        assert world.other_version("2.0") is None
        await ledger.append([Draft(type=E.DAEMON_STARTED, data={"version": "1.0"})])
        assert (world.other_version("1.0"), world.other_version("2.0")) == (None, "1.0")
        assert (await start(files).look()).other_version("2.0") == "1.0"
        await ledger.append([Draft(type=E.DAEMON_STOPPED)])
        assert world.other_version("2.0") is None
        await ledger.append([Draft(type=E.DAEMON_STARTED)])  # of a version before it said so
        assert world.other_version("2.0") == "unknown"

    run(main())


def test_events_have_one_order_of_keys_for_ever():
    keys = "v seq ts type task from_ to agent run attempt spent step actor device task_id id data"
    assert Event.__struct_fields__ == (*keys.split(), "more", "prev", "hash")
