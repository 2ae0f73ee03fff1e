"""Durable appends against the disk's own limit, interleaved in one run.

``python benchmarks/append.py [--rounds 7] [--seconds 0.15] [--folder PATH]`` prints Markdown
tables. What is appended is the end of a step of a running task, a line of about 600 bytes. The
limit is one ``write`` and one ``fdatasync`` for each line of that size; every other row is a
ratio to it, so that a slow disk does not change the verdict. A slow processor does: so the time
that an append takes of it is shown too, and what it would mean on a disk with a flush of 0.5 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from _table import Row, at_least, tell

from taskboard.clock import SystemClock
from taskboard.core.event import Draft, EventType
from taskboard.disk import DiskFiles
from taskboard.ledgers.jsonl import JsonlLedger

TARGETS = {"1 task": 0.85, "16 tasks": 6.0}
LIMIT = "raw write + fdatasync"
FLUSH = 0.0005
"""Seconds of the flush of a usual solid-state disk."""


def open_ledger(folder: Path) -> JsonlLedger:
    return JsonlLedger(
        DiskFiles(),
        SystemClock(),
        path=folder / "events.jsonl",
        state=folder / ".taskboard",
        device="bench",
        board="task-board.md",
    )


def name(number: int) -> dict[str, str]:
    return {"task_id": f"01a1fb7e-231c-7892-8860-{number:012}", "task": f"TASK-{number:03}"}


def run_of(number: int) -> dict[str, str]:
    return {"agent": "claude-a4b", "run": f"01a1fb7e-231c-72fa-b7c6-{number:012}"}


def fact(number: int) -> Draft:
    """A step of a running task has ended."""
    data = {"duration_s": 1.5}
    return Draft(
        type=EventType.STEP_COMPLETED, step="generate", data=data, **name(number), **run_of(number)
    )


async def prepare(ledger: JsonlLedger, tasks: int) -> None:
    """So many running tasks."""
    text = {"title": "A task", "text": "a" * 64, "fields": {"status": "ready", "run": "true"}}
    lease = {"ttl_s": 60, "expires": "2026-04-20T15:26Z"}
    running = "running:claude-a4b:2026-04-20T15:25Z"
    for n in range(tasks):
        await ledger.append(
            [
                Draft(type=EventType.CREATED, to="ready", data=text, **name(n)),
                Draft(
                    type=EventType.CLAIMED,
                    to=running,
                    attempt=1,
                    data={"executor": "shell", "lease": lease},
                    **name(n),
                    **run_of(n),
                ),
            ]
        )


@functools.cache
def line_size() -> int:
    """Bytes of one line as the ledger writes it."""

    async def main(folder: Path) -> int:
        ledger = open_ledger(folder)
        await prepare(ledger, 1)
        await ledger.append([fact(0)])
        ledger.close()
        return len((folder / "events.jsonl").read_bytes().splitlines(keepends=True)[-1])

    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(main(Path(folder)))


class Measured(NamedTuple):
    """Events a second, and the processor's seconds for each (0: not known)."""

    rate: float
    cpu: float


class Round(NamedTuple):
    """One measurement, and the limit around it."""

    one: Measured
    limit: Measured


def raw(folder: Path, seconds: float) -> Measured:
    """Lines, each written and synced by itself."""
    line = b"x" * (line_size() - 1) + b"\n"
    fd = os.open(folder / "raw", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    count, start, used = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - start < seconds:
        os.write(fd, line)
        os.fdatasync(fd)
        count += 1
    used = time.process_time() - used
    took = time.perf_counter() - start
    os.close(fd)
    return Measured(count / took, used / count)


def tasks(folder: Path, seconds: float, number: int) -> Measured:
    """Events that ``number`` tasks of one process append, each waiting for its own."""

    async def main() -> Measured:
        ledger = open_ledger(folder)
        await prepare(ledger, number)
        counts = [0] * number

        async def work(n: int) -> None:
            while time.perf_counter() < end:
                await ledger.append([fact(n)])
                counts[n] += 1

        start, used = time.perf_counter(), time.process_time()
        end = start + seconds
        await asyncio.gather(*(work(n) for n in range(number)))
        used = time.process_time() - used
        took = time.perf_counter() - start
        ledger.close()
        return Measured(sum(counts) / took, used / sum(counts))

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


def processes(folder: Path, seconds: float, number: int) -> Measured:
    """Events that ``number`` processes have acknowledged, each waiting for its own."""

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
    return Measured(float(total), 0.0)


def measure(rounds: int, seconds: float, within: str | None) -> dict[str, list[Round]]:
    """Every case in every round, each between two measurements of the limit."""
    cases: dict[str, Callable[[Path, float], Measured]] = {LIMIT: raw}
    for number in (1, 4, 16, 64):
        cases[f"{number} task{'s' * (number > 1)}"] = functools.partial(tasks, number=number)
    cases["8 processes"] = functools.partial(processes, number=8)
    found: dict[str, list[Round]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, case in cases.items():
            with tempfile.TemporaryDirectory(dir=within) as folder:
                before = raw(Path(folder), seconds / 2)
                one = case(Path(folder), seconds)
                after = raw(Path(folder), seconds / 2)
            limit = Measured((before.rate + after.rate) / 2, (before.cpu + after.cpu) / 2)
            found[name].append(Round(one, limit))
    return found


def row(name: str, rounds: list[Round]) -> list[str]:
    """The medians of one case."""
    median = statistics.median
    target = f">= {TARGETS[name]}" if name in TARGETS else ""
    cells = [
        name,
        f"{median(r.limit.rate for r in rounds):,.0f}",
        f"{median(r.one.rate for r in rounds):,.0f}",
        f"{median(r.one.rate / r.limit.rate for r in rounds):.2f}",
        target,
    ]
    words = name.split()
    if words[1].startswith("task"):
        number = int(words[0])
        own = median(r.one.cpu - r.limit.cpu / number for r in rounds)
        cells += [f"{own * 1e6:.0f}", f"{number * FLUSH / (FLUSH + number * own):.2f}"]
    return cells


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--seconds", type=float, default=0.15)
    options.add_argument("--folder", default=None, help="on the disk to be measured")
    chosen = options.parse_args()
    found = measure(chosen.rounds, chosen.seconds, chosen.folder)
    heads = ["writers", "raw/s", "events/s", "x of raw", "target", "own CPU us an event"]
    heads.append(f"x of raw at {FLUSH * 1e3} ms a flush")
    print(f"Lines of {line_size()} bytes, {chosen.rounds} rounds.\n")
    print("| " + " | ".join(heads) + " |\n| --- |" + " ---: |" * (len(heads) - 1))
    for name, rounds in found.items():
        cells = row(name, rounds)
        print("| " + " | ".join(cells + [""] * (len(heads) - len(cells))) + " |")
    tell([promise(name, found[name], target) for name, target in TARGETS.items()])


def promise(name: str, rounds: list[Round], target: float) -> Row:
    """The row of the one table."""
    rate = statistics.median(r.one.rate for r in rounds)
    beside = f"{LIMIT}: {statistics.median(r.limit.rate for r in rounds):,.0f} a second"
    cells = at_least(statistics.median(r.one.rate / r.limit.rate for r in rounds), target)
    return Row(f"durable appends, {name}", f"{rate:,.0f} a second", beside, **cells)


if __name__ == "__main__":
    main()
