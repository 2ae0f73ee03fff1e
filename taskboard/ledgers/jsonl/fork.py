"""Going on in a new ledger: the events of an old file, linked to a new opening.

A ledger that was rolled back or came from elsewhere is not written to any more. Its fork has
another id and another first event, which names the old ledger, its last sequence and its head;
every event after the first stands there again with all its bytes but ``prev`` and ``hash``. So
nothing that was known is forgotten: states, attempts, ids given, receipts, and what is still on
disk under them. The old file stays, whole, in ``quarantine``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from taskboard.clock import Clock
from taskboard.core.codec import decode, relink, seal
from taskboard.core.event import Draft, Event
from taskboard.core.task import World
from taskboard.errors import Corrupt, NotFound
from taskboard.files import Files
from taskboard.heads import Heads
from taskboard.ledgers.jsonl.anew import (
    Place,
    append,
    keep_old,
    more_lines,
    opening_of,
    put_in_place,
    spare_of,
    write_lines,
)
from taskboard.ledgers.jsonl.chain import Chain
from taskboard.ledgers.jsonl.reel import Reel
from taskboard.ledgers.jsonl.trouble import trouble


class Forked(NamedTuple):
    """The new ledger's id and world; of the old one its id, last sequence, head and file."""

    ledger_id: str
    world: World
    old_id: str
    seq: int
    head: str
    kept: Path


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
            opening = opening_of(clock, place, ledger_id, named)
            spare, sealed = spare_of(path), [part.path for part in reel.parts]
            world = write_lines(files, spare, _linked(reel.lines(0, end), opening))
            append(files, spare, more_lines(world, carry(world), clock, place.device))
            kept = keep_old(files, place, sealed, f"{old_id}-{old.seq}-{old.head[:8]}")
            put_in_place(files, heads, place, sealed, ledger_id)
    except OSError as error:
        raise trouble(path, error) from error
    finally:
        reel.close()
    return Forked(ledger_id, world, old_id, old.seq, old.head, kept)


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


def _linked(lines: Iterator[bytes], opening: Event) -> Iterator[bytes]:
    """``lines`` with ``opening`` in the place of the first, each linked to the one before."""
    more = decode(next(lines)).more  # the first commit may hold others
    first, line = seal(msgspec.structs.replace(opening, more=more, hash=""))
    head = first.hash
    yield line
    for old in lines:
        line, head = relink(old, head)
        yield line


def _none(path: Path) -> NotFound:
    return NotFound(
        f"There is no ledger {path} to go on from.",
        hint="The first command that changes something begins one: taskboard once",
        code="no_workspace",
    )
