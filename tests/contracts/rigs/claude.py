"""``claude`` under the suite: the real SDK, and a model that does the deed as a command."""

from __future__ import annotations

import atexit
import tempfile
from functools import cache
from pathlib import Path

from msgspec.structs import replace

from taskboard.clock import SystemClock
from taskboard.core.prices import PRICES
from taskboard.executor import Edges
from taskboard.executors.claude import Executor
from taskboard.processes import SystemProcesses
from taskboard.testing.executor import Rig, success_is_answered
from taskboard.testing.offline import OfflineModel, tool_use


def rig(folder: Path) -> Rig:
    return _rig(_model().environ, folder / "state")


@cache
def _model() -> OfflineModel:
    """One for all checks. The SDK takes seconds to load, and some checks are about fractions of
    one: it is loaded here."""
    running = OfflineModel(brain=obey)
    running.__enter__()
    atexit.register(running.close)
    with tempfile.TemporaryDirectory() as folder:
        success_is_answered(_rig(running.environ, Path(folder, "state")), Path(folder))
    return running


def _rig(environ_of_model: dict[str, str], state: Path) -> Rig:
    def make(environ):
        edges = Edges(
            clock=SystemClock(),
            processes=SystemProcesses(),
            environ={**environ, **environ_of_model},
            state=state,
            options={"shell": "always"},
            prices=PRICES,
        )
        return Executor(edges, grace=0.2)

    return Rig(make=make, ask=lambda order, deed: replace(order, prompt=deed))


def obey(ask):
    """Runs the prompt as a command, then reports what came of it."""
    results = ask.results()
    if not results:
        return tool_use("run_command", {"command": ask.user[0], "timeout": 600})
    failed = results[-1][1].error
    status, said = ("failed" if failed else "done"), results[-1][1].text[-300:]
    given = {"status": status, "summary": said, "artifacts": [], "question": ""}
    return tool_use("report", given)
