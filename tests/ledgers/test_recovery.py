"""Torn tails, damage, full disks, failed syncs, and a crash at every step."""

import asyncio
import random

import msgspec
import pytest

from taskboard.core.codec import decode, seal
from taskboard.core.event import EventType as E
from taskboard.core.state import READY
from taskboard.errors import Corrupt, TaskboardError
from taskboard.testing.facts import about, claimed, created
from taskboard.testing.files import SimFiles
from taskboard.testing.ledger import history
from tests.ledgers.conftest import FOLDER, QUARANTINE, put, run, start, written


async def small_ledger(files, commits=4):
    """A ledger of several commits, one of them of three lines, and where each commit ends."""
    ledger = start(files)
    await ledger.append([created(1), created(2)])
    ends = [len(written(files))]
    for number in range(commits):
        drafts = [about(E.DECIDED, 1, data={"n": number})]
        if number == commits - 2:
            drafts = [claimed(1), about(E.STEP_STARTED, 1, run="agent-1"), about(E.DECIDED, 2)]
        await ledger.append(drafts)
        ends.append(len(written(files)))
    return ends


GARBAGE = {
    "nothing": b"",
    "nul": b"\0" * 37,
    "random": random.Random(7).randbytes(200),
    "half a character": b'{"v":1,"seq":9,"ts":"\xe2\x82',
    "a page of zeros": b"\0" * 4096,
    "lines": b"garbage\nmore\n",
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_a_tail_torn_at_any_byte_is_quarantined_and_cut(kind):
    async def main():
        files = SimFiles()
        ends = await small_ledger(files)
        whole = written(files)
        good = {}
        for end in ends:
            put(files, whole[:end])
            good[end] = await history(start(files, writable=False))
        for cut in range(ends[-4], len(whole) + 1):
            data = whole[:cut] + GARBAGE[kind]
            put(files, data)
            end = max(known for known in ends if known <= cut)
            torn = data[end:]
            read_only = start(files, writable=False)
            assert (await read_only.look()).seq == good[end][-1].seq
            assert written(files) == data, "who only reads writes nothing"
            events = await history(start(files))
            assert events[: len(good[end])] == good[end]
            if not torn:
                assert events == good[end]
                continue
            (repaired,) = events[len(good[end]) :]
            assert repaired.type == E.LEDGER_REPAIRED
            assert (repaired.data["offset"], repaired.data["bytes"]) == (end, len(torn))
            name = QUARANTINE / repaired.data["quarantine"]
            assert files.read(name) == torn
            files.remove(name)

    run(main())


def test_a_torn_first_commit_leaves_an_empty_ledger_that_opens_again():
    async def main():
        files = SimFiles()
        await small_ledger(files)
        put(files, written(files)[:700])
        world = await start(files).look()
        assert world.tasks == {}
        types = [e.type for e in await history(start(files))]
        assert types == [E.LEDGER_OPENED, E.LEDGER_REPAIRED]

    run(main())


@pytest.mark.parametrize("bit", [0, 5, 7])
def test_a_flipped_bit_is_found_wherever_it_is(bit):
    async def main():
        files = SimFiles()
        ends = await small_ledger(files)
        whole = written(files)
        last = ends[-2]
        for place in range(0, len(whole), 3):
            data = bytearray(whole)
            data[place] ^= 1 << bit
            put(files, data)
            proof = await start(files).verify()
            assert not proof.ok
            assert proof.fault.byte <= place
            if place < last:
                with pytest.raises(Corrupt) as caught:
                    await start(files).look()
                assert caught.value.data["byte"] <= place
                assert caught.value.exit_code == 65
                assert str(caught.value.data["byte"]) in caught.value.message
                with pytest.raises(Corrupt):
                    await start(files).append([about(E.DECIDED)])
                assert written(files) == bytes(data), "nothing may be written to a damaged ledger"

    run(main())


def test_lines_dropped_swapped_or_doubled_are_found():
    async def main():
        files = SimFiles()
        await small_ledger(files, commits=5)
        whole = written(files)
        lines = whole.splitlines(keepends=True)
        spoiled = []
        for n in range(len(lines) - 1):
            spoiled.append([*lines[:n], *lines[n + 1 :]])
            spoiled.append([*lines[:n], lines[n + 1], lines[n], *lines[n + 2 :]])
        spoiled += [[*lines[: n + 1], *lines[n:]] for n in range(len(lines))]
        for one in spoiled:
            put(files, b"".join(one))
            assert not (await start(files).verify()).ok
            with pytest.raises(Corrupt):
                await start(files).look()
        put(files, whole)
        assert (await start(files).verify()).ok

    run(main())


def test_a_well_chained_line_that_the_state_machine_forbids_is_damage():
    async def main():
        files = SimFiles()
        ledger = start(files)
        await ledger.append([created(1), claimed(1)])
        end = len(written(files))
        other = SimFiles()
        forger = start(other)
        await forger.append([created(1), claimed(1)])
        put(other, written(files))
        forged = start(other)
        world = await forged.look()
        ready = world.tasks["id-1"]
        world.tasks["id-1"] = msgspec.structs.replace(ready, status=READY, run=None)
        await forged.append([claimed(1, attempt=2)])
        put(files, written(other))
        with pytest.raises(Corrupt) as caught:
            await start(files).look()
        assert caught.value.data["byte"] == end
        assert not (await start(files).verify()).ok

    run(main())


def test_a_line_of_a_newer_version_stops_an_older_program():
    async def main():
        files = SimFiles()
        await start(files).append([created(1)])
        whole = written(files)
        last = decode(whole.splitlines(keepends=True)[-1])
        _, line = seal(
            msgspec.structs.replace(last, v=2, seq=last.seq + 1, prev=last.hash, hash="")
        )
        put(files, whole + line)
        with pytest.raises(Corrupt, match="newer"):
            await start(files).look()

    run(main())


def test_objects_survive_and_damaged_ones_are_named():
    async def main():
        files = SimFiles()
        ledger = start(files)
        digest = await ledger.keep(b"the text")
        gone = await ledger.keep(b"another text")
        await ledger.append([created(1, text=digest), created(2, text=gone)])
        files.crash(random.Random(3))
        assert await start(files).fetch(digest) == b"the text"
        assert (await start(files).verify()).ok
        folder = FOLDER / ".taskboard" / "objects"
        assert files.stat(folder / digest).mode & 0o777 == 0o600
        files.remove(folder / gone)
        files.write(folder / digest, b"the texT")
        assert (await start(files).verify()).missing_objects == [digest, gone]
        with pytest.raises(Corrupt):
            await start(files).fetch(digest)

    run(main())


def test_secrets_are_redacted_but_never_what_people_typed():
    def redact(value):
        if isinstance(value, str):
            return value.replace("hunter22", "[redacted]")
        if isinstance(value, dict):
            return {key: redact(one) for key, one in value.items()}
        return value

    async def main():
        files = SimFiles()
        ledger = start(files, redact=redact)
        made = created(1, fields={"run": "echo hunter22"}, note="saw hunter22")
        (event,) = await ledger.append([made])
        assert event.data["fields"] == {"run": "echo hunter22"}
        assert event.data["note"] == "saw [redacted]"
        assert event.data["title"] == made.data["title"]
        (event,) = await ledger.append([about(E.DECIDED, 1, data={"error": "hunter22"})])
        assert event.data == {"error": "[redacted]"}

    run(main())


def test_an_event_over_the_limit_is_refused_alone():
    async def main():
        files = SimFiles()
        ledger = start(files)
        tries = [
            ledger.append([created(1)]),
            ledger.append([created(2, note="x" * 70_000)]),
            ledger.append([created(3)]),
        ]
        one, two, three = await asyncio.gather(*tries, return_exceptions=True)
        assert isinstance(two, TaskboardError)
        assert two.code == "internal"
        assert one[0].seq == 2
        assert three[0].seq == 3

    run(main())


def test_who_gives_up_before_its_turn_has_written_nothing():
    async def main():
        files = SimFiles()
        ledger = start(files)
        await ledger.append([created(1)])
        before = written(files)
        waiting = asyncio.create_task(ledger.append([created(2)]))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert written(files) == before

    run(main())
