"""The course of one order with an agent's program: its session found or made, the program run,
reminded once when it ended without a report, and what that means for the order."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple, Protocol

from taskboard import agent_options
from taskboard.agent_file import lent
from taskboard.agent_program import (
    NETWORK,
    Kind,
    Launch,
    Limits,
    Listener,
    caged,
    installed_in,
    listen,
    start_program,
)
from taskboard.agent_session import Session, read_session, write_session
from taskboard.child import Child, run_environment
from taskboard.core.agent_ending import Around, Ended, outcome_of_agent, report_of
from taskboard.core.agent_turn import Metered, Stream, Turn
from taskboard.core.bill import Bill
from taskboard.core.outcome import Failed, Outcome, Unable
from taskboard.core.redact import Redactor, secrets_of
from taskboard.core.usage_sums import itemised, since, summed, used_up
from taskboard.executor import Edges, Order, Watcher
from taskboard.run_bill import write_bill
from taskboard.runlog import Transcript

STDERR = "stderr.log"
_PROMPT = "prompt.txt"
"""It may be longer than a command line can be."""
_KEPT = 8000
"""Bytes of stderr that an error may quote from."""

NUDGE = (
    "You ended without a report. Do no further work: answer with the report now, as the JSON"
    " object that was asked for, about what you have done."
)


class Ask(NamedTuple):
    """What a program is asked in one go, and in which session: ``session`` is empty while it has
    no name, ``known`` says that the program has it already."""

    text: str
    session: str
    known: bool


class Dialect(Protocol):
    """What is one program's own."""

    @property
    def kind(self) -> Kind: ...

    def logged_in(self) -> bool:
        """Whether there is a key, or what a login leaves."""
        ...

    def variables(self) -> Mapping[str, str]:
        """What it is given besides the usual environment whenever it is started."""
        ...

    def objection(self, order: Order) -> Unable | None:
        """Why it cannot do an order, if so."""
        ...

    def launch(self, program: Path, order: Order, ask: Ask) -> AbstractContextManager[Launch]:
        """How to start it. What was made for that goes when the context is left."""
        ...

    def stream(self, order: Order) -> Stream:
        """A listener for one go."""
        ...

    def unknown_session(self, code: int | None, stderr: str) -> bool:
        """Whether it ended because it does not have the session it should go on with."""
        ...


async def carry_out(
    dialect: Dialect, edges: Edges, order: Order, watcher: Watcher, *, program: Path, grace: float
) -> Outcome:
    """Do what an order asks with an agent's program: see ``taskboard.executor.Executor``."""
    if not order.project.is_dir():
        return _not_started(
            f"its project folder {order.project} is not there; create it or correct `project`"
        )
    redactor = Redactor(secrets_of(edges.environ))
    with contextlib.ExitStack() as open_files:
        try:
            log = Transcript(order.folder / order.log, redactor.fresh(), lambda _: None)
            open_files.callback(log.finish)
            stderr = Transcript(order.folder / STDERR, redactor.fresh(), lambda _: None)
            open_files.callback(stderr.finish)
        except OSError as error:
            return _not_started(f"its log in {order.folder} cannot be written: {error.strerror}")
        course = _Course(dialect, edges, order, watcher, program, redactor, log, stderr, grace)
        return await course.run()


def _not_started(why: str) -> Failed:
    return Failed(reason="start", error=f"the run did not start: {why}")


