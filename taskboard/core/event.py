"""Facts. An ``Event`` is one line of the ledger; a ``Draft`` is a fact somebody proposes.

The ledger turns drafts into events: it checks them against what is already true and adds
sequence, time, chain and device. Nobody else makes events.

Keys that ``data`` carries, by type (keys may be added, never renamed):

``created edited``      title, text (digest of the section in ``objects/``), fields, parent
                        (task id), origin, line; ``assigned`` (the runtime gave the id),
                        ``hidden`` (a terminal task's section is gone), ``word`` (as typed)
``claimed``             executor, lease {ttl_s, expires}, text, baseline {path: [sha256,
                        ctime_ns] or null}, refs {repository, lines or kept (their
                        digest in ``objects/``) or problem}; both at a round's first claim
``completed failed``    receipts, tier, verified, evidence_type, evidence_count, reason, error,
                        exit_code, duration_s, cost_usd, log
``decided``             by, inputs (digest of the question), slots, candidates, chosen, skipped,
                        questions, dropped (how many proposals do not count), fallback (why
                        another decided), outdated (came too late, not used), cost_usd, usage
``relayed``             from, executor, reason, error
``cost_recorded``       cost_usd, usage: what a run had used by its end, of which nobody knew
                        when it was ended (a ``cancel`` while it worked)
``file_changed_triggered``  digest, base, bytes, held, gone (names missing), back, latency_s
                        (since the save, where a daemon watches)
``daemon_started``      pid, slots, notify (true: what happens from here on is told)
``delivered delivery_failed``  channel, what, count, upto (the last sequence that is dealt with),
                        duration_s; of a failure reason and said
``board_written``       digest, bytes; over (digest of the text before) and edits (the splices
                        that made it from that), or neither: then ``objects/`` has it
``space_freed``         objects, runs, files: what ``gc`` has removed, by digest or name; bytes
refusals                verb, reason, and for children ``open`` and ``children``
any                     ``note`` (the runtime's line on the board), ``result`` (likewise),
                        ``next`` (legal transitions), ``cause``
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec


class EventType(StrEnum):
    """The closed set of facts this version writes. More may be added, none renamed."""

    LEDGER_OPENED = "ledger_opened"
    FILE_CHANGED_TRIGGERED = "file_changed_triggered"
    CREATED = "created"
    EDITED = "edited"
    WITHDRAWN = "withdrawn"
    RESTORED = "restored"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    RETRIED = "retried"
    DECIDED = "decided"
    PAUSED = "paused"
    RESUMED = "resumed"
    CLAIMED = "claimed"
    STEP_STARTED = "step_started"
    STEP_COMPLETED = "step_completed"
    STEP_FAILED = "step_failed"
    ARTIFACT_RECORDED = "artifact_recorded"
    VALIDATED = "validated"
    QUESTION_ASKED = "question_asked"
    QUESTION_ANSWERED = "question_answered"
    COST_RECORDED = "cost_recorded"
    COMPLETED = "completed"
    FAILED = "failed"
    RECLAIMED = "reclaimed"
    RELEASED = "released"
    RELAYED = "relayed"
    CANCELLED = "cancelled"
    REQUEUED = "requeued"
    DEADLETTERED = "deadlettered"
    EVIDENCE_BLOCKED = "evidence_blocked"
    DEPENDENCY_BLOCKED = "dependency_blocked"
    TERMINAL_BLOCKED = "terminal_blocked"
    TRANSITION_BLOCKED = "transition_blocked"
    ANOMALY_FLAGGED = "anomaly_flagged"
    ESCALATED = "escalated"
    DELIVERED = "delivered"
    DELIVERY_FAILED = "delivery_failed"
    LEDGER_REPAIRED = "ledger_repaired"
    SEGMENT_SEALED = "segment_sealed"
    DAEMON_STARTED = "daemon_started"
    DAEMON_STOPPED = "daemon_stopped"
    GIT_MOVED = "git_moved"
    BOARD_WRITTEN = "board_written"
    SPACE_FREED = "space_freed"


FIRST_PREV = "0" * 64
"""``prev`` of the first event of a ledger."""

MAX_LINE = 64 * 1024
"""Bytes of one ledger line, its newline included; larger payloads go to ``objects/``."""


MAX_FIELDS = 16 * 1024
"""Bytes of a task's fields that an event carries."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A fact proposed to the ledger. ``to`` None keeps the state; ``id`` makes it idempotent."""

    type: EventType
    task_id: str | None = None
    task: str | None = None
    to: str | None = None
    agent: str | None = None
    run: str | None = None
    attempt: int | None = None
    step: str | None = None
    actor: str = "daemon"
    data: dict[str, Any] = {}
    id: str | None = None


class Event(msgspec.Struct, frozen=True, gc=False):
    """One durable fact. Field order is the key order of the line; ``type`` is kept as text so
    that a line written by a newer version still reads. JSON has no cycles: nothing for the
    collector to look at."""

    v: int
    seq: int
    ts: str
    type: str
    task: str | None
    from_: str | None = msgspec.field(name="from")
    to: str | None
    agent: str | None
    run: str | None
    attempt: int | None
    spent: int | None
    step: str | None
    actor: str
    device: str
    task_id: str | None
    id: str
    data: dict[str, Any]
    more: int
    prev: str
    hash: str
