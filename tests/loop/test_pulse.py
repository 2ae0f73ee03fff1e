"""A pulse that the daemon's own loop gives: steady while it goes round, silent when it hangs."""

from __future__ import annotations

import asyncio
import math
from itertools import pairwise

import pytest
from msgspec.structs import replace

from taskboard.loop.daemon import Daemon


class Heart:
    """Remembers when it was told what."""

    def __init__(self, clock, every):
        self.clock, self.every = clock, every
        self.told = []

    def ready(self):
        self.told.append(("ready", self.clock.awake()))

    def beat(self):
        self.told.append(("beat", self.clock.awake()))

    def stopping(self):
        self.told.append(("stopping", self.clock.awake()))

    def gaps(self):
        return [b - a for (_, a), (_, b) in pairwise(self.told)]


class Quiet:
    def start(self, folder, names, tell):
        pass

    def stop(self):
        pass


def beside(desk, scene, *, every=math.inf, **settings):
    """Run ``scene`` beside a daemon with a heart; then stop it. The heart."""
    desk.settings = replace(desk.settings, **settings)
    desk.open()
    desk.save("# B\n\n## TASK-001 One\n- status: ready\n- run: ok\n")
    heart = Heart(desk.clock, every)

    async def both():
        daemon = Daemon(desk.ctx, desk.memory, Quiet(), pulse=heart)
        running = asyncio.create_task(daemon.run())
        try:
            await scene(daemon)
        finally:
            daemon.stop()
            await running

    desk.play(both())
    return heart


def test_it_is_ready_after_the_start_turn_and_says_so_once(desk):
    async def scene(_daemon):
        await asyncio.sleep(30)

    heart = beside(desk, scene)
    names = [name for name, _ in heart.told]
    assert (names[0], names.count("ready")) == ("ready", 1)
    assert (names[-1], names.count("stopping")) == ("stopping", 1)


@pytest.mark.parametrize("settings", [{}, {"poll": 3600.0}, {"poll": 3600.0, "debounce": 600.0}])
def test_it_beats_in_time_however_long_the_loop_may_wait(desk, settings):
    async def scene(daemon):
        await asyncio.sleep(100)
        daemon._told("task-board.md")
        daemon._noticed = None
        await asyncio.sleep(500)

    heart = beside(desk, scene, every=20.0, **settings)
    assert max(heart.gaps()) <= 20.5


def test_without_a_listener_the_loop_wakes_no_more_often(desk):
    async def scene(_daemon):
        await asyncio.sleep(3000)

    assert len(beside(desk, scene, poll=1000.0).told) < 20


def test_a_turn_that_hangs_is_silence(desk):
    """The event loop itself goes on, so a timer of its own would still beat."""

    async def scene(daemon):
        await asyncio.sleep(60)
        stuck = asyncio.Event()
        look = desk.ctx.ledger.look

        async def hang():
            await stuck.wait()
            return await look()

        object.__setattr__(desk.ctx.ledger, "look", hang)
        before = len(heart_of(daemon).told)
        await asyncio.sleep(1000)
        counts.append(len(heart_of(daemon).told) - before)
        object.__setattr__(desk.ctx.ledger, "look", look)
        stuck.set()

    def heart_of(daemon):
        return daemon._pulse

    counts = []
    beside(desk, scene, every=5.0)
    assert counts[0] <= 1