@dataclass(slots=True)
class _Course:
    dialect: Dialect
    edges: Edges
    order: Order
    watcher: Watcher
    program: Path
    redactor: Redactor
    log: Transcript
    stderr: Transcript
    grace: float
    session: Session = field(default_factory=Session)
    bill: Bill = field(default_factory=Bill)
    began: float = 0.0

    async def run(self) -> Outcome:
        self.began = self.edges.clock.awake()
        self.session = read_session(self.order.previous, self.dialect.kind.name)
        try:
            ended = await self._work()
        except _NotStarted as why:
            return _not_started(self.redactor.redact(str(why)))
        recorded = self.log.finish()
        return outcome_of_agent(self._redacted(ended), self._around(recorded.sha256))

    async def _work(self) -> Ended:
        """At most three goes: on with the earlier session, anew when that is gone, a reminder."""
        text = self.order.prompt
        if self.session.known:
            text = self.order.news or text
        ended = await self._go(text)
        if self.session.known and self.dialect.unknown_session(ended.code, ended.said):
            self._note(f"session {self.session.name} is gone: begun anew")
            self.session = Session()
            ended = await self._go(self.order.prompt)
        if isinstance(report_of(ended), str) and self.session.known:
            self._note("it ended without a report: asked for it once more")
            reminded = await self._go(NUDGE)
            if not self.dialect.unknown_session(reminded.code, reminded.said):
                return reminded
        return ended

    async def _go(self, text: str) -> Ended:
        """One process, from start to end."""
        if not self.session.name and not self.dialect.kind.names_session:
            self.session = Session(self.edges.clock.uuid())
        said = _Tail(self.stderr)
        listener = Listener(
            log=self.log,
            err=said.feed,
            redactor=self.redactor,
            watcher=self.watcher,
            stream=Metered(self.dialect.stream(self.order), self._meter),
        )
        with contextlib.ExitStack() as made:
            child = self._start(text, listener, made)
            ending = await listen(child, self.watcher.started, listener, self._limits())
        code = ending.code if ending.cause == "exit" else None
        turn = listener.stream.turn(code, said.text)
        self._account(turn)
        return Ended(
            cause=ending.cause,
            code=ending.code,
            said=self.redactor.redact(said.text),
            turn=turn,
        )

    def _start(self, text: str, listener: Listener, made: contextlib.ExitStack) -> Child:
        ask = Ask(text, self.session.name, self.session.known)
        order = self.order
        try:
            if ask.session:
                write_session(order.folder, self.dialect.kind.name, self.session)
            launch = made.enter_context(self.dialect.launch(self.program, order, ask))
            text = "\n\n".join(filter(None, (text, launch.postscript)))
            return start_program(
                caged(self.edges, order, launch, self._readable()),
                cwd=order.project,
                environ=self._environ(launch.environ),
                stdin=made.enter_context(lent(order.folder / _PROMPT, text)),
                listener=listener,
                clock=self.edges.clock,
                processes=self.edges.processes,
            )
        except (OSError, ValueError) as error:
            raise _NotStarted(f"{self.program} cannot be started: {error}") from error

    def _readable(self) -> tuple[Path, ...]:
        needed = installed_in(self.program, self.edges.environ)
        return (*needed, *agent_options.readable(self.edges))

    def _environ(self, own: Mapping[str, str]) -> dict[str, str]:
        order = self.order
        names = (*NETWORK, *order.env)
        run = run_environment(
            self.edges.environ, names, label=order.label, run=order.run, board=order.board
        )
        own = {**self.dialect.variables(), **own}
        hidden = set(self.dialect.kind.keys) - set(own)
        return {**{name: run[name] for name in run if name not in hidden}, **own}

    def _limits(self) -> Limits:
        spent = self.edges.clock.awake() - self.began
        left = max(self.order.timeout - spent, 0.0)
        return Limits(self.order.run, left, self.order.stall, self.grace)

    def _billed(self, turn: Turn) -> Bill:
        """With what this turn has used. Programs count from the beginning of a session: what is
        new is the difference."""
        before = self.session.total
        used = itemised(since(turn.total, before), turn.answers) if turn.total else turn.answers
        return self.bill.plus(Bill.of(used_up(used), self.edges.prices))

    def _meter(self, turn: Turn) -> None:
        """On disk as soon as it is known: however this run ends, what it has cost is, and the
        run that goes on in its session does not count it again."""
        write_bill(self.order.folder, self._billed(turn))
        self._remember(self._session_after(turn))

    def _account(self, turn: Turn) -> None:
        self.bill, self.session = self._billed(turn), self._session_after(turn)
        self._remember(self.session)

    def _session_after(self, turn: Turn) -> Session:
        name = turn.session or self.session.name
        known = self.session.known or bool(turn.session)
        seen = summed((*self.session.total, *turn.answers))
        return Session(name, known=known, total=turn.total or tuple(seen.values()))

    def _remember(self, session: Session) -> None:
        if session.name and session.known:
            with contextlib.suppress(OSError):  # the next run then begins anew
                write_session(self.order.folder, self.dialect.kind.name, session)

    def _note(self, text: str) -> None:
        """In the log among the program's own lines, and as one of them."""
        self.log.feed(json.dumps({"type": "taskboard", "note": text}).encode() + b"\n")
        self.watcher.output(f"taskboard: {text}\n")

    def _redacted(self, ended: Ended) -> Ended:
        """Nothing that a program says leaves here as it came."""
        turn, clean = ended.turn, self.redactor.redact_data
        trouble = turn.trouble
        if trouble is not None:
            trouble = replace(trouble, error=clean(trouble.error))
        return replace(ended, turn=replace(turn, trouble=trouble, report=clean(turn.report)))

    def _around(self, sha256: str) -> Around:
        order = self.order
        return Around(
            bill=self.bill,
            run=order.run,
            sha256=sha256,
            log=order.log,
            now=self.edges.clock.now().astimezone(),
            login=self.dialect.kind.login,
            timeout=order.timeout,
            stall=order.stall,
        )


class _NotStarted(Exception):
    """The program could not be started."""


class _Tail:
    """The last of what was printed on stderr, on its way to its file."""

    def __init__(self, file: Transcript) -> None:
        self._file = file
        self._kept = b""

    def feed(self, data: bytes) -> None:
        self._file.feed(data)
        self._kept = (self._kept + data)[-_KEPT:]

    @property
    def text(self) -> str:
        return self._kept.decode("utf-8", "replace")
