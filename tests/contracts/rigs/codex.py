"""``codex`` under the suite, with a stub in its place."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from taskboard.clock import SystemClock
from taskboard.executor import Edges
from taskboard.executors.codex import Executor
from taskboard.processes import SystemProcesses
from taskboard.testing.executor import Rig

STUB = Path(__file__).parent.parent / "programs" / "agent.py"


def rig(folder: Path) -> Rig:
    program = folder / "codex"
    program.write_text(f"#!{sys.executable} -ISE\n{STUB.read_text()}")
    program.chmod(0o755)

    def make(environ):
        edges = Edges(
            clock=SystemClock(),
            processes=SystemProcesses(),
            environ=environ,
            state=folder / "state",
            options={"command": str(program)},
        )
        return Executor(edges, grace=0.5)

    return Rig(make=make, ask=lambda order, deed: replace(order, prompt=deed))
