"""The one table of all benchmarks: every program tells its rows, and the last one to speak
prints them.

Under ``dev.py bench`` the rows of all programs are collected in the file that ``BENCH_TABLE``
names and printed at the end; a program that is started by itself prints its own.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

HEADS = ("what", "figure", "beside it, same run", "ratio", "target", "met")


class Row(NamedTuple):
    """One promise: its ``figure``, the limit or peer it was measured ``beside``, the ``ratio`` of
    the two and the ``target``, all as words; ``met`` is None for what is only shown."""

    what: str
    figure: str
    beside: str = ""
    ratio: str = ""
    target: str = ""
    met: bool | None = None


def at_most(ratio: float, limit: float) -> dict[str, Any]:
    """The last cells of a row whose ratio must not be greater."""
    return {"ratio": f"{ratio:.2f}", "target": f"<= {limit}", "met": ratio <= limit}


def at_least(ratio: float, limit: float) -> dict[str, Any]:
    """The last cells of a row whose ratio must not be less."""
    return {"ratio": f"{ratio:.2f}", "target": f">= {limit}", "met": ratio >= limit}


def missing(what: str, peer: str) -> Row:
    """The row of a peer that is not installed."""
    return Row(what, f"not measured: {peer} is missing (python3 dev.py bench --peers)")


def tell(rows: Sequence[Row]) -> None:
    """Put rows into the table."""
    path = os.environ.get("BENCH_TABLE")
    if path is None:
        show(rows)
        return
    with Path(path).open("a", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(row)}\n" for row in rows)


def show(rows: Sequence[Row]) -> None:
    """Print rows as a Markdown table."""
    print("\n| " + " | ".join(HEADS) + " |\n| --- | ---: | ---: | ---: | ---: | --- |")
    for row in rows:
        met = "" if row.met is None else "yes" if row.met else "**no**"
        print("| " + " | ".join([*row[:5], met]) + " |")


if __name__ == "__main__":
    show([Row(*json.loads(line)) for line in Path(sys.argv[1]).read_text("utf-8").splitlines()])
