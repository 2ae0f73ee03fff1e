"""Appends that meet share one write: all of it, or none, and each with its own answer."""

import asyncio

import pytest

from taskboard.core.event import EventType
from taskboard.errors import Refused, Storage
from taskboard.testing.facts import created
from taskboard.testing.files import SimFiles
from taskboard.testing.ledger import same
from tests.ledgers.conftest import MARK, run, start, written


class Counting(SimFiles):
    """Counts the writes to the ledger."""

    writes = 0

    def open_log(self, *given, **named):
        log, outer = super().open_log(*given, **named), self
        write = log.append

        def append(data):
            outer.writes += 1
            write(data)

        log.append = append
        return log


async def at_once(ledger, *drafts):
    return await asyncio.gather(*(ledger.append([d]) for d in drafts), return_exceptions=True)


def test_appends_that_meet_share_one_write():
    async def main():
        files = Counting()
        ledger = start(files)
        await ledger.append([created(0)])
        files.writes = 0
        answers = await at_once(ledger, *(created(n) for n in range(1, 9)))
        assert [a[0].task for a in answers] == [created(n).task for n in range(1, 9)]
        assert files.writes == 1
        assert same(await start(files).look(), await ledger.look())

    run(main())


def test_one_that_is_refused_takes_nobody_with_it():
    async def main():
        files = SimFiles()
        ledger = start(files)
        one, twice, other = await at_once(ledger, created(1), created(1), created(2))
        assert one[0].type == other[0].type == EventType.CREATED
        assert isinstance(twice, Refused)
        assert same(await start(files).look(), await ledger.look())

    run(main())


@pytest.mark.parametrize("before", [0, 1])
def test_a_full_disk_refuses_all_who_met_and_the_world_is_as_before(before):
    async def main():
        files = SimFiles()
        ledger = start(files)
        for n in range(before):
            await ledger.append([created(n)])
        world = await ledger.look()
        known, seq, head = dict(world.tasks), world.seq, world.head
        bytes_before = written(files) if before else b""
        files.fill_at(1)
        answers = await at_once(ledger, *(created(n) for n in range(1, 9)))
        assert all(isinstance(a, Storage) for a in answers), answers
        assert written(files) == bytes_before
        assert files.stat(MARK) is None
        assert await ledger.look() is world
        assert (world.tasks, world.seq, world.head) == (known, seq, head)
        answers = await at_once(ledger, *(created(n) for n in range(1, 9)))
        assert len({a[0].seq for a in answers}) == 8
        assert same(await start(files).look(), world)

    run(main())


def test_an_id_that_two_who_meet_have_is_recorded_once():
    async def main():
        ledger = start(SimFiles())
        draft = type(created(1))(
            type=EventType.ANOMALY_FLAGGED, data={"code": "TB000"}, id="01a1fb7e-once"
        )
        one, other = await at_once(ledger, draft, draft)
        assert one[0].seq == other[0].seq

    run(main())
