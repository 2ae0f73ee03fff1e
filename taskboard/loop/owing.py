"""What a run has cost, whatever end it came to: its executor keeps the figure in the step's folder
(``taskboard.run_bill``), and whoever ends the run, or finds it ended, puts it into the ledger.
Once: the ledger itself says which run's cost it may lack (``Task.owed``), and refuses it again."""

from __future__ import annotations

from taskboard.core.bill import NOTHING, Bill
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.steps import VALIDATE
from taskboard.errors import Refused
from taskboard.log import log
from taskboard.loop.context import Context
from taskboard.loop.order import step_folder
from taskboard.run_bill import LONGEST, NAME, read_bill


async def unpaid(ctx: Context, task_id: str, run: str) -> Bill:
    """What the step that a run is at has used; nothing when it is at none. Its work must have
    ended: what comes later is not in it."""
    task = (await ctx.ledger.look()).tasks.get(task_id)
    now = task.run if task is not None else None
    if now is None or now.run != run or now.step in (None, VALIDATE):
        return NOTHING
    return _kept(ctx, run, str(now.step))


async def pay(ctx: Context, task_id: str, run: str | None = None) -> None:
    """Record what a task's last run has cost, if its end did not say so. ``run`` None for
    whichever it is; else only for that one. Its work must have ended."""
    task = (await ctx.ledger.look()).tasks.get(task_id)
    owed = task.owed if task is not None else None
    if task is None or owed is None or run not in (None, owed.run):
        return
    bill = _kept(ctx, owed.run, owed.step)
    if not bill.used:
        return
    draft = Draft(
        type=E.COST_RECORDED,
        task_id=task_id,
        task=task.task,
        run=owed.run,
        attempt=owed.attempt,
        step=owed.step,
        data=bill.as_data(),
    )
    try:
        await ctx.ledger.append([draft])
    except Refused as refused:
        log.info("%s: %s", task.task, refused.message)


def _kept(ctx: Context, run: str, step: str) -> Bill:
    try:
        return read_bill(ctx.files.read(step_folder(ctx, run, step) / NAME, LONGEST))
    except (OSError, ValueError):
        return NOTHING
