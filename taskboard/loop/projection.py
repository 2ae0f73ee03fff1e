"""What was last projected, and the file it is remembered in: a line of JSON, then the board."""

from __future__ import annotations

from pathlib import Path

import msgspec

from taskboard.core.task import World
from taskboard.files import Files
from taskboard.loop.displaced import digest, pack

_KNOWN = 32
"""How many lines of one task are known as the runtime's."""


class Base(msgspec.Struct, frozen=True, kw_only=True):
    """What was last projected: the bytes, the status word shown and the runtime's own lines by
    human id, and the sequence of the save that was absorbed into it. ``earlier`` are lines that
    stood there before, the newest first: an old buffer may bring them back."""

    data: bytes
    statuses: dict[str, str] = msgspec.field(default_factory=dict)
    lines: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    earlier: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    absorbed: int = 0
    ledger: str | None = None
    """Id of the ledger it was made from."""

    def is_of(self, world: World) -> bool:
        """Whether it shows what this ledger said, or the one that it was forked from."""
        return self.ledger in {None, world.ledger_id, world.forked_from}

    def following(self, before: Base | None) -> Base:
        """This projection, with the lines of the one before it known."""
        if before is None or (before.ledger or self.ledger) != self.ledger:
            return self
        earlier = {}
        for task, mine in self.lines.items():
            known = before.lines.get(task, ()) + before.earlier.get(task, ())
            if stood := tuple(line for line in dict.fromkeys(known) if line not in mine):
                earlier[task] = stood[:_KNOWN]
        return msgspec.structs.replace(self, earlier=earlier)

    def shows_the_same(self, before: Base) -> bool:
        """Whether the ledger had no news since: only what others wrote can differ."""
        return (self.statuses, self.lines) == (before.statuses, before.lines)


class _Header(msgspec.Struct, frozen=True, kw_only=True):
    sha256: str
    statuses: dict[str, str] = {}
    lines: dict[str, tuple[str, ...]] = {}
    earlier: dict[str, tuple[str, ...]] = {}
    absorbed: int = 0
    ledger: str | None = None


def save_base(files: Files, path: Path, base: Base) -> None:
    """Write the record, durable."""
    header = _Header(
        sha256=digest(base.data),
        statuses=base.statuses,
        lines=base.lines,
        earlier=base.earlier,
        absorbed=base.absorbed,
        ledger=base.ledger,
    )
    files.make_folder(path.parent)
    files.write(path, pack(header, base.data))


def load_base(files: Files, path: Path) -> Base | None:
    """The record, or None when there is none or it is damaged."""
    try:
        head, _, data = files.read(path).partition(b"\n")
        header = msgspec.json.decode(head, type=_Header)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
    if header.sha256 != digest(data):
        return None
    return Base(
        data=data,
        statuses=header.statuses,
        lines=header.lines,
        earlier=header.earlier,
        absorbed=header.absorbed,
        ledger=header.ledger,
    )
