from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from taskboard.clock import SystemClock
from taskboard.core.prices import PRICES
from taskboard.executor import Edges
from taskboard.executors.claude import Executor
from taskboard.processes import SystemProcesses
from taskboard.testing.executor import CHECKS, Rig, success_is_answered
from taskboard.testing.offline import OfflineModel, tool_use


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    with OfflineModel(brain=obey) as running:
        # The SDK takes seconds to load, and some checks are about fractions of one.
        success_is_answered(rig(running), tmp_path_factory.mktemp("warm"))
        yield running


def rig(model):
    def make(environ):
        edges = Edges(
            clock=SystemClock(),
            processes=SystemProcesses(),
            environ={**environ, **model.environ},
            state=Path("state"),
            options={"shell": "always"},
            prices=PRICES,
        )
        return Executor(edges, grace=0.2)

    return Rig(make=make, ask=ask)


def obey(ask):
    """Runs the prompt as a command, then reports what came of it."""
    results = ask.results()
    if not results:
        return tool_use("run_command", {"command": ask.user[0], "timeout": 600})
    failed = results[-1][1].error
    status, said = ("failed" if failed else "done"), results[-1][1].text[-300:]
    given = {"status": status, "summary": said, "artifacts": [], "question": ""}
    return tool_use("report", given)


def ask(order, deed):
    return replace(order, prompt=deed)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_claude_holds(check, model, tmp_path):
    check(rig(model), tmp_path)
