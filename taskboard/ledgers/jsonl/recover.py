"""What is done to a ledger's files: cut a torn tail, leave a poisoned file, seal a full one."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.segment import segment_name
from taskboard.files import Files
from taskboard.ledgers.jsonl.chain import Bad, Chain
from taskboard.ledgers.jsonl.reel import Reel


def cut_tail(
    files: Files, reel: Reel, quarantine: Path, *, end: int, tail: bytes, name: str
) -> Draft:
    """Save the bytes after ``end`` durably in ``quarantine`` and cut them off; the caller syncs
    the cut. Returns the fact to record. Under the ledger's lock only. Raises ``OSError``."""
    files.make_folder(quarantine)
    files.write(quarantine / name, tail)
    reel.truncate(end)
    return repaired("torn_tail", end - reel.base, tail, name)


def move_house(files: Files, path: Path, segments: Path, quarantine: Path, *, name: str) -> Draft:
    """After a failed sync: nobody knows which bytes of the old file reached the disk, so its
    complete commits go to a new file that replaces it; the old one stays in ``quarantine``.
    Segments are durable, and stay where they are. Under the ledger's lock only. Raises
    ``OSError``, and ``Corrupt`` before anything is moved.
    """
    reel = Reel(files, path, segments, writable=True)
    try:
        reel.open()
        chain = Chain(reel.locate)
        tail = chain.catch_up(reel.read)
        if chain.end < reel.base:
            raise chain.corrupt(Bad(chain.end, chain.world.seq + 1, "a sealed segment is torn"))
        base, good = reel.base, reel.read(reel.base, chain.end - reel.base)
    finally:
        reel.close()
    files.make_folder(quarantine)
    if files.stat(quarantine / name) is None:
        files.link(path, quarantine / name)
        files.sync_folder(quarantine)
    files.write(path, good)
    return repaired("failed_sync", chain.end - base, tail, name)


def seal(
    files: Files, path: Path, segments: Path, quarantine: Path, *, number: int, line: bytes
) -> None:
    """Make the file at ``path``, all of it durable, segment ``number``, and put one that holds
    only ``line`` in its place. At every moment one of the two stands there, and once the new one
    does, the segment's name is durable. Under the ledger's lock only. Raises ``OSError``."""
    files.make_folder(segments)
    files.sync_folder(segments.parent)  # who made the folder may have died before that
    target = segments / segment_name(number)
    there, here = files.stat(target), files.stat(path)
    if there is not None and here is not None and there.identity != here.identity:
        # Of a ledger that was here before, or of a later time of this one: not ours to lose.
        files.make_folder(quarantine)
        files.rename(target, quarantine / f"{there.inode}-{there.mtime_ns}-{target.name}")
        files.sync_folder(quarantine)
        there = None
    if there is None:  # it is there after a crash half-way
        files.link(path, target)
    files.sync_folder(segments)
    files.write(path, line)


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
