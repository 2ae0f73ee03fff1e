"""Going on in a new ledger: the events of an old file, linked to a new opening.

A ledger that was rolled back or came from elsewhere is not written to any more. Its fork has
another id and another first event, which names the old ledger, its last sequence and its head;
every event after the first stands there again with all its bytes but ``prev`` and ``hash``. So
nothing that was known is forgotten: states, attempts, ids given, receipts, and what is still on
disk under them. The old file stays, whole, in ``quarantine``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from taskboard.clock import Clock
from taskboard.core.codec import decode, relink, seal
from taskboard.core.commit import apply, commit
from taskboard.core.event import Draft, Event
from taskboard.core.event import EventType as E
from taskboard.core.task import World
from taskboard.core.units import stamp
from taskboard.errors import Corrupt, NotFound
from taskboard.files import Files
from taskboard.heads import Heads
from taskboard.ledger import Fault
from taskboard.ledgers.jsonl.chain import Chain
from taskboard.ledgers.jsonl.reel import Reel
from taskboard.ledgers.jsonl.trouble import trouble

_LINES = 256
"""Lines that are written at once."""


class Forked(NamedTuple):
    """The new ledger's id and world; of the old one its id, last sequence, head and file."""

    ledger_id: str
    world: World
    old_id: str
    seq: int
    head: str
    kept: Path


class Place(NamedTuple):
    """Where a ledger is and what its events say of it: ``path``, ``state`` (``.taskboard``),
    the ``board``'s name, and the ``device``."""

    path: Path
    state: Path
    board: str
    device: str


def fork(
    files: Files, clock: Clock, heads: Heads, place: Place, carry: Callable[[World], list[Draft]]
) -> Forked:
    """Put a fork in the ledger's place; durable when it returns, and either the old file or the
    new one stands there at every moment. ``carry`` makes the drafts that follow the old events,
    in the same file. Sealed segments are in it too: it is one file, whatever its size. A torn tail
    and the mark of a failed sync are left behind with the old files.

    Raises ``NotFound`` without a ledger, ``Corrupt`` for a damaged one, ``Storage``.
    """
    path, segments = place.path, place.state / "segments"
    reel = Reel(files, path, segments, writable=False)
    try:
        files.make_folder(place.state / "quarantine")
        with files.lock(place.state / "events.lock"):
            end, old = _old(files, path, reel)
            old_id = str(old.ledger_id)
            ledger_id = clock.uuid()
            named = {"ledger_id": old_id, "seq": old.seq, "head": old.head}
            opening = _opening(clock, place, ledger_id, named)
            spare = path.with_name(f".{path.name}.fork.taskboard-tmp")
            world = _write(files, spare, _linked(reel.lines(0, end), opening))
            _append(files, spare, _more(world, carry(world), clock, place.device))
            kept = _keep(files, place, reel, f"{old_id}-{old.seq}-{old.head[:8]}")
            heads.begin(ledger_id, path)
            files.rename(spare, path)
            files.sync_folder(path.parent)
            for part in reel.parts:  # each has another name by now
                files.remove(part.path)
            files.remove(place.state / "events.poisoned")
    except OSError as error:
        raise trouble(path, error) from error
    finally:
        reel.close()
    return Forked(ledger_id, world, old_id, old.seq, old.head, kept)


def _keep(files: Files, place: Place, reel: Reel, name: str) -> Path:
    """Give the old files second names in the quarantine, durably: the present one is
    ``<name>.jsonl``, which is returned, and its segments lie in the folder ``<name>``."""
    quarantine = place.state / "quarantine"
    kept = quarantine / f"{name}.jsonl"
    pairs = [(place.path, kept)]
    pairs += [(part.path, quarantine / name / part.path.name) for part in reel.parts]
    for source, target in pairs:
        files.make_folder(target.parent)
        if files.stat(target) is None:  # it is there after a crash half-way
            files.link(source, target)
        files.sync_folder(target.parent)
    return kept


def _old(files: Files, path: Path, reel: Reel) -> tuple[int, World]:
    """The end of the whole commits of the old files, proved again, and what they say."""
    if files.stat(path) is None:
        raise _none(path)
    chain = Chain(reel.locate)
    reel.open()
    chain.catch_up(reel.read)
    if not chain.end:
        raise _none(path)
    if chain.world.ledger_id is None:
        raise Corrupt(
            f"{path} does not begin as a ledger does, so it cannot be gone on from.",
            hint="Move it away; the next command then starts a new ledger from the board.",
            code="ledger_foreign",
            data={"ledger_id": None, "path": None},
        )
    return chain.end, chain.world


def _opening(clock: Clock, place: Place, ledger_id: str, named: dict[str, Any]) -> Event:
    data = {"ledger_id": ledger_id, "board": place.board, "forked_from": named}
    draft = Draft(type=E.LEDGER_OPENED, actor="ledger", data=data)
    ts, ids = stamp(clock.now()), [clock.uuid()]
    return commit(World(), [draft], ts=ts, device=place.device, ids=ids)[0].event


def _linked(lines: Iterator[bytes], opening: Event) -> Iterator[bytes]:
    """``lines`` with ``opening`` in the place of the first, each linked to the one before."""
    more = decode(next(lines)).more  # the first commit may hold others
    first, line = seal(msgspec.structs.replace(opening, more=more, hash=""))
    head = first.hash
    yield line
    for old in lines:
        line, head = relink(old, head)
        yield line


def _write(files: Files, spare: Path, lines: Iterator[bytes]) -> World:
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


def _append(files: Files, spare: Path, data: bytes) -> None:
    """Append to the new file, and make it durable."""
    log = files.open_log(spare)
    try:
        log.append(data)
        log.sync()
    finally:
        log.close()


def _more(world: World, drafts: list[Draft], clock: Clock, device: str) -> bytes:
    """The lines of one more commit, which is put into ``world``."""
    if not drafts:
        return b""
    ids = [clock.uuid() for _ in drafts]
    sealed = commit(world, drafts, ts=stamp(clock.now()), device=device, ids=ids)
    apply(world, sealed)
    return b"".join(one.line for one in sealed)


def _none(path: Path) -> NotFound:
    return NotFound(
        f"There is no ledger {path} to go on from.",
        hint="The first command that changes something begins one: taskboard once",
        code="no_workspace",
    )
