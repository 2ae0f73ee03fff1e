"""A save becomes facts: read the board, see what it asks, record it before anything is written.

The observed bytes are stored and an event is durable first, so no edit can be lost.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from taskboard.core.board import Board
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.parse import parse
from taskboard.core.reconcile import Asked, Reading, Shown, reconcile
from taskboard.core.task import World
from taskboard.errors import Conflict
from taskboard.files import Stat
from taskboard.loop.context import Context, Memory, Sight
from taskboard.loop.writeback import Base

HELD = {
    "empty": "The board is empty although it had tasks.",
    "utf16": "The board is UTF-16; save it as UTF-8.",
    "nul": "The board contains NUL bytes; save it as UTF-8 text.",
    "size": "The board is over 16 MB.",
    "conflict": "The board has conflict markers; resolve them.",
    "fence": "The board ends inside a code fence that was closed before.",
    "comment": "The board ends inside a comment that was closed before.",
    "utf8": "The board ends inside a UTF-8 character.",
    "missing": "The board is not there; it is waited for.",
}
"""Why a board is not read as intent, in words. The keys stand in ``data.held``."""

_NAMES = 400
"""Names of sections that one event lists: at most 64 characters each, and a line has 64 KiB."""

LOCK = "board.lock"
"""The file in ``.taskboard/`` that daemon and commands lock while they write the board, and while
they look at what belongs together."""

_TRIES = 64
"""How often a save is reconciled anew because the ledger moved on meanwhile."""


async def absorb(
    ctx: Context, memory: Memory, *, start: bool = False, settling: bool = False
) -> Sight:
    """Bring this process up to the board's present bytes and record what they ask.

    ``start`` also looks at bytes absorbed by an earlier process when they were never projected:
    it may have died between the two. ``settling`` marks changed texts (a daemon is watching).
    """
    for _ in range(_TRIES):
        seen = await _look(ctx)
        if seen.data is None:
            memory.sight = Sight(held=HELD["missing"])
            return memory.sight
        digest = hashlib.sha256(seen.data).hexdigest()
        if memory.sight.digest == digest and memory.sight.absorbed == seen.world.absorbed:
            memory.sight.stat = seen.stat
            return memory.sight
        try:
            return await _take_in(ctx, memory, seen, digest, start=start, settling=settling)
        except Conflict:
            continue
    raise Conflict(
        "The ledger kept changing while a save was being absorbed.",
        hint="Nothing of it was recorded, and nothing is lost: try again.",
    )


class _Seen(NamedTuple):
    """The board, what was last projected and the ledger, as they belong together."""

    stat: Stat | None
    data: bytes | None
    base: Base | None
    world: World


async def _look(ctx: Context) -> _Seen:
    """Look at all three. Another process may absorb a save or project between two looks: then
    what was read here would be taken for an edit, so it is read again."""
    lock = ctx.workspace.state / LOCK
    ctx.files.make_folder(ctx.workspace.state)
    before = (await ctx.ledger.look()).absorbed
    while True:
        with ctx.files.lock(lock):
            stat = ctx.files.stat(ctx.workspace.board)  # first: a later save looks different
            data, base = read_board(ctx), ctx.writeback.base()
        world = await ctx.ledger.look()
        if world.absorbed == before:
            return _Seen(stat, data, base, world)
        before = world.absorbed


async def _take_in(
    ctx: Context, memory: Memory, seen: _Seen, digest: str, *, start: bool, settling: bool
) -> Sight:
    """Record what was seen, unless that is done; raises ``Conflict`` when the ledger moved."""
    data, base, world = seen.data or b"", seen.base, seen.world
    board = _parsed(memory, data, digest)
    held = why_held(board, world, base)
    if not was_absorbed(digest, data, world, base, start=start):
        await _record(ctx, board, seen, digest, held, settling=settling)
        world = await ctx.ledger.look()
    memory.sight = Sight(
        data=data,
        digest=digest,
        absorbed=world.absorbed,
        board=board,
        stat=seen.stat,
        held=HELD[held] if held else None,
    )
    return memory.sight


async def prepare(ctx: Context, memory: Memory) -> None:
    """Parse the present bytes and store what an event about them will name, so that little is
    left to do when the save is quiet. No event is written: the bytes may still change."""
    data = read_board(ctx)
    digest = hashlib.sha256(data or b"").hexdigest()
    if data is None or memory.sight.digest == digest:
        return
    board, base = _parsed(memory, data, digest), ctx.writeback.base()
    world = await ctx.ledger.look()
    if why_held(board, world, base) is None:
        await ctx.ledger.keep(data)
        for text in ask(ctx, board, world, base, settling=True).texts.values():
            await ctx.ledger.keep(text)


def _parsed(memory: Memory, data: bytes, digest: str) -> Board:
    if memory.parsed is None or memory.parsed[0] != digest:
        memory.parsed = (digest, parse(data))
    return memory.parsed[1]


def is_absorbed(ctx: Context, memory: Memory) -> bool:
    """Whether the board's bytes are those this process has read last."""
    data = read_board(ctx)
    return data is not None and hashlib.sha256(data).hexdigest() == memory.sight.digest


