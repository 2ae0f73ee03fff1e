"""Writing the views: the board from the ledger, and one file per dead letter."""

from __future__ import annotations

from taskboard.core.board import Board, Item
from taskboard.core.deadletter import dead_letter, shows, stories
from taskboard.core.event import Event
from taskboard.core.identity import doubled_ids, name_items, reused_ids
from taskboard.core.lines import own_lines
from taskboard.core.parse import parse
from taskboard.core.reconcile import Shown
from taskboard.core.render import Wish, render
from taskboard.core.state import TERMINAL, Kind, Status
from taskboard.core.task import Task, World
from taskboard.errors import BoardHeld, NotFound
from taskboard.log import log
from taskboard.loop.absorb import LOCK, absorb, base_of, read_board, shown_by
from taskboard.loop.context import Context, Memory
from taskboard.loop.quiet import quiet
from taskboard.loop.remember import remember
from taskboard.loop.writeback import Base, Lost, Unable, Written

_ROUNDS = 16
"""How often a save in the gap sends us round again in one turn; the next turn goes on."""

_WRITTEN = frozenset({Kind.READY, Kind.BLOCKED, Kind.RUNNING, Kind.DONE, Kind.FAILED})
_LOG_TAIL = 4000
"""Bytes of a log's end that a dead letter shows."""


async def project(ctx: Context, memory: Memory) -> bool:
    """Write the board and the dead letters as the ledger says. False when the board could not
    be written now (held, missing, a person kept saving, no safe way on this file system)."""
    ctx.files.make_folder(ctx.workspace.state)
    world = await ctx.ledger.look()
    await _letters(ctx, memory, world)
    for _ in range(_ROUNDS):
        sight = memory.sight
        if sight.held is not None or sight.board is None or sight.data is None:
            return False
        base = base_of(ctx, world)
        board = await with_sections(ctx, sight.board, world, base)
        new = projection(board, world, shown_by(base))
        with ctx.files.lock(ctx.workspace.state / LOCK):
            present = read_board(ctx)
            same = present == sight.data  # else somebody has saved or projected meanwhile
            outcome = ctx.writeback.put(sight.data, new) if same else Lost(present or b"")
        if isinstance(outcome, Written):
            await remember(ctx, sight.data, new.data)
            if new.data != sight.data:
                memory.wrote = ctx.clock.awake()
                if not memory.patient or read_board(ctx) == new.data:
                    await absorb(ctx, memory)  # our own write is silence: nothing is recorded
            return True
        if not isinstance(outcome, Lost):
            reason = outcome.reason if isinstance(outcome, Unable) else "it is not there"
            log.warning("The board was not written: %s", reason)
            return False
        await ctx.ledger.keep(outcome.data)  # what came off the board, whatever comes next
        if memory.patient:
            return False
        try:
            await quiet(ctx)
        except BoardHeld as held:
            log.warning("The board was not written: %s", held.message)
            return False
        await absorb(ctx, memory)
        world = await ctx.ledger.look()
    return False


def projection(board: Board, world: World, shown: Shown) -> Base:
    """The board as the ledger says, and what it shows then."""
    names = name_items(board, world)
    silent = doubled_ids(board, world) | reused_ids(board, world) | world.tangled
    wishes = []
    # What is doubled or gone keeps what was last shown of it, until it can be read again.
    statuses = {_name_now(world, name): word for name, word in shown.statuses.items()}
    lines = {_name_now(world, name): found for name, found in shown.lines.items()}
    earlier = {_name_now(world, name): found for name, found in shown.earlier.items()}
    shown = Shown(statuses=statuses, lines=lines, earlier=earlier)
    statuses, lines = dict(statuses), dict(lines)
    for index, item in enumerate(board.items):
        task = world.named(names[index])
        if task is None or names[index] in silent:
            continue
        wish = _wish(index, item, task, shown)
        wishes.append(wish)
        statuses[task.task] = wish.status or _shown_word(item, task)
        lines[task.task] = wish.lines
    data = render(board, wishes)
    return Base(
        data=data,
        statuses=statuses,
        lines=lines,
        earlier=earlier,
        absorbed=world.absorbed,
        ledger=world.ledger_id,
    )


def _name_now(world: World, name: str) -> str:
    task = world.named(name)
    return name if task is None else task.task


def _wish(index: int, item: Item, task: Task, shown: Shown) -> Wish:
    return Wish(
        item_index=index,
        status=_status(item, task, shown),
        give_id=task.task if item.task is None else None,
        lines=own_lines(task),
        ours=shown.ours(task.task),
    )


