"""What a start does after a crash or a failing disk: cut a torn tail, leave a poisoned file."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.files import Files, Log
from taskboard.ledgers.jsonl.chain import Chain


def cut_tail(
    files: Files, log: Log, quarantine: Path, *, end: int, tail: bytes, name: str
) -> Draft:
    """Save the bytes after ``end`` durably in ``quarantine`` and cut them off; the caller syncs
    the cut. Returns the fact to record. Under the ledger's lock only. Raises ``OSError``."""
    files.make_folder(quarantine)
    files.write(quarantine / name, tail)
    log.truncate(end)
    return repaired("torn_tail", end, tail, name)


def move_house(files: Files, path: Path, quarantine: Path, *, name: str) -> Draft:
    """After a failed sync: nobody knows which bytes of the old file reached the disk, so its
    complete commits go to a new file that replaces it; the old one stays in ``quarantine``.
    Under the ledger's lock only. Raises ``OSError``, and ``Corrupt`` before anything is moved.
    """
    log = files.open_log(path)
    try:
        chain = Chain(path.name)
        tail = chain.catch_up(log.read)
        good = log.read(0, chain.end)
    finally:
        log.close()
    files.make_folder(quarantine)
    if files.stat(quarantine / name) is None:
        files.link(path, quarantine / name)
        files.sync_folder(quarantine)
    files.write(path, good)
    return repaired("failed_sync", chain.end, tail, name)


def repaired(reason: str, offset: int, tail: bytes, name: str) -> Draft:
    """The fact that ``tail`` was taken off at ``offset`` and lies in the quarantine."""
    data: dict[str, Any] = {
        "reason": reason,
        "offset": offset,
        "bytes": len(tail),
        "sha256": hashlib.sha256(tail).hexdigest(),
        "quarantine": name,
    }
    return Draft(type=E.LEDGER_REPAIRED, actor="ledger", data=data)
