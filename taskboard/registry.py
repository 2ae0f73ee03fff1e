"""Implementations by name: which there are, what settings they take, and how they are made.

A module in ``taskboard.executors`` or ``taskboard.deciders`` is one, under its own name with ``-``
for ``_``; so is one in the folders ``executors`` and ``deciders`` beside a user's own settings. It
is imported when it is first needed: most commands need none.
"""

from __future__ import annotations

import os
import pkgutil
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

import msgspec
from msgspec.structs import replace

from taskboard.confinement import Confiner
from taskboard.core.outcome import Failed, Outcome, Unable
from taskboard.core.setting_kinds import FALLBACK, MODELS, Setting
from taskboard.decider import Decider, Desk
from taskboard.errors import BadSettings
from taskboard.executor import Edges, Executor, Fitness, Order, Watcher
from taskboard.log import log
from taskboard.ownership import problems_of
from taskboard.workspace import user_settings

_FAULTS = (Exception, SystemExit)
"""What a file of somebody else's may do when it is loaded or asked."""

_GENERAL = {"executors": (FALLBACK, MODELS), "deciders": ()}
"""Settings that every implementation of a kind takes."""


def names(kind: str) -> tuple[str, ...]:
    """Every implementation of a kind, ``executors`` or ``deciders``."""
    return tuple(sorted({*_ours(kind), *_own(kind)}))


@cache
def _ours(kind: str) -> frozenset[str]:
    package = import_module(f"taskboard.{kind}")
    return frozenset(_spelled(module.name) for module in pkgutil.iter_modules(package.__path__))


def _own(kind: str) -> Mapping[str, Path]:
    return _files(user_settings(os.environ).with_name(kind))


@cache
def _files(folder: Path) -> Mapping[str, Path]:
    """The user's own files by name. What others may write to is not looked at: it would be run as
    this user."""
    found = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    problems = problems_of(folder, *found) if found else []
    for problem in problems:
        log.warning("%s Its programs are left out. %s", problem.message, problem.hint)
    if problems:
        return {}
    ours = _ours(folder.name)
    good = [p for p in found if p.stem.isidentifier() and _spelled(p.stem) not in ours]
    for path in set(found) - set(good):
        log.warning("%s is left out: its name is no module's, or one of ours.", path)
    return {_spelled(path.stem): path for path in good}


def _spelled(module: str) -> str:
    return module.replace("_", "-")


def options(kind: str, name: str) -> tuple[Setting, ...]:
    """What ``[KIND.NAME]`` may say. Raises ``BadSettings`` for a user's own file that does not
    say it."""
    try:
        found = _module(kind, name).OPTIONS
        if not all(isinstance(setting, Setting) for setting in found):
            raise TypeError("OPTIONS is no tuple of Settings")
    except _FAULTS as fault:
        if name in _ours(kind):
            raise
        file = _own(kind)[name]
        raise BadSettings(
            f"[{kind}.{name}] cannot be read: {file} cannot be loaded: {fault!r}.",
            hint="Mend or remove that file, or take the table out.",
        ) from fault
    return (*found, *_GENERAL[kind])


def decider(name: str, desk: Desk) -> Decider:
    """The decision layer of that name."""
    made: Decider = _module("deciders", name).make(desk)
    return made


def _module(kind: str, name: str) -> ModuleType:
    """A name of ours stays ours."""
    if name not in _ours(kind) and name in _own(kind):
        return _loaded(_own(kind)[name])
    return import_module(f"taskboard.{kind}.{name.replace('-', '_')}")


@cache
def _loaded(path: Path) -> ModuleType:
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location(f"taskboard_own_{path.stem}", path)
    if spec is None or spec.loader is None:  # no file of Python's
        raise ImportError(f"{path} cannot be loaded")
    module = sys.modules[spec.name] = module_from_spec(spec)  # dataclasses look for it there
    spec.loader.exec_module(module)
    return module


