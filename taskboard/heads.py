"""The last event of every ledger that this machine has acknowledged, kept beside no ledger.

A chain of hashes cannot show that its end was cut off, nor that it is a copy. So each ledger this
machine writes has one small record in the user's own state folder, ``heads/<ledger id>``: sequence
and hash of the last event acknowledged, the byte after it, and the real path of the file. It is
made durably before a ledger's first event and rewritten unsynced afterwards: at most once a
second, before a run begins, and at exit. After a crash or a power cut it may be older than the
ledger, never newer; it holds nothing that was not durable, so a torn tail or a failed sync, which
lose what nobody was told of, never contradict it.

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

A record is rewritten where it stands, in one write, and carries a check of itself. A new file
renamed over it would be as good, but with every run that begins the file system would have to
give it room and flush it (ext4 does before such a rename): that takes longer than all else that a
run has the disk do.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from taskboard import head
from taskboard.clock import Clock
from taskboard.core.codec import decode
from taskboard.core.event import MAX_LINE
from taskboard.core.segment import Start, read_start, segment_name
from taskboard.core.units import stamp
from taskboard.errors import Corrupt, Storage
from taskboard.files import Files
from taskboard.head import Head
from taskboard.workspace import user_state

EVERY = 1.0
"""Seconds between two rewrites of a record."""

_MAX_RECORD = 1 << 13
_LOOKS = 5
"""How often a record is read until it is whole: another process may be at it that moment."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
"""A ledger id names a file here, and it comes out of a file that anybody may have written."""


class Mark(NamedTuple):
    """The end of a ledger: its last event, the byte after it in its file, and how many sealed
    segments that file goes on from."""

    ledger_id: str
    seq: int
    hash: str
    end: int
    sealed: int = 0


