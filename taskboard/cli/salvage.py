"""``salvage``: a person rescues a damaged ledger."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from taskboard.app import App
from taskboard.cli.call import Call
from taskboard.cli.fork import carried
from taskboard.cli.holder import held_by_us
from taskboard.cli.text import Screen, file_name, one_line
from taskboard.cli.turn import turn
from taskboard.core.task import World
from taskboard.ledgers.jsonl.salvage import Salvaged
from taskboard.ownership import require_own

if TYPE_CHECKING:
    import typer

_SHOWN = 10
"""Lost places and tasks that are listed; ``--json`` has them all."""


def salvage(ctx: typer.Context) -> None:
    """Rescue a damaged ledger: go on in a new one with every event that is whole and still makes
    sense, and say what was lost. The old files are kept as they are. A ledger that is not damaged
    is left alone."""
    call = Call.of(ctx)
    saved, trusted = _salvage(call)

    async def work(app: App) -> World:
        await turn(app, _nothing)
        return await app.ctx.ledger.look()

    world = call.run(work)
    document = {
        "ledger_id": saved.ledger_id,
        "salvaged_from": {
            "ledger_id": saved.old_id,
            "seq": saved.seq,
            "head": saved.head,
            "file": os.fspath(saved.files),
        },
        "kept": saved.kept,
        "dropped": saved.dropped,
        "lost": [msgspec.structs.asdict(gap) for gap in saved.gaps],
        "tasks": saved.tasks,
        "held": [t.task for t in world.open_tasks() if t.status.what == "fork"],
        "trusted": trusted,
    }
    call.answer("salvage", document, lambda screen: _lines(screen, document))


def _salvage(call: Call) -> tuple[Salvaged, bool]:
    """Put the new ledger in place; whether the workspace is trusted with it, as it was before."""
    app = call.open(writable=False)
    require_own(app.workspace)
    known = app.trust.recorded(app.workspace)
    trusted = known is not None and app.ctx.untrusted() is None
    with held_by_us(app.ctx):
        saved = app.salvage(partial(carried, app, "ledger_rollback"))
    if trusted and known is not None and known.ledger_id in {None, saved.old_id}:
        app.trust.record(app.workspace, saved.ledger_id, app.ctx.clock.now())
    return saved, app.ctx.untrusted() is None


async def _nothing() -> None:
    """The turn itself is what is wanted."""


def _lines(screen: Screen, document: Mapping[str, Any]) -> Iterator[str]:
    yield f"{screen.paint('A new ledger', 'done')} goes on here with {document['kept']} events."
    yield from map(_place, document["lost"][:_SHOWN])
    if len(document["lost"]) > _SHOWN:
        yield f"  ... and at {len(document['lost']) - _SHOWN} more places (--json has them)."
    if document["dropped"]:
        yield f"{document['dropped']} whole events mean nothing without those, and were left out."
    if document["tasks"]:
        yield f"Tasks concerned: {_names(document['tasks'])}"
    yield "The old files are kept as they are:"
    old = Path(document["salvaged_from"]["file"])
    yield f"  {one_line(file_name(old))}"
    if old.with_suffix("").is_dir():
        yield f"  {one_line(file_name(old.with_suffix('')))}"
    if document["held"]:
        yield f"Held for you, because a run of them may be lost: {_names(document['held'])}"
    if not document["trusted"]:
        yield "Next: `taskboard trust` shows what would run here, and allows it."


def _place(gap: Mapping[str, Any]) -> str:
    first, last = gap["first"], gap["last"]
    events = f"events {first} to {last}" if last > first else f"event {first}"
    if not last:
        events = f"whatever came after event {first - 1}"
    elif last < first:
        events = "no event"
    where = f"{one_line(gap['file'])}, byte {gap['byte']}"
    return f"  Lost: {events} ({gap['bytes']} bytes at {where})"


def _names(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(one_line(name) for name in names[:_SHOWN]) + more
