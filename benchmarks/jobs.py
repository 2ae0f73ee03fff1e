"""Whole jobs a second, all durable, beside huey's SQLite storage with fsync.

``python benchmarks/jobs.py [--jobs 480] [--rounds 5]`` prints Markdown tables. A job is created,
claimed (with a lease) and completed: three chained events, each durable before the next begins;
what it does is nothing. In between the parts are what a daemon uses: the ledger and the leases on
the disk. The daemon's own path is measured besides: its claim and its supervisor, which record two
steps more for each job and keep a folder for its log; what it leaves out is the board.

huey: one task that does nothing, in its own loop (``dequeue``, ``execute``), and in its consumer
with four threads; it deletes a task when it takes it, so a crash loses the job.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from _peers import huey
from _table import Row, at_least, missing, tell
from msgspec.structs import replace

from taskboard.app import App, open_app
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.outcome import Outcome, Receipt, Succeeded, Tier
from taskboard.core.units import minute
from taskboard.executor import Fitness, Order, Watcher
from taskboard.ledger import Lease
from taskboard.loop.claim import claim
from taskboard.loop.run import Supervisor

TARGETS = {1: 0.6, 16: 1.5}
"""Of huey's own loop, and of its consumer with four threads."""
TEXT = "a" * 64
"""The digest of a job's text, as it were."""

Job = Callable[[App, str, str], Awaitable[None]]
"""Does the job of this task id and this name."""


class Idle:
    """An executor that has nothing to do."""

    def fitness(self) -> Fitness:
        return Fitness(usable=True)

    async def examine(self) -> Fitness:
        return self.fitness()

    async def execute(self, order: Order, watcher: Watcher) -> Outcome:
        """It is done, and says by its exit status that it went well."""
        del watcher
        receipt = Receipt(tier=Tier.EXIT, ok=True, run=order.run, detail={"exit_code": 0})
        return Succeeded(receipts=(receipt,))


def opened(folder: Path) -> App:
    """A workspace with the executor that does nothing."""
    (folder / "task-board.md").write_text("# Jobs\n", encoding="utf-8")
    app = open_app(folder, environ={**os.environ, "TASKBOARD_TRUST": "1"})
    return replace(app, ctx=replace(app.ctx, executors={"shell": Idle()}))


async def create(app: App) -> tuple[str, str]:
    """Put a job into the ledger; durable."""
    task_id = app.ctx.clock.uuid()
    data = {"title": "A job", "text": TEXT, "fields": {"run": "true"}, "origin": "board"}
    name = f"JOB-{task_id[-12:]}"
    await app.ledger.append(
        [Draft(type=E.CREATED, task_id=task_id, task=name, to="ready", data=data)]
    )
    return task_id, name


async def bare(app: App, task_id: str, name: str) -> None:
    """Three events and a lease: claim a job and complete it."""
    ctx = app.ctx
    me, now = ctx.processes.me(), minute(ctx.clock.now())
    lease = Lease(
        task=name,
        attempt=1,
        run=ctx.clock.uuid(),
        agent=f"shell-{ctx.mark}",
        device=ctx.device,
        boot=me.boot,
        ttl_s=60,
        supervisor=me,
    )
    assert ctx.leases.take(lease)
    named: dict[str, Any] = {"task_id": task_id, "task": name, "run": lease.run}
    held = {"executor": "shell", "text": TEXT, "lease": {"ttl_s": 60, "expires": None}}
    to = f"running:{lease.agent}:{now}"
    await ctx.ledger.append(
        [Draft(type=E.CLAIMED, agent=lease.agent, attempt=1, to=to, data=held, **named)]
    )
    receipt = Receipt(tier=Tier.EXIT, ok=True, run=lease.run, detail={"exit_code": 0})
    end = {"receipts": [receipt.as_data()], "tier": "exit", "verified": True}
    await ctx.ledger.append([Draft(type=E.COMPLETED, to="done", data=end, **named)])
    ctx.leases.drop(lease)


async def whole(app: App, task_id: str, _name: str) -> None:
    """What a daemon does: its claim, and its supervisor to the end."""
    ctx = app.ctx
    task = (await ctx.ledger.look()).tasks[task_id]
    lease = await claim(
        ctx, task, agent=f"shell-{ctx.mark}", executor="shell", actor="daemon", supervised=True
    )
    fresh = (await ctx.ledger.look()).tasks[task.task_id]
    assert fresh.run is not None
    await Supervisor(ctx, app.memory, fresh, lease, fresh.run).work()


