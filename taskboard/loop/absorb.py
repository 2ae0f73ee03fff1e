"""A save becomes facts: read the board, see what it asks, record it before anything is written.

The observed bytes are stored and an event is durable first, so no edit can be lost.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from taskboard.core.board import Board
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.hold import ACCEPTABLE, HELD, why_doubted, why_unreadable
from taskboard.core.identity import lost_headings, name_items
from taskboard.core.parse import parse
from taskboard.core.reconcile import Asked, Reading, Shown, reconcile
from taskboard.core.task import World
from taskboard.errors import Conflict, NotFound, Storage, next_step
from taskboard.git import GitSight
from taskboard.loop.context import Context, Memory, Sight
from taskboard.loop.keep import append_with
from taskboard.loop.trigger import Seen, triggers
from taskboard.loop.writeback import Base

LOCK = "board.lock"
"""The file in ``.taskboard/`` that daemon and commands lock while they write the board, and while
they look at what belongs together."""

_TRIES = 64
"""How often a save is reconciled anew because the ledger moved on meanwhile."""


async def absorb(
    ctx: Context,
    memory: Memory,
    *,
    accept: bool = False,
) -> Sight:
    """Bring this process up to the board's present bytes and record what they ask. ``accept`` is
    a person's word that a doubted text is meant."""
    for _ in range(_TRIES):
        seen = await _look(ctx)
        if seen.data is None:
            memory.sight = Sight(held=HELD["missing"])
            return memory.sight
        try:
            if _is_known(memory, seen) and not accept:
                memory.sight.stat = seen.stat
                await _note_head(ctx, seen)
                return memory.sight
            return await _take_in(ctx, memory, seen, accept=accept)
        except Conflict:
            continue
    raise Conflict(
        "The ledger kept changing while a save was being absorbed.",
        hint="Nothing of it was recorded, and nothing is lost: try again.",
    )


def _is_known(memory: Memory, seen: Seen) -> bool:
    sight = memory.sight
    same = sight.digest == seen.digest and sight.absorbed == seen.world.absorbed
    # Others may have projected since: then the same bytes are an old copy that somebody saved.
    return same and sight.shown == _shown_data(seen.base) and not _is_free_again(seen)


def _shown_data(base: Base | None) -> bytes | None:
    return None if base is None else base.data


def _is_free_again(seen: Seen) -> bool:
    """Whether deletions that were left unread while git was busy can be read now."""
    return seen.world.withheld and seen.git.busy is None


async def _look(ctx: Context) -> Seen:
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
        base = base if base is not None and base.is_of(world) else None
        if world.absorbed == before:
            digest = hashlib.sha256(data or b"").hexdigest()
            words = await last_read(ctx, world, base)
            return Seen(data, base, world, ctx.git.look(), words, digest, stat)
        before = world.absorbed


async def _take_in(ctx: Context, memory: Memory, seen: Seen, *, accept: bool) -> Sight:
    """Record what was seen, unless that is done; raises ``Conflict`` when the ledger moved."""
    data, world, digest = seen.data or b"", seen.world, seen.digest
    board = recognised(_parsed(memory, data, digest), world)
    held = world.held if digest == world.digest else None
    known = was_absorbed(digest, data, world, seen.base)
    if known and not accept and not _is_free_again(seen):
        await _note_head(ctx, seen)
    else:
        held, asked = look_for_intent(ctx, board, seen, settling=memory.settling)
        if held in ACCEPTABLE and accept:
            held = None
        asked = asked if held is None else None
        await _record(ctx, board, seen, held, asked, watching=memory.settling)
        world = await ctx.ledger.look()
    memory.sight = Sight(
        data=data,
        digest=digest,
        absorbed=world.absorbed,
        board=board,
        shown=_shown_data(seen.base),
        stat=seen.stat,
        held=HELD[held] if held else None,
    )
    return memory.sight


async def _note_head(ctx: Context, seen: Seen) -> None:
    """Git has moved HEAD and the board stayed as it was: what is typed from now on is not
    git's."""
    world, git = seen.world, seen.git
    read = world.absorbed and world.held is None
    if not read or git.brings or git.head == world.git_head:
        return
    if ctx.git.arrived(world.git_head):
        draft = Draft(type=E.GIT_MOVED, actor="board", data={"git": git.head})
        await ctx.ledger.append([draft], after=world.seq)


async def prepare(ctx: Context, memory: Memory) -> None:
    """Parse the present bytes and store what an event about them will name, so that little is
    left to do when the save is quiet. No event is written: the bytes may still change."""
    data = read_board(ctx)
    digest = hashlib.sha256(data or b"").hexdigest()
    if data is None or memory.sight.digest == digest:
        return
    world = await ctx.ledger.look()
    base = base_of(ctx, world)
    words = await last_read(ctx, world, base)
    seen = Seen(data, base, world, ctx.git.look(), words, digest)
    board = recognised(_parsed(memory, data, digest), world)
    _held, asked = look_for_intent(ctx, board, seen, settling=True)
    if asked is not None:
        await ctx.ledger.keep(data)
        for text in asked.texts.values():
            await ctx.ledger.keep(text)


