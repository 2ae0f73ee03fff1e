"""Waiting for work of our own: within limits, which count time awake, and to its very end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from taskboard.clock import Clock

_NAP = 1.0
"""Seconds between two looks at the clock. One that takes much longer was no wait of ours: this
process was stopped (a frozen machine, Ctrl-Z), and that is nobody's working time."""


class Wait:
    """A wait for work that gives signs of life: ``heard`` is called at each."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heard = clock.awake()

    def heard(self) -> None:
        """Something came."""
        self._heard = self._clock.awake()

    async def within(
        self,
        work: asyncio.Future[Any],
        timeout: float,  # noqa: ASYNC109 - seconds awake, which asyncio cannot count
        stall: float | None,
    ) -> str:
        """Wait until it is done, or ``timeout`` is over, or nothing came for ``stall``: answers
        ``done timeout`` or ``stall``. The work is left alone."""
        self._heard = began = self._clock.awake()
        while not work.done():
            until, cause = began + timeout, "timeout"
            if stall is not None and self._heard + stall < until:
                until, cause = self._heard + stall, "stall"
            left = until - self._clock.awake()
            if left <= 0:
                return cause
            # The loop's timer may count sleep; the clock is asked again after it.
            nap, before = min(max(left, 0.01), _NAP), self._clock.awake()
            await asyncio.wait({work}, timeout=nap)
            now = self._clock.awake()
            stopped = now - before - nap
            if stopped > _NAP:
                began += stopped
                self._heard = min(self._heard + stopped, now)
        return "done"


async def whole(work: asyncio.Future[Any], told: Callable[[], object] = lambda: None) -> None:
    """Wait until it is done, however often we are cancelled meanwhile: ``told`` is called when we
    are, and the cancellation goes on at the end. What the work raised is its own to say."""
    cancelled = False
    while not work.done():
        try:
            await asyncio.wait({work})
        except asyncio.CancelledError:
            cancelled = True
            told()
    if cancelled:
        _seen(work)
        raise asyncio.CancelledError


async def end(work: asyncio.Future[Any]) -> None:
    """Cancel it and wait until it has cleaned up, however often we are cancelled meanwhile."""
    if not work.done():
        work.cancel()
        await whole(work)
        _seen(work)


def _seen(work: asyncio.Future[Any]) -> None:
    """What it raised is not what counts now."""
    if not work.cancelled():
        work.exception()
