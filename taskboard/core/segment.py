"""How a file of a ledger begins: as a new ledger, or by going on from a sealed segment."""

from __future__ import annotations

import re
from typing import NamedTuple

from taskboard.core.codec import decode
from taskboard.core.event import MAX_LINE, Draft
from taskboard.core.event import EventType as E
from taskboard.errors import Corrupt

LIMIT = 64 * 1024 * 1024
"""Bytes from which on a file is sealed and the chain goes on in a new one."""

_NAME = re.compile(r"[0-9]{6}\.jsonl")


class Start(NamedTuple):
    """``ledger_id`` as far as the first event names one; ``sealed`` is how many segments the file
    goes on from, and ``seq`` the sequence of its first event."""

    ledger_id: str | None
    sealed: int
    seq: int


def segment_name(number: int) -> str:
    """``000001.jsonl`` for the first."""
    return f"{number:06}.jsonl"


def is_segment(name: str) -> bool:
    """Whether a file of this name may be a segment."""
    return _NAME.fullmatch(name) is not None


def seal_draft(ledger_id: str | None, number: int, size: int) -> Draft:
    """The fact that ``size`` bytes became segment ``number``: the first line of the file that goes
    on, so that it says by itself what it goes on from."""
    data = {"ledger_id": ledger_id, "segment": number, "bytes": size}
    return Draft(type=E.SEGMENT_SEALED, actor="ledger", data=data)


def read_start(data: bytes) -> Start | None:
    """How the file with these first bytes begins; None when its first line is no whole event."""
    line, newline, _ = data[:MAX_LINE].partition(b"\n")
    try:
        first = decode(line + newline)
    except Corrupt:
        return None
    named = first.data.get("ledger_id") if first.type in (E.LEDGER_OPENED, E.SEGMENT_SEALED) else 0
    sealed = first.data.get("segment", 0) if first.type == E.SEGMENT_SEALED else 0
    return Start(
        named if isinstance(named, str) else None,
        sealed if isinstance(sealed, int) and sealed >= 0 else 0,
        first.seq,
    )
