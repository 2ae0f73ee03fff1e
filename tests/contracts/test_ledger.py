import asyncio
from pathlib import Path

import pytest

from taskboard.clock import SystemClock
from taskboard.disk import DiskFiles
from taskboard.ledgers.jsonl import JsonlLedger
from taskboard.ledgers.memory import MemoryLedger
from taskboard.testing.clock import ManualClock, run_virtual
from taskboard.testing.files import SimFiles
from taskboard.testing.ledger import LAWS


def jsonl(files, clock, folder, **more):
    return JsonlLedger(
        files,
        clock,
        path=folder / "events.jsonl",
        state=folder / ".taskboard",
        device="here",
        board="task-board.md",
        **more,
    )


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_the_file_ledger_on_disk(law, tmp_path):
    asyncio.run(law(lambda: jsonl(DiskFiles(), SystemClock(), tmp_path)))


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_the_file_ledger_in_the_simulation(law):
    clock, files, folder = ManualClock(), SimFiles(), Path("/w")
    files.make_folder(folder)
    run_virtual(law(lambda: jsonl(files, clock, folder, threads=False)), clock)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_the_ledger_in_memory(law):
    ledger = MemoryLedger(SystemClock())
    asyncio.run(law(lambda: ledger))
