"""The board's page against the code: what a typed word does, and what is read as a field."""

from __future__ import annotations

import re

import pytest

from taskboard.core.parse import parse
from taskboard.core.reconcile import Shown
from taskboard.core.state import stored_status
from taskboard.core.task import Run, Task
from taskboard.core.verb import verb

WAITING = ("open", "ready", "blocked:siyao:brief")
RUNNING = "running:shell-a4b:2026-04-20T15:25Z"
FAILED = "failed:exhausted_retries"
ROWS = {
    "`ready` over an open, unknown or blocked task": [
        ("open", "ready"), ("unknown", "ready"), ("blocked:siyao:brief", "ready"),
    ],
    "`ready` over `failed:*`": [(FAILED, "ready"), ("failed:cancelled", "ready")],
    "`ready` over `running:*`": [(RUNNING, "ready")],
    "`running:ada:...` over a task that waits": [(s, RUNNING) for s in WAITING],
    "`blocked:*` over a task that waits": [(s, "blocked:ada:quote") for s in WAITING],
    "`blocked:*` or `failed:cancelled` over `running:*`": [
        (RUNNING, "blocked:ada:quote"), (RUNNING, "failed:cancelled"),
    ],
    "`failed:cancelled` over a task that waits": [(s, "failed:cancelled") for s in WAITING],
    "an open word over `ready` or `blocked:*`": [("ready", "todo"), (WAITING[2], "later")],
    "`done` over `running:*`": [(RUNNING, "done")],
    "anything over `done`; anything but `ready` over `failed:*`": [
        ("done", "ready"), ("done", "blocked:ada:quote"), ("done", "todo"),
        (FAILED, "done"), (FAILED, "blocked:ada:quote"),
    ],
    "a word that is no state": [(s, "Ready for review") for s in (*WAITING, RUNNING, "done")],
}  # fmt: skip
"""Rows of the page's table, each with pairs of the ledger's state and the word typed over it."""


def table(root) -> dict[str, str]:
    lines = (root / "docs" / "board-format.md").read_text().splitlines()
    rows = [re.split(r" *\| *", line.strip("| ")) for line in lines if line.startswith("| ")]
    return {cells[0]: cells[2] for cells in rows if len(cells) == 3}


def asked(state: str, typed: str) -> set[str]:
    item = parse(f"## TASK-001 A task\n- status: {typed}\n".encode()).items[0]
    status = stored_status(state)
    run = Run(
        run="r", attempt=1, agent="shell-a4b", executor="shell", device="d", started="",
        text=None, fields={}, actor="daemon",
    )  # fmt: skip
    task = Task(
        task_id="t", task="TASK-001", title="A task", status=status, created="", updated="",
        seq=1, since=1,
        run=run if status.kind == "running" else None,
    )  # fmt: skip
    drafts = verb(item, task, Shown(statuses={"TASK-001": state}), frozenset())
    return {draft.type.value for draft in drafts}


@pytest.mark.parametrize("row", ROWS)
def test_a_typed_word_does_what_the_page_says(root, row):
    said = set(re.findall(r"`(\w+)`", table(root)[row].partition("(")[0]))
    for state, typed in ROWS[row]:
        assert asked(state, typed) == said, f"{typed} over {state}"


def test_the_spellings_that_the_page_names_are_read_and_the_later_ones_are_not(root):
    text = (root / "docs" / "board-format.md").read_text()
    now = re.search(r"Spellings read as fields: (.*?)\.\n", text, re.DOTALL)[1]
    later = re.search(r"More spellings of fields: (.*?)\.\n", text, re.DOTALL)
    assert spellings(now)
    for spelling in spellings(now):
        assert fields_of(spelling) == {"owner": "ada"}, spelling
    for spelling in spellings(later[1]) if later else ():
        assert fields_of(spelling) == {}, spelling


def spellings(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def fields_of(spelling: str) -> dict[str, str]:
    line = re.sub("key", "owner", spelling, flags=re.IGNORECASE).replace("value", "ada")
    board = parse(f"## TASK-001 A task\n- status: ready\n{line}\n".encode())
    return {key: value for key, value in board.items[0].values().items() if key == "owner"}
