"""The turn that a state-changing command does itself, daemon or not."""

from __future__ import annotations

from collections.abc import Sequence

from taskboard.core.compose import section_text
from taskboard.core.definition import definition
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.facts import digest_of, fields_of, title_of, work_of
from taskboard.core.ids import Names, ids_in
from taskboard.core.parse import parse
from taskboard.core.state import Kind, read_status
from taskboard.core.task import Task
from taskboard.errors import BoardHeld, Conflict, Refused, Usage
from taskboard.loop.absorb import absorb
from taskboard.loop.context import Context, Memory
from taskboard.loop.holder import holder
from taskboard.loop.keep import append_with
from taskboard.loop.late import join_late_saves
from taskboard.loop.project import project
from taskboard.loop.quiet import quiet
from taskboard.loop.record import require_whole_board
from taskboard.loop.tick import settle_ledger

_NAMES = 64
"""How often an id may be given away under ``add`` before something else must be wrong."""


async def begin(ctx: Context, memory: Memory) -> None:
    """Bring the ledger up to the board, take dead runs back and wake what has waited."""
    memory.settling = holder(ctx) is not None
    await join_late_saves(ctx)
    await quiet(ctx)
    await absorb(ctx, memory)
    await settle_ledger(ctx, memory)


async def end(ctx: Context, memory: Memory) -> None:
    """Write the board back before the command exits."""
    await absorb(ctx, memory)
    await settle_ledger(ctx, memory)
    await project(ctx, memory)


async def add(
    ctx: Context,
    memory: Memory,
    title: str,
    *,
    status: str,
    fields: Sequence[tuple[str, str]],
    body: str,
    actor: str,
    task_id: str | None = None,
) -> Task:
    """``add TITLE``: a new task in the ledger; the projection appends its section. ``task_id``
    None means a new one.

    Raises ``BoardHeld`` when the board is held or ends inside an open fence, ``Usage`` for text
    that would forge structure or a status that a new task cannot have.
    """
    require_whole_board(memory)
    board = memory.sight.board
    if board is not None and board.cut is not None:
        raise BoardHeld(
            f"The board ends inside an open {board.cut}: a task added there would be text.",
            hint="Close it first; taskboard check names the line.",
        )
    state = read_status(status)
    if state.kind not in (Kind.READY, Kind.BLOCKED, Kind.OPEN):
        raise Usage(f"A new task cannot be `{status}`.", hint="ready, todo, or blocked:WHO:WHAT.")
    level = min((i.level for i in board.items), default=2) if board is not None else 2
    newline = (board.newline if board is not None else b"\n").decode()
    tasks = [i.task for i in board.items if i.task] if board is not None else []
    spoken = {*board.ids, *ids_in(board.data)} if board is not None else set()
    for _ in range(_NAMES):
        name = Names([*(await ctx.ledger.look()).names, *tasks], spoken).next()
        try:
            text = section_text(
                name, title, level, [("status", status), *fields], body, newline=newline
            )
        except ValueError as error:
            raise Usage(
                f"This text cannot be a task: {error}.", hint="taskboard add --help"
            ) from None
        try:
            return await _create(ctx, name, text, status, actor, task_id or ctx.clock.uuid())
        except Refused as refused:  # somebody else has just added a task under this id
            if refused.data.get("reason") != "id_taken":
                raise
    raise Conflict("Others keep adding tasks.", hint="Nothing was added: try again.")


async def _create(  # noqa: PLR0917
    ctx: Context, name: str, text: str, status: str, actor: str, task_id: str
) -> Task:
    """Append ``created``. Raises ``Refused`` when the id was taken meanwhile."""
    section = text.encode("utf-8", "surrogateescape")
    board = parse(section)
    item = board.items[0]
    meant = definition(board, item, frozenset())
    data = {
        "title": title_of(item),
        "fields": fields_of(item),
        "work": work_of(board, item),
        "parent": None,
        "origin": "agent" if actor.startswith("agent:") else "command",
        "text": digest_of(meant),
        "section": digest_of(section),
        "word": status,
    }
    to = read_status(status).text
    draft = Draft(type=E.CREATED, task_id=task_id, task=name, to=to, actor=actor, data=data)
    await append_with(ctx, [meant, section], [draft])
    return (await ctx.ledger.look()).tasks[task_id]
