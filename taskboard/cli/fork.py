"""``fork``: a person goes on in a new ledger where the old one may not be written to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from taskboard.app import App
from taskboard.cli.call import Call
from taskboard.cli.holder import held_by_us
from taskboard.cli.text import Screen, file_name, one_line
from taskboard.cli.turn import actor, turn
from taskboard.core.carry import carry_over
from taskboard.core.event import Draft
from taskboard.core.task import World
from taskboard.ledgers.jsonl.fork import Forked
from taskboard.loop.projection import save_base
from taskboard.ownership import require_own

if TYPE_CHECKING:
    import typer


def fork(ctx: typer.Context) -> None:
    """Go on in a new ledger that names the head of the old one: after a copy, a restored backup,
    a new machine. Every task stays as the old ledger knows it, and the old file is kept."""
    call = Call.of(ctx)
    forked, trusted = _fork(call)

    async def work(app: App) -> World:
        await turn(app, _nothing)
        return await app.ctx.ledger.look()

    world = call.run(work)
    document = {
        "ledger_id": forked.ledger_id,
        "forked_from": {
            "ledger_id": forked.old_id,
            "seq": forked.seq,
            "head": forked.head,
            "file": os.fspath(forked.kept),
        },
        "tasks": len(world.tasks),
        "held": [t.task for t in world.tasks.values() if t.status.what == "fork"],
        "trusted": trusted,
    }
    call.answer("fork", document, lambda screen: _lines(screen, document))


def _fork(call: Call) -> tuple[Forked, bool]:
    """Put the fork in place; whether the workspace is trusted with it, as it was before."""
    app = call.open(writable=False)
    require_own(app.workspace)
    doubt = app.ledger.doubt()
    code = doubt.code if doubt is not None else ""
    known = app.trust.recorded(app.workspace)
    trusted = known is not None and app.ctx.untrusted() is None
    with held_by_us(app.ctx):
        forked = app.fork(partial(carried, app, code))
    if trusted and known is not None and known.ledger_id in {None, forked.old_id}:
        app.trust.record(app.workspace, forked.ledger_id, app.ctx.clock.now())
    return forked, app.ctx.untrusted() is None


def carried(app: App, code: str, world: World) -> list[Draft]:
    """What a new ledger says besides: where the old one has lost something (``ledger_rollback``),
    what the board, as it was last projected, tells of that."""
    base = app.ctx.writeback.base() if code == "ledger_rollback" else None
    if (
        base is not None
    ):  # it shows a later ledger: the board is to be read again, whatever it says
        save_base(
            app.ctx.files,
            app.workspace.projection / "last",
            msgspec.structs.replace(base, absorbed=-1),
        )
        app.ctx.files.remove(app.workspace.projection / "next")
    lines = base.lines if base is not None else {}
    found = ((name, line) for name, ours in lines.items() for line in ours)
    head = "- result: "
    return carry_over(
        world,
        foreign=code == "ledger_foreign",
        statuses=base.statuses if base is not None else {},
        results={name: line.removeprefix(head) for name, line in found if line.startswith(head)},
        owner=app.ctx.owner,
        actor=actor(),
    )


async def _nothing() -> None:
    """The turn itself is what is wanted."""


def _lines(screen: Screen, document: Mapping[str, Any]) -> Iterator[str]:
    old = document["forked_from"]
    count = document["tasks"]
    tasks = f"{count} task" if count == 1 else f"{count} tasks"
    yield f"{screen.paint('A new ledger', 'done')} with {tasks} goes on here."
    yield f"The old one ended with event {old['seq']} and is kept:"
    yield f"  {file_name(Path(old['file']))}"
    if document["held"]:
        names = ", ".join(one_line(name) for name in document["held"])
        yield f"Held for you, because a run of them may be lost: {names}"
    if not document["trusted"]:
        yield "Next: `taskboard trust` shows what would run here, and allows it."