def _parsed(memory: Memory, data: bytes, digest: str) -> Board:
    if memory.parsed is None or memory.parsed[0] != digest:
        earlier = None if memory.parsed is None else memory.parsed[1]
        memory.parsed = (digest, parse(data, earlier=earlier))
    return memory.parsed[1]


def recognised(board: Board, world: World) -> Board:
    """The board with the headings that only the ledger knows as tasks."""
    also = lost_headings(board, world)
    return parse(board.data, also, earlier=board) if also else board


def is_absorbed(ctx: Context, memory: Memory) -> bool:
    """Whether the board's bytes are those this process has read last."""
    data = read_board(ctx)
    return data is not None and hashlib.sha256(data).hexdigest() == memory.sight.digest


def base_of(ctx: Context, world: World) -> Base | None:
    """What was last projected; None when that showed another ledger, which is gone."""
    base = ctx.writeback.base()
    return base if base is not None and base.is_of(world) else None


def read_board(ctx: Context) -> bytes | None:
    """The board's bytes, or None while there is no board. Raises ``Storage`` for what cannot be
    read, or is no file."""
    board = ctx.workspace.board
    try:
        return ctx.files.read(board)
    except FileNotFoundError:
        return None
    except OSError as trouble:
        raise Storage(
            f"{board}: {trouble.strerror or trouble}.", hint=next_step(trouble)
        ) from None


def was_absorbed(digest: str, data: bytes, world: World, base: Base | None) -> bool:
    """Whether these bytes are our own last write, or were absorbed and not projected since. The
    same bytes again after a projection are an old copy that somebody saved."""
    projected = base is not None and base.absorbed == world.absorbed
    if base is not None and base.data == data:
        return projected
    return digest == world.digest and not projected


async def last_read(ctx: Context, world: World, base: Base | None) -> dict[str, str]:
    """The status words of the board that was read as intent last, by human id, where it was not
    projected since: the next edit was made on that text. Beside a projection that shows a later
    ledger than this one (``absorbed`` is negative) no earlier reading counts."""
    if world.read is None:
        return {}
    if base is not None and (base.absorbed < 0 or base.absorbed >= world.read_at):
        return {}
    try:
        board = parse(await ctx.ledger.fetch(world.read))
    except NotFound:
        return {}
    names = name_items(board, world)
    fields = ((names[i], item.status_field) for i, item in enumerate(board.items))
    return {name: field.value.strip() for name, field in fields if field is not None}


def look_for_intent(
    ctx: Context, board: Board, seen: Seen, *, settling: bool
) -> tuple[str | None, Asked | None]:
    """Why the board is not to be read as intent (a key of ``HELD``) or None, and what it asks
    for as far as it can be read at all. Records nothing."""
    world, base = seen.world, seen.base
    shown = base.statuses if base is not None else None
    held = why_unreadable(board, world, shown)
    if held is not None and held not in ACCEPTABLE:
        return held, None
    asked = ask(ctx, board, seen, settling=settling)
    if held is None:
        held = why_doubted(world, asked.presence, shown, deletions=seen.git.busy is None)
    return held, asked


def shown_by(base: Base | None, words: Mapping[str, str] | None = None) -> Shown:
    """What the last projection showed, and the ``words`` that were read since."""
    if base is None:
        return Shown(statuses=words or {})
    statuses = {**base.statuses, **(words or {})}
    return Shown(statuses=statuses, lines=base.lines, earlier=base.earlier)


async def _record(
    ctx: Context,
    board: Board,
    seen: Seen,
    held: str | None,
    asked: Asked | None,
    *,
    watching: bool,
) -> None:
    drafts = triggers(board, seen, held, asked, ctx.uptime())
    if watching and seen.stat is not None:  # else nobody was there to notice
        waited = ctx.clock.now().timestamp() - seen.stat.ctime_ns / 1e9
        drafts[0].data["latency_s"] = round(max(waited, 0.0), 3)
    drafts += asked.drafts if asked else ()
    texts = [board.data, *(asked.texts if asked else {}).values()]
    await append_with(ctx, texts, drafts, after=seen.world.seq)


def ask(ctx: Context, board: Board, seen: Seen, *, settling: bool) -> Asked:
    """What the board asks of the ledger now. Records nothing."""
    world, base = seen.world, seen.base
    first = not world.tasks and base is None
    spare = tuple(ctx.clock.uuid() for _ in board.items)
    reading = Reading(
        shown=shown_by(base, seen.words),
        first=first,
        settling=settling,
        new_ids=spare,
        arrived=bool(world.absorbed) and _arrived(ctx, world, seen.git),
    )
    return reconcile(board, world, reading)


def _arrived(ctx: Context, world: World, git: GitSight) -> bool:
    """Whether git has brought other people's texts since the board was absorbed last, or is just
    bringing them."""
    if ctx.settings.trust_git:
        return False
    moved = git.head != world.git_head
    return git.brings or (moved and ctx.git.arrived(world.git_head))
