"""Full disks, failed syncs, and files that are replaced under a running process."""

import asyncio
import random

import pytest

from taskboard.core.event import EventType as E
from taskboard.errors import Corrupt, Storage
from taskboard.testing.facts import about, created
from taskboard.testing.files import SimFiles
from taskboard.testing.ledger import history, same
from tests.ledgers.conftest import FOLDER, MARK, PATH, QUARANTINE, run, start, written


def test_a_full_disk_refuses_one_append_and_nothing_else():
    async def main():
        files = SimFiles()
        ledger = start(files)
        await ledger.append([created(1)])
        before = written(files)
        files.fill_at(1)
        with pytest.raises(Storage):
            await ledger.append([created(2)])
        assert written(files) == before
        assert files.stat(MARK) is None
        assert set((await ledger.look()).tasks) == {"id-1"}
        await ledger.append([created(2)])
        assert same(await start(files).look(), await ledger.look())

    run(main())


def test_a_failed_sync_is_final_for_everyone_until_the_next_start():
    async def main():
        files = SimFiles()
        ledger, other = start(files), start(files)
        await ledger.append([created(1)])
        await other.look()
        files.fail_sync_at(1)
        tries = [ledger.append([about(E.DECIDED, 1, data={"n": n})]) for n in range(3)]
        results = await asyncio.gather(*tries, return_exceptions=True)
        assert all(isinstance(one, Storage) for one in results), "nobody may be told it is safe"
        assert files.stat(MARK) is not None
        for one in (ledger, other):
            with pytest.raises(Storage):
                await one.append([created(2)])
            with pytest.raises(Storage):
                await one.look()
        old = written(files)
        fresh = start(files)
        world = await fresh.look()
        assert "id-1" in world.tasks
        assert files.stat(MARK) is None
        repaired = (await history(fresh))[-1]
        assert (repaired.type, repaired.data["reason"]) == (E.LEDGER_REPAIRED, "failed_sync")
        assert files.read(QUARANTINE / repaired.data["quarantine"]) == old
        await fresh.append([created(2)])
        with pytest.raises(Storage):
            await ledger.append([created(3)])
        files.crash(random.Random(1))
        after = await start(files).look()
        assert set(after.tasks) == {"id-1", "id-2"}

    run(main())


def test_a_write_that_fails_for_any_other_reason_than_a_full_disk_is_final_too():
    async def main():
        seen = []
        files = SimFiles(between=seen.append)
        ledger = start(files)
        await ledger.append([created(1)])
        seen.clear()
        await ledger.append([about(E.DECIDED)])
        files.fail_at(1 + seen.index(f"write {PATH}"))
        with pytest.raises(Storage):
            await ledger.append([created(2)])
        assert files.stat(MARK) is not None
        with pytest.raises(Storage):
            await ledger.append([created(2)])
        assert set((await start(files).look()).tasks) == {"id-1"}

    run(main())


def test_a_replaced_file_that_lost_what_was_read_is_a_rollback():
    async def main():
        files = SimFiles()
        ledger = start(files)
        await ledger.append([created(1)])
        short = written(files)
        await ledger.append([created(2)])
        files.write(PATH, short)
        for _ in range(2):
            with pytest.raises(Corrupt) as caught:
                await ledger.append([created(3)])
            assert caught.value.code == "ledger_rollback"
        assert written(files) == short

    run(main())


def test_a_replaced_file_that_goes_on_is_followed():
    async def main():
        files = SimFiles()
        ledger = start(files)
        await ledger.append([created(1)])
        files.write(PATH, written(files))
        await start(files).append([created(2)])
        assert set((await ledger.look()).tasks) == {"id-1", "id-2"}
        await ledger.append([created(3)])
        assert set((await start(files).look()).tasks) == {"id-1", "id-2", "id-3"}

    run(main())


def test_a_vanished_file_is_never_quietly_begun_anew():
    async def main():
        files = SimFiles()
        ledger = start(files)
        await ledger.append([created(1)])
        files.remove(PATH)
        with pytest.raises(Corrupt):
            await ledger.append([created(2)])
        assert files.stat(PATH) is None

    run(main())


def test_who_only_reads_makes_no_file():
    async def main():
        files = SimFiles()
        ledger = start(files, writable=False)
        assert (await ledger.look()).seq == 0
        assert (await ledger.verify()).ok
        assert files.names(FOLDER) == []
        with pytest.raises(Storage):
            await ledger.append([created(1)])

    run(main())
