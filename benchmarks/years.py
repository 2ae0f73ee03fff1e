"""A ledger of years: the proof of all of it, and a start from its checkpoint, beside a bare loop.

``python benchmarks/years.py [--events 1000000] [--folder PATH]`` prints Markdown tables. The
ledger, and what is measured, are those of ``python3 dev.py soak ledger``: there the folds are
compared, too. The bare loop decodes every line with msgspec and checks its SHA-256; each case is a
process of its own, and the quicker of two counts where there are two. With ``--folder`` the
ledger is kept and used again: making one of a million events takes longer than measuring it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from _table import Row, at_most, tell

FOLD, START_MS, MB = 1.5, 150.0, 100
"""Times of the bare loop; milliseconds; MB of the fold for a million events."""
CASES = ("floor", "fold", "save", "open_tasks", "all_tasks", "open_tasks", "floor")


def soak() -> ModuleType:
    """``tests/soak/ledger.py``."""
    path = Path(__file__).parents[1] / "tests" / "soak" / "ledger.py"
    spec = spec_from_file_location("soak_ledger", path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def measure(folder: Path, events: int) -> dict[str, dict[str, Any]]:
    """The best of every case."""
    module = soak()
    if not (folder / "events.jsonl").exists():
        print("making the ledger ...", flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        module.make(folder, events)
    found: dict[str, dict[str, Any]] = {}
    for name in CASES:
        one = module.measured(name, folder)
        if name not in found or one["seconds"] < found[name]["seconds"]:
            found[name] = one
    return found


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--events", type=int, default=1_000_000)
    options.add_argument("--folder", type=Path, default=None, help="kept, and used again")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as spare:
        found = measure(chosen.folder or Path(spare), chosen.events)
    print("\n| what | s | CPU s | MiB |\n| --- | ---: | ---: | ---: |")
    for name, one in found.items():
        print(f"| {name} | {one['seconds']:.3f} | {one['cpu']:.3f} | {one['mib']:.0f} |")
    floor, fold, start = found["floor"], found["fold"], found["open_tasks"]
    count = f"{chosen.events:,} events"
    beside = f"msgspec + SHA-256: {floor['seconds']:.2f} s"
    took = start["seconds"] * 1e3
    tell(
        [
            Row(
                f"verified fold of {count}",
                f"{fold['seconds']:.2f} s",
                beside,
                **at_most(fold["seconds"] / floor["seconds"], FOLD),
            ),
            Row(
                "the same, peak", f"{fold['mib']:.0f} MB", "", "", f"<= {MB} MB", fold["mib"] <= MB
            ),
            Row(
                f"start from a checkpoint, {count}",
                f"{took:.0f} ms",
                beside,
                f"{start['seconds'] / floor['seconds']:.3f}",
                f"<= {START_MS:.0f} ms",
                took <= START_MS,
            ),
        ]
    )


if __name__ == "__main__":
    main()
