"""Who holds the one daemon's place of a board: a file lock, and a note beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from taskboard.core.units import brief, read_time, stamp
from taskboard.errors import Held
from taskboard.loop.context import Context
from taskboard.loop.holder import Holder, holder, note_of


@contextmanager
def held_by_us(ctx: Context) -> Iterator[None]:
    """Hold the place of this board's daemon. A dead holder's lock has gone with it, so its place
    is simply taken. Raises ``Held`` that says who has it."""
    from filelock import FileLock, Timeout

    ctx.files.make_folder(ctx.workspace.state)
    lock = FileLock(ctx.workspace.state / "daemon.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise _taken(ctx) from None
    try:
        mine = Holder(who=ctx.processes.me(), device=ctx.device, since=stamp(ctx.clock.now()))
        ctx.files.write(note_of(ctx), msgspec.json.encode(mine) + b"\n", durable=False)
        yield
    finally:
        ctx.files.remove(note_of(ctx))
        lock.release()


def _taken(ctx: Context) -> Held:
    found = holder(ctx)
    board = ctx.workspace.board
    if found is None:
        return Held(
            f"Another daemon holds {board}; it has not said who it is.",
            hint="taskboard doctor",
        )
    since = read_time(found.since)
    age = brief((ctx.clock.now() - since).total_seconds()) if since else "some time"
    return Held(
        f"A daemon works on {board} already: process {found.who.pid} on {found.device}, "
        f"for {age}.",
        hint=f"Watch it with `taskboard tail -f`; end it with `kill {found.who.pid}`.",
        data=found.shape(),
    )
