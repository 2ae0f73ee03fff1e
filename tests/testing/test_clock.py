import asyncio
import time

import pytest

from taskboard.testing.clock import ManualClock, run_virtual


def test_waits_move_the_clock_and_take_no_time():
    clock = ManualClock()
    start, wall = time.monotonic(), clock.now()
    seen = []

    async def wait(name, seconds):
        await asyncio.sleep(seconds)
        seen.append((name, round(clock.awake() - 900)))

    async def main():
        async with asyncio.TaskGroup() as group:
            group.create_task(wait("late", 7200))
            group.create_task(wait("early", 60))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 30)

    run_virtual(main(), clock)
    assert seen == [("early", 60), ("late", 7200)]
    assert round((clock.now() - wall).total_seconds()) == 7230
    assert time.monotonic() - start < 5


def test_what_goes_to_a_thread_runs_in_turn():
    async def main():
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 / 0)
        return await asyncio.to_thread(sum, [1, 2])

    assert run_virtual(main(), ManualClock()) == 3


def test_waiting_for_nothing_is_an_error_and_no_hang():
    async def main():
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="for ever"):
        run_virtual(main(), ManualClock())


def test_sleep_counts_for_the_boot_clock_only():
    clock = ManualClock()
    clock.advance(5)
    clock.sleep(100)
    assert (clock.boot(), clock.awake()) == (1105.0, 905.0)


def test_one_seed_gives_one_row_of_ids_and_numbers():
    one, same, other = ManualClock(seed=1), ManualClock(seed=1), ManualClock(seed=2)
    row = [one.uuid(), one.random()]
    assert row == [same.uuid(), same.random()]
    assert row != [other.uuid(), other.random()]
    assert row[0][14] == "7"
