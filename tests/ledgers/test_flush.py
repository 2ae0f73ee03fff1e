import asyncio
import threading

import pytest

from taskboard.errors import Storage
from taskboard.ledgers.jsonl.flush import Flusher


class Disk:
    """A disk whose syncs take as long as they are told to, and may fail."""

    def __init__(self):
        self.syncs = 0
        self.threads = set()
        self.seconds = 0.0
        self.took = 0.0
        self.fails = False
        self.go_on = threading.Event()
        self.go_on.set()

    def sync(self):
        self.go_on.wait(10)
        self.syncs += 1
        self.threads.add(threading.current_thread() is threading.main_thread())
        self.seconds += self.took
        if self.fails:
            raise Storage("the disk failed")


def flusher(disk, *, threads=True):
    return Flusher(disk.sync, threads=threads, seconds=lambda: disk.seconds)


def hold(flush, loop, ends):
    """Several who wait when the flush begins."""
    flush.wrote(max(ends))
    waiting = [loop.create_future() for _ in ends]
    for end, done in zip(ends, waiting, strict=True):
        flush.hold(end, done, end)
    flush.flush(loop)
    return waiting


def test_several_share_one_sync():
    async def main():
        disk = Disk()
        waiting = hold(flusher(disk), asyncio.get_running_loop(), [1, 2, 3])
        assert await asyncio.gather(*waiting) == [1, 2, 3]
        assert disk.syncs == 1

    asyncio.run(main())


def test_what_is_durable_is_not_synced_again():
    async def main():
        disk = Disk()
        flush = flusher(disk)
        flush.wrote(10)
        await flush.until(10)
        await flush.until(10)
        flush.now()
        assert disk.syncs == 1

    asyncio.run(main())


def test_on_a_slow_disk_several_share_a_thread_and_later_ones_the_next_sync():
    async def main():
        disk = Disk()
        disk.took = 0.01
        loop = asyncio.get_running_loop()
        flush = flusher(disk)
        await asyncio.gather(*hold(flush, loop, [1, 2]))
        assert disk.threads == {True}, "nobody knew yet that it is slow"
        disk.threads.clear()
        disk.go_on.clear()
        first = hold(flush, loop, [3, 4])
        later = hold(flush, loop, [5, 6])
        await asyncio.sleep(0)
        assert not any(one.done() for one in first + later)
        disk.go_on.set()
        assert await asyncio.gather(*first) == [3, 4]
        assert not any(one.done() for one in later), "written after that sync began"
        assert await asyncio.gather(*later) == [5, 6]
        assert disk.syncs == 3
        assert disk.threads == {False}

    asyncio.run(main())


def test_in_a_simulation_nothing_goes_to_a_thread():
    async def main():
        disk = Disk()
        disk.took = 1.0
        flush = flusher(disk, threads=False)
        for end in (2, 4):
            hold(flush, asyncio.get_running_loop(), [end - 1, end])
        assert disk.threads == {True}

    asyncio.run(main())


@pytest.mark.parametrize("slow", [False, True])
def test_a_failed_sync_is_everybodys_and_for_good(slow):
    async def main():
        disk = Disk()
        disk.took = 0.01 if slow else 0.0
        loop = asyncio.get_running_loop()
        flush = flusher(disk)
        await asyncio.gather(*hold(flush, loop, [1]))
        disk.fails = True
        disk.go_on.clear() if slow else None
        waiting = hold(flush, loop, [2, 3])
        if slow:
            waiting += hold(flush, loop, [4])
        disk.go_on.set()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(one, Storage) for one in results)
        assert len({id(one) for one in results}) == len(results)
        disk.fails = False
        with pytest.raises(Storage):
            await flush.until(5)
        with pytest.raises(Storage):
            flush.now()
        assert disk.syncs == 2, "a failed sync is never tried again"

    asyncio.run(main())


def test_who_was_cancelled_is_passed_over():
    async def main():
        disk = Disk()
        disk.took = 0.01
        loop = asyncio.get_running_loop()
        flush = flusher(disk)
        await asyncio.gather(*hold(flush, loop, [1]))
        disk.go_on.clear()
        one, other = hold(flush, loop, [2, 3])
        one.cancel()
        disk.go_on.set()
        assert await other == 3

    asyncio.run(main())


def test_a_loop_that_was_closed_in_the_middle_blocks_nobody():
    disk = Disk()
    disk.took = 0.01
    flush = flusher(disk)

    async def leave():
        loop = asyncio.get_running_loop()
        await asyncio.gather(*hold(flush, loop, [1]))
        hold(flush, loop, [2, 3])

    async def come_again():
        flush.wrote(4)
        await flush.until(4)

    asyncio.run(leave())
    asyncio.run(come_again())
