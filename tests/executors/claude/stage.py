"""What the tests of the executor share: edges, orders, and one run against the offline model."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from taskboard.clock import SystemClock
from taskboard.core.prices import PRICES
from taskboard.executor import Edges
from taskboard.executors.claude import Executor
from taskboard.processes import SystemProcesses
from taskboard.testing.offline import OfflineModel, ToolUse, tool_use
from taskboard.testing.rig import Witness, environment, order_in

DONE = {"status": "done", "summary": "It is done.", "artifacts": [], "question": ""}


def report(**fields):
    """A reply that reports; ``done`` unless told otherwise."""
    return tool_use("report", {**DONE, **fields})


def reporting(**fields):
    return ToolUse("report", {**DONE, **fields})


def edges(model: OfflineModel, *, confiner=None, clock=None, environ=None, **options) -> Edges:
    return Edges(
        clock=clock or SystemClock(),
        processes=SystemProcesses(),
        environ={**environment(), **model.environ, **(environ or {})},
        state=Path("state"),
        confiner=confiner,
        options={"shell": "always", **options},
        prices=PRICES,
    )


def run(model, folder, *, witness=None, stage=None, order=None, **fields):
    """One order to its outcome."""
    given = order or order_in(folder, prompt="Do it.")
    given = replace(given, **fields)
    executor = Executor(stage or edges(model), grace=0.2)
    return asyncio.run(executor.execute(given, witness or Witness()))
