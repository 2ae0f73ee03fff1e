"""When a board must not be read as intent: text that is broken, cut, or suddenly half empty."""

from __future__ import annotations

from collections.abc import Collection

from taskboard.core.board import Board
from taskboard.core.presence import Presence, too_many_gone
from taskboard.core.task import World

_ACCEPT = " If that is meant: `taskboard accept`."

HELD = {
    "empty": f"None of the tasks that were on the board is there now.{_ACCEPT}",
    "utf16": "The board is UTF-16; save it as UTF-8.",
    "nul": "The board contains NUL bytes; save it as UTF-8 text.",
    "size": "The board is over 16 MB.",
    "conflict": "The board has conflict markers; resolve them.",
    "fence": f"The board ends inside a code fence that was closed before.{_ACCEPT}",
    "comment": f"The board ends inside a comment that was closed before.{_ACCEPT}",
    "utf8": f"The board ends inside a UTF-8 character.{_ACCEPT}",
    "gone": f"More than 30 % of the open tasks have gone at once.{_ACCEPT}",
    "missing": "The board is not there; it is waited for.",
}
"""Why a board is not read as intent, in words. The keys stand in ``data.held``."""

ACCEPTABLE = frozenset({"empty", "fence", "comment", "utf8", "gone"})
"""What ``taskboard accept`` may confirm; the rest cannot be read at all."""


def ways_out(held: str) -> tuple[str, ...]:
    """What ends a hold, the first step first. ``held`` is its text, one of ``HELD``'s."""
    key = next((key for key, text in HELD.items() if text == held), "")
    if key == "missing":
        return ("put the board back", "taskboard rebuild")
    mend = ("taskboard check", "make the board whole again")
    return (*mend, "taskboard accept", "taskboard rebuild") if key in ACCEPTABLE else mend


def why_unreadable(board: Board, world: World, shown: Collection[str] | None) -> str | None:
    """Why the text is not to be read (a key of ``HELD``), or None. ``shown`` are the tasks the
    last projection showed, None when nothing was projected."""
    if board.held is not None:
        known = board.held != "empty" or _had_tasks(world, shown)
        return board.held if known else None
    if board.cut is not None and board.cut != world.cut and world.digest is not None:
        return board.cut
    return None


def why_doubted(
    world: World, found: Presence, shown: Collection[str] | None, *, deletions: bool
) -> str | None:
    """Why a text that can be read is doubted (a key of ``HELD``), or None: nothing that was there
    is there, or too much of it has gone at once (unless ``deletions`` are not read anyway)."""
    if not found.known and _had_tasks(world, shown):
        return "empty"
    return "gone" if deletions and too_many_gone(world, found.gone) else None


def _had_tasks(world: World, shown: Collection[str] | None) -> bool:
    names = shown if shown is not None else world.names
    alive = (world.named(name) for name in names)
    return any(t is not None and not t.hidden and t.missing_since is None for t in alive)
