"""A stage for the executor: the offline model, its edges, and one order to its outcome."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from taskboard.clock import SystemClock
from taskboard.core.prices import PRICES
from taskboard.executor import Edges
from taskboard.executors.claude import Executor
from taskboard.processes import SystemProcesses
from taskboard.testing.offline import OfflineModel, ToolUse, tool_use
from taskboard.testing.rig import Witness, environment, order_in

DONE = {"status": "done", "summary": "It is done.", "artifacts": [], "question": ""}


class Impatient(SystemClock):
    """Dice that make every wait as short as it can be."""

    def random(self):
        return 1.0


class Stage:
    def __init__(self, model, folder):
        self.model = model
        self.folder = folder
        self.witness = Witness()

    def push(self, *replies):
        self.model.push(*replies)

    def report(self, **fields):
        return tool_use("report", {**DONE, **fields})

    def reporting(self, **fields):
        return ToolUse("report", {**DONE, **fields})

    def order(self, name="TASK-001", **fields):
        return order_in(self.folder, name=name, **{"prompt": "Do it.", **fields})

    def executor(self, *, confiner=None, prices=PRICES, environ=None, **options):
        edges = Edges(
            clock=Impatient(),
            processes=SystemProcesses(),
            environ={**environment(), **self.model.environ, **(environ or {})},
            state=Path("state"),
            confiner=confiner,
            options={"shell": "always", **options},
            prices=prices,
        )
        return Executor(edges, grace=0.2)

    def run(self, order=None, *, executor=None, **fields):
        given = replace(order or self.order(), **fields)
        work = (executor or self.executor()).execute(given, self.witness)
        return asyncio.run(work)

    def bodies(self):
        """What the service was asked, oldest first."""
        return [request.body for request in self.model.requests]

    def results(self, at=-1):
        """The tool results in the last message of a request."""
        content = self.bodies()[at]["messages"][-1]["content"]
        return [block for block in content if block["type"] == "tool_result"]

    def log(self, order=None):
        given = order or self.order()
        return (given.folder / given.log).read_text()


@pytest.fixture
def stage(tmp_path):
    with OfflineModel() as model:
        yield Stage(model, tmp_path)
