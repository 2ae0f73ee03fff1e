"""The last event of every ledger that this machine has acknowledged, kept beside no ledger.

A chain of hashes cannot show that its end was cut off, nor that it is a copy. So each ledger this
machine writes has one small record in the user's own state folder, ``heads/<ledger id>``: sequence
and hash of the last event acknowledged, the byte after it, and the real path of the file. It is
made durably before a ledger's first event and rewritten unsynced afterwards, at most once a second
and at exit. After a crash or a power cut it may be older than the ledger, never newer; it holds
nothing that was not durable, so a torn tail or a failed sync, which lose what nobody was told of,
never contradict it.

Before a ledger is written to it is judged. It may go on when it still holds the recorded event at
its place, and is the only copy:

* The recorded event is not there, or another one stands there: it was *rolled back*
  (``ledger_rollback``).
* There is no record: the file came from another machine or another user, or from a time before
  these records (``ledger_foreign``). The same for a file with events that does not begin as
  a ledger does.
* The record names another path, and a ledger of the same id lies there still: this one is
  a copy (``ledger_foreign``). If nothing of it lies there any more, the folder was moved or
  renamed: the record follows.

A record that cannot be read (an unsynced file may be empty after a power cut) proves by its name
that the ledger is known here, and nothing else. An absent or empty ledger is a new one. Commands
that only read go on; ``taskboard fork`` goes on deliberately in a new ledger. Nothing lifts this,
``TASKBOARD_TRUST`` neither: whoever keeps workspaces longer than a home folder (in containers)
keeps ``$XDG_STATE_HOME`` with them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from taskboard.clock import Clock
from taskboard.core.codec import decode
from taskboard.core.event import MAX_LINE, Event
from taskboard.core.event import EventType as E
from taskboard.core.units import stamp
from taskboard.errors import Corrupt, Storage
from taskboard.files import Files
from taskboard.workspace import user_state

EVERY = 1.0
"""Seconds between two rewrites of a record."""

_MAX_RECORD = 1 << 13
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
"""A ledger id names a file here, and it comes out of a file that anybody may have written."""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """One record: the event ``seq`` with ``hash`` was acknowledged and ends before byte ``end`` of
    the file at ``path`` (real); ``when`` is UTC, in the ledger's spelling. ``seq`` 0: none yet."""

    schema_version: int = 1
    ledger_id: str
    seq: int
    hash: str
    end: int
    path: str
    when: str


