"""Ledgers of every released version open for ever, and say what they said then."""

import json
import shutil
from pathlib import Path

import pytest

from taskboard.clock import SystemClock
from taskboard.core.codec import decode
from taskboard.core.event import Draft, EventType
from taskboard.core.event import EventType as E
from taskboard.disk import DiskFiles
from taskboard.ledgers.jsonl import JsonlLedger
from taskboard.ledgers.jsonl import checkpoint as checkpoints
from taskboard.testing.clock import ManualClock, run_virtual
from tests.ledgers.golden.make import make, told

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.jsonl"))


def open_copy(folder, golden=None, **more):
    """The golden ledger in a folder of its own, opened as any ledger is."""
    if golden is not None:
        shutil.copy(golden, folder / "events.jsonl")
    return JsonlLedger(
        DiskFiles(),
        SystemClock(),
        path=folder / "events.jsonl",
        state=folder / ".taskboard",
        device="here",
        board="task-board.md",
        threads=False,
        **more,
    )


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.stem)
def test_it_opens_and_says_what_it_said_then(golden, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "EVERY", 1)

    async def main():
        ledger = open_copy(tmp_path, golden)
        world = await ledger.look()
        expected = json.loads(golden.with_suffix(".json").read_text())
        assert without_new(told(world), expected) == expected
        assert (await ledger.verify()).fault is None
        ledger.close()
        for again in (open_copy(tmp_path), open_copy(tmp_path, writable=False)):
            assert without_new(told(await again.look()), expected) == expected
        await ledger.append([Draft(type=E.PAUSED)])
        assert (tmp_path / "events.jsonl").read_bytes().startswith(golden.read_bytes())

    run_virtual(main(), ManualClock())


def without_new(found, expected):
    """``found`` without the keys that a later version has put into worlds and tasks."""
    known = {key: found[key] for key in expected}
    known["tasks"] = {
        task_id: {key: task[key] for key in expected["tasks"][task_id]}
        for task_id, task in found["tasks"].items()
    }
    return known


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.stem)
def test_no_type_was_ever_renamed(golden):
    types = {decode(line).type for line in golden.read_bytes().splitlines(keepends=True)}
    assert len(types) > 40
    assert types <= {kind.value for kind in EventType}


def test_the_story_has_every_type_that_this_version_writes():
    """So that the next release's golden ledger has them too."""

    async def main():
        return {decode(line).type for line in (await make()).lines}

    assert run_virtual(main(), ManualClock()) == {kind.value for kind in EventType}
