"""Whole processes: how long one takes, and how much memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Run(NamedTuple):
    """Seconds of one process, and its peak in MiB, that of its children included."""

    seconds: float
    peak: float


def run(command: Sequence[str | Path], folder: Path, environ: Mapping[str, str]) -> Run:
    """Start it and wait for its end. Whoever measures must be small: a child begins with the
    memory of its parent."""
    start = time.perf_counter()
    child = subprocess.Popen(
        [str(word) for word in command],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    _pid, status, used = os.wait4(child.pid, 0)
    took = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with {child.returncode}")
    return Run(took, used.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024))


def interleaved(cases: Mapping[str, Callable[[], Run]], rounds: int) -> dict[str, list[Run]]:
    """Every case once in every round; the first round fills caches and does not count."""
    found: dict[str, list[Run]] = {name: [] for name in cases}
    for number in range(rounds + 1):
        for name, case in cases.items():
            one = case()
            if number:
                found[name].append(one)
    return found


def median(runs: Sequence[Run]) -> float:
    """Seconds."""
    return statistics.median(one.seconds for one in runs)


def ratio(runs: Sequence[Run], others: Sequence[Run]) -> float:
    """The median of the ratios of runs to the others of the same round."""
    pairs = zip(runs, others, strict=True)
    return statistics.median(one.seconds / other.seconds for one, other in pairs)


def peak(runs: Sequence[Run]) -> float:
    """MiB."""
    return max(one.peak for one in runs)


def environment(home: Path) -> dict[str, str]:
    """This one's, with a user of our own and compiled modules, as after the first use."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name != "PYTHONDONTWRITEBYTECODE"
        and not name.startswith(("TASKBOARD_", "ANTHROPIC_", "XDG_"))
    }
    return {**kept, "HOME": str(home), "PYTHONPYCACHEPREFIX": str(home / "compiled")}
