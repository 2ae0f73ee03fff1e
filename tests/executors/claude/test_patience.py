from __future__ import annotations

import asyncio

import pytest

from taskboard.clock import SystemClock
from taskboard.executors.claude.patience import Patience, TooLong


class Frozen(SystemClock):
    time = 0.0

    def awake(self):
        return self.time


class Stopped(SystemClock):
    """The clock of a process that is stopped for an hour, without the hour."""

    skipped = 0.0

    def awake(self):
        return super().awake() + self.skipped


def test_time_asleep_does_not_count():
    patience = Patience(Frozen(), 0.05, 0.05)
    assert asyncio.run(patience.hold(asyncio.sleep(0.3, "done"))) == "done"


def test_time_in_which_we_were_stopped_ourselves_does_not_count():
    clock = Stopped()

    async def work():
        await asyncio.sleep(0.05)
        clock.skipped = 3600.0
        await asyncio.sleep(1.1)  # until the next look
        return "done"

    assert asyncio.run(Patience(clock, 5.0, 5.0).hold(work())) == "done"


def test_signs_of_life_hold_the_stall_off_and_not_the_timeout():
    patience = Patience(SystemClock(), 0.6, 0.2)

    async def live():
        while True:
            patience.heard()
            await asyncio.sleep(0.02)

    with pytest.raises(TooLong) as late:
        asyncio.run(patience.hold(live()))
    assert late.value.cause == "timeout"


def test_work_that_is_slow_to_end_is_waited_for_however_often_it_is_cancelled():
    ended = []

    async def slow():
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.1)
            ended.append(True)

    async def impatient():
        task = asyncio.create_task(Patience(SystemClock(), 60, None).hold(slow()))
        for _ in range(3):
            await asyncio.sleep(0.02)
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()

    asyncio.run(impatient())
    assert ended == [True]


def test_what_the_work_raises_goes_on():
    async def fail():
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        asyncio.run(Patience(SystemClock(), 60, None).hold(fail()))
