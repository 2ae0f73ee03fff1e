"""One run, from its claim to its one ending: execute, validate, gate, record.

The supervisor renews the lease while the work goes on, not the work itself. Whatever happens,
the process tree is gone before the run's ending is recorded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import msgspec

from taskboard.core import ending
from taskboard.core.ending import Ending
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.gate import gate
from taskboard.core.outcome import (
    Cancelled,
    Failed,
    NeedsInput,
    Outcome,
    Receipt,
    Snoozed,
    Succeeded,
    Unable,
)
from taskboard.core.task import Run, Task, owner_of
from taskboard.core.units import read_duration
from taskboard.errors import Refused, StaleRun, TaskboardError
from taskboard.executor import Order
from taskboard.ledger import Lease
from taskboard.log import log
from taskboard.loop import evidence
from taskboard.loop.context import Active, Context, Memory
from taskboard.processes import Who

T = TypeVar("T")

GENERATE, VALIDATE = "generate", "validate"


class _Overslept(Exception):
    """The lease ran out before a process could begin: look before anything starts."""


class Supervisor:
    """Supervises one run. ``work`` is its whole life; ending it early means cancelling the
    asyncio task that runs it, after ``active.stop`` was set to the reason."""

    def __init__(self, ctx: Context, memory: Memory, task: Task, lease: Lease, run: Run) -> None:
        self.ctx, self.memory = ctx, memory
        self.task, self.lease, self.run = task, lease, run
        self.active: Active | None = None
        self._started = ctx.clock.awake()
        self._trusted = ctx.clock.boot() + lease.ttl_s
        """Until when nobody can have taken the run (boot clock: sleep counts)."""

    async def work(self) -> None:
        """Execute, validate, gate and record; never raises for what the work did."""
        try:
            with self.ctx.keep_awake():
                await self._guarded()
        finally:
            self.ctx.leases.drop(self.lease)
            self.memory.active.pop(self.run.run, None)
            self.memory.tell()

    async def _guarded(self) -> None:
        keeper = asyncio.create_task(self._keep_lease())
        keeper.add_done_callback(self._keeper_ended)
        try:
            await self._to_the_end()
        except asyncio.CancelledError:
            if self.active is not None and self.active.stop == "release":
                with suppress(TaskboardError):  # then it is taken back like any dead run
                    await self._record(ending.released(self._end(), "shutdown"))
        except Refused as refused:
            log.info("%s: %s", self.lease.label, refused.message)
        except TaskboardError as trouble:
            log.warning("%s: %s", self.lease.label, trouble.message)
        except Exception:  # noqa: BLE001  the run is taken back and spent, so even a defect is tried boundedly
            log.exception("%s: its supervision failed", self.lease.label)
        finally:
            keeper.cancel()

    async def _to_the_end(self) -> None:
        receipts = ending.receipts_of(self.task, GENERATE)
        if GENERATE not in self.task.finished_steps:
            self.ctx.files.make_folder(self.ctx.run_folder(self.run.run))
            await self._record([self._end().step(E.STEP_STARTED, GENERATE)])
            executor = self.ctx.executors[self.run.executor]
            outcome = await self._trusting(lambda: executor.execute(self._order(), self))
            if not isinstance(outcome, Succeeded):
                await self._record(self._without_success(outcome))
                return
            receipts = list(outcome.receipts)
            await self._record([self._generated(receipts, outcome)])
        await self._validate(receipts)

    def _generated(self, receipts: list[Receipt], outcome: Succeeded) -> Draft:
        return self._end().step(
            E.STEP_COMPLETED,
            GENERATE,
            keep=True,
            receipts=[r.as_data() for r in receipts],
            **outcome.bill.as_data(),
        )

    async def _validate(self, offered: list[Receipt]) -> None:
        fields, end = self.run.fields, self._end()
        demand = evidence.demand_of(fields)
        receipts = evidence.keep_exit(offered, self.task.origin)
        steps: list[Draft] = []
        if demand.verify or demand.artifacts:
            await self._record([end.step(E.STEP_STARTED, VALIDATE)])
            if demand.verify:
                order = evidence.check_order(self.ctx, self.task.task, self.run, fields)
                self.ctx.files.make_folder(order.folder)
                receipts.append(
                    await self._trusting(
                        lambda: evidence.check_receipt(self.ctx, fields, order, self)
                    )
                )
            found = evidence.artifact_receipts(
                self.ctx, fields, run=self.run, baseline=self.task.baseline
            )
            receipts += found
            steps = _validated(end, found, receipts)
        await self._judge(receipts, steps)

    async def _judge(self, receipts: list[Receipt], steps: list[Draft]) -> None:
        world = await self.ctx.ledger.look()
        task = world.tasks[self.task.task_id]
        children = ending.open_children(world.children().get(task.task_id, []))
        verdict = gate(evidence.demand_of(self.run.fields), receipts, children)
        self.task = task
        end = self._end()
        drafts = ending.completed(end, verdict) if verdict.ok else ending.refused(end, verdict)
        await self._record([*steps, *drafts])

    def _without_success(self, outcome: Outcome) -> list[Draft]:
        end = self._end()
        match outcome:
            case Failed():
                step = end.step(E.STEP_FAILED, GENERATE, reason=outcome.reason)
                return [
                    step,
                    *ending.failed(
                        end,
                        reason=outcome.reason,
                        error=outcome.error,
                        retryable=outcome.retryable,
                        exit_code=outcome.exit_code,
                        log=f".taskboard/runs/{self.run.run}/output.log",
                        **outcome.bill.as_data(),
                    ),
                ]
            case Snoozed():
                return ending.snoozed(end, outcome.until, outcome.reason)
            case NeedsInput():
                return ending.asked(end, outcome.question)
            case Unable() | Cancelled() | Succeeded():
                return ending.released(end, "cancelled")

    async def _record(self, drafts: list[Draft]) -> None:
        await self.ctx.ledger.append(drafts)

    def _end(self) -> Ending:
        ctx = self.ctx
        return Ending(
            task=self.task,
            run=self.run,
            now=ctx.clock.now(),
            settings=ctx.settings,
            owner=owner_of(self.run.fields, ctx.owner),
            dice=ctx.clock.random(),
            seconds=round(ctx.clock.awake() - self._started, 3),
        )

    def _order(self) -> Order:
        ctx, fields = self.ctx, self.run.fields
        return Order(
            task=self.task.task,
            run=self.run.run,
            label=self.lease.label,
            attempt=self.run.attempt,
            project=ctx.project(fields),
            board=ctx.workspace.board,
            folder=ctx.run_folder(self.run.run),
            command=fields.get("run", ""),
            fields=dict(fields),
            env=ctx.settings.env,
            refusal=self.task.refusal,
            timeout=read_duration(fields.get("timeout", "")) or ctx.settings.timeout,
            stall=None if self.run.executor == evidence.CHECKER else ctx.settings.stall,
        )

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


def _validated(end: Ending, artifacts: list[Receipt], receipts: list[Receipt]) -> list[Draft]:
    ok = all(r.ok for r in receipts)
    recorded = [end.step(E.ARTIFACT_RECORDED, VALIDATE, **r.as_data()) for r in artifacts if r.ok]
    verdicts = [r.as_data() for r in receipts]
    closing = E.STEP_COMPLETED if ok else E.STEP_FAILED
    return [
        *recorded,
        end.step(E.VALIDATED, VALIDATE, ok=ok, receipts=verdicts),
        end.step(closing, VALIDATE),
    ]


def replace_group(lease: Lease, group: Who) -> Lease:
    """The lease with the process group that does its work."""
    return msgspec.structs.replace(lease, group=group, renewals=lease.renewals + 1)


def bump(lease: Lease) -> Lease:
    """The lease, renewed once more."""
    return msgspec.structs.replace(lease, renewals=lease.renewals + 1)
