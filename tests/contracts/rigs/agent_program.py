"""An agent's program under the suite, with a stub in its place."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

from msgspec.structs import replace

from taskboard.agent_executor import AgentExecutor
from taskboard.clock import SystemClock
from taskboard.executor import Edges
from taskboard.processes import SystemProcesses
from taskboard.testing.executor import Rig

STUB = Path(__file__).parent.parent / "programs" / "agent.py"


def rig(executor: ModuleType, folder: Path) -> Rig:
    program = folder / executor.KIND.program
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
        return AgentExecutor(executor.make(edges).dialect, edges, grace=0.5)

    return Rig(make=make, ask=lambda order, deed: replace(order, prompt=deed))
