"""The tool that runs a command: in the cage where there is one, in a process group of its own,
with an environment that holds nothing of the model's service."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from taskboard.agent_tools.fence import Fault
from taskboard.beneath import identity_of
from taskboard.child import in_folder, start
from taskboard.clock import Clock
from taskboard.confinement import Cage, Confiner
from taskboard.core.plain import plain
from taskboard.core.redact import Redactor
from taskboard.core.units import brief
from taskboard.processes import Processes, Who

_HEAD = 8_000
_TAIL = 22_000
"""Characters of output that the model sees, from both ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """Runs one command at a time in ``project``. ``environ`` is all it gets; ``marker`` the
    run's; ``started`` is told of each process group before it begins; ``out`` is given the output
    as it comes. ``confiner`` None: no cage. ``longest`` seconds a command may take."""

    clock: Clock
    processes: Processes
    project: Path
    environ: Mapping[str, str]
    cage: Cage
    confiner: Confiner | None
    marker: str
    started: Callable[[Who], None]
    out: Callable[[bytes], None]
    redactor: Redactor
    usual: float = 120.0
    longest: float = 3600.0
    grace: float = 5.0
    _identity: tuple[int, int] | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_identity", identity_of(self.project))

    async def run(self, command: str, seconds: float | None) -> tuple[str, bool]:
        """What it printed and how it ended, for the model, and whether that was badly. When it
        ends, whatever it has started is ended too. Raises ``Fault``."""
        if not command.strip():
            raise Fault("command must not be empty.")
        heard = _Heard(self.redactor.fresh())

        def listen(data: bytes) -> None:
            heard.feed(data)
            self.out(data)

        if self._identity is None or identity_of(self.project) != self._identity:
            raise Fault("The project folder is another one than when this run began.")
        argv = in_folder(self._identity[1], ["/bin/sh", "-c", command])
        try:
            child = start(
                self.confiner.wrap(argv, self.cage) if self.confiner else argv,
                cwd=self.project,
                environ=self.environ,
                out=listen,
                clock=self.clock,
                processes=self.processes,
            )
        except (OSError, ValueError) as error:
            raise Fault(f"The command cannot be started: {error}") from error
        limit = min(max(seconds or self.usual, 1.0), self.longest)
        ending = await child.perform(
            self.started, marker=self.marker, timeout=limit, grace=self.grace
        )
        how = {
            "exit": f"exit status {ending.code}",
            "signal": f"ended by signal {ending.code}",
            "timeout": f"ended: it took longer than {brief(limit)}",
        }.get(ending.cause, "its exit status was lost")
        said = heard.text()
        return f"{said}[{how}]", ending != ("exit", 0)


class _Heard:
    """Output with its secrets out, both ends of it."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._head = ""
        self._tail = ""
        self._left_out = 0

    def feed(self, data: bytes) -> None:
        self._keep(self._redactor.feed(self._decode(data)))

    def text(self) -> str:
        """Everything, once it is over; ends with a newline unless it is empty."""
        self._keep(self._redactor.feed(self._decode(b"", final=True)) + self._redactor.flush())
        between = f"\n[... {self._left_out} characters left out ...]\n" if self._left_out else ""
        said = plain(self._head + between + self._tail)
        return said if not said or said.endswith("\n") else said + "\n"

    def _keep(self, text: str) -> None:
        room = _HEAD - len(self._head)
        self._head += text[:room]
        tail = self._tail + text[room:]
        self._left_out += max(0, len(tail) - _TAIL)
        self._tail = tail[-_TAIL:]
