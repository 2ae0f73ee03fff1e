"""What was refused, in words: one line of the ledger about a verb that did not count."""

from __future__ import annotations

from taskboard.core.event import Event

REFUSALS = frozenset(
    {"evidence_blocked", "dependency_blocked", "terminal_blocked", "transition_blocked"}
)
"""Types of event that say so."""

_BARE = {
    "terminal_blocked": "it has ended",
    "terminal": "it has ended",
    "transition_blocked": "its state does not allow it",
    "not_from_here": "its state does not allow it",
    "stale_run": "that run is over",
}
"""Reasons that are codes, in words."""


def told_refusal(event: Event) -> str:
    """For people who watch: ``cancel refused: it has ended``."""
    verb, reason = _verb(event), str(event.data.get("reason") or event.type)
    if event.type not in ("terminal_blocked", "transition_blocked"):
        return f"refused: {reason}"  # the gate's own sentence
    return f"{verb} refused: {_BARE.get(reason) or 'waits: ' + reason.replace('_', ' ')}".lstrip()


def _verb(event: Event) -> str:
    return str(event.data.get("verb") or "")
