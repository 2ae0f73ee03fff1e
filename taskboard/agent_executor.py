"""An agent's program as an executor: whether it can be used here, and orders done with it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from pathlib import Path

from taskboard.agent_order import Dialect, carry_out
from taskboard.agent_program import Kind, find_program
from taskboard.child import run_environment, start
from taskboard.core.outcome import Outcome, Unable
from taskboard.executor import Edges, Fitness, Order, Watcher

VERSION_PATIENCE = 10.0
"""Seconds that a program has to say its version."""

_VERSION = re.compile(r"\b(\d+)\.(\d+)\.(\d+)\b")


class AgentExecutor:
    """Orders done with the program that ``dialect`` knows to speak to. ``grace`` is the seconds
    between TERM and KILL."""

    def __init__(self, dialect: Dialect, edges: Edges, *, grace: float) -> None:
        self.dialect = dialect
        self._edges = edges
        self._grace = grace
        self._command = str(edges.options.get("command") or dialect.kind.program)

    def fitness(self) -> Fitness:
        """Looks for the program and for a key or the file that a login leaves."""
        return self._fitness(self._program())

    async def examine(self) -> Fitness:
        program = self._program()
        own = self.dialect.variables()
        version = await _ask_version(self._edges, program, own) if program else ""
        return self._fitness(program, version)

    async def execute(self, order: Order, watcher: Watcher) -> Outcome:
        """See ``taskboard.executor.Executor``."""
        objection = self.dialect.objection(order)
        if objection is not None:
            return objection
        program = self._program()
        if program is None:
            return Unable(
                reason="missing", error=self._not_found(), hint=self.dialect.kind.install
            )
        return await carry_out(
            self.dialect, self._edges, order, watcher, program=program, grace=self._grace
        )

    def _program(self) -> Path | None:
        return find_program(self._command, self._edges.environ)

    def _not_found(self) -> str:
        return f"the program {self._command} was not found"

    def _fitness(self, program: Path | None, version: str = "") -> Fitness:
        kind = self.dialect.kind
        if program is None:
            return Fitness(usable=False, problem=self._not_found(), hint=kind.install)
        if not self.dialect.logged_in():
            return Fitness(
                usable=False,
                version=version,
                logged_in=False,
                problem=f"{kind.program} is not logged in",
                hint=kind.login,
            )
        return Fitness(usable=True, version=version, logged_in=True, hint=_tried(kind, version))


async def _ask_version(edges: Edges, program: Path, own: Mapping[str, str]) -> str:
    """The version that a program says it has, ``2.1.329``; empty when it does not say so within
    ``VERSION_PATIENCE``. Never raises. ``own`` are the program's own variables."""
    said = bytearray()
    marker = edges.clock.uuid()
    environ = run_environment(edges.environ, (), label="", run=marker, board=edges.state)
    with contextlib.suppress(OSError, ValueError):
        child = start(
            [str(program), "--version"],
            cwd=Path("/"),
            environ={**environ, **own},
            out=said.extend,
            err=lambda _: None,
            clock=edges.clock,
            processes=edges.processes,
        )
        await child.perform(lambda _: None, marker=marker, timeout=VERSION_PATIENCE - 2, grace=1.0)
    found = _VERSION.search(said.decode("utf-8", "replace"))
    return found[0] if found else ""


def _tried(kind: Kind, version: str) -> str:
    found = _VERSION.search(version)
    if found is None:
        return ""
    mine, known = tuple(map(int, found.groups())), ".".join(map(str, kind.tested))
    if mine[:2] == kind.tested[:2]:
        return ""
    how = "newer" if mine > kind.tested else "older"
    return f"{version} is {how} than {known}, which taskboard was tried with"
