"""The proof of a whole ledger, from its first byte, without believing anything folded before."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from taskboard.core.event import Event
from taskboard.core.event import EventType as E
from taskboard.errors import Corrupt
from taskboard.files import Files
from taskboard.ledger import Fault, Verified
from taskboard.ledgers.jsonl.chain import Chain
from taskboard.ledgers.jsonl.objects import Objects

_DEFINES = frozenset({E.CREATED, E.EDITED})


def verify(files: Files, path: Path, objects: Objects) -> Verified:
    """Prove chain, sequence, transitions and objects. Writes nothing. Raises ``OSError``."""
    chain = Chain(path.name)
    wanted: dict[str, None] = {}

    def watch(event: Event) -> None:
        text = event.data.get("text")
        if event.type in _DEFINES and isinstance(text, str):
            wanted.setdefault(text)

    chain.watch = watch
    fault = None
    if files.stat(path) is not None:
        log = files.open_log(path)
        try:
            tail = chain.catch_up(log.read)
            if tail:  # a writer may be in the middle of it: look once more
                tail = chain.catch_up(log.read)
        except Corrupt as error:
            fault = Fault(**error.data)
        else:
            fault = _torn(chain, tail) if tail else None
        finally:
            log.close()
    missing = [digest for digest in wanted if not objects.holds(digest)]
    world = chain.world
    good = fault is None and not missing
    return Verified(good, chain.lines, world.seq, world.head, fault, missing)


def cut_off(proof: Verified, doubt: Corrupt | None, name: str) -> Verified:
    """``proof`` with what a chain cannot show: that its end, recorded by this machine, is gone."""
    if doubt is None or doubt.code != "ledger_rollback" or proof.fault is not None:
        return proof
    seq = min(proof.seq + 1, int(doubt.data["acknowledged"]))
    fault = Fault(name, int(doubt.data["byte"]), seq, seq, doubt.message)
    return msgspec.structs.replace(proof, ok=False, fault=fault)


def _torn(chain: Chain, tail: bytes) -> Fault:
    digest = hashlib.sha256(tail).hexdigest()
    reason = (
        f"{len(tail)} bytes after the last complete commit (SHA-256 {digest}); the next command "
        "that writes moves them to the quarantine"
    )
    return Fault(chain.name, chain.end, chain.lines + 1, chain.world.seq + 1, reason)
