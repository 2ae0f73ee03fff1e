"""One flush for all who wait: a record is acknowledged when a sync that began after it was
written has ended well."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from taskboard.errors import Storage


class Flusher:
    """Shares syncs among the appenders of one process. ``sync`` makes everything written so far
    durable or raises ``Storage``, which is final: everyone who waits now or later gets it.

    A lone appender syncs in place, which costs less than handing over to a thread; several
    share one sync in a thread, and whoever writes meanwhile shares the next. Without ``threads``
    (a simulated clock or disk) every sync is in place.
    """

    def __init__(self, sync: Callable[[], None], *, threads: bool) -> None:
        self._sync = sync
        self._threads = threads
        self._written = 0
        self._durable = 0
        self._trouble: Storage | None = None
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        """The loop that a flush is under way on, or about to be."""

    def wrote(self, end: int) -> None:
        """Bytes up to ``end`` are in the file, by whomever."""
        self._written = max(self._written, end)

    def check(self) -> None:
        """Raises ``Storage`` after a failed sync."""
        if self._trouble is not None:
            raise _again(self._trouble)

    def now(self) -> None:
        """Sync in place if anything written is not durable. Raises ``Storage``."""
        self.check()
        if self._durable < self._written:
            target = self._written
            self._run()
            self._durable = max(self._durable, target)

    async def until(self, end: int) -> None:
        """Return when bytes up to ``end`` are durable. Raises ``Storage``."""
        self.check()
        if self._durable >= end:
            return
        loop = asyncio.get_running_loop()
        if self._loop is not loop:  # idle, or left behind by a loop that was closed
            self._loop = loop
            self._waiting = []
            # One turn of the loop lets every task that is ready append first.
            loop.call_soon(self._begin)
        done = loop.create_future()
        self._waiting.append((end, done))
        await done

    def _begin(self) -> None:
        loop = self._loop
        assert loop is not None
        if self._threads and len(self._waiting) > 1:
            target = self._written
            flush = loop.run_in_executor(None, self._run)
            flush.add_done_callback(lambda ended: self._ended(target, ended.exception()))
            return
        try:
            self.now()
        except Storage as trouble:
            self._ended(0, trouble)
        else:
            self._ended(self._durable, None)

    def _run(self) -> None:
        try:
            self._sync()
        except Storage as trouble:
            self._trouble = trouble
            raise

    def _ended(self, target: int, trouble: BaseException | None) -> None:
        if trouble is None:
            self._durable = max(self._durable, target)
        later = []
        for end, done in self._waiting:
            if done.done():  # its task was cancelled
                continue
            if trouble is not None:
                done.set_exception(_again(trouble))
            elif end <= self._durable:
                done.set_result(None)
            else:
                later.append((end, done))
        self._waiting = later
        if later and self._loop is not None:
            self._loop.call_soon(self._begin)
        else:
            self._loop = None


def _again(trouble: BaseException) -> BaseException:
    """The same trouble for one more waiter: an exception raised twice gathers tracebacks."""
    if isinstance(trouble, Storage):
        return Storage(trouble.message, hint=trouble.hint, data=trouble.data)
    return trouble
