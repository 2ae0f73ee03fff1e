"""The limits of a run in time: its timeout, and how long it may be silent. Seconds awake."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from taskboard.clock import Clock
from taskboard.waiting import Wait, end

T = TypeVar("T")


class TooLong(Exception):
    """The work was ended: ``cause`` is ``timeout`` or ``stall``."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class Patience:
    """``heard`` is called at each sign of life."""

    def __init__(self, clock: Clock, timeout: float, stall: float | None) -> None:
        self._timeout = timeout
        self._stall = stall
        self._wait = Wait(clock)

    def heard(self) -> None:
        """Something came."""
        self._wait.heard()

    async def hold(self, work: Coroutine[Any, Any, T]) -> T:
        """Await ``work`` within the limits. Raises ``TooLong``. Whatever happens, the work has
        ended when this does, with all that it does at its end."""
        task = asyncio.ensure_future(work)
        try:
            cause = await self._wait.within(task, self._timeout, self._stall)
        finally:
            await end(task)
        if cause != "done":
            raise TooLong(cause)
        return task.result()
