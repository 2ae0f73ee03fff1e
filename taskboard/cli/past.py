"""``board`` and ``rebuild``: the board as the ledger tells of it, printed and written."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from taskboard.app import App
from taskboard.cli.call import Call
from taskboard.cli.confirm import require_person
from taskboard.cli.text import Screen, file_name, paragraph
from taskboard.core.facts import digest_of
from taskboard.core.hold import HELD
from taskboard.core.units import second_up, stamp
from taskboard.errors import Usage
from taskboard.log import log
from taskboard.loop.absorb import read_board
from taskboard.loop.past import present, text_at
from taskboard.loop.rebuild import Rebuilt
from taskboard.loop.rebuild import rebuild as write_anew

if TYPE_CHECKING:
    import typer


@dataclass(frozen=True, slots=True)
class _Told:
    """A board's bytes, and what is known of them."""

    data: bytes
    document: Mapping[str, Any]


def board(
    ctx: typer.Context,
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="T", help="As it was: 2026-04-20T15:25Z, 18:30, yesterday, 2h (ago)."
        ),
    ] = None,
) -> None:
    """Print the board as the ledger has it now, or as it was. Writes nothing. A save that nobody
    has absorbed yet is not in it."""
    call = Call.of(ctx)

    async def work(app: App) -> _Told:
        if at is None:
            return await _now(app)
        return await _then(app, _moment(at, app.ctx.clock.now()))

    told = call.read(work)
    if call.json:
        call.answer("board", told.document, lambda _screen: ())
        return
    if told.document["pending"]:
        log.warning("the board's file says something else: see `taskboard status`")
    _print(told.data)


def rebuild(ctx: typer.Context) -> None:
    """Write the board from the ledger: where it is gone, where it is held, or where it lacks what
    the ledger says. What a person wrote is read first, or put aside; nothing is lost."""
    call = Call.of(ctx)

    async def work(app: App) -> Rebuilt:
        require_person()
        return await write_anew(app.ctx, app.memory)

    done = call.run(work)
    app = call.open(writable=False)
    document = {
        "deed": done.deed,
        "file": file_name(app.workspace.board),
        "aside": file_name(done.aside) if done.aside is not None else None,
        "sha256": digest_of(done.data),
        "bytes": len(done.data),
    }
    call.answer("rebuild", document, lambda screen: _rebuild_lines(screen, document))


def _moment(text: str, now: datetime) -> datetime:
    from taskboard.cli.since import moment

    try:
        return moment(text.strip().removesuffix("ago"), now, "board")
    except Usage as usage:
        raise Usage(usage.message, hint=usage.hint.replace("--since", "--at")) from None


async def _now(app: App) -> _Told:
    ctx = app.ctx
    world = await ctx.ledger.look()
    base = await present(ctx)
    held = HELD.get(world.held or "")
    there = read_board(ctx)
    known = {"at": None, "seq": world.seq, "since": None, "held": held}
    return _Told(base.data, _shape(base.data, **known, pending=there != base.data))


async def _then(app: App, until: datetime) -> _Told:
    text = await text_at(app.ctx, stamp(until))
    found = text.standing
    held = HELD.get(found.held or "")
    known = {"at": second_up(until), "seq": found.seq, "since": found.ts, "held": held}
    return _Told(text.data, _shape(text.data, **known, pending=False))


def _shape(data: bytes, **known: Any) -> dict[str, Any]:
    return {
        **known,
        "sha256": digest_of(data),
        "bytes": len(data),
        "text": data.decode("utf-8", "replace"),
    }


def _print(data: bytes) -> None:
    """The bytes as they are; on a terminal without what could act on it."""
    if sys.stdout.isatty():
        text = paragraph(data.decode("utf-8", "replace").replace("\r\n", "\n"))
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
    sys.stdout.flush()


def _rebuild_lines(screen: Screen, document: Mapping[str, Any]) -> Iterator[str]:
    file = document["file"]
    match document["deed"]:
        case "made":
            yield f"{screen.paint('Written', 'done')}: {file}, from the ledger."
        case "replaced":
            yield f"{screen.paint('Written', 'done')}: {file}, as it was before it was held."
            yield f"What stood there is in {document['aside']}."
        case "written":
            yield f"{file} was read, and now has what the ledger says besides."
        case _:
            yield f"{file} says what the ledger says: nothing to rebuild."
