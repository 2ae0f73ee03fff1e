"""Whole boards with the habits of real ones. ``TASKBOARD_CORPUS`` may name a folder of more."""

import os
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from taskboard.core.blocks import blocks_by_markdown, find_blocks, flatten
from taskboard.core.diagnose import diagnose
from taskboard.core.parse import parse
from taskboard.core.render import Wish, render

OWN = sorted((Path(__file__).parent.parent / "boards").glob("*.md"))
MORE = os.environ.get("TASKBOARD_CORPUS")
ALL = [*OWN, *sorted(p for p in Path(MORE).rglob("*") if p.is_file())] if MORE else OWN
NOW = datetime(2026, 4, 20, 15, 25, tzinfo=UTC)
WORDS = ["ready", "done", "blocked:ada:x", "running:a:2026-04-20T15:25Z", "failed:final"]


@pytest.fixture(params=ALL, ids=lambda path: path.name)
def data(request):
    return request.param.read_bytes()


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_every_real_task_is_found_and_no_trap(path):
    data = path.read_bytes()
    board = parse(data)
    assert not [item.title for item in board.items if "TRAP" in item.title]
    assert len([i for i in board.items if "REAL" in i.title]) == data.count(b"REAL")


def test_no_wish_writes_the_same_bytes(data):
    assert render(parse(data), []) == data


def test_no_task_lies_in_a_fence_a_comment_or_front_matter(data):
    board = parse(data)
    if board.held not in (None, "conflict"):
        return
    flat = flatten(data)
    start = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    whole = blocks_by_markdown(flat, start)
    assert find_blocks(flat, start) == whole
    for item in board.items:
        assert not [s for s in whole.hidden if s.start <= item.heading.start < s.end]


def test_many_changes_leave_the_text_around_the_values_alone(data):
    dice = random.Random(7)
    board = parse(data)
    places = [i for i, item in enumerate(board.items) if item.task is not None]
    gaps = _gaps(board)
    for _ in range(20 if places else 0):
        board = parse(render(board, [Wish(dice.choice(places), dice.choice(WORDS))]))
    assert _gaps(board) == gaps


def _gaps(board):
    """The bytes around the status values."""
    out, at = [], 0
    for item in board.items:
        start, end = item.status_field.value_span
        out.append(board.data[at:start].rstrip())
        at = end
    return [*out, board.data[at:]]


def test_diagnosing_never_fails(data):
    for diagnosis in diagnose(parse(data), now=NOW):
        assert diagnosis.line >= 1


def test_own_lines_come_and_go_without_a_trace(data):
    board = parse(data)
    places = [i for i, item in enumerate(board.items) if item.task is not None]
    lines = ("- result: asserted (human) by ann", "- note: TB302 no")
    shown = parse(render(board, [Wish(i, lines=lines) for i in places]))
    assert [(i.task, i.title) for i in shown.items] == [(i.task, i.title) for i in board.items]
    ours = {i: _added(shown.items[i], board.items[i], shown.data) for i in places}
    gone = render(shown, [Wish(i, ours=ours[i]) for i in places])
    assert _lines(gone) == _lines(data)


def _added(after, before, data):
    new = [f for f in after.fields[len(before.fields) :] if f.key in ("result", "note")]
    return frozenset(data[f.span.start : f.span.end].rstrip(b"\r\n") for f in new)


def _lines(data):
    """Without the last line end: where a board ends in a field, a line below it needs one."""
    return data.removesuffix(b"\n").removesuffix(b"\r")


def test_the_inbox_holds_its_own_boxes_only():
    board = parse((Path(__file__).parent.parent / "boards" / "inbox.md").read_bytes())
    assert [i.text for i in board.inbox if not i.ticked] == [
        "Paint the fence", "Call the plumber about", "Order seeds",
    ]  # fmt: skip
