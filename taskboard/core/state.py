"""The state machine: the kinds of state, how they are spelled, and every legal transition.

``TRANSITIONS`` is the product. ``docs/lifecycle.md`` is generated from it, ``core.fold`` applies
it, and a test walks every (state, event) pair: each is a row here or a refusal.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from taskboard.core.event import EventType as E
from taskboard.core.units import read_time


class Kind(StrEnum):
    """What the ledger may say of a task."""

    OPEN = "open"
    UNKNOWN = "unknown"
    READY = "ready"
    BLOCKED = "blocked"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


TERMINAL = frozenset({Kind.DONE, Kind.FAILED})
CLOSED = TERMINAL | {Kind.WITHDRAWN}
"""States that no longer hold a parent back."""

OPEN_WORDS = frozenset(
    (
        "todo",
        "to do",
        "open",
        "pending",
        "not started",
        "backlog",
        "later",
        "icebox",
        "draft",
        "planning",
        "planned",
        "proposed",
        "unclaimed",
        "available",
        "to-do",
        "not-started",
        "not_started",
        "idea",
        "ideas",
        "[ ]",
        "⬜",
        "🔲",
    )
)
"""Words people write for "not yet": never run until somebody says ``ready``."""

_TIMED = frozenset({"until", "retry", "quota"})
_WORD = r"[A-Za-z0-9._@/-]+"
_TIME = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?Z"
_GRAMMAR = {
    Kind.READY: re.compile(r"ready", re.IGNORECASE),
    Kind.DONE: re.compile(r"done", re.IGNORECASE),
    Kind.RUNNING: re.compile(rf"running:{_WORD}:{_TIME}", re.IGNORECASE),
    Kind.FAILED: re.compile(rf"failed:{_WORD}", re.IGNORECASE),
    Kind.BLOCKED: re.compile(
        rf"blocked:(?:(?:until|retry|quota):{_TIME}|(?!(?:until|retry|quota):){_WORD}:{_WORD})",
        re.IGNORECASE,
    ),
}


MAX_STATUS = 200
"""Characters; nothing longer is a state."""


class Status(NamedTuple):
    """A typed state: its kind and what follows the first colon (``task:TASK-010``)."""

    kind: Kind
    detail: str = ""

    @property
    def text(self) -> str:
        """The spelling on the board and in ``from``/``to`` of an event."""
        return _spelled(self)

    @property
    def who(self) -> str:
        """``blocked:siyao:brief`` -> ``siyao``; the agent of ``running:...``; else empty."""
        return self.detail.partition(":")[0]

    @property
    def what(self) -> str:
        """``blocked:siyao:brief`` -> ``brief``; the time of ``running:...``; else empty."""
        return self.detail.partition(":")[2]


@lru_cache(maxsize=4096)
def _spelled(status: Status) -> str:
    kind, detail = status
    return f"{kind}:{detail}" if detail else str(kind)


READY = Status(Kind.READY)
DONE = Status(Kind.DONE)
OPEN = Status(Kind.OPEN)
UNKNOWN = Status(Kind.UNKNOWN)
WITHDRAWN = Status(Kind.WITHDRAWN)


@lru_cache(maxsize=4096)
def read_status(word: str) -> Status:
    """Read a status word as a person typed it. Only exact words mean anything; never raises."""
    text = word.strip()
    if len(text) > MAX_STATUS:
        return UNKNOWN
    for kind, pattern in _GRAMMAR.items():
        if pattern.fullmatch(text):
            status = Status(kind, text.partition(":")[2])
            return status if _is_possible(status) else UNKNOWN
    return OPEN if text.casefold() in OPEN_WORDS else UNKNOWN


def _is_possible(status: Status) -> bool:
    """Whether a time in it is one: nothing ends a wait for the 99th of a month."""
    timed = status.kind is Kind.RUNNING or status.who in _TIMED
    return not timed or read_time(status.what) is not None


@lru_cache(maxsize=4096)
def stored_status(text: str) -> Status:
    """Read a status from the ledger, where ``open``, ``unknown`` and ``withdrawn`` stand too."""
    kind, _, detail = text.partition(":")
    return Status(Kind(kind), detail)


class Row(NamedTuple):
    """One event's legal moves. ``run`` says whose run the event must carry:
    ``current`` (the task's present run), ``new`` (a claim) or ``none``."""

    sources: frozenset[Kind | None]
    targets: frozenset[Kind]
    run: str = "none"
    same: bool = False


_O, _U, _R, _B, _RUN, _D, _F, _W = Kind
_WAITING = frozenset({_O, _U, _R, _B})
_ALIVE = frozenset(Kind)
_STEP = Row(frozenset({_RUN}), frozenset({_RUN}), run="current", same=True)
_NOTE = Row(_ALIVE, _ALIVE, same=True)


def _row(sources: set[Kind | None] | frozenset[Kind], *targets: Kind, run: str = "none") -> Row:
    return Row(frozenset(sources), frozenset(targets), run)


TRANSITIONS: dict[E, tuple[Row, ...]] = {
    E.CREATED: (_row({None}, _O, _R, _B, _U, _D, _F, _RUN),),
    E.EDITED: (Row(_ALIVE - {_W}, _ALIVE - {_W}, same=True),),
    E.WITHDRAWN: (_row(_WAITING, _W),),
    E.RESTORED: (_row({_W}, _O, _R, _B, _U),),
    E.BLOCKED: (_row(_WAITING, _B, _O), _row({_RUN}, _B, run="current")),
    E.UNBLOCKED: (_row({_O, _U, _B}, _R),),
    E.RETRIED: (_row({_B}, _R),),
    E.CLAIMED: (_row({_R}, _RUN, run="new"),),
    E.RELEASED: (_row({_RUN}, _R, run="current"),),
    E.RELAYED: (_row({_RUN}, _R, run="current"),),
    E.RECLAIMED: (_row({_RUN}, _R, _F, run="current"),),
    E.STEP_STARTED: (_STEP,),
    E.STEP_COMPLETED: (_STEP,),
    E.STEP_FAILED: (_STEP,),
    E.ARTIFACT_RECORDED: (_STEP,),
    E.VALIDATED: (_STEP,),
    E.QUESTION_ASKED: (_STEP,),
    E.COMPLETED: (_row({_RUN}, _D, run="current"), _row(_WAITING, _D)),
    E.FAILED: (_row({_RUN}, _B, _F, run="current"),),
    E.DEADLETTERED: (Row(frozenset({_F}), frozenset({_F}), same=True),),
    E.REQUEUED: (_row({_F}, _R),),
    E.CANCELLED: (_row(_WAITING, _F), _row({_RUN}, _F, _B, run="current")),
    E.DECIDED: (_NOTE,),
    E.ANOMALY_FLAGGED: (_NOTE,),
    E.ESCALATED: (_NOTE,),
    E.QUESTION_ANSWERED: (_NOTE,),
    E.COST_RECORDED: (_NOTE,),
    E.DELIVERED: (_NOTE,),
    E.DELIVERY_FAILED: (_NOTE,),
    E.EVIDENCE_BLOCKED: (_NOTE,),
    E.DEPENDENCY_BLOCKED: (_NOTE,),
    E.TERMINAL_BLOCKED: (_NOTE,),
    E.TRANSITION_BLOCKED: (_NOTE,),
}
"""Every event about a task, with its legal rows. An event without a row has ``task: null``."""


_ROWS = {
    (kind, event): row
    for event, rows in TRANSITIONS.items()
    for row in reversed(rows)
    for kind in row.sources
}
"""Every legal pair; where two rows allow one pair, the first counts."""


def row_for(kind: Kind | None, event: E) -> Row | None:
    """The row that lets ``event`` happen to a task of ``kind``, or None."""
    return _ROWS.get((kind, event))


def next_events(kind: Kind) -> list[str]:
    """The events that would move a task of ``kind``, sorted: what may come next."""
    moving = (e for e in TRANSITIONS if (row := row_for(kind, e)) and not row.same)
    return sorted(e.value for e in moving)