class Heads:
    """The store, for one process: one JSON file per ledger in ``folder``."""

    def __init__(self, files: Files, clock: Clock, folder: Path) -> None:
        self._files = files
        self._clock = clock
        self._folder = folder
        self._wrote = -EVERY
        self._pending: tuple[Mark, Path] | None = None
        self._last: tuple[str, int] | None = None
        """Ledger and sequence that were noted last."""
        self._own: tuple[bytes, Head] | None = None
        """What was written last, and what it says."""
        self._spelled: tuple[float, Path, str] | None = None
        """When a path was looked up, the path, and its real spelling."""

    @classmethod
    def of(cls, environ: Mapping[str, str], files: Files, clock: Clock) -> Heads:
        """The user's store."""
        return cls(files, clock, user_state(environ) / "heads")

    def judge(self, path: Path, segments: Path | None = None) -> Corrupt | None:
        """Why the ledger at ``path`` must not be written to, or None; its sealed files lie in
        ``segments``. Reads a few pieces and writes nothing. Raises ``OSError`` when the ledger
        cannot be read."""
        start = _start(self._files, path)
        if start is None:
            return None  # absent, empty, or damaged: not a question of where it comes from
        ledger_id = _id_of(start)
        if ledger_id is None:
            return head.is_none(path)
        # The record first: the ledger has what it tells of before the record is written.
        known = self._read(ledger_id)
        if known is None:
            return head.is_unknown(path, ledger_id)
        if isinstance(known, Head):
            return self._copied(path, known) or self._rolled_back(
                path, known, self._holder(path, segments, known, start.sealed)
            )
        return None

    def begin(self, ledger_id: str, path: Path) -> None:
        """A ledger is about to begin at ``path``. Durable. Raises ``Storage``."""
        try:
            self._files.make_folder(self._folder)
            mine = self._head(Mark(ledger_id, 0, "0" * 64, 0), path)
            self._files.write(self._folder / ledger_id, head.spell(mine))
        except OSError as error:
            raise Storage(
                f"{self._folder}: {error.strerror or error}. This machine has to remember which "
                "ledgers are its own, so none was begun.",
                hint="Set XDG_STATE_HOME to a folder that you may write to.",
                data={"errno": error.errno},
            ) from error

    def note(self, mark: Mark, path: Path, *, at_once: bool = False) -> None:
        """The event is durable and may be acknowledged; ``at_once`` for one that work follows
        upon, which nobody may ever repeat. Call it again while nothing happens: that is when the
        last event of a busy second is written down. Trouble is passed over: an old record shows
        less, and nothing false."""
        if self._last != (mark.ledger_id, mark.seq):
            self._last = (mark.ledger_id, mark.seq)
            self._pending = (mark, path)
        if self._pending and (at_once or self._clock.awake() - self._wrote >= EVERY):
            self.flush()

    def flush(self) -> None:
        """Write what was noted, unless another process has noted more."""
        noted, self._pending = self._pending, None
        if noted is None:
            return
        self._wrote = self._clock.awake()
        mine = self._head(*noted)
        known = self._read(mine.ledger_id)
        here = isinstance(known, Head) and known.path == mine.path
        if isinstance(known, Head) and here and known.seq >= mine.seq:
            return
        spelled = head.spell(mine)
        with suppress(OSError):
            if isinstance(known, Head) and here and known.check:
                self._files.overwrite(self._folder / mine.ledger_id, spelled)
            else:  # of another length, or nobody knows of which
                self._files.write(self._folder / mine.ledger_id, spelled, durable=False)
            self._own = (spelled, mine)

    def _head(self, mark: Mark, path: Path) -> Head:
        when = stamp(self._clock.now())
        ledger_id, seq, digest, end, sealed = mark
        return head.checked(
            Head(
                ledger_id=ledger_id,
                seq=seq,
                hash=digest,
                end=end,
                path=self._real(path),
                when=when,
                sealed=sealed,
            )
        )

    def _real(self, path: Path) -> str:
        """Where a path leads: looked up again each second, not for each run that begins."""
        now, known = self._clock.awake(), self._spelled
        if known is None or known[1] != path or now - known[0] >= EVERY:
            self._spelled = known = (now, path, _spelled(self._files.resolve(path)))
        return known[2]

    def _holder(self, path: Path, segments: Path | None, known: Head, sealed: int) -> Path | None:
        """The file that must hold the recorded event: it may have been sealed since. None when
        there is none."""
        if known.sealed == sealed:
            return path
        if known.sealed > sealed or segments is None:
            return None
        found = segments / segment_name(known.sealed + 1)
        return found if self._files.stat(found) is not None else None

    def _read(self, ledger_id: str) -> Head | str | None:
        """The record, why it tells nothing, or None when there is none."""
        place = self._folder / ledger_id
        try:
            for _ in range(_LOOKS):
                data = self._files.read(place, _MAX_RECORD)
                if self._own is not None and self._own[0] == data:
                    return self._own[1]  # mostly nobody else has written meanwhile
                found = head.read(data)
                if found is not None:
                    break
        except FileNotFoundError:
            return None
        except OSError:
            return f"{place} cannot be read."
        if found is None:
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
                return head.is_copy(path, other, known)
        return None

    def _rolled_back(self, path: Path, known: Head, holder: Path | None) -> Corrupt | None:
        if known.seq == 0:
            return None
        log = self._files.open_log(holder or path, writable=False)
        try:
            tail = b',"hash":"%b"}\n' % known.hash.encode()
            start = max(known.end - len(tail), 0)
            if holder is not None and log.read(start, len(tail)) == tail:
                return None
            size = log.size()
            end = log.read(max(size - 2 * MAX_LINE, 0), 2 * MAX_LINE)
            if holder is not None and tail in end:
                return None  # it stands elsewhere: the file is damaged, and says so when folded
            last = _last(end)
        finally:
            log.close()
        return head.rolled_back(path, known, last, min(size, known.end))


def opened_as(files: Files, path: Path) -> str | None:
    """The id of the ledger at ``path``, from its first line; None when there is no ledger."""
    try:
        start = _start(files, path)
    except OSError:
        return None
    return None if start is None else _id_of(start)


def _start(files: Files, path: Path) -> Start | None:
    """How the file begins; None when it has no event that is whole."""
    try:
        return read_start(files.read(path, MAX_LINE))
    except FileNotFoundError:
        return None


def _id_of(start: Start) -> str | None:
    found = start.ledger_id
    return found if found is not None and _NAME.fullmatch(found) else None


def _last(data: bytes) -> int:
    """The sequence of the last whole event at the end of a file; 0 when there is none."""
    for line in reversed(data.splitlines(keepends=True)):
        with suppress(Corrupt):
            return decode(line).seq
    return 0


def _spelled(path: Path) -> str:
    """In a spelling that JSON can hold: names need not be UTF-8."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
