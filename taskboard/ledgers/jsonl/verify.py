"""The proof of a whole ledger, from its first byte, without believing anything folded before."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

import msgspec

from taskboard.core.event import Event
from taskboard.core.event import EventType as E
from taskboard.core.space import texts_of
from taskboard.errors import Corrupt
from taskboard.files import Files
from taskboard.ledger import Fault, Verified
from taskboard.ledgers.jsonl.chain import Chain
from taskboard.ledgers.jsonl.objects import Objects
from taskboard.ledgers.jsonl.reel import Reel


def verify(
    files: Files, path: Path, segments: Path, objects: Objects, expect: Expected | None = None
) -> Verified:
    """Prove chain, sequence, transitions and objects over all files, and that the ``expect``ed
    event is among them. Memory grows with the tasks and the names of stored texts, not with
    events otherwise. Writes nothing. Raises ``OSError``."""
    reel = Reel(files, path, segments, writable=False)
    chain = Chain(reel.locate)
    wanted: dict[str, None] = {}
    met = False

    def watch(event: Event) -> None:
        nonlocal met
        wanted.update(dict.fromkeys(texts_of(event)))
        if event.type == E.SPACE_FREED:
            for name in event.data.get("objects", ()):
                wanted.pop(name, None)
        met = met or expect is None or expect.is_met(event)

    chain.watch = watch
    fault = None
    try:
        if files.stat(path) is None:
            reel.require_first(None)
        else:
            reel.open()
            tail = chain.catch_up(reel.read)
            if tail:  # a writer may be in the middle of it: look once more
                tail = chain.catch_up(reel.read)
            fault = _torn(reel, chain, tail) if tail else None
    except Corrupt as error:
        if "byte" not in error.data:
            raise
        fault = Fault(**error.data)
    if fault is None and expect is not None and not met:
        fault = expect.missed(reel, chain)
    sealed = len(reel.parts)
    reel.close()
    missing = [digest for digest in wanted if not objects.holds(digest)]
    world = chain.world
    good = fault is None and not missing
    return Verified(good, world.seq, world.seq, world.head, fault, missing, sealed)


def cut_off(proof: Verified, doubt: Corrupt | None, name: str) -> Verified:
    """``proof`` with what a chain cannot show: that its end, recorded by this machine, is gone."""
    if doubt is None or doubt.code != "ledger_rollback" or proof.fault is not None:
        return proof
    seq = min(proof.seq + 1, int(doubt.data["acknowledged"]))
    fault = Fault(name, int(doubt.data["byte"]), seq, seq, doubt.message)
    return msgspec.structs.replace(proof, ok=False, fault=fault)


class Expected(NamedTuple):
    """A head that was kept elsewhere: the event with this hash, and this sequence if it is
    known."""

    hash: str
    seq: int | None = None

    def is_met(self, event: Event) -> bool:
        """Whether this is the event."""
        return event.hash == self.hash and self.seq in (None, event.seq)

    def missed(self, reel: Reel, chain: Chain) -> Fault:
        """The fault of a ledger that does not hold it."""
        seq = self.seq or chain.world.seq + 1
        found = f"event {seq} stands in it with another hash"
        if seq > chain.world.seq:
            found = f"it ends with event {chain.world.seq}"
        reason = (
            f"the head {self.hash} is not in it, and {found}: its end was cut off, or replaced"
        )
        return msgspec.structs.replace(reel.locate(chain.end, seq), reason=reason)


def _torn(reel: Reel, chain: Chain, tail: bytes) -> Fault:
    digest = hashlib.sha256(tail).hexdigest()
    reason = (
        f"{len(tail)} bytes after the last complete commit (SHA-256 {digest}); the next command "
        "that writes moves them to the quarantine"
    )
    fault = reel.locate(chain.end, chain.world.seq + 1)
    return msgspec.structs.replace(fault, reason=reason)
