"""The page about editing against the code: every row about a status word is typed, and every
test that a row names is there."""

from __future__ import annotations

import re

import pytest

from taskboard.loop import agents
from taskboard.loop.absorb import absorb
from taskboard.loop.context import Memory
from tests.conftest import Desk
from tests.docs.conftest import ROOT

PAGE = ROOT / "docs" / "editing.md"
BOARD = "# B\n\n## TASK-001 One\n- status: {}\n\nwords\n"
STARTS = "ready\n- run: ok\n- verify: sleep 60\n- not-before: 2026-11-20T12:01Z"
"""It would start by itself by the time that something is typed over it."""


def rows(title):
    part = PAGE.read_text().split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def word(cell):
    return cell.strip("` ")


async def claimed(ctx):
    memory = Memory()
    await absorb(ctx, memory)
    return await agents.take(ctx, memory, "TASK-001", "bot-1", "agent:bot-1")


def desk_in(state):
    desk = Desk()
    desk.save(BOARD.format({"running": "ready", "ready": STARTS}.get(state, state)))
    desk.turn(start=True)
    if state == "running":
        desk.say(claimed)
    return desk


@pytest.mark.parametrize("row", rows("Status words"), ids=lambda row: f"{row[0]} {row[1]}")
def test_a_status_word_does_what_the_page_says(row):
    state, typed, after, event = word(row[0]), word(row[1]), word(row[2]), row[3]
    desk = desk_in(state)
    shown = re.search(r"- status: (.*)\n", desk.board)[1]
    known = len(desk.facts())
    desk.save(desk.board.replace(f"- status: {shown}", f"- status: {typed}"))
    desk.clock.advance(120)
    desk.turn()

    ended = desk.state("TASK-001")
    assert ended == after or (after == "running" and ended == shown)
    recorded = {e.type for e in desk.facts()[known:] if e.task} - {"decided"}
    if event.startswith("nothing"):
        assert recorded <= {"anomaly_flagged"}
    else:
        assert re.match(r"`(\w+)`", event)[1] in recorded
    assert "claimed" not in recorded
    for code in re.findall("TB[0-9]{3}", event):
        assert code in desk.board


def named():
    for title in ("Sections and texts", "Boards that are doubted", "Git"):
        yield from (word(row[-1]) for row in rows(title))


def test_every_test_that_the_page_names_is_there():
    sources = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    names = list(named())
    assert len(names) > 25
    assert [name for name in names if f"def {name}(" not in sources] == []