def _status(item: Item, task: Task, shown: Shown) -> str | None:
    """The word to write, or None to leave the board's: a person's spelling of the same state,
    a word that is no state (over a task that has not ended), and a typed ``done`` that waits for
    the gate all stay."""
    word = _word(item)
    if task.kind not in _WRITTEN or word.casefold() == task.status.text.casefold():
        return None
    if task.requested is not None and word.casefold() == task.requested:
        return None
    ended = task.kind in TERMINAL and word
    if item.status.kind is Kind.UNKNOWN and not ended and _unchanged(task, shown):
        return None
    return task.status.text


def _unchanged(task: Task, shown: Shown) -> bool:
    return shown.statuses.get(task.task, task.status.text) == task.status.text


def _shown_word(item: Item, task: Task) -> str:
    """What the projection counts as shown: under a word that is no state, the ledger's state,
    so that only the next change is written over it."""
    if item.status.kind is Kind.UNKNOWN and task.kind in _WRITTEN:
        return task.status.text
    return _word(item)


def _word(item: Item) -> str:
    found = item.status_field
    return found.value.strip() if found else ""


async def with_sections(ctx: Context, board: Board, world: World, base: Base | None) -> Board:
    """The board with the sections that were added for commands and that it lacks: no board has
    shown them yet, or a save that was made on an older text has dropped them."""
    before = base.statuses if base is not None else {}
    there = {world.names.get(name) for name in board.ids}
    waiting = [
        t
        for t in world.tasks.values()
        if t.section is not None
        and t.task_id not in there
        and (t.task not in before or t.dropped)
        and t.kind is not Kind.WITHDRAWN
        and t.missing_since is None
    ]
    texts = [text for t in waiting if (text := await _section(ctx, t)) is not None]
    return parse(render(board, (), texts)) if texts else board


async def _section(ctx: Context, task: Task) -> str | None:
    """The section that was added for a command; None when its text is lost, which ``verify``
    tells and must not keep the rest of the board from being written."""
    try:
        return (await ctx.ledger.fetch(task.section or "")).decode("utf-8", "surrogateescape")
    except NotFound:
        log.warning("%s: the text of its section is no longer stored", task.task)
        return None


async def _letters(ctx: Context, memory: Memory, world: World) -> None:
    for task in world.tasks.values():
        if not _has_letter(task) or memory.letters.get(task.task_id) == task.since:
            continue
        try:
            await _put_letter(ctx, task)
        except OSError as error:  # a full disk, a file in the folder's place: told, tried again
            log.warning("%s: its dead letter was not written: %s", task.task, error)
            continue
        memory.letters[task.task_id] = task.since


async def _put_letter(ctx: Context, task: Task) -> None:
    path = ctx.workspace.deadletter / f"{task.task}.md"
    try:
        known = shows(ctx.files.read(path, 4096), task.since)
    except FileNotFoundError:
        known = task.kind is not Kind.FAILED and task.round == 1
    if not known:
        letter = await _letter(ctx, task)
        ctx.files.make_folder(path.parent, 0o755)
        ctx.files.write(path, letter.encode("utf-8", "replace"), mode=0o644)


def _has_letter(task: Task) -> bool:
    """What has failed here, or did before it was requeued; not what was so at the first import."""
    failed = task.kind is Kind.FAILED and task.status != Status(Kind.FAILED, "cancelled")
    return (failed and task.attempt > 0) or task.round > 1


async def _letter(ctx: Context, task: Task) -> str:
    events = await events_of(ctx, task.task_id)
    runs = stories(events)
    for story in runs:
        story.tail = log_tail(ctx, story.run)
    try:
        text = (await ctx.ledger.fetch(task.text)).decode("utf-8", "replace") if task.text else ""
    except NotFound:
        text = "(its text is no longer stored)"
    return dead_letter(task, runs, text)


async def events_of(ctx: Context, task_id: str) -> list[Event]:
    """Every event about one task, in order."""
    return [e async for e, _line in ctx.history.read() if e.task_id == task_id]


def log_tail(ctx: Context, run: str, limit: int = _LOG_TAIL) -> str:
    """The end of a run's log, as text; empty when there is none."""
    try:
        data = ctx.files.read(ctx.run_folder(run) / "output.log")
    except OSError:
        return ""
    return data[-limit:].decode("utf-8", "replace")
