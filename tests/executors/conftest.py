"""The real programs, where npm has put them, each with a home and a model of its own."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Callable
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
from taskboard.testing.offline import OfflineModel, text, tool_use
from taskboard.testing.rig import Witness, order_in, until

ROOT = Path(__file__).parents[2]
REPORT = {
    "status": "done",
    "summary": "Wrote it.",
    "question": "",
    "artifacts": ["a.txt"],
    "commits": [],
    "urls": [],
}


def in_words(report):
    return text(json.dumps(report))


@dataclass(frozen=True, kw_only=True)
class Program:
    """What a test has to know of a program: its executor's module, a model and how that one has
    it write a file and takes leave, the part of a request that is the conversation, the variables
    with its key, a word of its advice on logging in, and one by which it shows what it does;
    whether its model is ``priced``, and the seconds for which a ``quota`` holds that is over in
    an hour: 15 minutes with one that does not pass on what its service says."""

    command: str
    module: str
    model: str
    talk: str
    keys: tuple[str, ...]
    login: str
    shows: str
    priced: bool = False
    quota: float = 3600.0
    write: Callable[[Path, str], Any]
    report: Callable[[dict[str, Any]], Any] = in_words


CLAUDE = Program(
    command="claude",
    module="claude_code",
    model="claude-sonnet-5-5",
    talk="messages",
    keys=("ANTHROPIC_API_KEY",),
    login="/login",
    shows="Write",
    priced=True,
    quota=900.0,
    write=lambda path, text: tool_use("Write", {"file_path": str(path), "content": text}),
    report=lambda report: tool_use("StructuredOutput", report),
)
CODEX = Program(
    command="codex",
    module="codex",
    model="gpt-6.1-sol",
    talk="input",
    keys=("CODEX_API_KEY", "OPENAI_API_KEY"),
    login="codex login",
    shows="$ ",
    write=lambda path, text: tool_use("exec_command", {"cmd": f"echo {text} >{path}"}),
)
GEMINI = Program(
    command="gemini",
    module="gemini",
    model="gemini-2.5-flash",
    talk="contents",
    keys=("GEMINI_API_KEY",),
    login="GEMINI_API_KEY",
    shows="write_file",
    write=lambda path, text: tool_use("write_file", {"file_path": str(path), "content": text}),
)
PROGRAMS = {program.command: program for program in (CLAUDE, CODEX, GEMINI)}


def installed(name):
    """A real program, or the test is skipped."""
    path = os.pathsep.join((str(ROOT / ".venv/agents/node_modules/.bin"), os.environ["PATH"]))
    found = shutil.which(name, path=path)
    if found is None:
        pytest.skip(f"the program {name} is not installed: see CONTRIBUTING.md")
    return found


@dataclass
class Bench:
    """One executor with a real program on an offline model."""

    of: Program
    at: str
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
            options={"command": self.at, "model": self.of.model, **self.options},
            prices=PRICES,
        )

    def executor(self):
        return import_module(f"taskboard.executors.{self.of.module}").make(self.edges())

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

    def cancel(self, order, sign, what):
        """Cancelled when there is the sign, it ends, and leaves no process of its own."""
        witness = Witness()

        async def cancelled():
            work = asyncio.create_task(self.executor().execute(order, witness))
            await until(lambda: sign() or work.done(), what)
            work.cancel()
            return (await asyncio.gather(work, return_exceptions=True))[0]

        outcome = asyncio.run(cancelled())
        assert isinstance(outcome, asyncio.CancelledError), outcome
        assert witness.groups
        for group in witness.groups:
            assert not self.edges().processes.alive(group)

    @property
    def name(self):
        return self.of.module.replace("_", "-")

    def report(self, **more):
        """The reply that ends a run."""
        return self.of.report({**REPORT, **more})

    def writes(self, path, content):
        """The reply that has a file written."""
        return self.of.write(path, content)

    def conversation(self):
        """What the model was told the last time, with all that went before in its session."""
        return json.dumps(self.model.requests[-1].body[self.of.talk])

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

        def make(command, *, confiner=None, **options):
            at = installed(command)
            of = PROGRAMS[command]
            return Bench(of, at, tmp_path, model, options=options, confiner=confiner)

        yield make


@pytest.fixture(params=PROGRAMS)
def agent(request, bench):
    """Every program."""
    return bench(request.param)
