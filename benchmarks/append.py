"""Durable appends against the disk's own limit, interleaved in one run.

``python benchmarks/append.py [--rounds 15] [--seconds 0.15] [--folder PATH]`` prints a Markdown
table. The limit is one ``write`` and one ``fdatasync`` for each line of the same size; every
other row is a ratio to it, so that a slow or busy machine does not change the verdict.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from taskboard.clock import SystemClock
from taskboard.core.event import Draft, EventType
from taskboard.disk import DiskFiles
from taskboard.ledgers.jsonl import JsonlLedger

TARGETS = {"1 task": 0.85, "16 tasks": 6.0}


def open_ledger(folder: Path) -> JsonlLedger:
    return JsonlLedger(
        DiskFiles(),
        SystemClock(),
        path=folder / "events.jsonl",
        state=folder / ".taskboard",
        device="bench",
        board="task-board.md",
    )


def fact(number: int) -> Draft:
    return Draft(
        type=EventType.DECIDED,
        task_id=f"task-{number}",
        task=f"TASK-{number:03}",
        data={"reason": "first in the published order"},
    )


async def prepare(ledger: JsonlLedger, tasks: int) -> None:
    await ledger.append(
        [
            Draft(
                type=EventType.CREATED,
                task_id=f"task-{n}",
                task=f"TASK-{n:03}",
                to="ready",
                data={"title": "A task"},
            )
            for n in range(tasks)
        ]
    )


def raw(folder: Path, seconds: float) -> float:
    """Lines a second, each written and synced by itself."""
    line = b"x" * 479 + b"\n"
    fd = os.open(folder / "raw", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        os.write(fd, line)
        os.fdatasync(fd)
        count += 1
    os.close(fd)
    return count / (time.perf_counter() - start)


def tasks(folder: Path, seconds: float, number: int) -> float:
    """Events a second that ``number`` tasks of one process have acknowledged."""

    async def main() -> float:
        ledger = open_ledger(folder)
        await prepare(ledger, number)
        counts = [0] * number

        async def work(n: int) -> None:
            while time.perf_counter() < end:
                await ledger.append([fact(n)])
                counts[n] += 1

        start = time.perf_counter()
        end = start + seconds
        await asyncio.gather(*(work(n) for n in range(number)))
        rate = sum(counts) / (time.perf_counter() - start)
        ledger.close()
        return rate

    return asyncio.run(main())


def _process(folder: Path, number: int, seconds: float, gate: object, results: object) -> None:
    async def main() -> None:
        ledger = open_ledger(folder)
        await ledger.look()
        gate.wait()  # type: ignore[attr-defined]
        start, count = time.perf_counter(), 0
        while time.perf_counter() - start < seconds:
            await ledger.append([fact(number)])
            count += 1
        results.put(count / (time.perf_counter() - start))  # type: ignore[attr-defined]

    asyncio.run(main())


def processes(folder: Path, seconds: float, number: int) -> float:
    """Events a second that ``number`` processes have acknowledged, each waiting for its own."""

    async def first() -> None:
        ledger = open_ledger(folder)
        await prepare(ledger, number)
        ledger.close()

    asyncio.run(first())
    context = multiprocessing.get_context("spawn")
    gate, results = context.Barrier(number), context.Queue()
    workers = [
        context.Process(target=_process, args=(folder, n, seconds, gate, results))
        for n in range(number)
    ]
    for worker in workers:
        worker.start()
    total = sum(results.get() for _ in workers)
    for worker in workers:
        worker.join()
    return float(total)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=15)
    options.add_argument("--seconds", type=float, default=0.15)
    options.add_argument("--folder", default=None, help="on the disk to be measured")
    chosen = options.parse_args()
    cases: dict[str, Callable[[Path, float], float]] = {"raw write + fdatasync": raw}
    for number in (1, 4, 16, 64):
        name = f"{number} task" + "s" * (number > 1)
        cases[name] = lambda folder, seconds, n=number: tasks(folder, seconds, n)
    cases["8 processes"] = lambda folder, seconds: processes(folder, seconds, 8)
    rates: dict[str, list[float]] = {name: [] for name in cases}
    ratios: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(chosen.rounds):
        measured = {}
        for name, case in cases.items():
            with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
                before = raw(Path(folder), chosen.seconds / 2)
                measured[name] = case(Path(folder), chosen.seconds)
                after = raw(Path(folder), chosen.seconds / 2)
            rates[name].append(measured[name])
            ratios[name].append(measured[name] / ((before + after) / 2))
    print("| writers | events/s | x of raw | target |\n| --- | ---: | ---: | ---: |")
    for name in cases:
        target = f">= {TARGETS[name]}" if name in TARGETS else ""
        rate, ratio = statistics.median(rates[name]), statistics.median(ratios[name])
        print(f"| {name} | {rate:,.0f} | {ratio:.2f} | {target} |")


if __name__ == "__main__":
    main()
