"""What a run does, step by step: the executor works, the host looks, the gate answers, and each
is recorded before the next begins. Keeping it alive meanwhile is ``loop.run``'s affair."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from taskboard.core import ending
from taskboard.core.bill import NOTHING, Bill
from taskboard.core.decision import Claim
from taskboard.core.ending import Ending
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.gate import gate
from taskboard.core.outcome import Outcome, Receipt, Succeeded, Tier
from taskboard.core.spending import Limit
from taskboard.core.steps import GENERATE, VALIDATE, closing_steps, work_steps
from taskboard.core.task import Run, Task, owner_of
from taskboard.executor import Watcher
from taskboard.loop import evidence, proofs
from taskboard.loop.choice import SHELL
from taskboard.loop.context import Context, Memory
from taskboard.loop.order import order_of
from taskboard.loop.unfinished import Unfinished


class Work:
    """The work of one run. ``label`` is what people call it; ``limit`` the one on what agents may
    cost that is reached first; ``trusting`` does what starts a process, again after a sleep
    came in between."""

    def __init__(
        self,
        ctx: Context,
        memory: Memory,
        task: Task,
        run: Run,
        *,
        label: str,
        limit: Limit | None,
        watcher: Watcher,
        trusting: Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]],
    ) -> None:
        self.ctx, self.memory, self.task, self.run = ctx, memory, task, run
        self._label, self._limit = label, limit
        self._watcher, self._trusting = watcher, trusting
        self._bill = NOTHING
        self._given: float | None = None
        self._said = ""
        self._after: str | None = None
        self._began = ctx.clock.awake()

    async def to_the_end(self) -> None:
        """Every step that no earlier run of this round has finished, and the one ending."""
        fields = self.run.fields
        done = await self._steps(work_steps(fields))
        if done is None:
            return
        receipts, drafts = await self._validate(done)
        receipts = evidence.weighed(receipts)
        closing = closing_steps(fields) if self.run.executor != SHELL else ()
        if closing and all(r.ok for r in receipts):
            await self._record(drafts)
            more = await self._steps(closing)
            if more is None:
                return
            receipts, drafts = evidence.weighed([*receipts, *more]), []
        await self._judge(receipts, drafts)

    def end(self) -> Ending:
        """This run, about to end now."""
        ctx = self.ctx
        return Ending(
            task=self.task,
            run=self.run,
            now=ctx.clock.now(),
            settings=ctx.settings,
            owner=owner_of(self.run.fields, ctx.owner),
            dice=ctx.clock.random(),
            seconds=round(ctx.clock.awake() - self._began, 3),
        )

    # The executor's part.

    async def _steps(self, names: Sequence[str]) -> list[Receipt] | None:
        """The receipts of these steps; None when one did not succeed: then the run has ended."""
        receipts: list[Receipt] = []
        for name in names if self.run.executor != SHELL else (GENERATE,):
            if name in self.task.finished_steps:
                kept = ending.receipts_of(self.task, name)
                found = await proofs.patiently(self.ctx, self.task, self.run, kept)
                self._said = evidence.words_of(found) or self._said
            else:
                outcome = await self._step(name)
                if not isinstance(outcome, Succeeded):
                    await self._record(await self._unfinished(name, outcome))
                    return None
                found = [*outcome.receipts, *await self._offered(outcome)]
                self._said = outcome.output or self._said
                await self._record([self._finished(name, found, outcome)])
                self._after = name  # a step of an earlier run has left nothing in this one
            receipts += found
        return receipts

    async def _step(self, name: str) -> Outcome:
        self._given = self._left()
        order = await order_of(
            self.ctx,
            self.task,
            self.run,
            self._label,
            step=name,
            after=self._after,
            budget=self._given,
        )
        self.ctx.files.make_folder(order.folder)
        await self._record([self.end().step(E.STEP_STARTED, name)])
        executor = self.ctx.executors[self.run.executor]
        outcome: Outcome = await self._trusting(lambda: executor.execute(order, self._watcher))
        self._bill = self._bill.plus(outcome.bill)
        return outcome

    def _left(self) -> float | None:
        """US dollars that this run may still cost; None without a limit."""
        if self._limit is None:
            return None
        return max(self._limit.share - (self._bill.cost_usd or 0.0), 0.0)

    async def _unfinished(self, name: str, outcome: Outcome) -> list[Draft]:
        world = await self.ctx.ledger.look()
        unfinished = Unfinished(
            self.ctx,
            self.memory,
            world,
            self.end(),
            step=name,
            limit=self._limit,
            given=self._given,
            bill=self._bill,
        )
        return unfinished.drafts(outcome)

    async def _offered(self, outcome: Succeeded) -> list[Receipt]:
        """What lies at the paths the agent names, as far as it counts: it is not held to what it
        was not asked for. A commit or a page is a claim, and held to be one."""
        declared = evidence.paths_of(self.run.fields, "artifacts")
        extra = [path for path in outcome.artifacts if path not in declared]
        looked = evidence.offered_receipts(self.ctx, self.run, extra)
        told = await proofs.agent_receipts(
            self.ctx, self.task, self.run, commits=outcome.commits, urls=outcome.urls
        )
        return [*(receipt for receipt in looked if receipt.ok), *told]

    def _finished(self, name: str, receipts: list[Receipt], outcome: Succeeded) -> Draft:
        return self.end().step(
            E.STEP_COMPLETED,
            name,
            keep=True,
            receipts=[r.as_data() for r in receipts],
            **outcome.bill.as_data(),
        )

    # The host's part.

    async def _validate(self, done: list[Receipt]) -> tuple[list[Receipt], list[Draft]]:
        fields, end = self.run.fields, self.end()
        demand = evidence.demand_of(fields)
        receipts = evidence.keep_exit(done, self.task.origin)
        measured = fields.get("measure", "").strip() and not demand.verify
        unnamed = Tier.COMMIT in demand.tiers and all(r.tier is not Tier.COMMIT for r in receipts)
        if not (demand.verify or demand.artifacts or measured or unnamed):
            return receipts, []
        await self._record([end.step(E.STEP_STARTED, VALIDATE)])
        if demand.verify:
            order = evidence.check_order(self.ctx, self.task.task, self.run, fields)
            self.ctx.files.make_folder(order.folder)
            receipts.append(
                await self._trusting(
                    lambda: evidence.check_receipt(self.ctx, fields, order, self._watcher)
                )
            )
        found = evidence.artifact_receipts(
            self.ctx, fields, run=self.run, baseline=self.task.baseline
        )
        receipts += found
        if unnamed:
            receipts += await proofs.commit_receipts(self.ctx, self.task, self.run, ())
        bill = NOTHING
        if measured:
            opinion, bill = await self._measured(fields["measure"], found)
            receipts += opinion
        return receipts, ending.validated(end, found, receipts, bill)

    async def _measured(
        self, measure: str, artifacts: list[Receipt]
    ) -> tuple[list[Receipt], Bill]:
        """Whether a measure that no command checks is met, as the decision layer sees it: an
        opinion, so it refuses only what an agent says of its own work."""
        if self._left() == 0:
            return [], NOTHING
        claim = Claim(
            task=self.task.task,
            measure=measure,
            summary=self._said,
            evidence=evidence.described(self.ctx, self.run, artifacts),
        )
        seen = await self.ctx.decider.judge(claim)
        if seen is None:
            return [], NOTHING
        if not seen.ok and self.run.executor == SHELL:
            return [], seen.bill
        detail = {"measure": measure[:300], "judged_by": seen.by, "reason": seen.reason[:300]}
        problem = "" if seen.ok else f"the measure is not met: {seen.reason[:300]}"
        opinion = Receipt(
            tier=Tier.OUTPUT, ok=seen.ok, run=self.run.run, problem=problem, detail=detail
        )
        return [opinion], seen.bill

    async def _judge(self, receipts: list[Receipt], drafts: list[Draft]) -> None:
        world = await self.ctx.ledger.look()
        task = world.tasks[self.task.task_id]
        children = ending.open_children(world.children().get(task.task_id, []))
        verdict = gate(evidence.demand_of(self.run.fields), receipts, children)
        self.task = task
        end = self.end()
        last = ending.completed(end, verdict) if verdict.ok else ending.refused(end, verdict)
        await self._record([*drafts, *last])

    async def _record(self, drafts: list[Draft]) -> None:
        await self.ctx.ledger.append(drafts)
