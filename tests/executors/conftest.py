"""The real programs, where npm has put them, each with a home and a model of its own."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from taskboard.clock import SystemClock
from taskboard.core.prices import PRICES
from taskboard.executor import Edges
from taskboard.processes import SystemProcesses
from taskboard.proctable import system_table
from taskboard.testing.offline import OfflineModel
from taskboard.testing.rig import Witness, order_in

ROOT = Path(__file__).parents[2]


def program(name):
    """A real program, or the test is skipped."""
    path = os.pathsep.join((str(ROOT / ".venv/agents/node_modules/.bin"), os.environ["PATH"]))
    found = shutil.which(name, path=path)
    if found is None:
        pytest.skip(f"the program {name} is not installed: see CONTRIBUTING.md")
    return found


@dataclass
class Bench:
    """One executor with a real program on an offline model."""

    name: str
    program: str
    folder: Path
    model: OfflineModel
    environ: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    confiner: Any = None
    state: Path | None = None

    def edges(self):
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.folder / "home")}
        return Edges(
            clock=SystemClock(),
            processes=SystemProcesses(),
            environ={**environ, **self.model.environ, **self.environ},
            state=self.state or self.folder / "state",
            confiner=self.confiner,
            options={"command": self.program, **self.options},
            prices=PRICES,
        )

    def executor(self):
        return import_module(f"taskboard.executors.{self.name}").make(self.edges())

    def order(self, name="TASK-001", **more):
        order = order_in(self.folder, name=name, timeout=60.0)
        return replace(order, **{"prompt": "Do the work.", **more})

    def run(self, order, witness=None):
        witness = witness or Witness()
        outcome = asyncio.run(self.executor().execute(order, witness))
        ours = {group.pid for group in witness.groups}
        rows = system_table().rows().values()
        left = [row for row in rows if row.session in ours and not row.zombie]
        assert not left, f"left behind: {left}"
        return outcome

    def told(self):
        """Everything that the model was told, as one text."""
        return "\n".join(json.dumps(request.body) for request in self.model.requests)

    def kept(self):
        """Everything that taskboard has kept of all runs, as one text."""
        files = (self.folder / "runs").rglob("*")
        return "\n".join(p.read_text(errors="replace") for p in files if p.is_file())


@pytest.fixture
def bench(tmp_path):
    with OfflineModel() as model:
        (tmp_path / "home").mkdir()

        def make(name, command, **more):
            return Bench(name, program(command), tmp_path, model, **more)

        yield make
