"""A board that is held, for people: why, and what to do now."""

from __future__ import annotations

from taskboard.cli.text import file_name
from taskboard.core.hold import ways_out
from taskboard.core.state import Kind
from taskboard.core.task import World
from taskboard.errors import BoardHeld
from taskboard.loop.context import Context
from taskboard.workspace import near_misses


def lost_board(ctx: Context, world: World) -> BoardHeld | None:
    """That the board is not there although the ledger has tasks of it, and where its text still
    lies; None when it is there, or nothing would be missed."""
    board = ctx.workspace.board
    count = sum(1 for t in world.tasks.values() if t.kind is not Kind.WITHDRAWN and not t.hidden)
    if not count or ctx.files.stat(board) is not None:
        return None
    tasks = "1 task" if count == 1 else f"{count} tasks"
    return BoardHeld(
        f"The ledger knows {tasks}, but {file_name(board)} is gone.",
        hint=_where_it_is(ctx),
        data={"tasks": count},
    )


def _where_it_is(ctx: Context) -> str:
    near = near_misses(ctx.workspace.root)
    hint = f"{', '.join(near)} looks like it: rename it. Or put" if near else "Put"
    hint += " it back (git, your editor's undo)."
    if ctx.files.stat(ctx.workspace.objects) is None:  # then the ledger has no text either
        return hint
    return f"{hint}\nOr write it anew from the ledger: taskboard rebuild"


def board_held(ctx: Context, world: World, said: str, held: str) -> BoardHeld:
    """The refusal of what cannot be done while the board is held. ``said`` is what was not done,
    ``held`` the reason in words."""
    lost = lost_board(ctx, world)
    if lost is not None:
        return BoardHeld(f"{said}: {lost.message}", hint=lost.hint, data=lost.data)
    ways = ways_out(held)
    hint = "taskboard check names the line."
    if "taskboard accept" in ways:
        hint += " If the board is meant as it is: taskboard accept"
    return BoardHeld(f"{said}: {held}", hint=hint)
