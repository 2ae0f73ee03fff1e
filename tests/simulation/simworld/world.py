"""One seed, played: lives of the daemon between crashes, steps in each life, and the end."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any

from simworld.judge import Judge
from simworld.person import Person, marks
from simworld.programs import Commands, DaemonProgram
from simworld.stage import BOARD, Stage, Violation
from taskboard.testing.clock import VirtualLoop
from taskboard.testing.simdisk import _keep
from taskboard.testing.steps import Crashed

STEPS = 300
_ROUNDS = 6000
"""Rounds of the event loop in one step: more is a daemon that spins."""


class Ticking(VirtualLoop):
    """A virtual loop in which time always passes a little, and that notices spinning."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.clock)
        self.stage, self.rounds = stage, 0
        self.tasks: list[asyncio.Task[Any]] = []
        self.set_task_factory(self._made)

    def _made(self, loop: Any, job: Any, **how: Any) -> asyncio.Task[Any]:
        task = asyncio.Task(job, loop=loop, **how)
        self.tasks.append(task)
        return task

    def _run_once(self) -> None:
        self.rounds += 1
        if self.rounds > _ROUNDS:
            self.rounds = 0
            raise Violation("the loop spins: it never waits for anything")
        self.stage.clock.advance(1e-6)
        super()._run_once()  # type: ignore[misc]


