"""``away``: what happened since a person left, on one screen."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from taskboard.app import App, login_name
from taskboard.cli.away_text import Away, away_lines, failures, of_kind
from taskboard.cli.call import Call
from taskboard.cli.look import Look, look
from taskboard.cli.shapes import receipt_shape, task_shape
from taskboard.cli.since import moment
from taskboard.cli.words import cause
from taskboard.cli.yours import yours, yours_shape
from taskboard.core.absence import Absence, Ended
from taskboard.core.state import Kind
from taskboard.core.units import stamp
from taskboard.loop.holder import holder
from taskboard.loop.lookback import seq_before, when_left

if TYPE_CHECKING:
    import typer


def away(
    ctx: typer.Context,
    since: Annotated[
        str | None,
        typer.Option(metavar="T", help="From then on: `8h`, `18:30`, `yesterday`, a date."),
    ] = None,
) -> None:
    """What happened since you left, in at most 25 lines: what waits for you, what failed, what
    was done and how it is proven, what it cost. You left with your last command or edit that was
    followed by half an hour without one."""
    call = Call.of(ctx)

    async def work(app: App) -> Away:
        now = app.ctx.clock.now()
        asked = moment(since, now, "away") if since is not None else None
        seen = await look(app)
        return await _find(app, seen, now, asked)

    told = call.read(work)
    call.answer("away", lambda: _shape(told), lambda screen: away_lines(screen, told))


async def _find(app: App, seen: Look, now: datetime, asked: datetime | None) -> Away:
    history, seq = app.ctx.history, seen.world.seq
    left = None
    if asked is not None:
        after = await seq_before(history, seq, asked)
    else:
        me, device = login_name(), app.ctx.device
        left, after = await when_left(history, seq, me=me, device=device, now=now)
    found, first = Absence(), stamp(asked if asked is not None else now)
    async for event, _line in history.read(after):
        if left is None and asked is None and event.seq == after + 1:
            first = event.ts
        found.take(event)
    begin = left.ts if left is not None else first
    return Away(seen, holder(app.ctx), begin, left, found, asked is not None, after > 0)


# For programs


def _shape(told: Away) -> dict[str, Any]:
    seen, found = told.seen, told.found
    return {
        "since": told.since,
        "until": stamp(seen.scene.now),
        "left": {"type": told.left.type, "task": told.left.task} if told.left else None,
        "daemon": told.daemon.shape() if told.daemon else None,
        "held": seen.sight.held,
        "yours": [yours_shape(seen, t) for t in yours(seen)],
        "failed": [_ended(seen, e) for e in failures(told)],
        "done": [_ended(seen, e) for e in found.endings(found.done)],
        "running": [task_shape(seen, t) for t in of_kind(seen, Kind.RUNNING)],
        "reclaimed": [
            {"task": e.task, "attempt": e.attempt, "cause": cause(e), "at": e.ts}
            for e in found.reset
        ],
        "holds": [{"since": h.since, "until": h.until, "reason": h.reason} for h in found.holds],
        "runs": found.claimed,
        "created": found.created,
        "refused": found.refused,
        "daemon_starts": found.daemon_starts,
        "crashes": found.crashes,
        "undelivered": len(found.undelivered),
        "repairs": found.repairs,
        "cost_usd": round(found.cost_usd, 6),
    }


def _ended(seen: Look, end: Ended) -> dict[str, Any]:
    event, data = end.event, end.event.data
    task = seen.world.tasks.get(str(event.task_id))
    return {
        "task": event.task,
        "task_id": event.task_id,
        "title": task.title if task is not None else "",
        "state": event.to,
        "reason": cause(event) or None,
        "tier": data.get("tier"),
        "verified": bool(data.get("verified")),
        "receipts": [receipt_shape(r) for r in data.get("receipts") or ()],
        "agent": event.agent,
        "run": event.run,
        "runs": end.runs,
        "duration_s": data.get("duration_s"),
        "cost_usd": end.cost_usd,
        "at": event.ts,
    }
