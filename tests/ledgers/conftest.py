"""A ledger on a simulated disk, and that disk's bytes."""

from pathlib import Path

from taskboard.ledgers.jsonl import JsonlLedger
from taskboard.testing.clock import ManualClock, run_virtual

FOLDER = Path("/w")
PATH = FOLDER / "events.jsonl"
MARK = FOLDER / ".taskboard" / "events.poisoned"
QUARANTINE = FOLDER / ".taskboard" / "quarantine"


def start(files, clock=None, **more):
    files.make_folder(FOLDER)
    return JsonlLedger(
        files,
        clock or ManualClock(),
        path=PATH,
        state=FOLDER / ".taskboard",
        device="here",
        board="task-board.md",
        threads=False,
        **more,
    )


def run(main):
    return run_virtual(main, ManualClock())


def written(files):
    return bytes(files.disk.need(PATH).data)


def put(files, data):
    node = files.disk.need(PATH)
    node.data[:] = data
    node.sync()
