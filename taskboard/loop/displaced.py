"""Displaced boards: the files that a swap took off the board, kept until no editor can still be
writing to them. Each lies in a *slot*: the file, and a record with the bytes it should hold.

A record is durable before its file can be anything a person made, and goes after it.
"""

from __future__ import annotations

import errno
import hashlib
from datetime import datetime
from pathlib import Path

import msgspec

from taskboard.clock import Clock
from taskboard.core.units import stamp
from taskboard.files import Files
from taskboard.log import log

TEMPORARY = ".taskboard-tmp"
_RECORD = ".record"
_HEADER = 8192
"""Bytes that hold a record's first line."""


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one displaced file. ``base`` is the digest of the bytes it should hold
    (they follow in the record), ``wrote`` of those that took its place. ``beside`` is its name
    in the board's folder when it lies there, and ``spare`` another name there while the board is
    replaced without an exchange. ``joined`` is the slot of the swap that carries this file's
    late save ``join_sha``, ``conflict`` the name of the file that keeps what the save replaced.
    ``held`` marks the copy of a save that was off the board for an instant: see ``hold``."""

    name: str
    base: str
    wrote: str
    boot: str
    awake_s: float
    wall: str
    beside: str | None = None
    spare: str | None = None
    joined: str | None = None
    join_sha: str | None = None
    conflict: str | None = None
    held: bool = False


class Late(msgspec.Struct, frozen=True, kw_only=True):
    """A save that reached a displaced file: ``base`` is what the file held when it was
    displaced, ``data`` what it holds now. ``joined`` when a crash came after its join."""

    slot: Slot
    base: bytes
    data: bytes
    joined: bool = False


def digest(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def pack(header: object, data: bytes) -> bytes:
    """One line of JSON, then the bytes as they are."""
    return msgspec.json.encode(header) + b"\n" + data


class Displaced:
    """The slots of one board, which may be a symbolic link. ``boot`` names the present boot of
    this machine; empty when nobody knows, and ages are then told by wall time."""

    def __init__(
        self, files: Files, clock: Clock, *, board: Path, folder: Path, boot: str
    ) -> None:
        self._files = files
        self._clock = clock
        self._named = board
        self._folder = folder
        self._boot = boot

    def board(self) -> Path:
        """Where the board's file is now."""
        return self._files.resolve(self._named)

    def file(self, slot: Slot) -> Path:
        """Where the displaced file lies."""
        if slot.beside is not None:
            return self.board().with_name(slot.beside)
        return self._folder / slot.name

    def prepare(self, data: bytes, base: bytes) -> Slot:
        """A new slot whose file holds ``data``, ready to be swapped for the board.

        It lies beside the board where the state folder is on another file system. Raises
        ``FileNotFoundError`` when the board is not there.
        """
        self._files.make_folder(self._folder)
        file = self._files.write_beside(self.board(), data)
        slot = self._slot(self._clock.uuid(), digest(base), digest(data))
        try:
            try:
                self._files.rename(file, self.file(slot))
                file = self.file(slot)
            except OSError as trouble:
                if trouble.errno != errno.EXDEV:
                    raise
                slot = msgspec.structs.replace(slot, beside=file.name)
            self.save(slot, base)
        except OSError:
            self._files.remove(file)
            raise
        return slot

    def _slot(self, name: str, base: str, wrote: str) -> Slot:
        return Slot(
            name=name,
            base=base,
            wrote=wrote,
            boot=self._boot,
            awake_s=self._clock.awake(),
            wall=stamp(self._clock.now()),
        )

    def save(self, slot: Slot, base: bytes) -> None:
        """Write the record, durable."""
        self._files.write(self._record(slot.name), pack(slot, base))

    def renew(self, slot: Slot, base: bytes) -> None:
        """From now on the file should hold ``base``, and nothing came off for it; its time
        starts again."""
        fresh = self._slot(slot.name, digest(base), digest(base))
        self.save(msgspec.structs.replace(fresh, beside=slot.beside), base)

    def hold(self, base: bytes, data: bytes) -> None:
        """Keep a copy of a save, made on ``base``, that was off the board for an instant.

        Who read the board in that instant may write a text without it, and no file would show
        that. When the copy is old, ``WriteBack.linger`` looks whether the board has it.
        """
        slot = self._slot(self._clock.uuid(), digest(base), digest(data))
        self._files.write(self.file(slot), data)
        self.save(msgspec.structs.replace(slot, held=True), base)

    def load(self, name: str) -> tuple[Slot, bytes]:
        """A slot as recorded, and the bytes that its file should hold."""
        head, _, base = self._files.read(self._record(name)).partition(b"\n")
        return msgspec.json.decode(head, type=Slot), base

    def drop(self, slot: Slot) -> None:
        """Forget a slot, unless its file holds bytes that nobody knows."""
        found = self.read(slot)
        if found is None or digest(found) in (slot.base, slot.wrote):
            self._files.remove(self.file(slot))
            self._files.remove(self._record(slot.name))

    def read(self, slot: Slot) -> bytes | None:
        """The displaced file's bytes now; None when it is gone."""
        try:
            return self._files.read(self.file(slot))
        except FileNotFoundError:
            return None

    def slots(self) -> list[Slot]:
        """All slots, oldest first."""
        names = self._files.names(self._folder)
        records = [n for n in names if n.endswith(_RECORD) and not n.startswith(".")]
        return [slot for name in records if (slot := self._slot_of(name)) is not None]

    def _slot_of(self, name: str) -> Slot | None:
        """One record; None when somebody has just finished with it. A damaged one is stepped
        over: its file stays where it is, for a person to look at."""
        try:
            record = self._files.read(self._folder / name, _HEADER)
            return msgspec.json.decode(record.partition(b"\n")[0], type=Slot)
        except FileNotFoundError:
            return None
        except (msgspec.MsgspecError, UnicodeDecodeError) as damage:
            log.warning("%s is damaged and stepped over: %s", self._folder / name, damage)
            return None

    def age(self, slot: Slot) -> float:
        """Seconds since it was displaced: awake, for an editor sleeps with the machine; after a
        reboot, which no editor survives, by wall time. A clock that went back makes it old."""
        if self._boot and slot.boot == self._boot:
            return self._clock.awake() - slot.awake_s
        gone = self._clock.now() - datetime.fromisoformat(slot.wall)
        return gone.total_seconds() if gone.total_seconds() >= 0 else float("inf")

    def sync(self) -> None:
        """Make the names of the board and of the slots durable."""
        self._files.sync_folder(self.board().parent)
        self._files.sync_folder(self._folder)

    def came_off(self, slot: Slot) -> bool:
        """Whether the slot's swap took place and stands: its file is what was on the board."""
        found = self.read(slot)
        return found is not None and digest(found) == slot.base and slot.base != slot.wrote

    def sweep(self, slots: list[Slot]) -> None:
        """Remove what crashes left: temporary files, and files without a record, which never
        were on the board."""
        known = {slot.name for slot in slots} | {f"{slot.name}{_RECORD}" for slot in slots}
        for name in self._files.names(self._folder):
            if name not in known:
                self._files.remove(self._folder / name)
        board = self.board()
        known = {name for slot in slots for name in (slot.beside, slot.spare) if name is not None}
        for name in self._files.names(board.parent):
            ours = name.startswith(f".{board.name}.") and name.endswith(TEMPORARY)
            if ours and name not in known:
                self._files.remove(board.with_name(name))

    def _record(self, name: str) -> Path:
        return self._folder / f"{name}{_RECORD}"