class Simulation:
    """``play`` runs the whole of one seed and raises ``Violation`` with the trace."""

    def __init__(self, seed: int, steps: int = STEPS) -> None:
        self.stage = Stage(seed)
        self.steps = steps
        self.person = Person(self.stage)
        self.acked: dict[int, str] = {}
        self.commands = Commands(self.stage, self.acked)
        self.judge = Judge(self.stage, self.person, self.acked)
        self.step = self.crashes = 0
        self.running: list[asyncio.Task[None]] = []
        self.program: DaemonProgram | None = None

    def play(self) -> Simulation:
        """All steps, all crashes, the quiet end. Answers itself."""
        stage = self.stage
        try:
            self.person.first()
            stage.meddle = self._meddle
            while self.step < self.steps:
                self._live(self._busy_life)
            stage.calm, stage.meddle = True, lambda _operation: None
            self._live(self._quiet_life)
        except Exception as trouble:
            tail = "\n".join(stage.trace[-400:])
            raise Violation(
                f"seed {stage.seed}, step {self.step}: {type(trouble).__name__}: {trouble}\n"
                f"{tail}\nAgain: Simulation({stage.seed}, {self.steps}).play()"
            ) from trouble
        return self

    # One life: from the start of a daemon until it stops or dies.

    def _live(self, life: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.judge.restarted()
        with asyncio.Runner(loop_factory=lambda: Ticking(self.stage)) as runner:
            runner.run(self._one(life))
        if self.stage.broken is not None:
            raise self.stage.broken
        for program in (self.program, self.commands.program):
            if program is not None:
                program.kill()
        self.stage.heard.clear()

    async def _one(self, life: Callable[[], Coroutine[Any, Any, None]]) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        self.program = DaemonProgram(self.stage, self.acked)
        self.stage.say("daemon starts")
        main = asyncio.create_task(self.program.daemon.run())
        self.running = []
        try:
            await life()
        finally:
            if not main.done() and not self.program.dead and not self.program.daemon._stop:
                self.program.daemon.stop()
            self._end_commands()
            self.stage.say("this life ends")
            try:
                if not self.program.dead:
                    await asyncio.wait_for(main, 400)
                elif main.done() and not main.cancelled():
                    self._known(main.exception())
            except Crashed:
                pass
            for program in (self.program, self.commands.program):
                if program is not None:
                    program.kill()

    def _end_commands(self) -> None:
        if self.commands.program is not None:
            self.commands.program.kill()

    def _known(self, trouble: BaseException | None) -> None:
        if trouble is not None and not isinstance(trouble, Crashed):
            raise trouble

    async def _busy_life(self) -> None:
        assert self.program is not None
        dice = self.stage.dice
        if dice.random() < 0.3:
            self.program.files.crash_at(dice.randint(1, 60))  # it dies while it starts
        length = dice.choice([5, 20, 60, 120])
        for _ in range(length):
            if self.step >= self.steps:
                return
            self.step += 1
            await self._act()
            await asyncio.sleep(dice.choice([0.0, 0.1, 0.7, 2.0, 5.0, dice.uniform(0, 20)]))
            self._look()
            if self.program.dead:
                self._after_death()
                return
        if dice.random() < 0.5:
            self.stage.say("daemon is asked to stop")
            return
        self.program.files.crash_at(dice.randint(1, 150))
        for _ in range(12):
            await self._act()
            await asyncio.sleep(2.5)
            self._look()
            if self.program.dead:
                break
        self.program.kill()
        self._after_death()

    def _look(self) -> None:
        """Trouble that a task of the program has met is a finding, not silence."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Ticking)
        loop.rounds = self.stage.operations = 0
        ended = [task for task in loop.tasks if task.done()]
        loop.tasks = [task for task in loop.tasks if not task.done()]
        for task in ended:
            if not task.cancelled():
                self._known(task.exception())
        self.running = [task for task in self.running if not task.done()]
        self.judge.look()
        if len(self.stage.disk.pending) > 40:  # the system writes back by itself now and then
            for change in self.stage.disk.pending:
                _keep(change)
            self.stage.disk.pending.clear()

    def _after_death(self) -> None:
        self.crashes += 1
        stage = self.stage
        self._end_commands()
        assert self.program is not None
        self.program.kill()
        if stage.dice.random() < 0.35:
            stage.say("THE POWER FAILS")
            self.person.power_failed()
            stage.say(f"board before {self._marks_on_board()}")
            stage.disk.lose_power(random.Random(stage.dice.random()))
            stage.say(f"board after {self._marks_on_board()}")
            stage.machine.reboot()
            stage.clock.reboot(stage.dice.choice([5.0, 60.0, 4000.0]))
        else:
            stage.say("THE DAEMON IS KILLED")
            stage.disk.locks.clear()

    def _marks_on_board(self) -> str:
        data = self.judge.bytes_of(BOARD)
        return f"{len(data)} {sorted(marks(data))}"

    async def _act(self) -> None:
        """One step of somebody."""
        dice, stage = self.stage.dice, self.stage
        kind = dice.random()
        stage.say(f"step {self.step}")
        if kind < 0.42:
            self.person.act()
        elif kind < 0.72:
            if len(self.running) < 2:
                self.running.append(asyncio.create_task(self.commands.act()))
        elif kind < 0.76:
            self._jump()
        elif kind < 0.80:
            self._end_a_process()
        elif kind < 0.82 and self.program is not None:
            self.program.files.crash_at(dice.randint(1, 120))
        elif kind < 0.83 and self.commands.program is not None:
            self.commands.program.files.crash_at(dice.randint(1, 40))
        else:
            await asyncio.sleep(dice.uniform(0, 8))
        self.person.finish_in_time()

    def _jump(self) -> None:
        dice, clock = self.stage.dice, self.stage.clock
        self.person.finish()
        if dice.random() < 0.5:
            seconds = dice.choice([-3600.0, -2.0, 1.0, 30.0, 3600.0])
            self.stage.say(f"the wall clock jumps by {seconds}")
            clock.wall += __import__("datetime").timedelta(seconds=seconds)
        else:
            seconds = dice.choice([5.0, 50.0, 3000.0])
            self.stage.say(f"the lid is closed for {seconds}")
            clock.sleep(seconds)

    def _end_a_process(self) -> None:
        """Some orphan, or a worker, ends by itself."""
        stage = self.stage
        found = [
            who
            for runs in stage.working.values()
            for who, _ in runs
            if stage.machine.find(who.pid) == who
        ]
        if found:
            who = stage.dice.choice(found)
            stage.say(f"process {who.pid} ends by itself")
            stage.machine.exit(who)

    def _meddle(self, operation: str) -> None:
        """Between two file operations of a program the person may save."""
        person, dice = self.person, self.stage.dice
        near = operation.startswith(("exchange", "rename", "link", "sync")) and (
            "task-board" in operation or "displaced" in operation
        )
        swaps = operation.startswith("exchange") and not operation.endswith("lease.json")
        chance = 0.15 if swaps else 0.03 if near else 0.0005
        if not person.busy and dice.random() < chance:
            self.stage.say(f"  (before {operation})")
            person.act()

    # The end: nobody acts, everything comes to rest.

    async def _quiet_life(self) -> None:
        assert self.program is not None
        stage, program = self.stage, self.program
        stage.say("the person leaves everything whole")
        self.person.settle()
        await self.commands.say_yes()
        await self.commands.leave()
        quiet = 0
        for _ in range(400):
            before = self.judge.print()
            await asyncio.sleep(30)
            self._look()
            quiet = quiet + 1 if self.judge.print() == before else 0
            if quiet == 5:
                break
        else:
            raise Violation("it never comes to rest: something changes for 200 minutes")
        await self.judge.at_rest(program)
