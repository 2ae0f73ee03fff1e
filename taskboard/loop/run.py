"""Supervising one run: its lease is kept while the work goes on, and whatever happens, the
process tree is gone before the run's ending is recorded. The work itself is ``loop.work``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import msgspec

from taskboard.core import ending
from taskboard.core.spending import Limit
from taskboard.core.task import Run, Task
from taskboard.errors import Refused, StaleRun, TaskboardError
from taskboard.ledger import Lease
from taskboard.log import log
from taskboard.loop.context import Active, Context, Memory
from taskboard.loop.owing import pay, unpaid
from taskboard.loop.work import Work
from taskboard.processes import Who

T = TypeVar("T")


class _Overslept(Exception):
    """The lease ran out before a process could begin: look before anything starts."""


class Supervisor:
    """Supervises one run. ``work`` is its whole life; ending it early means cancelling the
    asyncio task that runs it, after ``active.stop`` was set to the reason."""

    def __init__(  # noqa: PLR0917
        self,
        ctx: Context,
        memory: Memory,
        task: Task,
        lease: Lease,
        run: Run,
        limit: Limit | None = None,
    ) -> None:
        self.ctx, self.memory = ctx, memory
        self.task, self.lease, self.run = task, lease, run
        self.active: Active | None = None
        self._work = Work(
            ctx,
            memory,
            task,
            run,
            label=lease.label,
            limit=limit,
            watcher=self,
            trusting=self._trusting,
        )
        self._trusted = ctx.clock.boot() + lease.ttl_s
        """Until when nobody can have taken the run (boot clock: sleep counts)."""

    async def work(self) -> None:
        """Execute, validate, gate and record; never raises for what the work did."""
        try:
            with self.ctx.keep_awake():
                await self._guarded()
        finally:
            with suppress(TaskboardError):  # then whoever comes next does it
                await pay(self.ctx, self.task.task_id, self.run.run)
            self.ctx.leases.drop(self.lease)
            self.memory.active.pop(self.run.run, None)
            self.memory.tell()

    async def _guarded(self) -> None:
        keeper = asyncio.create_task(self._keep_lease())
        keeper.add_done_callback(self._keeper_ended)
        try:
            await self._work.to_the_end()
        except asyncio.CancelledError:
            if self.active is not None and self.active.stop == "release":
                with suppress(TaskboardError):  # then it is taken back like any dead run
                    bill = await unpaid(self.ctx, self.task.task_id, self.run.run)
                    said = ending.released(self._work.end(), "shutdown", **bill.as_data())
                    await self.ctx.ledger.append(said)
        except Refused as refused:
            log.info("%s: %s", self.lease.label, refused.message)
        except TaskboardError as trouble:
            log.warning("%s: %s", self.lease.label, trouble.message)
        except Exception:  # noqa: BLE001  the run is taken back and spent, so even a defect is tried boundedly
            log.exception("%s: its supervision failed", self.lease.label)
        finally:
            keeper.cancel()

    # What the executor tells us.

    def started(self, group: Who) -> None:
        """The process group stands in the lease before it can do anything that matters. Past
        the trusted time it may not: what is raised here ends it before it has begun."""
        self.lease = replace_group(self.lease, group)
        if self.ctx.clock.boot() >= self._trusted:
            raise _Overslept
        self.ctx.leases.renew(self.lease)

    def output(self, text: str) -> None:
        """Remember the end of it, for the terminal."""
        if self.active is not None:
            self.active.heard = self.ctx.clock.awake()
            self.active.tail = (self.active.tail + text)[-400:]

    # The lease.

    async def _keep_lease(self) -> None:
        """Renew every third of the ttl. Past the trusted time (sleep, a stopped process, a full
        disk) look at the ledger first: if it names another run, end ours."""
        while True:
            await asyncio.sleep(self.lease.ttl_s / 3)
            if self.ctx.clock.boot() >= self._trusted and not await self._is_current():
                return
            await self._renew()

    async def _renew(self) -> None:
        now = self.ctx.clock.boot()
        self.lease = bump(self.lease)
        try:
            renewed = self.ctx.leases.renew(self.lease)
            if not renewed and await self._is_current():  # somebody has cleared the folder away
                log.warning("%s: its lease was gone and is made again", self.lease.label)
                renewed = self.ctx.leases.take(self.lease)
        except OSError as trouble:  # a full disk may have room again before the ttl is over
            log.warning("%s: its lease was not renewed: %s", self.lease.label, trouble)
            return
        if renewed:
            self._trusted = now + self.lease.ttl_s

    async def _trusting(self, act: Callable[[], Awaitable[T]]) -> T:
        """Do what starts a process; after a sleep that came before it began, look and do it
        again, as the same run."""
        while True:
            try:
                return await act()
            except _Overslept:
                if not await self._is_current():
                    raise StaleRun(
                        f"{self.lease.label} was taken by another while this machine slept.",
                        task=self.task.task,
                    ) from None
                await self._renew()

    def _keeper_ended(self, keeper: asyncio.Task[None]) -> None:
        """Work without a keeper would be taken for dead while it goes on: end it."""
        if not keeper.cancelled() and keeper.exception() is not None:
            self._lose()

    async def _is_current(self) -> bool:
        world = await self.ctx.ledger.look()
        task = world.tasks.get(self.task.task_id)
        if task is not None and task.run is not None and task.run.run == self.run.run:
            return True
        self._lose()
        return False

    def _lose(self) -> None:
        if self.active is not None and self.active.stop is None:
            self.active.stop = "lost"
            self.active.job.cancel()


def replace_group(lease: Lease, group: Who) -> Lease:
    """The lease with the process group that does its work."""
    return msgspec.structs.replace(lease, group=group, renewals=lease.renewals + 1)


def bump(lease: Lease) -> Lease:
    """The lease, renewed once more."""
    return msgspec.structs.replace(lease, renewals=lease.renewals + 1)
