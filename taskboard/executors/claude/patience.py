"""The limits of a run in time: its timeout, and how long it may be silent. Seconds awake."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from taskboard.clock import Clock

_NAP = 1.0
"""Seconds between two looks at the clock. One that takes much longer was no wait of ours: this
process was stopped, and that is nobody's working time."""

T = TypeVar("T")


class TooLong(Exception):
    """The work was ended: ``cause`` is ``timeout`` or ``stall``."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class Patience:
    """``heard`` is called at each sign of life."""

    def __init__(self, clock: Clock, timeout: float, stall: float | None) -> None:
        self._clock = clock
        self._timeout = timeout
        self._stall = stall
        self._heard = clock.awake()

    def heard(self) -> None:
        """Something came."""
        self._heard = self._clock.awake()

    async def hold(self, work: Coroutine[Any, Any, T]) -> T:
        """Await ``work`` within the limits. Raises ``TooLong``. Whatever happens, the work has
        ended when this does, with all that it does at its end."""
        task = asyncio.ensure_future(work)
        try:
            cause = await self._wait(task)
        finally:
            await _end(task)
        if cause:
            raise TooLong(cause)
        return task.result()

    async def _wait(self, task: asyncio.Future[Any]) -> str:
        self._heard = began = self._clock.awake()
        while not task.done():
            until, cause = began + self._timeout, "timeout"
            if self._stall is not None and self._heard + self._stall < until:
                until, cause = self._heard + self._stall, "stall"
            left = until - self._clock.awake()
            if left <= 0:
                return cause
            nap, before = min(max(left, 0.01), _NAP), self._clock.awake()
            await asyncio.wait({task}, timeout=nap)
            now = self._clock.awake()
            stopped = now - before - nap
            if stopped > _NAP:
                began += stopped
                self._heard = min(self._heard + stopped, now)
        return ""


async def _end(task: asyncio.Future[Any]) -> None:
    """Cancel it and wait for its end, however often we are cancelled meanwhile."""
    if task.done():
        return
    task.cancel()
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    if not task.cancelled():
        task.exception()  # seen: the limit or the cancellation is what counts now
    if cancelled:
        raise asyncio.CancelledError
