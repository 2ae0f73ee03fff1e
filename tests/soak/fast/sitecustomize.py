"""Time that runs faster, for every Python that is started with this folder on its path.

All three clocks and every wait are ``TASKBOARD_SOAK_FACTOR`` times as fast as the machine's own,
in each process alike; processes and files stay real.
"""

from __future__ import annotations

import asyncio
import os
import selectors
import time
from datetime import UTC, datetime, timedelta

from taskboard import clock

FACTOR = float(os.environ["TASKBOARD_SOAK_FACTOR"])
BEGAN = float(os.environ["TASKBOARD_SOAK_BEGAN"])
"""The real moment (Unix seconds) at which both times were the same."""


class FastSelector(selectors.DefaultSelector):
    def select(self, timeout: float | None = None):
        return super().select(None if timeout is None else timeout / FACTOR)


class FastLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        super().__init__(FastSelector())

    def time(self) -> float:
        return time.monotonic() * FACTOR


class FastPolicy(asyncio.DefaultEventLoopPolicy):
    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        return FastLoop()


def now(_clock: clock.SystemClock) -> datetime:
    began = datetime.fromtimestamp(BEGAN, UTC)
    return began + timedelta(seconds=(time.time() - BEGAN) * FACTOR)


asyncio.set_event_loop_policy(FastPolicy())
clock.SystemClock.now = now
clock.SystemClock.boot = lambda _: time.clock_gettime(clock._COUNTS_SLEEP) * FACTOR
clock.SystemClock.awake = lambda _: time.clock_gettime(clock._COUNTS_AWAKE) * FACTOR

if version := os.environ.get("TASKBOARD_SOAK_VERSION"):
    import taskboard

    taskboard.__version__ = version
