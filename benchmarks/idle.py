"""What a daemon costs that has nothing to do: its share of a processor, and how often it wakes.

``python benchmarks/idle.py [--seconds 30] [--tasks 100]`` prints a Markdown table. A real daemon
watches a board of which nothing may run; after it has come to rest its processor time (by the
scheduler, in nanoseconds) and the times it gave the processor up and was woken are counted, those
of all its threads. Linux only: elsewhere nothing counts them for others.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from _process import environment
from _table import Row, tell

SHARE, WAKES = 0.1, 2.0
"""Percent of one processor, and wake-ups a second."""
REST = 4.0
"""Seconds after the last event until the daemon counts as idle."""


class Used(NamedTuple):
    """Seconds of processor, and wake-ups, since a process began."""

    seconds: float
    wakes: float


def used(pid: int) -> Used:
    """Of all threads."""
    nanoseconds = wakes = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        nanoseconds += int((thread / "schedstat").read_text().split()[0])
        lines = (thread / "status").read_text().splitlines()
        wakes += sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_"))
    return Used(nanoseconds / 1e9, wakes)


def board(tasks: int) -> str:
    parts = [f"\n## TASK-{n:03} Part {n}\n- status: open\n" for n in range(1, tasks + 1)]
    return "# Work\n" + "".join(parts)


def measure(seconds: float, tasks: int) -> Used:
    """What a daemon uses in so many seconds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        (folder / "task-board.md").write_text(board(tasks), encoding="utf-8")
        environ = {**environment(folder), "TASKBOARD_TRUST": "1"}
        command = [sys.executable, "-m", "taskboard", "run"]
        with (folder / "output").open("wb") as output:
            child = subprocess.Popen(
                command, cwd=folder, env=environ, stdout=output, stderr=output
            )
        try:
            wait_for_rest(child, folder / "events.jsonl")
            before, start = used(child.pid), time.perf_counter()
            time.sleep(seconds)
            after, took = used(child.pid), time.perf_counter() - start
            if child.poll() is not None:
                sys.exit(f"the daemon ended: {(folder / 'output').read_text()}")
        finally:
            child.terminate()
            child.wait(30)
    return Used((after.seconds - before.seconds) / took, (after.wakes - before.wakes) / took)


def wait_for_rest(child: subprocess.Popen[bytes], ledger: Path) -> None:
    """Until the ledger has not grown for a while."""
    size, quiet, patience = 0, 0.0, 60.0
    while quiet < REST or not size:
        time.sleep(0.25)
        quiet, patience = quiet + 0.25, patience - 0.25
        now = ledger.stat().st_size if ledger.exists() else 0
        if now != size:
            size, quiet = now, 0.0
        if child.poll() is not None or patience < 0:
            sys.exit(f"the daemon did not come to rest (it ended with {child.poll()})")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seconds", type=float, default=30.0)
    options.add_argument("--tasks", type=int, default=100)
    chosen = options.parse_args()
    if not Path("/proc/self/schedstat").exists():
        tell([Row("idle daemon", "not measured: only Linux counts it for others")])
        return
    found = measure(chosen.seconds, chosen.tasks)
    share, span = found.seconds * 100, f"{chosen.seconds:.0f} s"
    rows = [
        Row("idle daemon, processor", f"{share:.3f} %", span, "", f"<= {SHARE} %", share <= SHARE),
        Row(
            "idle daemon, wake-ups a second",
            f"{found.wakes:.1f}",
            span,
            "",
            f"<= {WAKES:.0f}",
            found.wakes <= WAKES,
        ),
    ]
    tell(rows)


if __name__ == "__main__":
    main()
