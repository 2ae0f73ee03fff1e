"""What one decision of the decider ``claude`` takes: time, tokens, dollars, by size of the board.

``python benchmarks/decision.py [--rounds 9]`` prints a Markdown table. The model is the offline
one on loopback, so the time is what this program needs itself: read the board, find what may run,
word the question, send it, read the answer, dispose of it. A real service adds its own seconds.
Tokens are estimates (bytes by 3.5), dollars those tokens at the recorded prices of the model.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from taskboard.clock import SystemClock
from taskboard.core.admit import dispose
from taskboard.core.decision import Candidate, Decision, Question
from taskboard.core.parse import parse
from taskboard.core.prices import PRICES
from taskboard.decider import Desk
from taskboard.deciders import claude, priority
from taskboard.testing.offline import OfflineModel

SIZES = (10, 100, 1000)
MODELS = ("claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5")

TASK = """## TASK-{number:03} {title}

- status: ready
- run: make page-{number}
- measure: The page has a title, a description and no broken link.

Write page {number} of the handbook from the notes in `notes/{number}.md`. Keep it short, use the
words of the glossary, and link to the pages before and after it.

"""
TITLES = ("Write the page", "Check the links", "Draw the figure", "Ask two readers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A first decision (nothing cached), and the one right after it."""

    size: int
    first: Decision
    second: Decision
    times: list[float]


def board_of(size: int) -> str:
    tasks = [TASK.format(number=n, title=TITLES[n % 4]) for n in range(1, size + 1)]
    return "# Handbook\n\n" + "".join(tasks)


def question_of(size: int) -> Question:
    """As a turn makes it: one task in ten may run, the rest waits for something."""
    text = board_of(size)
    items = parse(text.encode()).items
    candidates = tuple(
        Candidate(
            task_id=f"id-{place}",
            task=item.task or "",
            title=item.title,
            executor="shell",
            executors=("shell", "claude"),
            priority=place % 4,
            place=place,
            spent=0,
            waiting_since="2026-11-20T12:00:00Z",
            origin="board",
            text=item.prompt,
        )
        for place, item in enumerate(items)
        if place % 10 == 0
    )
    return Question(
        candidates=candidates,
        slots=4,
        now="2026-11-20T12:00:00Z",
        board=text,
        models={"claude": ("claude-sonnet-5-5", "claude-opus-5-5")},
        budget_usd=5.0,
    )


async def measure(size: int, model: OfflineModel, name: str, rounds: int, root: Path) -> Row:
    desk = Desk(
        clock=SystemClock(),
        environ=model.environ,
        root=root,
        fallback=priority.make(Desk(clock=SystemClock(), environ={}, root=root)),
        options={"model": name},
        prices=PRICES,
    )
    decider = claude.make(desk)
    decisions, times = [], []
    for number in range(rounds + 2):  # another task runs each time: it is another question
        began = time.perf_counter()
        question = replace(question_of(size), running=(f"TASK-999@{number + 1}",))
        decision = await decider.decide(question)
        dispose(decision, question)
        times.append(time.perf_counter() - began)
        if decision.fallback:
            raise SystemExit(f"the decision fell back: {decision.fallback}")
        decisions.append(decision)
    return Row(size=size, first=decisions[0], second=decisions[1], times=times[2:])


def printed(row: Row) -> str:
    (first,), (second,) = row.first.bill.used, row.second.bill.used
    cells = [
        f"{row.size:,}",
        f"{first.model}",
        str((row.first.data or {})["asked"]),
        f"{statistics.median(row.times) * 1000:.0f} ms",
        f"{first.prompt:,}",
        f"{second.cache_read:,}",
        f"{second.output:,}",
        f"${row.first.bill.cost_usd:.6f}",
        f"${row.second.bill.cost_usd:.6f}",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    print(
        "| tasks | model | asked about | time | prompt tokens | of them cached the next time "
        "| answer tokens | first | next |"
    )
    print("| ---: | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        for name in MODELS:
            for size in SIZES:
                with OfflineModel() as model:
                    print(printed(asyncio.run(measure(size, model, name, rounds, Path(folder)))))


if __name__ == "__main__":
    main()
