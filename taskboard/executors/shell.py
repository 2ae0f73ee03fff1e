"""Runs a task's ``run`` field: ``/bin/sh -c`` in the project folder, in a group of its own."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence

from taskboard.beneath import identity_of
from taskboard.child import Child, Ending, in_folder, run_environment, start
from taskboard.clock import Clock
from taskboard.core.outcome import Failed, Outcome, Receipt, Succeeded, Tier
from taskboard.core.redact import Redactor, secrets_of
from taskboard.core.setting_kinds import Setting
from taskboard.core.units import brief
from taskboard.executor import Edges, Fitness, Order, Watcher
from taskboard.processes import Processes
from taskboard.runlog import Recorded, Transcript

OPTIONS: tuple[Setting, ...] = ()

_SAID = 500
"""Characters of output that an error quotes."""


class Executor:
    """A shell command as a run. Exit status 0 is success; the gate still decides.

    ``secrets`` are redacted from everything that leaves, as are the values of variables in
    ``environ`` that are named like secrets. ``grace`` is the time between TERM and KILL.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        processes: Processes,
        environ: Mapping[str, str],
        secrets: Sequence[str] = (),
        grace: float = 5.0,
    ) -> None:
        self._clock = clock
        self._processes = processes
        self._environ = environ
        self._redactor = Redactor((*secrets, *secrets_of(environ)))
        self._grace = grace

    def fitness(self) -> Fitness:
        """``/bin/sh`` is everywhere that this runs."""
        return Fitness(usable=True)

    async def examine(self) -> Fitness:
        return self.fitness()

    async def execute(self, order: Order, watcher: Watcher) -> Outcome:
        """See ``taskboard.executor.Executor``. What cannot be started is ``Failed("start")``."""
        began = self._clock.awake()
        path = order.folder / order.log
        try:
            transcript = Transcript(path, self._redactor.fresh(), watcher.output)
        except OSError as error:
            return _not_started(f"its log {path} cannot be written: {error.strerror}")
        try:
            child = self._start(order, transcript)
            if not isinstance(child, Child):
                return child
            ending = await child.perform(
                watcher.started,
                marker=order.run,
                timeout=order.timeout,
                stall=order.stall,
                grace=self._grace,
            )
        finally:
            recorded = transcript.finish()
        return _judge(order, ending, recorded, self._clock.awake() - began)

    def _start(self, order: Order, transcript: Transcript) -> Child | Failed:
        if not order.project.is_dir():
            return _not_started(
                f"its project folder {order.project} is not there; create it or correct `project`"
            )
        identity = identity_of(order.project)
        if identity is None:
            return _not_started(f"a link has been put on the way to {order.project}")
        environ = run_environment(
            self._environ, order.env, label=order.label, run=order.run, board=order.board
        )
        try:
            return start(
                in_folder(identity[1], ["/bin/sh", "-c", order.command]),
                cwd=order.project,
                environ=environ,
                out=transcript.feed,
                clock=self._clock,
                processes=self._processes,
            )
        except (OSError, ValueError) as error:
            return _not_started(
                f"its command cannot be started: {self._redactor.redact(str(error))}"
            )


def make(edges: Edges) -> Executor:
    """See ``taskboard.executor``."""
    return Executor(clock=edges.clock, processes=edges.processes, environ=edges.environ)


def _not_started(why: str) -> Failed:
    return Failed(reason="start", error=f"the run did not start: {why}")


def _judge(order: Order, ending: Ending, recorded: Recorded, seconds: float) -> Outcome:
    said = recorded.tail.strip()[-_SAID:]
    if ending == ("exit", 0):
        return Succeeded(
            exit_code=0,
            output=recorded.tail,
            receipts=(_receipt(order, recorded, seconds),),
        )
    what = _what(order, ending)
    return Failed(
        reason=ending.cause,
        error=f"{what}\n{said}" if said else what,
        exit_code=ending.code if ending.cause == "exit" else None,
    )


def _what(order: Order, ending: Ending) -> str:
    match ending.cause:
        case "exit":
            return f"exit status {ending.code}"
        case "signal":
            return f"ended by {_signal_name(ending.code)}"
        case "timeout":
            return f"ended at its timeout of {brief(order.timeout)} awake"
        case "stall":
            return f"ended after {brief(order.stall or 0)} without output"
        case _:
            return "its exit status was lost"


def _signal_name(number: int | None) -> str:
    try:
        return signal.Signals(number or 0).name
    except ValueError:
        return f"signal {number}"


def _receipt(order: Order, recorded: Recorded, seconds: float) -> Receipt:
    detail: dict[str, object] = {
        "exit_code": 0,
        "duration_s": round(seconds, 3),
        "log": order.log,
    }
    if recorded.problem:
        detail["log_problem"] = recorded.problem
    return Receipt(tier=Tier.EXIT, ok=True, run=order.run, sha256=recorded.sha256, detail=detail)
