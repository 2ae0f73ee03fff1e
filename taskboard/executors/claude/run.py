"""One order: everything its conversation needs, put together, and held within its time."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from taskboard.agent_tools.command import Shell
from taskboard.agent_tools.fence import Fence
from taskboard.agent_tools.ground import Ground
from taskboard.agent_tools.kit import Kit
from taskboard.anthropic_api import connect
from taskboard.confinement import Confiner
from taskboard.core.bill import Bill, Usage
from taskboard.core.conversation import Message, resume, say, sound, text_block
from taskboard.core.redact import Redactor
from taskboard.core.report import Report
from taskboard.executor import Edges, Order, Watcher
from taskboard.executors.claude.cage import cage_of, command_environment
from taskboard.executors.claude.journal import Journal, taken_over
from taskboard.executors.claude.options import Options, why_no_shell
from taskboard.executors.claude.patience import Patience, TooLong
from taskboard.executors.claude.service import Service
from taskboard.executors.claude.session import REPORT_TOOL, Limit, Session
from taskboard.run_bill import write_bill
from taskboard.runlog import Transcript

_ONE_TRY = 600.0
"""Seconds that the service may be silent in one answer; a run's ``stall`` is usually shorter."""


@dataclass(kw_only=True)
class Run:
    """``perform`` it once; ``bill`` says at any time what it has used."""

    edges: Edges
    options: Options
    redactor: Redactor
    order: Order
    watcher: Watcher
    grace: float
    _used: list[Usage] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.model = self.order.model or self.options.model
        self._patience = Patience(self.edges.clock, self.order.timeout, self.order.stall)
        self._no_shell = why_no_shell(self.options, self.order.rights, self.edges.confiner)

    def bill(self) -> Bill:
        """What was used so far."""
        return Bill.of(self._used, self.edges.prices)

    async def perform(self, transcript: Transcript, journal: Journal) -> Report | Limit | str:
        """The whole conversation; a string is the cause that time ran out by."""
        try:
            return await self._patience.hold(self._converse(transcript, journal))
        except TooLong as late:
            return late.cause

    async def _converse(self, transcript: Transcript, journal: Journal) -> Report | Limit:
        def note(text: str) -> None:
            self._patience.heard()
            transcript.feed(text.encode("utf-8", "replace"))

        note(self._heading())
        kit = Kit(self._ground(), self._shell(transcript))
        began, fresh = self._opening()
        journal.begin(began)
        async with connect(self.edges.environ, one_try=_ONE_TRY, patience=0, retries=0) as client:
            service = Service(
                client=client,
                model=self.model,
                effort=self.options.effort,
                max_tokens=self.options.max_tokens,
                system=self._system(),
                tools=[*kit.definitions(), REPORT_TOOL],
                clock=self.edges.clock,
                show=note,
                heard=self._patience.heard,
                paid=self._pay,
            )
            ended = await Session(
                service=service,
                kit=kit,
                journal=journal,
                redactor=self.redactor,
                messages=began,
                fresh=fresh,
                max_turns=self.options.max_turns,
                context_tokens=self.options.context_tokens,
                spent=self._spent,
                note=note,
            ).run()
        if journal.problem:
            note(f"\n[{journal.problem}.]\n")
        return ended

    def _pay(self, usage: Usage) -> None:
        """On disk at once: however this run ends, what it has cost is known."""
        self._used.append(usage)
        write_bill(self.order.folder, self.bill())

    def _opening(self) -> tuple[list[Message], list[Message]]:
        """The messages to begin with; and, where they are an earlier run's, those to begin with
        if they are of no use."""
        told = (self.order.prompt, self.order.news)
        prompt, news = (str(sound(self.redactor.redact(text))) for text in told)
        fresh = say([], [text_block(prompt.strip() or "(The task has no text.)")])
        earlier = taken_over(self.order.previous)
        return (resume(earlier, news), fresh) if earlier else (fresh, [])

    def _ground(self) -> Ground:
        order = self.order
        fence = Fence(order.project, order.control, readable=(order.board,))
        return Ground(order.project, fence, order.run)

    def _shell(self, transcript: Transcript) -> Shell | None:
        if self._no_shell:
            return None
        order, edges = self.order, self.edges

        def out(data: bytes) -> None:
            self._patience.heard()
            transcript.feed(data)

        return Shell(
            clock=edges.clock,
            processes=edges.processes,
            project=order.project,
            environ=command_environment(edges.environ, order),
            cage=cage_of(edges.environ, order, self.options.readable, edges.state),
            confiner=self._confiner(),
            marker=order.run,
            started=self.watcher.started,
            out=out,
            redactor=self.redactor,
            usual=self.options.command_timeout,
            longest=order.timeout,
            grace=self.grace,
        )

    def _confiner(self) -> Confiner | None:
        return self.edges.confiner if self.order.rights.confined else None

    def _spent(self) -> Limit | None:
        budget = least(self.order.budget_usd, self.options.budget_usd)
        spent = self.bill().cost_usd
        if budget is None or (spent or 0.0) < budget:
            return None
        return Limit("budget", f"its budget of ${budget:g} is spent: ${spent or 0:.4f}")

    def _system(self) -> list[dict[str, Any]]:
        """The same for all runs first; behind it what is so for this one."""
        rules = files("taskboard.executors.claude").joinpath("system.md").read_text("utf-8")
        facts = f"This run:\n\n- The project folder is {self.order.project}.\n- {self._about()}"
        kept = {"cache_control": {"type": "ephemeral"}}
        return [text_block(rules), {**text_block(facts), **kept}]

    def _heading(self) -> str:
        turns = self.options.max_turns
        return f"[{self.model}, {turns} turns at most. {self._about()}]\n\n"

    def _about(self) -> str:
        """Whether there are commands, in a sentence for the log and the agent."""
        if self._no_shell:
            return f"There is no run_command. {self._no_shell}"
        confiner = self._confiner()
        if confiner is None:
            return "Commands run with run_command, not confined."
        lacks = f" (it cannot hold {', '.join(confiner.lacks)})" if confiner.lacks else ""
        network = "" if self.order.rights.network else ", without network"
        return f"Commands run with run_command, confined by {confiner.name}{lacks}{network}."


def least(*budgets: float | None) -> float | None:
    """The smallest that there is."""
    return min((b for b in budgets if b is not None), default=None)
