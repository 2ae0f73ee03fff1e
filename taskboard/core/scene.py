"""What readiness is judged by, and the answer when something keeps a task from running."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from taskboard.core.spending import Limit
from taskboard.core.state import Status
from taskboard.core.task import World


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """One rule that keeps a task from running, and what would clear it."""

    rule: str
    text: str
    clear: tuple[str, ...] = ()


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """Everything readiness depends on. ``words`` is what the board says now, by task id;
    ``broken`` the first error diagnosis by human id; ``doubled`` ids that stand more than once;
    ``missing`` input paths that are not there; ``executors`` the executor by task id (None: none
    can run it); ``choices`` the executors it may be given instead; ``spent`` the limit that keeps
    it from costing more; ``texts`` its section as it stands on the board, where that is asked;
    ``diagnoses`` everything found about tasks, a line each."""

    world: World
    now: datetime
    settle: float = 10.0
    untrusted: Why | None = None
    held: str | None = None
    paused: Why | None = None
    words: Mapping[str, Status] = msgspec.field(default_factory=dict)
    places: Mapping[str, int] = msgspec.field(default_factory=dict)
    broken: Mapping[str, str] = msgspec.field(default_factory=dict)
    doubled: frozenset[str] = frozenset()
    cyclic: Mapping[str, str] = msgspec.field(default_factory=dict)
    missing: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    executors: Mapping[str, str | None] = msgspec.field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    spent: Mapping[str, Limit] = msgspec.field(default_factory=dict)
    texts: Mapping[str, str] = msgspec.field(default_factory=dict)
    diagnoses: tuple[str, ...] = ()
    slots: int = 1
