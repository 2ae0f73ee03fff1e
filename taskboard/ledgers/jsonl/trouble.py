"""What goes wrong with a ledger's files, in the words of the contract."""

from __future__ import annotations

from pathlib import Path

from taskboard.core.task import World
from taskboard.errors import Corrupt, Storage, next_step
from taskboard.ledger import Fault


def damaged(fault: Fault) -> Corrupt:
    """The error for a ledger that cannot be right. Its data are the fault's."""
    return Corrupt(
        f"{fault.file} is damaged at byte {fault.byte} (line {fault.line}, where event "
        f"{fault.seq} belongs): {fault.reason}.",
        hint="Nothing was written. `taskboard verify` shows the place. Bring the file back from a "
        "backup, or `taskboard salvage` goes on with everything that is whole.",
        data={
            "file": fault.file,
            "byte": fault.byte,
            "line": fault.line,
            "seq": fault.seq,
            "reason": fault.reason,
        },
    )


def newer(what: str) -> Corrupt:
    """The error of an older version at a newer one's ledger: nothing is wrong with it."""
    return Corrupt(
        f"The ledger is written by a newer taskboard: it holds {what}, which this version does "
        "not know. Nothing was written.",
        hint="Update this taskboard to the version that writes here; until then it only reads.",
        code="ledger_newer",
    )


def gone(path: Path, world: World, why: str) -> Corrupt:
    """The error of a process whose ledger was replaced by one that does not go on from there."""
    return Corrupt(
        f"{path} no longer holds event {world.seq}, which was read from it: {why}.",
        hint="Nothing was written. Put the file back, or start again to look at what is "
        "there now.",
        code="ledger_rollback",
        data={"seq": world.seq, "head": world.head},
    )


def poisoned(path: Path) -> Storage:
    """The error after a failed sync, for everyone who was waiting and everyone after."""
    return Storage(
        f"{path} could not be made durable: a sync failed, so nothing is acknowledged.",
        hint="Look after the disk, then start again: the next start moves the valid records to "
        "a new file and keeps the old one in .taskboard/quarantine/.",
        data={"reason": "poisoned"},
    )


def trouble(path: Path, error: OSError, *, reading: bool = False) -> Storage:
    """A refusing disk in the words of the contract. What only reads had nothing to record."""
    lost = "" if reading else " Nothing was recorded."
    return Storage(
        f"{path}: {error.strerror or error}.{lost}",
        hint=next_step(error),
        data={"errno": error.errno},
    )