class Heads:
    """The store, for one process: one JSON file per ledger in ``folder``."""

    def __init__(self, files: Files, clock: Clock, folder: Path) -> None:
        self._files = files
        self._clock = clock
        self._folder = folder
        self._wrote = -EVERY
        self._pending: tuple[str, int, str, int, Path] | None = None
        self._last: tuple[str, int] | None = None
        """Ledger and sequence that were noted last."""

    @classmethod
    def of(cls, environ: Mapping[str, str], files: Files, clock: Clock) -> Heads:
        """The user's store."""
        return cls(files, clock, user_state(environ) / "heads")

    def judge(self, path: Path) -> Corrupt | None:
        """Why the ledger at ``path`` must not be written to, or None. Reads a few pieces of it and
        writes nothing. Raises ``OSError`` when the ledger cannot be read."""
        first = _first(self._files, path)
        if first is None:
            return None  # absent, empty, or damaged: not a question of where it comes from
        ledger_id = _id_of(first)
        if ledger_id is None:
            return _no_ledger(path)
        # The record first: the ledger has what it tells of before the record is written.
        known = self._read(ledger_id)
        if known is None:
            return _unknown(path, ledger_id)
        if isinstance(known, Head):
            return self._copied(path, known) or self._rolled_back(path, known)
        return None

    def begin(self, ledger_id: str, path: Path) -> None:
        """A ledger is about to begin at ``path``. Durable. Raises ``Storage``."""
        try:
            self._files.make_folder(self._folder)
            self._write(self._head(ledger_id, 0, "0" * 64, 0, path), durable=True)
        except OSError as error:
            raise Storage(
                f"{self._folder}: {error.strerror or error}. This machine has to remember which "
                "ledgers are its own, so none was begun.",
                hint="Set XDG_STATE_HOME to a folder that you may write to.",
                data={"errno": error.errno},
            ) from error

    def note(self, ledger_id: str, seq: int, digest: str, end: int, path: Path) -> None:
        """The event is durable and may be acknowledged. Trouble is passed over: an old record
        shows less, and nothing false."""
        if self._last == (ledger_id, seq):
            return
        self._last = (ledger_id, seq)
        self._pending = (ledger_id, seq, digest, end, path)
        if self._clock.awake() - self._wrote >= EVERY:
            self.flush()

    def flush(self) -> None:
        """Write what was noted, unless another process has noted more."""
        noted, self._pending = self._pending, None
        if noted is None:
            return
        self._wrote = self._clock.awake()
        head = self._head(*noted)
        known = self._read(head.ledger_id)
        if isinstance(known, Head) and known.path == head.path and known.seq >= head.seq:
            return
        with suppress(OSError):
            self._write(head, durable=False)

    def _head(self, ledger_id: str, seq: int, digest: str, end: int, path: Path) -> Head:
        return Head(
            ledger_id=ledger_id,
            seq=seq,
            hash=digest,
            end=end,
            path=_spelled(self._files.resolve(path)),
            when=stamp(self._clock.now()),
        )

    def _write(self, head: Head, *, durable: bool) -> None:
        place = self._folder / head.ledger_id
        self._files.write(place, msgspec.json.encode(head) + b"\n", durable=durable)

    def _read(self, ledger_id: str) -> Head | str | None:
        """The record, why it tells nothing, or None when there is none."""
        place = self._folder / ledger_id
        try:
            found = msgspec.json.decode(self._files.read(place, _MAX_RECORD), type=Head)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError):
            return f"{place} cannot be read."
        return found if found.ledger_id == ledger_id else f"{place} is about another ledger."

    def _copied(self, path: Path, known: Head) -> Corrupt | None:
        other = Path(known.path)
        if known.path == _spelled(self._files.resolve(path)):
            return None
        with suppress(OSError):
            here, there = self._files.stat(path), self._files.stat(other)
            same = here is not None and there is not None and here.identity == there.identity
            if not same and opened_as(self._files, other) == known.ledger_id:
                return _copy(path, other, known)
        return None

    def _rolled_back(self, path: Path, known: Head) -> Corrupt | None:
        if known.seq == 0:
            return None
        log = self._files.open_log(path, writable=False)
        try:
            tail = b',"hash":"%b"}\n' % known.hash.encode()
            start = max(known.end - len(tail), 0)
            if log.read(start, len(tail)) == tail:
                return None
            size = log.size()
            last = _last(log.read(max(size - 2 * MAX_LINE, 0), 2 * MAX_LINE))
        finally:
            log.close()
        return _rollback(path, known, last, min(size, known.end))


def opened_as(files: Files, path: Path) -> str | None:
    """The id of the ledger at ``path``, from its first line; None when there is no ledger."""
    try:
        first = _first(files, path)
    except OSError:
        return None
    return None if first is None else _id_of(first)


def _first(files: Files, path: Path) -> Event | None:
    """The first event; None when there is none that is whole."""
    try:
        line, newline, _ = files.read(path, MAX_LINE).partition(b"\n")
        return decode(line + newline)
    except (FileNotFoundError, Corrupt):
        return None


def _id_of(first: Event) -> str | None:
    found = first.data.get("ledger_id") if first.type == E.LEDGER_OPENED else None
    return found if isinstance(found, str) and _NAME.fullmatch(found) else None


def _last(data: bytes) -> int:
    """The sequence of the last whole event at the end of a file; 0 when there is none."""
    for line in reversed(data.splitlines(keepends=True)):
        with suppress(Corrupt):
            return decode(line).seq
    return 0


def _spelled(path: Path) -> str:
    """In a spelling that JSON can hold: names need not be UTF-8."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


_FORK = "`taskboard fork` goes on here in a new ledger with the tasks as this one knows them"


def _rollback(path: Path, known: Head, last: int, byte: int) -> Corrupt:
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


def _copy(path: Path, other: Path, known: Head) -> Corrupt:
    return _foreign(
        f"{path} is a copy of {other}: one ledger belongs to one workspace, for two would run the "
        "same tasks twice. So nothing starts here.",
        hint=f"Work there, or here with a ledger of its own: {_FORK}, and keeps this file.",
        ledger_id=known.ledger_id,
        path=str(other),
    )


def _unknown(path: Path, ledger_id: str) -> Corrupt:
    return _foreign(
        f"{path} came from elsewhere: this machine has never written to the ledger {ledger_id}. "
        "It may go on where it came from, so nothing starts here.",
        hint=f"If this is the place to go on: {_FORK}, and keeps this file. Whoever works in "
        "containers keeps XDG_STATE_HOME between them.",
        ledger_id=ledger_id,
        path=None,
    )


def _no_ledger(path: Path) -> Corrupt:
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
