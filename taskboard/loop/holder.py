"""Whether a daemon watches this board: the note it leaves beside its lock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from taskboard.loop.context import Context
from taskboard.processes import Who


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """The daemon that holds the place: who it is, on which machine and since when (UTC)."""

    who: Who
    device: str
    since: str

    def shape(self) -> dict[str, Any]:
        """As ``status`` shows it."""
        return {"pid": self.who.pid, "device": self.device, "since": self.since}


def holder(ctx: Context) -> Holder | None:
    """The daemon that works here now, or None. Writes nothing, takes no lock."""
    try:
        found = msgspec.json.decode(ctx.files.read(note_of(ctx), 4096), type=Holder)
    except (OSError, msgspec.MsgspecError):
        return None
    return found if ctx.processes.alive(found.who) else None


def note_of(ctx: Context) -> Path:
    """Where the note lies."""
    return ctx.workspace.state / "daemon.json"