def read_board(ctx: Context) -> bytes | None:
    """The board's bytes, or None while there is no board."""
    try:
        return ctx.files.read(ctx.workspace.board)
    except FileNotFoundError:
        return None


def was_absorbed(
    digest: str, data: bytes, world: World, base: Base | None, *, start: bool
) -> bool:
    """Whether these bytes are our own last write, or were absorbed and not projected since. The
    same bytes again after a projection are an old copy that somebody saved."""
    projected = base is not None and base.absorbed == world.absorbed
    if base is not None and base.data == data:
        return projected
    return digest == world.digest and not projected and not start


def why_held(board: Board, world: World, base: Base | None) -> str | None:
    """Why these bytes must not be read as intent (a key of ``HELD``), or None."""
    if board.held is not None:
        known = board.held != "empty" or _had_tasks(world, base)
        return board.held if known else None
    if board.cut is not None and board.cut != world.cut and world.digest is not None:
        return board.cut
    if not any(i.task in world.names for i in board.items) and _had_tasks(world, base):
        named = any(t.assigned and not t.hidden for t in world.tasks.values())
        return None if named and board.items else "empty"
    return None


def _had_tasks(world: World, base: Base | None) -> bool:
    shown = base.statuses if base is not None else {t.task: "" for t in world.tasks.values()}
    alive = (world.named(name) for name in shown)
    return any(t is not None and not t.hidden and t.missing_since is None for t in alive)


def shown_by(base: Base | None) -> Shown:
    """What the last projection showed; nothing when there was none."""
    return Shown(statuses=base.statuses, lines=base.lines) if base is not None else Shown()


async def _record(
    ctx: Context, board: Board, seen: _Seen, digest: str, held: str | None, *, settling: bool
) -> None:
    world, base = seen.world, seen.base
    after = world.seq
    asked = ask(ctx, board, world, base, settling=settling) if held is None else None
    drafts = [*_triggers(board, digest, base, held, asked), *(asked.drafts if asked else ())]
    await ctx.ledger.keep(board.data)
    for text in (asked.texts if asked else {}).values():
        await ctx.ledger.keep(text)
    await ctx.ledger.append(drafts, after=after)


def ask(ctx: Context, board: Board, world: World, base: Base | None, *, settling: bool) -> Asked:
    """What the board asks of the ledger now. Records nothing."""
    first = not world.tasks and base is None
    spare = tuple(ctx.clock.uuid() for _ in board.items)
    reading = Reading(
        shown=shown_by(base), first=first, settling=settling and not first, new_ids=spare
    )
    return reconcile(board, world, reading)


def _triggers(
    board: Board, digest: str, base: Base | None, held: str | None, asked: Asked | None
) -> list[Draft]:
    """The save itself. More than one event only when more names have gone than one can hold."""
    data: dict[str, object] = {
        "digest": digest,
        "bytes": len(board.data),
        "held": held,
        "base": hashlib.sha256(base.data).hexdigest() if base else None,
    }
    if board.cut and not held:
        data["cut"] = board.cut
    if asked and asked.tangled:
        data["tangled"] = list(asked.tangled[:_NAMES])
    gone, back = (asked.gone, asked.back) if asked else ((), ())
    parts = range(0, max(len(gone), len(back), 1), _NAMES)
    drafts = []
    for at in parts:
        names = {"gone": list(gone[at : at + _NAMES]), "back": list(back[at : at + _NAMES])}
        facts = {**data, **{key: found for key, found in names.items() if found}}
        drafts.append(Draft(type=E.FILE_CHANGED_TRIGGERED, actor="board", data=facts))
    return drafts
