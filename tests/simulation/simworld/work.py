"""An executor whose work is a process of the simulated machine and a throw of dice."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

from simworld.stage import Program, Stage, Violation
from taskboard.core.outcome import (
    Failed,
    NeedsInput,
    Outcome,
    Receipt,
    Snoozed,
    Succeeded,
    Tier,
)
from taskboard.core.units import second_up
from taskboard.executor import Fitness, Order, Watcher
from taskboard.processes import Processes, Who
from taskboard.testing.files import SimFiles

_PLANS = ["ok"] * 6 + ["fail", "fail", "final", "hang", "hang", "asks", "quota"]


class SimExecutor:
    """Does orders as ``stage.dice`` say: succeeds, fails, hangs, asks, waits for a quota."""

    def __init__(self, stage: Stage, program: Program, processes: Processes) -> None:
        self.stage, self.program, self.processes = stage, program, processes

    def fitness(self) -> Fitness:
        return Fitness(usable=True)

    async def examine(self) -> Fitness:
        return self.fitness()

    async def execute(self, order: Order, watcher: Watcher) -> Outcome:
        dice = random.Random(f"{self.stage.seed} {order.run} {order.log}")
        who = self._spawn(order, dice)
        try:
            watcher.started(who)
        except BaseException:
            self.stage.machine.exit(who)  # its gate never opened
            raise
        plan = dice.choice(_PLANS)
        if self.stage.calm and plan == "hang":
            plan = "ok"
        seconds = dice.choice([0.0, 0.0, 1.0, 5.0, dice.uniform(0, 120)])
        if plan == "hang":
            seconds = order.timeout + 1
        try:
            await asyncio.sleep(min(seconds, order.timeout))
        except asyncio.CancelledError:
            if not self.program.dead:
                await self.processes.end_group(who, order.run)
            raise
        if seconds > order.timeout:
            await self.processes.end_group(who, order.run)
            return Failed(reason="timeout", error="it took too long")
        if self.stage.machine.find(who.pid) != who:
            return Failed(reason="signal", error="it was killed")
        outcome = self._outcome(plan, order, dice)
        self.stage.machine.exit(who)
        return outcome

    def _spawn(self, order: Order, dice: random.Random) -> Who:
        stage = self.stage
        others = [run for run in stage.living(order.task) if run != order.run]
        if others and order.log == "output.log":
            stage.broken = Violation(
                f"{order.label} starts while {others} still works on {order.task}"
            )
            raise stage.broken
        who = stage.machine.spawn(marker=order.run, stubborn=dice.random() < 0.5)
        if order.log == "output.log":
            stage.working.setdefault(order.task, []).append((who, order.run))
        stage.say(f"  executor: {order.label} {order.log} starts as {who.pid}")
        return who

    def _outcome(self, plan: str, order: Order, dice: random.Random) -> Outcome:
        stage = self.stage
        stage.say(f"  executor: {order.label} {order.log} ends: {plan}")
        if plan in ("fail", "final"):
            return Failed(
                reason="exit", error="exit status 1", exit_code=1, retryable=plan == "fail"
            )
        if plan == "asks" and order.log == "output.log":
            return NeedsInput(question="Which one?")
        if plan == "quota" and order.log == "output.log":
            until = stage.clock.now() + timedelta(seconds=dice.choice([3, 30]))
            return Snoozed(until=second_up(until))
        path = order.fields.get("artifacts", "")
        if path and dice.random() < 0.8:
            files = SimFiles(stage.disk, seed=dice.randrange(1 << 20))
            files.make_folder((order.project / path).parent)
            files.write(order.project / path, order.run.encode())
        receipt = Receipt(tier=Tier.EXIT, ok=True, run=order.run, sha256="0" * 64)
        return Succeeded(receipts=(receipt,))
