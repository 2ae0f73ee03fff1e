"""Where tasks lie that nobody has asked for: packed, and compressed many at a time.

Most tasks of an old ledger are over and stay as they are. Unpacked, one takes ten times as much
memory.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import msgspec

from taskboard.core.task import Task

BLOCK = 64
"""Tasks that are compressed together, at least: alone they compress badly."""

_BITS = 8
"""A number says which block, and in its last bits which task of that block."""
_LEVEL = 1
_PACK = msgspec.msgpack.Encoder().encode
_UNPACK = msgspec.msgpack.Decoder(Task).decode
_BLOCK = msgspec.msgpack.Decoder(list[bytes]).decode
_LOOSE = msgspec.msgpack.Decoder().decode


class Shelf:
    """Packed tasks by number (``lazy.Packed``)."""

    def __init__(self) -> None:
        self.count = 0
        """Tasks that were ever put here."""
        self._blocks: list[bytes] = []
        self._open: tuple[int, list[bytes]] = (-1, [])
        """The block that was looked at last: who looks at many goes through one by one."""

    def put(self, tasks: Sequence[Task]) -> list[int | None]:
        """Pack these, and the number of each; None for one that cannot be packed."""
        found: list[int | None] = []
        for start in range(0, len(tasks), 1 << _BITS):
            packed: list[bytes] = []
            for task in tasks[start : start + (1 << _BITS)]:
                data = _packed(task)
                found.append(None if data is None else len(self._blocks) << _BITS | len(packed))
                if data is not None:
                    packed.append(data)
            self.count += len(packed)
            self._blocks.append(zlib.compress(_PACK(packed), _LEVEL))
        return found

    def load(self, _key: str, number: int) -> Task:
        """The task of this number."""
        data = self.raw(number)
        try:
            return _UNPACK(data)
        except msgspec.ValidationError:
            return _piece_by_piece(data)

    def raw(self, number: int) -> bytes:
        """Its bytes as they were packed."""
        block = number >> _BITS
        if self._open[0] != block:
            self._open = (block, _BLOCK(zlib.decompress(self._blocks[block])))
        return self._open[1][number & ((1 << _BITS) - 1)]

    def whole(self, *, held: bool) -> None:
        """All are about to be asked for, or (not ``held``) were."""
        if not held:
            self._open = (-1, [])


def _packed(task: Task) -> bytes | None:
    try:
        return _PACK(task)
    except (OverflowError, ValueError):  # an integer of more than 64 bits
        return None


def _piece_by_piece(data: bytes) -> Task:
    """A task some event of which has said something of another kind than this version says: that
    stays as it was said."""
    values: dict[str, Any] = {}
    for field, value in zip(msgspec.structs.fields(Task), _LOOSE(data), strict=True):
        try:
            values[field.name] = msgspec.convert(value, field.type)
        except msgspec.ValidationError:
            values[field.name] = value
    return Task(**values)
