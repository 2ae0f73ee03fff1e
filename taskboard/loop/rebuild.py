"""``rebuild``: the board is written from the ledger, and nothing that is there is lost.

A board that is missing is made anew. One that can be read is read first: what it says counts, so
there is nothing to rebuild. One that is held is put aside and replaced by the text before it, for
nothing of it was read as intent; not while it has conflict markers or git is in the middle of
something: then git holds two versions, and to write a third would settle the merge for nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from taskboard.core.hold import HELD
from taskboard.errors import BoardHeld, Storage
from taskboard.loop.absorb import LOCK, absorb, read_board
from taskboard.loop.command import begin, end
from taskboard.loop.context import Context, Memory
from taskboard.loop.past import present
from taskboard.loop.remember import remember
from taskboard.loop.writeback import Lost, Missing, Unable, Written

_TRIES = 16


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was done: ``made`` (there was no board), ``replaced`` (what was held lies in
    ``aside``), ``written`` (it lacked what the ledger says) or ``same``."""

    deed: str
    data: bytes
    aside: Path | None = None


async def rebuild(ctx: Context, memory: Memory) -> Rebuilt:
    """Write the board from the ledger. Raises ``NotFound`` when the ledger has never read one,
    ``BoardHeld`` where a merge is going on or somebody keeps saving, ``Storage``."""
    for _ in range(_TRIES):
        await begin(ctx, memory)
        before = read_board(ctx)
        if memory.sight.held is None:
            await end(ctx, memory)
            after = read_board(ctx)
            if after is not None:
                return Rebuilt("same" if after == before else "written", after)
            continue
        _refuse_a_merge(ctx, memory.sight.held)
        done = await _put(ctx, before)
        if done is not None:
            await remember(ctx, before or b"", done.data)
            await absorb(ctx, memory)
            await end(ctx, memory)
            return done
    raise BoardHeld("The board keeps changing.", hint="Try again when nobody writes it.")


async def _put(ctx: Context, seen: bytes | None) -> Rebuilt | None:
    """Write it where ``seen`` (None: nothing) is; None when something else is there by now."""
    new = await present(ctx)
    if seen is not None:
        await ctx.ledger.keep(seen)
    with ctx.files.lock(ctx.workspace.state / LOCK):
        if seen is None:
            aside, outcome = None, ctx.writeback.make(new)
        else:
            aside = ctx.writeback.keep(seen)
            outcome = ctx.writeback.put(seen, new)
    if isinstance(outcome, Written):
        return Rebuilt("made" if seen is None else "replaced", new.data, aside)
    if aside is not None:
        ctx.files.remove(aside)
    if isinstance(outcome, Unable):
        raise Storage(f"The board was not written: {outcome.reason}.", hint="taskboard board")
    assert isinstance(outcome, Lost | Missing)
    return None


def _refuse_a_merge(ctx: Context, held: str) -> None:
    missing = held == HELD["missing"]
    if held == HELD["conflict"] or (ctx.git.look().busy is not None and not missing):
        raise BoardHeld(
            f"Not now: {held}",
            hint="git is in the middle of a merge and has both versions: finish it, or undo it "
            "with git. `taskboard board` prints the board as the ledger has it.",
        )
