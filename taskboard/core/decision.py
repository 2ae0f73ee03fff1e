"""What a decider is asked and what it proposes. ``core.admit`` disposes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from taskboard.core.bill import NOTHING, Bill


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A task that may run now. ``place`` is its place on the board, from 0. ``executor`` is the
    one it goes to unless the decision names another of ``executors``."""

    task_id: str
    task: str
    title: str
    executor: str
    executors: tuple[str, ...] = ()
    priority: int
    place: int
    spent: int
    waiting_since: str
    origin: str
    text: str = ""
    """Its section as it stands on the board."""
    measure: str = ""
    inputs: tuple[str, ...] = ()


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What may run, how much room there is, and what is known.

    ``now`` UTC; ``board`` the board's text; ``diagnoses`` one line each; ``history`` the last
    events in words, oldest first; ``running`` labels of what runs; ``promotable`` ids of tasks
    that wait for something which has come, and ``names`` what the board calls them; ``models`` the
    model names each executor may be given; ``spent_usd`` and ``budget_usd`` of today (UTC)."""

    candidates: tuple[Candidate, ...]
    slots: int
    now: str
    board: str = ""
    diagnoses: tuple[str, ...] = ()
    history: tuple[str, ...] = ()
    running: tuple[str, ...] = ()
    promotable: tuple[str, ...] = ()
    names: Mapping[str, str] = msgspec.field(default_factory=dict)
    models: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    spent_usd: float = 0.0
    budget_usd: float | None = None


class Pick(msgspec.Struct, frozen=True, kw_only=True):
    """One proposal: ``action`` is execute, skip, flag, ask or promote. ``task_id`` is the durable
    id of a candidate (of a promotable task for promote). For ask, ``reason`` is the question."""

    task_id: str
    action: str
    reason: str
    executor: str = ""
    model: str = ""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Proposals in order. ``by`` names the decider that made them; ``fallback`` says why another
    than the one that was asked; ``data`` is what its event carries besides (model, request id)."""

    picks: tuple[Pick, ...]
    by: str
    fallback: str = ""
    bill: Bill = NOTHING
    data: dict[str, Any] | None = None


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Work that calls itself done, to be compared with what done was to mean: ``measure``, the
    agent's own ``summary``, and ``evidence`` the host has found, in words (files with their
    size and beginning)."""

    task: str
    measure: str
    summary: str
    evidence: str


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a measure is met, as somebody sees it who cannot run anything: an opinion, labelled
    asserted."""

    ok: bool
    reason: str
    by: str
    bill: Bill = NOTHING
