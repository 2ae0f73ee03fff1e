"""One flush for all who wait: a record is acknowledged when a sync that began after it was
written has ended well."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from taskboard.errors import Storage

if TYPE_CHECKING:
    import asyncio

_QUICK = 0.001
"""Seconds that nobody minds the loop standing still."""
_ALONE = 4
"""How often somebody may append at once before the loop has a turn again."""


class Flusher:
    """Shares syncs among the tasks of one process. ``sync`` makes everything written so far
    durable or raises ``Storage``, which is final: everyone who waits now or later gets it.

    Somebody alone syncs in place, and so do several on a disk whose last sync was quick
    (``seconds`` tells the time): handing over to a thread would cost more. On a slow disk
    several share one sync in a thread, the loop goes on, and whoever writes meanwhile shares the
    next. Without ``threads`` (a simulated clock or disk) every sync is in place.
    """

    def __init__(
        self, sync: Callable[[], None], *, threads: bool, seconds: Callable[[], float]
    ) -> None:
        self._sync = sync
        self._threads = threads
        self._seconds = seconds
        self._took = 0.0
        self._written = 0
        self._durable = 0
        self._trouble: BaseException | None = None
        self._waiting: list[tuple[int, asyncio.Future[Any], Any]] = []
        self._lone = 0
        """Appends since two last met."""
        self._busy: asyncio.AbstractEventLoop | None = None
        """The loop that a sync in a thread is under way for."""

    def expects_company(self, waiting: int) -> bool:
        """Whether to give the loop a turn before writing. Who has been alone for a while does
        so every few appends only, while the disk is quick: a turn costs a tenth of a flush."""
        if waiting > 1:
            return True
        self._lone += 1
        return self._lone <= _ALONE or self._lone % _ALONE == 0 or not self.is_quick

    def met(self) -> None:
        """Several were written at once."""
        self._lone = 0

    def wrote(self, end: int) -> None:
        """Bytes up to ``end`` are in the file, by whomever."""
        self._written = max(self._written, end)

    def check(self) -> None:
        """Raises ``Storage`` after a failed sync."""
        if self._trouble is not None:
            raise again(self._trouble)

    def now(self) -> None:
        """Sync in place if anything written is not durable. Raises ``Storage``."""
        self.check()
        if self._durable < self._written:
            target = self._written
            self._run()
            self._durable = max(self._durable, target)

    def hold(self, end: int, done: asyncio.Future[Any], result: Any) -> None:
        """Give ``result`` to ``done`` once bytes up to ``end`` are durable; ``flush`` begins."""
        self._waiting.append((end, done, result))

    @property
    def is_clean(self) -> bool:
        """Whether everything written is durable."""
        return self._trouble is None and self._durable >= self._written

    @property
    def is_quick(self) -> bool:
        """Whether a sync is so short that it may be done several times in one turn."""
        return self._took <= _QUICK

    def is_slow(self, waiting: int, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether so many had better be on hold: a sync is under way, or one will be in a thread.
        Else ``now`` serves them."""
        if self._busy is loop:
            return True
        return self._took > _QUICK and waiting > 1 and self._threads

    def flush(self, loop: asyncio.AbstractEventLoop) -> None:
        """Serve those on hold, now or after the sync that is under way."""
        if self._busy is loop:
            return
        self._busy = None  # a loop that was closed left it behind
        if self.is_slow(len(self._waiting), loop):
            self._busy = loop
            target = self._written
            flush = loop.run_in_executor(None, self._run)
            flush.add_done_callback(lambda ended: self._ended(loop, target, ended.exception()))
            return
        try:
            self.now()
        except BaseException as trouble:
            self._serve(trouble)
            if isinstance(trouble, KeyboardInterrupt | SystemExit):
                raise
        else:
            self._serve(None)

    async def until(self, end: int) -> None:
        """Return when bytes up to ``end`` are durable. Raises ``Storage``."""
        self.check()
        if self._durable < end:
            import asyncio

            loop = asyncio.get_running_loop()
            done: asyncio.Future[None] = loop.create_future()
            self.hold(end, done, None)
            self.flush(loop)
            await done

    def _run(self) -> None:
        if self._trouble is not None:
            raise self._trouble
        began = self._seconds()
        try:
            self._sync()
        except BaseException as trouble:
            self._trouble = trouble  # whatever it was: nobody knows what is durable
            raise
        self._took = self._seconds() - began

    def _ended(
        self, loop: asyncio.AbstractEventLoop, target: int, trouble: BaseException | None
    ) -> None:
        if trouble is None:
            self._durable = max(self._durable, target)
        if self._busy is loop:
            self._busy = None
        self._serve(trouble)
        if self._waiting:
            self.flush(loop)

    def _serve(self, trouble: BaseException | None) -> None:
        later = []
        for one in self._waiting:
            end, done, result = one
            if done.done():  # its task was cancelled
                continue
            if trouble is not None:
                done.set_exception(again(trouble))
            elif end <= self._durable:
                done.set_result(result)
            else:
                later.append(one)
        self._waiting = later


def again(trouble: BaseException) -> BaseException:
    """The same trouble for one more waiter; an exception raised twice gathers tracebacks."""
    if isinstance(trouble, Storage):
        return Storage(trouble.message, hint=trouble.hint, data=trouble.data)
    return trouble