class Executors(Mapping[str, Executor]):
    """Every executor by its name, made when it is asked for. ``tables`` are their settings;
    ``confiner`` finds what can confine here, which takes a process: so it is asked for when there
    is something to do."""

    def __init__(
        self,
        edges: Edges,
        tables: Mapping[str, Mapping[str, object]],
        confiner: Callable[[], Confiner | None],
    ) -> None:
        self.edges = edges
        self._tables, self._confiner = tables, confiner
        self._made: dict[str, Executor] = {}

    def __getitem__(self, name: str) -> Executor:
        if name not in names("executors"):
            raise KeyError(name)
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def _make(self, name: str) -> Executor:
        own = {k: v for k, v in self._tables.get(name, {}).items() if k not in _general_names()}
        edges = replace(self.edges, options=own)
        try:
            made = _Late(_module("executors", name).make, edges, self._confiner)
        except _FAULTS as fault:
            problem = f"The executor {name} cannot be loaded: {fault!r}."
            log.warning("%s", problem)
            return _Broken(problem)
        return made if name in _ours("executors") else _Guarded(name, made)

    def __iter__(self) -> Iterator[str]:
        return iter(names("executors"))

    def __len__(self) -> int:
        return len(names("executors"))


def _general_names() -> frozenset[str]:
    return frozenset(setting.name for setting in _GENERAL["executors"])


class _Broken(msgspec.Struct, frozen=True):
    """Stands for an executor whose module is no good: its tasks wait, and the board goes on."""

    problem: str

    def fitness(self) -> Fitness:
        return Fitness(usable=False, problem=self.problem, hint="Mend or remove its file.")

    async def examine(self) -> Fitness:
        return self.fitness()

    async def execute(self, order: Order, watcher: Watcher) -> Outcome:
        del order, watcher
        return Unable(reason="missing", error=self.problem, hint=self.fitness().hint)


class _Guarded(msgspec.Struct, frozen=True):
    """A user's own executor. What it does against the contract is its own trouble: its tasks wait
    or fail, and the board goes on."""

    name: str
    inner: Executor

    def fitness(self) -> Fitness:
        try:
            return self._checked(self.inner.fitness())
        except _FAULTS as fault:
            return self._broken(fault)

    async def examine(self) -> Fitness:
        try:
            return self._checked(await self.inner.examine())
        except _FAULTS as fault:
            return self._broken(fault)

    async def execute(self, order: Order, watcher: Watcher) -> Outcome:
        try:
            outcome: object = await self.inner.execute(order, watcher)
        except SystemExit as fault:  # it would end the daemon
            outcome = fault
        if isinstance(outcome, Outcome):
            return outcome
        error = f"the executor {self.name} answered {outcome!r} instead of an outcome"
        return Failed(reason="executor", error=error)

    def _checked(self, found: object) -> Fitness:
        if not isinstance(found, Fitness):
            raise TypeError(f"{found!r} is no Fitness")
        return found

    def _broken(self, fault: BaseException) -> Fitness:
        return _Broken(f"The executor {self.name} is out of order: {fault!r}.").fitness()


class _Late:
    """An executor that learns what can confine it when it has something to do."""

    def __init__(
        self,
        make: Callable[[Edges], Executor],
        edges: Edges,
        confiner: Callable[[], Confiner | None],
    ) -> None:
        self._make, self._edges, self._confiner = make, edges, confiner
        self._seen = make(edges)
        self._working: Executor | None = None

    def fitness(self) -> Fitness:
        return self._seen.fitness()

    async def examine(self) -> Fitness:
        return await self._seen.examine()

    async def execute(self, order: Order, watcher: Watcher) -> Outcome:
        if self._working is None:
            import asyncio

            confiner = await asyncio.to_thread(self._confiner)
            self._working = self._make(replace(self._edges, confiner=confiner))
        return await self._working.execute(order, watcher)
