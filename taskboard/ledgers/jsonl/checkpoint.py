"""``.taskboard/checkpoint``: what a ledger folds to up to an event, so that a start need not fold
all of it again.

A cache, and never believed: it counts only if its own checksum holds, if this very program made
it (the same version and the same sources of the fold), and if the ledger has the very event it
ends with. It may be removed at any time. The checksum is against accidents; whoever can write to
this folder could write the ledger too, and ``verify`` folds that from its first byte.
"""

from __future__ import annotations

import sys
import weakref
import zlib
from array import array
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from itertools import accumulate
from pathlib import Path

import msgspec

from taskboard import __version__
from taskboard.core import (
    bill,
    changes,
    costs,
    event,
    fold,
    illegal,
    lazy,
    shelf,
    state,
    steps,
    task,
    units,
    world_changes,
)
from taskboard.core.checkpoint import Frozen, freeze, thaw
from taskboard.core.task import Task, World
from taskboard.files import Files, Log
from taskboard.ledgers.jsonl.chain import Chain
from taskboard.log import log

EVERY = 10_000
"""Events after which it is written anew."""

FOLD = (
    bill,
    changes,
    costs,
    event,
    fold,
    illegal,
    lazy,
    shelf,
    state,
    steps,
    task,
    units,
    world_changes,
)
"""The modules that decide what a ledger folds to."""

_ENCODER = msgspec.msgpack.Encoder()


class Head(msgspec.Struct, array_like=True):
    """The first part: what the rest belongs to. ``hash`` is that of event ``seq``."""

    program: str
    ledger_id: str | None
    seq: int
    hash: str
    end: int
    body: int
    """Bytes of the body; the packed tasks follow."""
    check: int = 0
    """CRC-32 of the body and of this part with a 0 here."""


class Body(msgspec.Struct, array_like=True):
    """The second part: the world but for its tasks, of each task the number of its bytes and their
    CRC-32 (four bytes each), and what else a chain knows."""

    world: Frozen
    sizes: bytes
    checks: bytes
    marks: list[tuple[int, int]]
    recent: list[tuple[str, tuple[int, int]]]


_HEAD = msgspec.msgpack.Decoder(Head)
_BODY = msgspec.msgpack.Decoder(Body)
_TASK = msgspec.msgpack.Decoder(Task)
_LONGEST = 1024
"""Bytes of a head, at most: two of them say how long it is."""


class Checkpoint:
    """The file, for one process. ``seq`` is where the ledger stood that it was made of."""

    def __init__(self, files: Files, path: Path) -> None:
        self.seq = 0
        self._files = files
        self._path = path

    def load(
        self,
        chain: Chain,
        is_held: Callable[[int, int, str], bool],
        anew: Callable[[int], World],
    ) -> bool:
        """Set a chain that has folded nothing to what is kept, if it may be believed:
        ``is_held(seq, end, hash)`` says whether the ledger has that event at that place. Should
        a task turn out damaged later, ``anew(end)`` folds the ledger from its first byte."""
        try:
            file = self._files.open_log(self._path, writable=False)
        except OSError:
            return False
        try:
            head, body, start = _read(file)
            tasks = _Tasks(file, start, body, lambda: self._rescue(anew, chain))
            world = thaw(body.world, tasks)
            same = (world.seq, world.head) == (head.seq, head.hash)
            good = same and is_held(head.seq, head.end, head.hash)
        except (OSError, ValueError, TypeError, KeyError, msgspec.MsgspecError):
            good = False  # it is only a cache
        if not good:
            file.close()
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
            sizes = array("I", map(len, packed)).tobytes()
            checks = array("I", map(zlib.crc32, packed)).tobytes()
            body = _ENCODER.encode(Body(frozen, sizes, checks, chain.marks, chain.recent.known()))
            where = (world.ledger_id, world.seq, world.head, chain.end)
            head = _ENCODER.encode(_checked(Head(program(), *where, len(body)), body))
            parts = [len(head).to_bytes(2, "big"), head, body, *packed]
            self._files.write(self._path, b"".join(parts), durable=False)

    def _rescue(self, anew: Callable[[int], World], chain: Chain) -> World:
        log.warning("%s is damaged; the ledger is read from its beginning", self._path)
        self.seq = 0  # so that it is written again
        return anew(chain.end)


class _Tasks:
    """The packed tasks of a checkpoint, in the file that was open when it was read."""

    def __init__(self, file: Log, start: int, body: Body, rescue: Callable[[], World]) -> None:
        sizes = array("I", body.sizes)
        self._places = list(accumulate(sizes, initial=start))
        self._checks = array("I", body.checks)
        if not len(self._checks) == len(sizes) == len(body.world.ids):
            raise ValueError("not as many as there are tasks")
        self._file = file
        self._bytes: bytes | None = None
        self._rescue = rescue
        self._rescued: World | None = None
        weakref.finalize(self, file.close)

    def load(self, key: str, number: int) -> Task:
        """The task of this id."""
        with suppress(OSError, ValueError, msgspec.MsgspecError):
            return _TASK.decode(self.raw(number))
        if self._rescued is None:
            self._rescued = self._rescue()
        return self._rescued.tasks[key]

    def raw(self, number: int) -> bytes:
        """Its bytes. Raises ``ValueError`` when they are others by now."""
        start, end = self._places[number : number + 2]
        if self._bytes is None:
            data = self._file.read(start, end - start)
        else:
            data = self._bytes[start - self._places[0] : end - self._places[0]]
        if zlib.crc32(data) != self._checks[number]:
            raise ValueError("damaged")
        return data

    def whole(self, *, held: bool) -> None:
        """Read all at once, or let go of them."""
        self._bytes = None
        if held:
            with suppress(OSError):
                first, last = self._places[0], self._places[-1]
                self._bytes = self._file.read(first, last - first)


def _read(file: Log) -> tuple[Head, Body, int]:
    """Head, body, and where the tasks begin. Raises ``ValueError`` or ``MsgspecError``."""
    begin = file.read(0, _LONGEST)
    start = 2 + int.from_bytes(begin[:2], "big")
    head = _HEAD.decode(begin[2:start])
    body = file.read(start, head.body)
    if head.program != program() or _checked(head, body) != head:
        raise ValueError("another program's, or damaged")
    return head, _BODY.decode(body), start + head.body


def _checked(head: Head, body: bytes) -> Head:
    """The head with its checksum."""
    bare = msgspec.structs.replace(head, check=0)
    return msgspec.structs.replace(head, check=zlib.crc32(_ENCODER.encode(bare), zlib.crc32(body)))


@cache
def program() -> str:
    """This program, as far as the fold depends on it: its version, and a sum of the sources."""
    found = 0
    for module in FOLD:
        with suppress(OSError, TypeError):
            found = zlib.crc32(Path(module.__file__ or "").read_bytes(), found)
    return f"{__version__} {found:08x} {sys.byteorder}"
