"""An agent of our own on the Anthropic Messages API: it reads, writes and runs commands beneath
the project folder, and ends by a report."""

from __future__ import annotations

from taskboard.anthropic_api import NO_KEY, has_key
from taskboard.core.bill import why_unpriced
from taskboard.core.outcome import Failed, Outcome, Unable
from taskboard.core.redact import Redactor, secrets_of
from taskboard.executor import Edges, Fitness, Order, Watcher
from taskboard.executors.claude.ending import Ending, judge
from taskboard.executors.claude.journal import Journal
from taskboard.executors.claude.options import OPTIONS, Options
from taskboard.executors.claude.run import Run, least
from taskboard.runlog import Transcript

__all__ = ["OPTIONS", "Executor", "make"]


class Executor:
    """A run is a conversation with the model. ``grace`` is the time between TERM and KILL of a
    command."""

    def __init__(self, edges: Edges, *, grace: float = 5.0) -> None:
        self._edges = edges
        self._options = Options.of(edges.options)
        self._redactor = Redactor(secrets_of(edges.environ))
        self._grace = grace

    def fitness(self) -> Fitness:
        """Usable where there is a key; whether it is good only the service knows."""
        if has_key(self._edges.environ):
            return Fitness(usable=True)
        return Fitness(usable=False, logged_in=False, problem=NO_KEY.message, hint=NO_KEY.hint)

    async def examine(self) -> Fitness:
        """The same: anything closer would have to ask the service."""
        return self.fitness()

    async def execute(self, order: Order, watcher: Watcher) -> Outcome:
        """See ``taskboard.executor.Executor``."""
        unable = self._unable(order)
        if unable is not None:
            return unable
        path = order.folder / order.log
        try:
            transcript = Transcript(path, self._redactor.fresh(), watcher.output)
        except OSError as error:
            return _not_started(f"its log {path} cannot be written: {error.strerror}")
        try:
            journal = Journal(order.folder)
        except OSError as error:
            transcript.finish()
            return _not_started(f"its conversation cannot be written: {error.strerror}")
        run = Run(
            edges=self._edges,
            options=self._options,
            redactor=self._redactor,
            order=order,
            watcher=watcher,
            grace=self._grace,
        )
        try:
            ended = await run.perform(transcript, journal)
        finally:
            journal.close()
            recorded = transcript.finish()
        bill, now = run.bill(), self._edges.clock.now()
        ending = Ending(ended=ended, order=order, model=run.model, bill=bill, now=now)
        return judge(ending, recorded, self._redactor)

    def _unable(self, order: Order) -> Outcome | None:
        """What is known before anything begins."""
        if not has_key(self._edges.environ):
            return Unable(reason="authentication", error=NO_KEY.message, hint=NO_KEY.hint)
        if not order.project.is_dir():
            return _not_started(
                f"its project folder {order.project} is not there; create it or correct `project`"
            )
        model = order.model or self._options.model
        budget = least(order.budget_usd, self._options.budget_usd)
        why, hint = why_unpriced(model, budget, self._edges.prices)
        return Unable(reason="capability", error=why, hint=hint) if why else None


def make(edges: Edges) -> Executor:
    """See ``taskboard.executor``."""
    return Executor(edges)


def _not_started(why: str) -> Failed:
    return Failed(reason="start", error=f"the run did not start: {why}")
