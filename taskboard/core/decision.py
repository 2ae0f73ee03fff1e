"""What a decider is asked and what it proposes. ``core.admit`` disposes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A task that may run now. ``place`` is its place on the board, from 0."""

    task_id: str
    task: str
    title: str
    executor: str
    priority: int
    place: int
    spent: int
    waiting_since: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What may run, how much room there is, and what is known."""

    candidates: tuple[Candidate, ...]
    slots: int
    now: str
    board: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """One proposal: ``action`` is execute, skip, flag, ask or promote."""

    task_id: str
    action: str
    reason: str
    executor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Proposals in order. ``by`` names the decider; ``data`` holds tokens and cost."""

    picks: tuple[Pick, ...]
    by: str
    data: dict[str, Any] | None = None
