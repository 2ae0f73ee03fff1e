"""``.taskboard/checkpoint``: what a ledger folds to up to an event, so that a start need not fold
all of it again.

A cache, and never believed: it counts only if its own checksum holds, if this very program made
it (the same version and the same sources of the fold), and if the ledger has the very event it
ends with. It may be removed at any time. The checksum is against accidents; whoever can write to
this folder could write the ledger too, and ``verify`` folds that from its first byte.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

import msgspec

from taskboard import __version__
from taskboard.core import changes, fold, state, steps, task
from taskboard.core.checkpoint import Frozen, freeze, thaw
from taskboard.files import Files
from taskboard.ledgers.jsonl.chain import Chain

EVERY = 10_000
"""Events after which it is written anew."""

_ENCODER = msgspec.msgpack.Encoder()


class Head(msgspec.Struct, array_like=True):
    """The first part: what the rest belongs to. ``hash`` is that of event ``seq``."""

    program: str
    ledger_id: str | None
    seq: int
    hash: str
    end: int
    check: int
    """CRC-32 of all that follows the head."""
    body: int
    """Bytes of the body; the packed tasks follow."""


class Body(msgspec.Struct, array_like=True):
    """The second part: the world but for its tasks, and what else a chain knows."""

    world: Frozen
    marks: list[tuple[int, int]]
    recent: list[tuple[str, tuple[int, int]]]


_HEAD = msgspec.msgpack.Decoder(Head)
_BODY = msgspec.msgpack.Decoder(Body)
_LONGEST = 1024
"""Bytes of a head, at most: two of them say how long it is."""


class Checkpoint:
    """The file, for one process. ``seq`` is where the ledger stood that it was made of."""

    def __init__(self, files: Files, path: Path) -> None:
        self.seq = 0
        self._files = files
        self._path = path

    def load(self, chain: Chain, is_held: Callable[[int, int, str], bool]) -> bool:
        """Set a chain that has folded nothing to what is kept, if it may be believed:
        ``is_held(seq, end, hash)`` says whether the ledger has that event at that place."""
        try:
            data = self._files.read(self._path)
            head, start = _split(data)
            if head.program != program() or not is_held(head.seq, head.end, head.hash):
                return False
            rest = memoryview(data)[start:]
            if zlib.crc32(rest) != head.check:
                return False
            body = _BODY.decode(rest[: head.body])
            world = thaw(body.world, bytes(rest[head.body :]))
        except (OSError, ValueError, TypeError, KeyError):  # it is only a cache
            return False
        if (world.ledger_id, world.seq, world.head) != (head.ledger_id, head.seq, head.hash):
            return False
        vars(chain.world).update(vars(world))
        chain.end, chain.marks = head.end, body.marks
        chain.recent.restore(body.recent)
        self.seq = head.seq
        return True

    def is_due(self, chain: Chain) -> bool:
        """Whether so much was folded since that it is worth while."""
        return chain.world.seq >= self.seq + EVERY

    def save(self, chain: Chain) -> None:
        """Keep what a chain has folded, all of which is durable. Trouble is passed over: without
        it a start takes longer."""
        world = chain.world
        self.seq = world.seq
        with suppress(OSError):
            frozen, packed = freeze(world)
            body = _ENCODER.encode(Body(frozen, chain.marks, chain.recent.known()))
            tasks = b"".join(packed)
            check = zlib.crc32(tasks, zlib.crc32(body))
            head = _ENCODER.encode(
                Head(
                    program(), world.ledger_id, world.seq, world.head, chain.end, check, len(body)
                )
            )
            data = b"".join([len(head).to_bytes(2, "big"), head, body, tasks])
            self._files.write(self._path, data, durable=False)


@cache
def program() -> str:
    """This program, as far as the fold depends on it: its version, and a sum of the sources."""
    found = 0
    for module in (changes, fold, state, steps, task):
        with suppress(OSError, TypeError):
            found = zlib.crc32(Path(module.__file__ or "").read_bytes(), found)
    return f"{__version__} {found:08x}"


def _split(data: bytes) -> tuple[Head, int]:
    """The head, and where the rest begins. Raises ``ValueError``."""
    start = 2 + int.from_bytes(data[:2], "big")
    if start > _LONGEST:
        raise ValueError("no checkpoint")
    return _HEAD.decode(data[2:start]), start
