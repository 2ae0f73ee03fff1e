"""``list`` and ``once`` as whole processes, beside Backlog.md and Python's own start.

``python benchmarks/commands.py [--rounds 5] [--sizes 10,1000,10000]`` prints Markdown tables: wall
time and peak memory, interleaved, ratios within a round. Both sides have the same tasks with the
same titles and a short text: taskboard on one board that was absorbed and did not change since,
Backlog.md in one file for each task (without git, which is its quickest way).
"""

from __future__ import annotations

import argparse
import functools
import subprocess
import sys
import tempfile
from pathlib import Path

from _peers import backlog
from _process import Run, environment, interleaved, median, peak, ratio, run
from _table import Row, at_most, missing, tell

TARGETS = {10: 0.5, 1_000: 0.25, 10_000: 0.10}
"""Of the wall time of Backlog.md's npm command, by the number of tasks."""
MEMORY = 0.35
ONCE, ONCE_MB = 15.0, 40
"""Times of `python -c pass`, and MiB."""
EVENTS = 1_000
BARE = "python -c pass"

TEXT = "Write page {n} of the handbook from the notes in `notes/{n}.md`. Keep it short."
TASK = f"## TASK-{{n}} Write page {{n}}\n\n- status: open\n- priority: low\n\n{TEXT}\n\n"
THEIRS = f"""---
id: TASK-{{n}}
title: Write page {{n}}
status: To Do
assignee: []
created_date: '2026-04-20 12:00'
labels: []
dependencies: []
priority: low
ordinal: {{n}}000
---

## Description

<!-- SECTION:DESCRIPTION:BEGIN -->
{TEXT}
<!-- SECTION:DESCRIPTION:END -->
"""


def taskboard(*words: str) -> list[str]:
    return [sys.executable, "-m", "taskboard", *words]


def workspace(home: Path, tasks: int, name: str) -> Path:
    """A workspace whose board was absorbed."""
    folder = home / name
    folder.mkdir()
    board = "# Handbook\n\n" + "".join(TASK.format(n=n) for n in range(1, tasks + 1))
    (folder / "task-board.md").write_text(board, encoding="utf-8")
    quietly(taskboard("trust"), folder, home)
    quietly(taskboard("once"), folder, home)
    return folder


def quietly(command: list[str], folder: Path, home: Path) -> None:
    done = subprocess.run(
        command, cwd=folder, env=environment(home), capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stdout}{done.stderr}")


def aged(home: Path, tasks: int, events: int) -> Path:
    """A workspace with some history: one task is blocked and opened again, over and over."""
    folder = workspace(home, tasks, "aged")
    board, ledger = folder / "task-board.md", folder / "events.jsonl"
    code = f"""
import asyncio
from pathlib import Path
from taskboard.app import open_app
from taskboard.core.event import Draft, EventType as E

async def main():
    app = open_app(Path({str(folder)!r}))
    world = await app.ledger.look()
    task = next(iter(world.tasks.values()))
    name = dict(task_id=task.task_id, task=task.task)
    for _ in range({events} - world.seq):
        await app.ledger.append([Draft(type=E.ANOMALY_FLAGGED, data={{"code": "TB313"}}, **name)])
    app.ledger.close()

asyncio.run(main())
"""
    quietly([sys.executable, "-c", code], folder, home)
    quietly(taskboard("once"), folder, home)
    lines = ledger.read_bytes().count(b"\n")
    if lines < events or board.read_bytes().count(b"\n## ") != tasks:
        sys.exit(f"{folder} has {lines} events")
    return folder


def theirs(home: Path, tasks: int, programs: dict[str, Path]) -> Path | None:
    """The same tasks for Backlog.md."""
    if not programs:
        return None
    folder = home / f"backlog-{tasks}"
    folder.mkdir()
    init = [str(programs["npm command"]), "init", "Handbook", "--no-git", "--defaults"]
    init += ["--integration-mode", "none", "--check-branches", "false"]
    quietly([*init, "--include-remote", "false"], folder, home)
    place = folder / "backlog" / "tasks"
    place.mkdir(exist_ok=True)
    for n in range(1, tasks + 1):
        path = place / f"task-{n} - Write-page-{n}.md"
        path.write_text(THEIRS.format(n=n), encoding="utf-8")
    return folder


def lists(home: Path, tasks: int, rounds: int, programs: dict[str, Path]) -> list[Row]:
    """Measure and print one size; the rows of the table."""
    environ, ours = environment(home), workspace(home, tasks, f"board-{tasks}")
    other = theirs(home, tasks, programs)
    cases = {
        BARE: functools.partial(run, [sys.executable, "-c", "pass"], ours, environ),
        "taskboard list": functools.partial(run, taskboard("list"), ours, environ),
    }
    if other is not None:
        for name, program in programs.items():
            command = [program, "task", "list", "--plain"]
            cases[f"backlog, {name}"] = functools.partial(run, command, other, environ)
    found = interleaved(cases, rounds)
    shown(found, f"{tasks:,} tasks")
    own, what = found["taskboard list"], f"list of {tasks:,} tasks"
    figure = f"{median(own) * 1e3:.0f} ms"
    if other is None:
        return [missing(what, "Backlog.md")]
    rows = []
    for name in programs:
        runs = found[f"backlog, {name}"]
        cells = {**at_most(ratio(own, runs), TARGETS.get(tasks, 1.0))}
        if name != "npm command":  # the promise is about what people type
            cells.update(target="", met=None)
        rows.append(Row(what, figure, f"Backlog.md, {name}: {median(runs) * 1e3:.0f} ms", **cells))
    runs = found["backlog, npm command"]
    cells = at_most(peak(own) / peak(runs), MEMORY)
    rows.append(Row(f"{what}, peak", f"{peak(own):.0f} MB", f"{peak(runs):.0f} MB", **cells))
    return rows


def once(home: Path, rounds: int) -> list[Row]:
    folder, environ = aged(home, 100, EVENTS), environment(home)
    cases = {
        BARE: functools.partial(run, [sys.executable, "-c", "pass"], folder, environ),
        "taskboard once": functools.partial(run, taskboard("once"), folder, environ),
    }
    found = interleaved(cases, rounds)
    shown(found, f"100 tasks, {EVENTS:,} events, nothing to run")
    own, bare = found["taskboard once"], found[BARE]
    cells = at_most(ratio(own, bare), ONCE)
    beside = f"{BARE} {median(bare) * 1e3:.0f} ms"
    good = peak(own) <= ONCE_MB
    return [
        Row("once, nothing to run", f"{median(own) * 1e3:.0f} ms", beside, **cells),
        Row("once, peak", f"{peak(own):.0f} MB", "", "", f"<= {ONCE_MB} MB", good),
    ]


def shown(found: dict[str, list[Run]], title: str) -> None:
    print(f"\n{title}:\n\n| process | wall | x of `{BARE}` | peak |\n| --- | ---: | ---: | ---: |")
    for name, runs in found.items():
        times = f"{ratio(runs, found[BARE]):.1f}"
        print(f"| {name} | {median(runs) * 1e3:.0f} ms | {times} | {peak(runs):.0f} MB |")
    sys.stdout.flush()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--sizes", default="10,1000,10000")
    chosen = options.parse_args()
    programs = backlog()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder).resolve()
        rows = [
            row
            for size in map(int, chosen.sizes.split(","))
            for row in lists(home, size, min(chosen.rounds, 3 + 2_000 // size), programs)
        ]
        rows += once(home, 2 * chosen.rounds)
    tell(rows)


if __name__ == "__main__":
    main()
