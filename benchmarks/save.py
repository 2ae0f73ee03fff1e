"""From the end of a save to its event in the ledger, beyond the quiet period.

``python benchmarks/save.py [--daemons 8] [--saves 14] [--tasks 100]`` prints a Markdown table.
Real daemons watch a board each, all at once; every board is saved again and again, by turns in
place and by a new file renamed over it. The limit is the quiet period of 2 s and 50 ms at p99.
Beside the daemons a bare process waits 2 s, too, and then writes and syncs one line: where it
comes late, the machine was busy.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from _table import Row, tell

QUIET = 2.0
LIMIT_MS = 50.0
PATIENCE = 60.0
"""Seconds after which a save counts as missed."""


class Reaction(NamedTuple):
    """Seconds from the end of one save to its event's ``ts``, and to its line in the file."""

    stamped: float
    visible: float


def board(tasks: int, edition: int) -> bytes:
    """A board on which nothing may run; every edition has another text in one task."""
    parts = ["# Work\n"]
    for n in range(1, tasks + 1):
        status = "open" if n % 2 else "blocked:someone:word"
        words = f"What is to be done, edition {edition if n == 1 + edition % tasks else 0}.\n"
        parts.append(f"\n## TASK-{n:03} Part {n}\n- status: {status}\n- priority: low\n\n{words}")
    return "".join(parts).encode()


def save_in_place(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def save_by_rename(path: Path, data: bytes) -> None:
    spare = path.with_name("board.new")
    spare.write_bytes(data)
    spare.replace(path)


SAVES: dict[str, Callable[[Path, bytes], None]] = {
    "in place": save_in_place,
    "by rename": save_by_rename,
}


@contextmanager
def daemon(folder: Path) -> Iterator[None]:
    """A daemon of this copy that watches the board in ``folder``."""
    environment = {
        **os.environ,
        "TASKBOARD_TRUST": "1",
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CONFIG_HOME": str(folder / "config"),
    }
    command = [sys.executable, "-m", "taskboard", "run"]
    with (folder / "output").open("wb") as output:
        child = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=output
        )
    try:
        yield
        if child.poll() is not None:
            sys.exit(
                f"the daemon ended with {child.returncode}: {(folder / 'output').read_text()}"
            )
    finally:
        child.terminate()
        child.wait(30)


BARE = """
import os, sys, time
fd = os.open("bare", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
while True:
    start = time.time()
    time.sleep(2)
    os.write(fd, b"x" * 599)
    os.fdatasync(fd)
    print(time.time() - start, flush=True)
"""


@contextmanager
def bare(folder: Path, late: list[float]) -> Iterator[None]:
    """A process that does nothing but wait and write; adds to ``late`` how long that took."""
    with (folder / "bare.out").open("wb") as output:
        child = subprocess.Popen([sys.executable, "-c", BARE], cwd=folder, stdout=output)
    try:
        yield
    finally:
        child.terminate()
        child.wait(30)
    late.extend(float(line) for line in (folder / "bare.out").read_text().splitlines())


class Ledger:
    """The events that are in the file so far, and those that come."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = 0

    def wait_for(self, kind: str) -> tuple[str, float]:
        """The ``ts`` of the next event of a kind, and when it was seen (wall clock)."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self._path.exists() and self._path.stat().st_size > self._seen:
                now = time.time()
                with self._path.open("rb") as file:
                    file.seek(self._seen)
                    data = file.read()
                whole = data[: data.rfind(b"\n") + 1]
                self._seen += len(whole)
                for event in map(json.loads, whole.splitlines()):
                    if event["type"] == kind:
                        return event["ts"], now
            time.sleep(0.002)
        sys.exit(f"{self._path}: no {kind} within {PATIENCE:.0f} s")


def watch(
    folder: Path, tasks: int, saves: int, shift: float, found: dict[str, list[Reaction]]
) -> None:
    """One workspace: start a daemon, save again and again, note what comes of it."""
    path = folder / "task-board.md"
    path.write_bytes(board(tasks, 0))
    with daemon(folder):
        ledger = Ledger(folder / "events.jsonl")
        ledger.wait_for("file_changed_triggered")
        time.sleep(2.0 + shift)
        for edition in range(1, saves + 1):
            kind = list(SAVES)[edition % len(SAVES)]
            SAVES[kind](path, board(tasks, edition))
            saved = time.time()
            stamp, seen = ledger.wait_for("file_changed_triggered")
            stamped = datetime.fromisoformat(stamp).timestamp()
            found[kind].append(Reaction(stamped - saved, seen - saved))
            time.sleep(0.3 + shift / 10)  # each save its own, and not all boards in step


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


def row(name: str, values: list[float], *, judged: bool = True) -> str:
    beyond = [(value - QUIET) * 1e3 for value in values]
    shown = [percentile(beyond, share) for share in (0.5, 0.9, 0.99, 1.0)]
    verdict = f"<= {LIMIT_MS:.0f}: {'met' if shown[2] <= LIMIT_MS else 'missed'}"
    cells = " | ".join(f"{one:.1f}" for one in shown)
    return f"| {name} | {len(values)} | {cells} | {verdict if judged else ''} |"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--daemons", type=int, default=8)
    options.add_argument("--saves", type=int, default=14, help="of each board")
    options.add_argument("--tasks", type=int, default=100)
    chosen = options.parse_args()
    found: dict[str, list[Reaction]] = {kind: [] for kind in SAVES}
    late: list[float] = []
    with tempfile.TemporaryDirectory() as folder, bare(Path(folder), late):
        workers = []
        for n in range(chosen.daemons):
            space = Path(folder, f"w{n}")
            space.mkdir()
            given = (space, chosen.tasks, chosen.saves, n * 0.31, found)
            workers.append(threading.Thread(target=watch, args=given))
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    wanted = chosen.daemons * chosen.saves
    every = [one for reactions in found.values() for one in reactions]
    print(
        f"{chosen.daemons} daemons, {chosen.tasks} tasks each; {len(every)} of {wanted} saves.\n"
    )
    print("| ms beyond the 2 s | saves | p50 | p90 | p99 | max | target at p99 |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | --- |")
    for kind, reactions in found.items():
        print(row(f"{kind}: to the event's ts", [one.stamped for one in reactions]))
    print(row("all: to the event's ts", [one.stamped for one in every]))
    print(row("all: to the line in the file", [one.visible for one in every]))
    print(row("a bare process: to its line", late, judged=False))
    beyond = [(one.stamped - QUIET) * 1e3 for one in every]
    p50, p99 = percentile(beyond, 0.5), percentile(beyond, 0.99)
    bare99 = percentile([(one - QUIET) * 1e3 for one in late], 0.99)
    beside = f"a bare process: {bare99:.1f} ms"
    target = (f"<= {LIMIT_MS:.0f} ms", p99 <= LIMIT_MS)
    what = "from a save to its event, beyond the quiet period"
    tell([Row(f"{what}, p99", f"{p99:.1f} ms (p50 {p50:.1f})", beside, "", *target)])
    if len(every) < wanted:
        sys.exit("some saves were missed")


if __name__ == "__main__":
    main()
