"""Asking the gate for what no run of ours ends: a typed ``done``, a parent whose children have
ended, and ``complete`` by an outside agent."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import msgspec

from taskboard.core import ending
from taskboard.core.ending import Ending
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.gate import Verdict, gate
from taskboard.core.lines import one_line
from taskboard.core.outcome import Receipt, Tier
from taskboard.core.state import Kind
from taskboard.core.task import Run, Task, World
from taskboard.errors import Conflict, Refused
from taskboard.log import log
from taskboard.loop import evidence, proofs
from taskboard.loop.context import Context, Memory
from taskboard.processes import Who

_TRIES = 64
"""How often an answer is recorded anew because the ledger moved on meanwhile."""


class Quiet(msgspec.Struct):
    """A watcher for work without a lease of its own."""

    group: Who | None = None

    def started(self, group: Who) -> None:
        self.group = group

    def output(self, text: str) -> None:
        """Nothing: it stands in the log."""


async def answer_done(ctx: Context, memory: Memory, task: Task) -> None:
    """Put a typed ``done`` through the gate with a receipt of tier ``human``."""
    try:
        verdict = await judge_person(ctx, task, by=f"board:{ctx.owner}")
        await _finish(ctx, task, verdict)
    finally:
        memory.judged.pop(task.task_id, None)
        memory.tell()


async def answer_parent(ctx: Context, memory: Memory, task: Task) -> None:
    """Ask the gate again for a parent: with the receipts it kept, or its children's."""
    try:
        await _answer_parent(ctx, task)
    finally:
        memory.judged.pop(task.task_id, None)
        memory.tell()


async def _answer_parent(ctx: Context, task: Task) -> None:
    kept = [Receipt.from_data(r) for r in task.receipts]
    world = await ctx.ledger.look()
    receipts = kept or [*children_receipts(world, task), *await host_receipts(ctx, task, None, ())]
    world = await ctx.ledger.look()
    children = ending.open_children(world.children().get(task.task_id, []))
    verdict = gate(evidence.demand_of(task.fields), receipts, children)
    if children:
        return  # a child came or was requeued meanwhile: asked again when it ends
    end = _without_run(ctx, task, by="its children")
    drafts = (
        ending.completed(end, verdict)
        if verdict.ok
        else [
            ending.refusal(end, verdict, verb="complete"),
            end.draft(
                E.BLOCKED,
                f"blocked:{task.fields.get('owner') or ctx.owner}:evidence",
                cause="evidence",
                note=f"TB307 not done: {one_line(verdict.reason)}",
            ),
        ]
    )
    await _append(ctx, task, drafts)


async def judge_person(ctx: Context, task: Task, *, by: str) -> Verdict:
    """The gate's answer to somebody who says that a task is done."""
    receipts = [evidence.human_receipt(by)]
    receipts += await host_receipts(ctx, task, None, ())
    if ctx.untrusted() is None:
        receipts += await proofs.commit_receipts(ctx, task, None, ())
    world = await ctx.ledger.look()
    children = ending.open_children(world.children().get(task.task_id, []))
    return gate(evidence.demand_of(task.fields), receipts, children)


async def judge_run(
    ctx: Context, task: Task, run: Run, offered: Sequence[Receipt], paths: Sequence[str]
) -> Verdict:
    """The gate's answer to an outside agent's ``complete``."""
    receipts = [*offered, *await host_receipts(ctx, task, run, paths)]
    if all(r.tier is not Tier.COMMIT for r in offered):
        receipts += await proofs.commit_receipts(ctx, task, run, ())
    world = await ctx.ledger.look()
    children = ending.open_children(world.children().get(task.task_id, []))
    return gate(evidence.demand_of(run.fields), receipts, children)


async def host_receipts(
    ctx: Context, task: Task, run: Run | None, paths: Sequence[str]
) -> list[Receipt]:
    """What the host finds out itself: declared and offered artifacts, then ``verify``."""
    fields = run.fields if run is not None else task.fields
    receipts = evidence.artifact_receipts(
        ctx, fields, run=run, baseline=task.baseline if run else None, offered=paths
    )
    if evidence.demand_of(fields).verify:
        stand_in = run if run is not None else _stand_in(ctx, task)
        order = evidence.check_order(ctx, task.task, stand_in, fields)
        ctx.files.make_folder(order.folder)
        check = await evidence.check_receipt(ctx, fields, order, Quiet())
        receipts.insert(0, check)
    return receipts


def _stand_in(ctx: Context, task: Task) -> Run:
    """A run that exists only to give a check its folder and marker."""
    return Run(
        run=ctx.clock.uuid(),
        attempt=task.attempt,
        agent="check",
        executor=evidence.CHECKER,
        device=ctx.device,
        started=task.updated,
        text=task.text,
        fields=task.fields,
        actor="daemon",
    )


def children_receipts(world: World, task: Task) -> list[Receipt]:
    """The receipts that a container's done children were completed with."""
    children = world.children().get(task.task_id, [])
    return [Receipt.from_data(r) for c in children if c.kind is Kind.DONE for r in c.receipts]


async def _finish(ctx: Context, task: Task, verdict: Verdict) -> None:
    """Record the answer, unless the question was taken back or the text changed meanwhile (then
    the next turn asks again)."""
    for _ in range(_TRIES):
        world = await ctx.ledger.look()
        now = world.tasks[task.task_id]
        if now.requested is None or now.text != task.text:
            return
        end = _without_run(ctx, now, by="board")
        answer = ending.completed if verdict.ok else _refused
        with suppress(Conflict):
            await _append(ctx, now, answer(end, verdict), after=world.seq)
            return


def _refused(end: Ending, verdict: Verdict) -> list[Draft]:
    return [ending.refusal(end, verdict, verb="done")]


def _without_run(ctx: Context, task: Task, *, by: str) -> Ending:
    return Ending(
        task=task, run=None, now=ctx.clock.now(), settings=ctx.settings, owner=ctx.owner, by=by
    )


async def _append(
    ctx: Context, task: Task, drafts: list[Draft], *, after: int | None = None
) -> None:
    try:
        await ctx.ledger.append(drafts, after=after)
    except Refused as refused:
        log.info("%s: %s", task.task, refused.message)
