"""The record of a ledger's last acknowledged event, and what a machine says that doubts a ledger.

``taskboard.heads`` keeps the records and judges by them.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from taskboard.errors import Corrupt


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """One record: the event ``seq`` with ``hash`` was acknowledged and ends before byte ``end`` of
    the file that goes on from ``sealed`` segments. The ledger is at ``path`` (real); ``when`` is
    UTC, in the ledger's spelling. ``seq`` 0: none yet."""

    schema_version: int = 1
    ledger_id: str
    seq: int
    hash: str
    end: int
    path: str
    when: str
    sealed: int = 0
    check: str = ""
    """Of the other fields (``spell``); empty in a record that was made before there was one."""


_NUMBERS = 20
"""Digits of the greatest number that a record has room for."""


def checked(record: Head) -> Head:
    """The record with its check."""
    return msgspec.structs.replace(record, check=_check(record))


def spell(record: Head) -> bytes:
    """A record as it stands in its file. All records of one ledger at one path are of one
    length, so that each can be written over the one before."""
    line = msgspec.json.encode(record) + b"\n"
    numbers = (record.seq, record.end, record.sealed)
    room = sum(_NUMBERS - len(str(number)) for number in numbers)
    return b" " * room + line


def read(data: bytes) -> Head | None:
    """The record in a file; None when it is none, or not one that was written whole."""
    try:
        found = msgspec.json.decode(data, type=Head)
    except msgspec.MsgspecError:
        return None
    return found if found.check in ("", _check(found)) else None


def _check(record: Head) -> str:
    facts = msgspec.json.encode(msgspec.structs.replace(record, check=""))
    return hashlib.sha256(facts).hexdigest()[:16]


_FORK = "`taskboard fork` goes on here in a new ledger with the tasks as this one knows them"


def rolled_back(path: Path, known: Head, last: int, byte: int) -> Corrupt:
    """The ledger ends with event ``last``, or has another one at ``byte`` of its file."""
    if last < known.seq:
        found = f"it ends with event {last}"
        missing = f"What events {last + 1} to {known.seq} recorded is not in it"
    else:
        found = f"another event {known.seq} stands in it"
        missing = "What was recorded on this machine last is not in it"
    return Corrupt(
        f"{path} was rolled back: event {known.seq} was recorded in it by {known.when[:16]}Z, and "
        f"{found}. {missing}: tasks may have run and ended that it does not know of. So nothing "
        "starts.",
        hint=f"Put the newer file back if you have it. If not: {_FORK}, and keeps this file.",
        code="ledger_rollback",
        data={
            "ledger_id": known.ledger_id,
            "seq": last,
            "acknowledged": known.seq,
            "head": known.hash,
            "byte": byte,
        },
    )


def is_copy(path: Path, other: Path, known: Head) -> Corrupt:
    """The ledger that this machine knows lies at ``other``."""
    return _foreign(
        f"{path} is a copy of {other}: one ledger belongs to one workspace, for two would run the "
        "same tasks twice. So nothing starts here.",
        hint=f"Work there, or here with a ledger of its own: {_FORK}, and keeps this file.",
        ledger_id=known.ledger_id,
        path=str(other),
    )


def is_unknown(path: Path, ledger_id: str) -> Corrupt:
    """This machine knows no ledger of this id."""
    return _foreign(
        f"{path} came from elsewhere: this machine has never written to the ledger {ledger_id}. "
        "It may go on where it came from, so nothing starts here.",
        hint=f"If this is the place to go on: {_FORK}, and keeps this file. Whoever works in "
        "containers keeps XDG_STATE_HOME between them.",
        ledger_id=ledger_id,
        path=None,
    )


def is_none(path: Path) -> Corrupt:
    """The file has events and is no ledger."""
    return _foreign(
        f"{path} does not begin as a ledger does, so it was not written by taskboard. Nothing "
        "starts here.",
        hint="Move it away; the next command then starts a new ledger from the board.",
        ledger_id=None,
        path=None,
    )


def _foreign(message: str, *, hint: str, ledger_id: str | None, path: str | None) -> Corrupt:
    data = {"ledger_id": ledger_id, "path": path}
    return Corrupt(message, hint=hint, code="ledger_foreign", data=data)
