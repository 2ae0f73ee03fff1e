"""Every story in ``examples/`` happens as it says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

STORIES = sorted(Path(__file__).parents[2].joinpath("examples").glob("*/task-board.md"))


@pytest.mark.parametrize("board", STORIES, ids=lambda path: path.parent.name)
def test_an_example_happens_event_by_event(bench, board):
    shutil.copytree(board.parent, bench.folder, dirs_exist_ok=True)
    command = board.with_name("command")
    words = command.read_text().split() if command.exists() else ["once"]
    bench.environ.pop("TASKBOARD_EXECUTOR")
    bench.environ.pop("TASKBOARD_DECIDER")
    bench.run(*words, code=0)

    told: dict[str, list[str]] = {}
    for event in bench.events():
        if event["task"]:
            told.setdefault(event["task"], []).append(event["type"])
    assert told == json.loads(board.with_name("expected.json").read_text())
