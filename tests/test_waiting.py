from __future__ import annotations

import asyncio

import pytest

from taskboard.clock import SystemClock
from taskboard.waiting import Wait, end, whole


def test_a_limit_leaves_the_work_alone():
    async def story():
        work = asyncio.ensure_future(asyncio.sleep(0.2, "made"))
        assert await Wait(SystemClock()).within(work, 0.02, None) == "timeout"
        assert await Wait(SystemClock()).within(work, 60, 0.02) == "stall"
        assert not work.done()
        assert await Wait(SystemClock()).within(work, 60, 60) == "done"
        return work.result()

    assert asyncio.run(story()) == "made"


def test_what_is_waited_for_as_a_whole_is_whole_however_often_its_waiter_is_cancelled():
    told = []

    async def story():
        may_end = asyncio.Event()
        work = asyncio.ensure_future(may_end.wait())
        waiter = asyncio.create_task(whole(work, lambda: told.append(work.done())))
        for _ in range(2):
            await asyncio.sleep(0)
            waiter.cancel()
        await asyncio.sleep(0)
        assert not waiter.done()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await waiter
        return work.result()

    assert asyncio.run(story()) is True
    assert told == [False, False]


def test_what_is_ended_has_cleaned_up_and_what_it_raised_then_is_not_ours():
    cleaned = []

    async def messy():
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.01)
            cleaned.append(True)
            raise LookupError("in its own way")

    async def story():
        work = asyncio.ensure_future(messy())
        await asyncio.sleep(0)
        await end(work)
        assert work.done()
        await end(work)  # what is over stays over

    asyncio.run(story())
    assert cleaned == [True]
