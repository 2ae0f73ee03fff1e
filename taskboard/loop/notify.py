"""Telling people what happened, beside the turn: one at a time, never before it is durable.

At least once. What is worth telling stands in the ledger; a telling that ended is recorded there
after it. A process that dies between the two tells that one fact again when it is next there:
that is better than a failure at night of which nobody hears. Every fact carries its event's id,
for those who must not act twice. A command that fails is recorded (``delivery_failed``) and not
tried again: what it is for has its own ways to insist.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from taskboard.core.event import Event
from taskboard.core.notice import (
    SINGLY,
    Notice,
    Outbox,
    beginning,
    outcome,
    place,
    single,
    summary,
)
from taskboard.errors import TaskboardError
from taskboard.log import log
from taskboard.loop.bell import Bell
from taskboard.loop.context import Context

DRAIN = 10.0
"""Seconds that a process which ends still waits for what is being told. The rest is told by the
next one."""

_LOOK_BACK = 50_000
"""Events that are searched for how far telling has come."""
_WINDOW = 2000


class Notifier:
    """Tells one workspace's news for as long as this process works on it. Without a bell it does
    nothing at all."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._box: Outbox | None = None
        self._seen = 0
        self._news = asyncio.Event()
        self._closing = False
        self._job: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin, with what was left untold."""
        bell = self._ctx.bell
        if bell is not None and self._job is None:
            if bell.take():
                await self._open()
            self._news.set()
            self._job = asyncio.create_task(self._work(bell))

    def news(self) -> None:
        """The ledger may say something new. Returns at once."""
        self._news.set()

    async def stop(self) -> None:
        """Tell what can be told within ``DRAIN`` seconds."""
        if self._job is None:
            return
        self._closing = True
        self._news.set()
        await asyncio.wait({self._job}, timeout=DRAIN)
        self.abandon()
        with suppress(asyncio.CancelledError):
            await self._job

    def abandon(self) -> None:
        """End at once; nothing that was not recorded counts as told."""
        if self._job is not None:
            self._job.cancel()

    async def _work(self, bell: Bell) -> None:
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                last = self._closing
                await self._tell_all(bell)
                if last:
                    return
        except (TaskboardError, OSError) as error:
            log.warning("notify stops: %s", error)
        finally:
            bell.leave()

    async def _tell_all(self, bell: Bell) -> None:
        """Tell until nothing is left, unless another process does or nothing may start here."""
        while bell.take() and self._ctx.untrusted() is None:
            box = await self._look()
            if not box.count:
                return
            notice = await self._next(box)
            began = self._ctx.clock.awake()
            rung = await bell.ring(notice.variables, notice.document)
            said = {"reason": rung.problem, "said": rung.said} if rung.problem else {}
            seconds = round(self._ctx.clock.awake() - began, 3)
            draft = outcome(notice, ok=not rung.problem, duration_s=seconds, **said)
            await self._ctx.ledger.append([draft])
            box.settle(notice.upto)
            if rung.problem:
                log.warning("notify failed: %s", rung.problem)

    async def _next(self, box: Outbox) -> Notice:
        """The oldest fact, or all of them when they are many."""
        tasks = (await self._ctx.ledger.look()).tasks
        if box.count <= SINGLY:
            event = box.waiting[0]
            return single(event, tasks.get(str(event.task_id)))
        return summary(box, tasks)

    async def _look(self) -> Outbox:
        """Read on in the ledger; the first time from where telling has come to."""
        box = self._box or await self._open()
        async for event, _line in self._ctx.history.read(self._seen):
            self._seen = event.seq
            box.take(event)
        return box

    async def _open(self) -> Outbox:
        self._seen = await self._place()
        self._box = Outbox(self._seen)
        return self._box

    async def _place(self) -> int:
        """The last sequence that is dealt with: what somebody told last, else the first start of
        a daemon that tells, else now. That now is recorded: whoever dies before it has told
        anything would leave nothing of which the next could know where telling began."""
        now = (await self._ctx.ledger.look()).seq
        found: int | None = None
        async for window in self._back(now):
            at, more = place(window)
            found = at if at is not None else found
            if not more:
                break
        if found is None:
            await self._ctx.ledger.append([beginning(now)])
        return found if found is not None else now

    async def _back(self, end: int) -> AsyncIterator[list[Event]]:
        """The ledger's last events, the newest first, a window at a time."""
        least = max(end - _LOOK_BACK, 0)
        while end > least:
            start = max(end - _WINDOW, least)
            window = []
            async for event, _line in self._ctx.history.read(start):
                if event.seq > end:
                    break
                window.append(event)
            yield window[::-1]
            end = start
