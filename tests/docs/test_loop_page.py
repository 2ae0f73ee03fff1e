"""The one-screen page fits a screen and names only what there is."""

from __future__ import annotations

import re
from pathlib import Path

from taskboard.cli.commands import COMMANDS
from taskboard.core.event import EventType
from taskboard.registry import names

TEXT = (Path(__file__).parents[2] / "docs" / "loop.md").read_text()
PICTURE = re.search(r"```text\n(.*?)```", TEXT, re.DOTALL)[1].splitlines()


def test_the_picture_fits_one_screen():
    assert len(PICTURE) <= 50
    assert max(map(len, PICTURE)) <= 100


def test_it_names_only_events_commands_and_executors_that_exist():
    drawn = "\n".join(PICTURE)
    events = {"file_changed_triggered", "created", "edited", "unblocked", "cancelled", "claimed"}
    assert events | {"decided"} <= set(EventType)
    assert all(event in drawn for event in events)
    assert all(name in drawn for name in names("executors"))
    assert set(re.findall(r"taskboard ([a-z]+)", TEXT)) <= set(COMMANDS)
