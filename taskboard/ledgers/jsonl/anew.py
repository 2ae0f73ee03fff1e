"""A new ledger in the place of an old one: written beside it, linked to what the old one said. The
old files are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from taskboard.clock import Clock
from taskboard.core.commit import apply, commit
from taskboard.core.event import Draft, Event
from taskboard.core.event import EventType as E
from taskboard.core.task import World
from taskboard.core.units import stamp
from taskboard.files import Files
from taskboard.heads import Heads
from taskboard.ledger import Fault
from taskboard.ledgers.jsonl.chain import Chain

_LINES = 256
"""Lines that are written at once."""


class Place(NamedTuple):
    """Where a ledger is and what its events say of it: ``path``, ``state`` (``.taskboard``),
    the ``board``'s name, and the ``device``."""

    path: Path
    state: Path
    board: str
    device: str


def keep_old(files: Files, place: Place, sealed: Iterable[Path], name: str) -> Path:
    """Give the old files second names in the quarantine, durably: the present one is
    ``<name>.jsonl``, which is returned, and the ``sealed`` ones lie in the folder ``<name>``."""
    quarantine = place.state / "quarantine"
    kept = quarantine / f"{name}.jsonl"
    pairs = [(place.path, kept)] if files.stat(place.path) is not None else []
    pairs += [(path, quarantine / name / path.name) for path in sealed]
    for source, target in pairs:
        files.make_folder(target.parent)
        if files.stat(target) is None:  # it is there after a crash half-way
            files.link(source, target)
        files.sync_folder(target.parent)
    return kept


def spare_of(path: Path) -> Path:
    """Where the new file is written."""
    return path.with_name(f".{path.name}.new.taskboard-tmp")


def put_in_place(
    files: Files, heads: Heads, place: Place, sealed: Iterable[Path], ledger_id: str
) -> None:
    """The new file takes the name of the old one, durably, and the ``sealed`` ones lose theirs:
    each has another by now. The mark of a failed sync goes."""
    path = place.path
    heads.begin(ledger_id, path)
    files.rename(spare_of(path), path)
    files.sync_folder(path.parent)
    for old in sealed:
        files.remove(old)
    files.remove(place.state / "events.poisoned")


def opening_of(clock: Clock, place: Place, ledger_id: str, named: dict[str, Any]) -> Event:
    """The first event of a new ledger that goes on from the one that is ``named``."""
    data = {"ledger_id": ledger_id, "board": place.board, "forked_from": named}
    draft = Draft(type=E.LEDGER_OPENED, actor="ledger", data=data)
    ts, ids = stamp(clock.now()), [clock.uuid()]
    return commit(World(), [draft], ts=ts, device=place.device, ids=ids)[0].event


def write_lines(files: Files, spare: Path, lines: Iterator[bytes]) -> World:
    """Write the new file beside the old one; what it says, folded from what was written."""
    files.remove(spare)  # of a crash
    log = files.open_log(spare)
    try:
        while piece := b"".join(islice(lines, _LINES)):
            log.append(piece)
        chain = Chain(lambda place, seq: Fault(spare.name, place, seq, seq, ""))
        chain.catch_up(log.read)
        assert chain.end == log.size(), "it was whole before"
    finally:
        log.close()
    return chain.world


def append(files: Files, spare: Path, data: bytes) -> None:
    """Append to the new file, and make it durable."""
    log = files.open_log(spare)
    try:
        log.append(data)
        log.sync()
    finally:
        log.close()


def more_lines(world: World, drafts: list[Draft], clock: Clock, device: str) -> bytes:
    """The lines of one more commit, which is put into ``world``."""
    if not drafts:
        return b""
    ids = [clock.uuid() for _ in drafts]
    sealed = commit(world, drafts, ts=stamp(clock.now()), device=device, ids=ids)
    apply(world, sealed)
    return b"".join(one.line for one in sealed)
