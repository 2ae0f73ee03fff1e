"""The event that a save is: what was seen, why it is held, which sections have gone or come."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from taskboard.core.board import Board
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.reconcile import Asked
from taskboard.core.task import Uptime, World
from taskboard.files import Stat
from taskboard.git import GitSight
from taskboard.loop.projection import Base

_NAMES = 400
"""Names of sections that one event lists: at most 64 characters each, and a line has 64 KiB."""


class Seen(NamedTuple):
    """The board, what was last projected, the ledger, the repository and the status words read
    since the projection, as they belong together."""

    data: bytes | None
    base: Base | None
    world: World
    git: GitSight
    words: Mapping[str, str]
    digest: str = ""
    stat: Stat | None = None


def triggers(
    board: Board, seen: Seen, held: str | None, asked: Asked | None, uptime: Uptime
) -> list[Draft]:
    """The save itself. More than one event only when more names have gone than one can hold."""
    base = seen.base
    data: dict[str, object] = {
        "digest": seen.digest,
        "bytes": len(board.data),
        "held": held,
        "base": hashlib.sha256(base.data).hexdigest() if base else None,
        "git": seen.git.head if held is None else seen.world.git_head,
    }
    if board.cut and not held:
        data["cut"] = board.cut
    if asked and asked.tangled:
        data["tangled"] = list(asked.tangled[:_NAMES])
    names = _sighted(asked, seen) if asked else {}
    if names.get("gone"):
        data["uptime"] = [uptime.boot, round(uptime.seconds, 3)]
    if names.pop("withheld", ()):
        data["withheld"] = True
    longest = max((len(found) for found in names.values()), default=0)
    drafts = []
    for at in range(0, max(longest, 1), _NAMES):
        part = {key: list(found[at : at + _NAMES]) for key, found in names.items()}
        facts = {**data, **{key: found for key, found in part.items() if found}}
        drafts.append(Draft(type=E.FILE_CHANGED_TRIGGERED, actor="board", data=facts))
    return drafts


def _sighted(asked: Asked, seen: Seen) -> dict[str, tuple[str, ...]]:
    """The sections that have gone or come. While git is in the middle of something, what has
    gone is left for later."""
    found = asked.presence
    gone = "withheld" if seen.git.busy else "gone"
    return {gone: found.gone, "back": found.back, "dropped": found.dropped, "kept": found.kept}
