"""A desk with agents and somebody who decides: each does what the test says."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from taskboard.core.bill import Bill, Usage
from taskboard.core.decision import Decision, Judgement, Pick
from taskboard.core.outcome import Outcome
from taskboard.core.report import Report, outcome_of
from taskboard.deciders.priority import Decider as Priority
from taskboard.executor import Fitness

NAMES = ("claude", "claude-code", "codex", "gemini")


def bill(dollars=None, tokens=1000, model="some-model"):
    """What somebody used; without dollars a model whose price nobody knows."""
    return Bill((Usage(model=model, input=tokens),), dollars)


def report(
    order,
    text="It is finished: all that was asked for is there, and was looked at.",
    status="done",
    cost=None,
    **more,
):
    """What an agent says at the end of its work."""
    used = Bill() if cost is None else bill(cost)
    said = Report(status=status, summary=text, **more)
    return outcome_of(said, used, run=order.run, sha256="0" * 64, log=order.log)


class Agent:
    """Answers its orders with what ``say`` was given, in turn: an outcome, or a function of the
    order that makes one. Then it is done with whatever it is asked."""

    def __init__(self, name):
        self.name = name
        self.fit = Fitness(usable=True)
        self.orders, self.lines, self.looks = [], [], 0

    def say(self, *answers):
        self.lines += answers

    def fitness(self):
        self.looks += 1
        return self.fit

    async def examine(self):
        return self.fit

    async def execute(self, order, watcher):
        del watcher
        self.orders.append(order)
        answer = self.lines.pop(0) if self.lines else report
        if isinstance(answer, Outcome):
            return answer
        said = answer(order)
        return await said if asyncio.iscoroutine(said) else said

    @property
    def labels(self):
        return [order.label for order in self.orders]


class Mind:
    """A decider that answers with what ``say`` was given, in turn: picks, a decision, or a
    function of the question that makes one; then as ``priority`` does. ``takes`` seconds."""

    def __init__(self):
        self.questions, self.claims, self.lines = [], [], []
        self.takes, self.cost, self.verdict = 0.0, 0.01, None
        self.cancelled = 0

    def say(self, *answers):
        self.lines += answers

    async def decide(self, question):
        self.questions.append(question)
        try:
            await asyncio.sleep(self.takes)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if not self.lines:
            found = await Priority().decide(question)
            return replace(found, by="mind", bill=bill(self.cost))
        answer = self.lines.pop(0)
        answer = answer(question) if callable(answer) else answer
        if isinstance(answer, Decision):
            return answer
        return Decision(picks=tuple(answer), by="mind", bill=bill(self.cost))

    async def judge(self, claim):
        self.claims.append(claim)
        return self.verdict


def pick(question, task, action="execute", reason="because", **more):
    """A proposal about a task that people call ``task``."""
    ids = {c.task: c.task_id for c in question.candidates}
    return Pick(task_id=ids.get(task, task), action=action, reason=reason, **more)


def picks(*wanted):
    """An answer that names tasks: ``picks(("TASK-001", "ask", "Which?"))``."""
    return lambda question: [pick(question, *words) for words in wanted]


class Staff:
    """A desk, its agents by name, and the mind that decides there."""

    bill, report, pick, picks = map(staticmethod, (bill, report, pick, picks))
    Judgement = Judgement

    def __init__(self, desk):
        self.desk, self.mind = desk, Mind()
        self.agents = {name: Agent(name) for name in NAMES}
        self.claude, self.code, self.codex, self.gemini = self.agents.values()
        self._open = desk.open
        desk.open = self.open
        self.open()

    def open(self):
        """A new process, with the same people in it."""
        self._open()
        executors = {"shell": self.desk.script, **self.agents}
        self.desk.ctx = replace(self.desk.ctx, executors=executors, decider=self.mind)

    def set(self, **settings):
        self.desk.settings = replace(self.desk.settings, **settings)
        self.open()

    def facts(self, kind, name=None):
        """The data of all events of a type, or of one task's."""
        return [
            event.data
            for event in self.desk.facts()
            if event.type == kind and (name is None or event.task == name)
        ]


@pytest.fixture
def staff(desk):
    return Staff(desk)


@pytest.fixture
def another_staff(desk):
    """Makes them: each at a desk of its own."""
    return lambda: Staff(type(desk)())
