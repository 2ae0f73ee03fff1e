"""Going on in a new ledger: the events of an old file, linked to a new opening.

A ledger that was rolled back or came from elsewhere is not written to any more. Its fork has
another id and another first event, which names the old ledger, its last sequence and its head;
every event after the first stands there again with all its bytes but ``prev`` and ``hash``. So
nothing that was known is forgotten: states, attempts, ids given, receipts, and what is still on
disk under them. The old file stays, whole, in ``quarantine``.
"""

from __future__ import annotations

from collections.abc import Callable
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
from taskboard.ledgers.jsonl.chain import Chain
from taskboard.ledgers.jsonl.store import trouble


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
    in the same write. A torn tail and the mark of a failed sync are left behind with the old file.

    Raises ``NotFound`` without a ledger, ``Corrupt`` for a damaged one, ``Storage``.
    """
    path, quarantine = place.path, place.state / "quarantine"
    try:
        files.make_folder(quarantine)
        with files.lock(place.state / "events.lock"):
            data, old = _old(files, path)
            old_id = str(old.ledger_id)
            ledger_id = clock.uuid()
            named = {"ledger_id": old_id, "seq": old.seq, "head": old.head}
            new = _linked(data, _opening(clock, place, ledger_id, named))
            world = _folded(new, path.name)
            new += _more(world, carry(world), clock, place.device)
            kept = quarantine / f"{old_id}-{old.seq}-{old.head[:8]}.jsonl"
            if files.stat(kept) is None:  # it is there after a crash half-way
                files.link(path, kept)
                files.sync_folder(quarantine)
            heads.begin(ledger_id, path)
            files.write(path, new)
            files.remove(place.state / "events.poisoned")
    except OSError as error:
        raise trouble(path, error) from error
    return Forked(ledger_id, world, old_id, old.seq, old.head, kept)


def _old(files: Files, path: Path) -> tuple[bytes, World]:
    """The whole commits of the old file, proved again, and what they say."""
    chain = Chain(path.name)
    try:
        log = files.open_log(path, writable=False)
    except FileNotFoundError:
        raise _none(path) from None
    try:
        chain.catch_up(log.read)
        data = log.read(0, chain.end)
    finally:
        log.close()
    if not data:
        raise _none(path)
    if chain.world.ledger_id is None:
        raise Corrupt(
            f"{path} does not begin as a ledger does, so it cannot be gone on from.",
            hint="Move it away; the next command then starts a new ledger from the board.",
            code="ledger_foreign",
            data={"ledger_id": None, "path": None},
        )
    return data, chain.world


def _opening(clock: Clock, place: Place, ledger_id: str, named: dict[str, Any]) -> Event:
    data = {"ledger_id": ledger_id, "board": place.board, "forked_from": named}
    draft = Draft(type=E.LEDGER_OPENED, actor="ledger", data=data)
    ts, ids = stamp(clock.now()), [clock.uuid()]
    return commit(World(), [draft], ts=ts, device=place.device, ids=ids)[0].event


def _linked(data: bytes, opening: Event) -> bytes:
    """``data`` with ``opening`` in the place of its first event."""
    lines = data.splitlines(keepends=True)
    more = decode(lines[0]).more  # the first commit may hold others
    first, line = seal(msgspec.structs.replace(opening, more=more, hash=""))
    linked, head = [line], first.hash
    for old in lines[1:]:
        line, head = relink(old, head)
        linked.append(line)
    return b"".join(linked)


def _folded(data: bytes, name: str) -> World:
    chain = Chain(name)
    chain.catch_up(lambda start, limit: data[start:][:limit])
    assert chain.end == len(data), "it was whole before"
    return chain.world


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