def ours(job: Job, executors: int, jobs: int) -> float:
    """Jobs a second from the first event to the last, of so many executors at once."""

    async def main(app: App) -> float:
        await app.ledger.append([Draft(type=E.PAUSED), Draft(type=E.RESUMED)])
        tasks: list[tuple[str, str]] = []

        async def enqueue() -> None:
            for _ in range(jobs // executors):
                tasks.append(await create(app))  # noqa: PERF401  each waits for its own

        async def work() -> None:
            while tasks:
                await job(app, *tasks.pop())

        start = time.perf_counter()
        await asyncio.gather(*(enqueue() for _ in range(executors)))
        await asyncio.gather(*(work() for _ in range(executors)))
        took = time.perf_counter() - start
        world = await app.ledger.look()
        done = sum(1 for task in world.tasks.values() if task.status.text == "done")
        assert done == jobs // executors * executors, f"{done} of {jobs} are done"
        app.ledger.close()
        return done / took

    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(main(opened(Path(folder).resolve())))


def queue_in(folder: str) -> tuple[Any, Any, list[int]]:
    """Huey on a file, its task, and what that has done."""
    module, done = huey(), []
    assert module is not None
    queue = module.SqliteHuey("jobs", filename=f"{folder}/huey.db", fsync=True)

    @queue.task()
    def nothing() -> None:
        done.append(1)

    return queue, nothing, done


def huey_loop(jobs: int) -> float:
    """Jobs a second of huey's parts in one thread."""
    with tempfile.TemporaryDirectory() as folder:
        queue, nothing, done = queue_in(folder)
        start = time.perf_counter()
        for _ in range(jobs):
            nothing()
        while (task := queue.dequeue()) is not None:
            queue.execute(task)
        took = time.perf_counter() - start
        assert len(done) == jobs
        queue.storage.close()
        return jobs / took


def huey_consumer(jobs: int) -> float:
    """Jobs a second of huey's consumer with four threads, which begins when all are enqueued."""
    with tempfile.TemporaryDirectory() as folder:
        queue, nothing, done = queue_in(folder)
        start = time.perf_counter()
        for _ in range(jobs):
            nothing()
        enqueued = time.perf_counter() - start
        consumer = queue.create_consumer(workers=4, periodic=False, check_worker_health=False)
        start = time.perf_counter()
        consumer.start()
        while len(done) < jobs:
            time.sleep(0.001)
        drained = time.perf_counter() - start
        consumer.stop(graceful=True)
        queue.storage.close()
        return jobs / (enqueued + drained)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--jobs", type=int, default=480)
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    jobs = chosen.jobs
    cases: dict[str, Callable[[], float]] = {
        "1 executor, three events": lambda: ours(bare, 1, jobs),
        "1 executor, as in a daemon": lambda: ours(whole, 1, jobs),
        "16 executors, three events": lambda: ours(bare, 16, jobs),
        "16 executors, as in a daemon": lambda: ours(whole, 16, jobs),
    }
    if huey() is not None:
        cases["huey, its own loop"] = lambda: huey_loop(jobs)
        cases["huey, consumer, 4 threads"] = lambda: huey_consumer(jobs)
    found: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(chosen.rounds):
        for name, case in cases.items():
            found[name].append(case())
    print(
        f"\n{jobs} jobs in each of {chosen.rounds} rounds.\n\n| whole jobs, durable | a second |"
    )
    print("| --- | ---: |")
    for name, rates in found.items():
        print(f"| {name} | {statistics.median(rates):,.0f} |")
    tell(list(rows(found)))


def rows(found: dict[str, list[float]]) -> list[Row]:
    made = []
    for name, rates in found.items():
        count = name.split()[0]
        if not count.isdigit():
            continue
        what = f"jobs a second, {name}"
        peer = "huey, its own loop" if count == "1" else "huey, consumer, 4 threads"
        if peer not in found:
            made.append(missing(what, "huey"))
            continue
        pairs = zip(rates, found[peer], strict=True)
        cells = at_least(statistics.median(a / b for a, b in pairs), TARGETS[int(count)])
        if "daemon" in name:  # more events than were promised for
            cells.update(target="", met=None)
        beside = f"{peer}: {statistics.median(found[peer]):,.0f}"
        made.append(Row(what, f"{statistics.median(rates):,.0f}", beside, **cells))
    return made


if __name__ == "__main__":
    main()
