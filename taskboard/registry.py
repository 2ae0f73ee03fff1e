"""Implementations by name: which there are, what settings they take, and how they are made.

A module in ``taskboard.executors`` or ``taskboard.deciders`` is one, under its own name with ``-``
for ``_``. It is imported when it is first needed: most commands need none.
"""

from __future__ import annotations

import asyncio
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from types import ModuleType

from taskboard.confinement import Confiner
from taskboard.core.outcome import Outcome
from taskboard.core.setting_kinds import FALLBACK, MODELS, Setting
from taskboard.decider import Decider, Desk
from taskboard.executor import Edges, Executor, Fitness, Order, Watcher

_GENERAL = {"executors": (FALLBACK, MODELS), "deciders": ()}
"""Settings that every implementation of a kind takes."""


@cache
def names(kind: str) -> tuple[str, ...]:
    """Every implementation of a kind, ``executors`` or ``deciders``."""
    package = import_module(f"taskboard.{kind}")
    return tuple(sorted(m.name.replace("_", "-") for m in pkgutil.iter_modules(package.__path__)))


def options(kind: str, name: str) -> tuple[Setting, ...]:
    """What ``[KIND.NAME]`` may say."""
    found: tuple[Setting, ...] = _module(kind, name).OPTIONS
    return (*found, *_GENERAL[kind])


def decider(name: str, desk: Desk) -> Decider:
    """The decision layer of that name."""
    made: Decider = _module("deciders", name).make(desk)
    return made


def _module(kind: str, name: str) -> ModuleType:
    return import_module(f"taskboard.{kind}.{name.replace('-', '_')}")


@dataclass(slots=True)
class Executors(Mapping[str, Executor]):
    """Every executor by its name, made when it is asked for. ``tables`` are their settings;
    ``confiner`` finds what can confine here, which takes a process: so it is asked for when there
    is something to do."""

    edges: Edges
    tables: Mapping[str, Mapping[str, object]]
    confiner: Callable[[], Confiner | None]
    _made: dict[str, Executor] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Executor:
        if name not in names("executors"):
            raise KeyError(name)
        if name not in self._made:
            own = {k: v for k, v in self.tables.get(name, {}).items() if k not in _general_names()}
            edges = replace(self.edges, options=own)
            self._made[name] = _Late(_module("executors", name).make, edges, self.confiner)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(names("executors"))

    def __len__(self) -> int:
        return len(names("executors"))


def _general_names() -> frozenset[str]:
    return frozenset(setting.name for setting in _GENERAL["executors"])


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
            confiner = await asyncio.to_thread(self._confiner)
            self._working = self._make(replace(self._edges, confiner=confiner))
        return await self._working.execute(order, watcher)
