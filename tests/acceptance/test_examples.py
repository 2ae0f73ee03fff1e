"""Every story in ``examples/`` happens as it says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

STORIES = sorted(Path(__file__).parents[2].joinpath("examples").glob("*/task-board.md"))


@pytest.mark.parametrize("board", STORIES, ids=lambda path: path.parent.name)
def test_an_example_happens_event_by_event(bench, board):
    shutil.copy(board, bench.board)
    bench.run("once", code=0)

    told: dict[str, list[str]] = {}
    for event in bench.events():
        if event["task"]:
            told.setdefault(event["task"], []).append(event["type"])
    assert told == json.loads(board.with_name("expected.json").read_text())
