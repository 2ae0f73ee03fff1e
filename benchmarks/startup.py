"""What the command line costs before it does anything, as a ratio to Python's own start.

``python benchmarks/startup.py [--rounds 15]`` prints a Markdown table: wall time and peak memory
of whole processes, interleaved, medians. The limit is ``python -c pass`` of the same interpreter.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _table import Row, at_most, tell

TARGETS = {"--help": 7.0, "--version": 7.0}

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "--help": ["-m", "taskboard", "--help"],
    "--version": ["-m", "taskboard", "--version"],
    "add --help": ["-m", "taskboard", "add", "--help"],
    "list (empty board)": ["-m", "taskboard", "list"],
}


def once(arguments: list[str], folder: str) -> tuple[float, int]:
    """Seconds and peak kilobytes of one process."""
    start = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.DEVNULL,
    )
    _pid, status, used = os.wait4(child.pid, 0)
    took = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{' '.join(arguments)} ended with {child.returncode}")
    return took, used.ru_maxrss // (1024 if sys.platform == "darwin" else 1)


def environment(folder: str) -> dict[str, str]:
    """With compiled modules, as after the first use, wherever this copy may write them."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(Path(folder, "compiled"))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    seen: dict[str, list[tuple[float, int]]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "task-board.md").write_text("# Board\n", encoding="utf-8")
        for _ in range(rounds + 1):  # the first round fills caches and does not count
            for name, arguments in COMMANDS.items():
                seen[name].append(once(arguments, folder))
    limit = statistics.median(t for t, _ in seen["python -c pass"][1:])
    rows = []
    print("| process | wall | x of `python -c pass` | peak | target |")
    print("| --- | --- | --- | --- | --- |")
    for name, found in seen.items():
        wall = statistics.median(t for t, _ in found[1:])
        peak = max(p for _, p in found) / 1024
        target = f"<= {TARGETS[name]:.0f}x" if name in TARGETS else ""
        print(f"| {name} | {wall * 1000:.0f} ms | {wall / limit:.1f} | {peak:.0f} MB | {target} |")
        if name in TARGETS:
            beside = f"python -c pass: {limit * 1000:.0f} ms"
            cells = at_most(wall / limit, TARGETS[name])
            rows.append(Row(name, f"{wall * 1000:.0f} ms", beside, **cells))
    tell(rows)


if __name__ == "__main__":
    main()
