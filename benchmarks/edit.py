"""One save on a large board: parsed and diagnosed again, beside a full parse by markdown-it-py.

``python benchmarks/edit.py [--tasks 10000] [--rounds 9]`` prints Markdown tables. The board was
read before, as in a daemon; then one task is edited, the first, the middle or the last one, or a
task is added in front of all. What a daemon does with such a save is measured: ``parse`` with what
it knows, and ``diagnose`` with the ledger's states. Every round is another edit, and all that
remembers is as it was after the board before.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from datetime import UTC, datetime

from _table import Row, at_least, tell
from markdown_it import MarkdownIt

from taskboard.core.board import Board
from taskboard.core.diagnose import diagnose
from taskboard.core.parse import parse
from taskboard.core.state import Status

NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)
LIMIT_MS = 60.0
FASTER = 50.0
"""Times that an edit must be quicker than markdown-it-py, on 1,000 tasks."""

TASK = """## TASK-{number:03} {title} {number}

- status: {status}
- priority: {priority}
- run: `make page-{number}`
- measure: The page has a title, a description and no broken link.

Write page {number} of the handbook from the notes in `notes/{number}.md`. Keep it short, use the
words of the glossary, and link to the pages before and after it.

- [ ] The picture at the top shows *what the page is about*.
- [ ] Nobody needs to scroll for the answer, see [the rules](rules.md).

"""
TITLES = ("Write the page", "Check the links", "Draw the figure", "Ask two readers")
STATUSES = ("open", "ready", "blocked:siyao:brief", "done")


def sections(tasks: int) -> list[str]:
    """One text for each task."""
    return [
        TASK.format(
            number=n,
            title=TITLES[n % 4],
            status=STATUSES[n % 4],
            priority=("high", "low")[n % 2],
        )
        for n in range(1, tasks + 1)
    ]


def text_of(parts: list[str]) -> bytes:
    return ("# Handbook\n\n" + "".join(parts)).encode()


def edited(parts: list[str], where: str, edition: int) -> bytes:
    """The board with one edit, another one in each edition."""
    place = {"first": 0, "middle": len(parts) // 2, "last": len(parts) - 1}.get(where)
    if place is None:
        return text_of(
            [TASK.format(number=0, title="New", status="open", priority=edition), *parts]
        )
    changed = parts[place].replace("Keep it short", f"Keep it short (edition {edition})")
    return text_of([*parts[:place], changed, *parts[place + 1 :]])


def known(board: Board) -> dict[str, Status]:
    return {item.task: item.status for item in board.items if item.task is not None}


def look(data: bytes, earlier: Board | None, states: dict[str, Status]) -> float:
    """Seconds from the bytes to everything that is wrong with them."""
    start = time.perf_counter()
    board = parse(data, earlier=earlier)
    diagnose(board, now=NOW, known=states)
    return time.perf_counter() - start


def full(data: bytes) -> float:
    """Seconds of markdown-it-py."""
    text, parser = data.decode(), MarkdownIt("commonmark")
    start = time.perf_counter()
    parser.parse(text)
    return time.perf_counter() - start


WHERE = ("first", "middle", "last", "a new task above all")


def measure(tasks: int, rounds: int) -> dict[str, list[float]]:
    """Seconds of every case: the cold look, markdown-it-py, and edits."""
    parts = sections(tasks)
    data = text_of(parts)
    found: dict[str, list[float]] = {"full": [], "cold": []}
    states = known(parse(data))
    for _ in range(min(2, rounds)):
        found["full"].append(full(data))
        gc.collect()  # what it leaves behind is not ours to clear away
        found["cold"].append(look(data, None, states))
    board = parse(data)
    diagnose(board, now=NOW, known=states)
    for edition in range(rounds):
        for where in WHERE:
            saved = edited(parts, where, edition)
            found.setdefault(where, []).append(look(saved, board, states))
    return found


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--tasks", type=int, default=10_000)
    options.add_argument("--rounds", type=int, default=9)
    chosen = options.parse_args()
    rows = []
    for tasks in (1_000, chosen.tasks):
        found = measure(tasks, chosen.rounds)
        beside = min(found.pop("full"))
        times = {name: statistics.median(took) for name, took in found.items()}
        worst = max(times[where] for where in WHERE)
        print(f"\n{tasks:,} tasks; a full parse by markdown-it-py takes {beside * 1e3:,.0f} ms.\n")
        print("| parsed and diagnosed | median ms | worst ms | x faster |")
        print("| --- | ---: | ---: | ---: |")
        for name, took in found.items():
            cells = (f"{times[name] * 1e3:.1f}", f"{max(took) * 1e3:.1f}")
            print(f"| {name} | {' | '.join(cells)} | {beside / times[name]:.1f} |")
        what, markdown = f"a save on {tasks:,} tasks", f"markdown-it-py {beside * 1e3:,.0f} ms"
        figure = f"{worst * 1e3:.1f} ms"
        if tasks == chosen.tasks:
            cells = (f"{beside / worst:.0f}", f"<= {LIMIT_MS:.0f} ms", worst * 1e3 <= LIMIT_MS)
            rows.append(Row(what, figure, markdown, *cells))
        else:
            rows.append(Row(what, figure, markdown, **at_least(beside / worst, FASTER)))
    tell(rows)


if __name__ == "__main__":
    main()
