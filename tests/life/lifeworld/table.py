"""The table of what an edit means, once more: words over states, and the events they may bring."""

from __future__ import annotations

from lifeworld.hands import kind

WAITS = ("open", "ready", "blocked", "unknown")
"""Kinds of a task that nobody works on and that has not ended."""


class Wrong(AssertionError):
    """Something happened that nobody meant, or did not happen that somebody meant."""


def may_follow(word: str, state: str) -> set[str]:
    """The events that typing ``word`` over ``state`` may bring; empty for none."""
    typed, now = kind(word), kind(state)
    if typed == now and (typed in ("open", "ready", "done") or word == state):
        return set()
    refused = "transition_blocked"
    cancels = "cancelled" if word == "failed:cancelled" else refused
    table = {
        "unknown": {"terminal_blocked"} if now in ("done", "failed") else set(),
        "ready": {"failed": {"requeued"}, "done": {"terminal_blocked"}, "running": {"TB301"}}.get(
            now, {"unblocked"}
        ),
        "blocked": {"running": {"cancelled"}},
        "failed": {"running": {cancels}},
        "open": {"running": {refused}},
        "done": {"running": {refused}},
        "running": {"running": {refused}},
    }[typed]
    if typed in ("unknown", "ready"):
        return set(table)
    ended = {"done": {"terminal_blocked"}, "failed": {"terminal_blocked"}}
    waits = {"failed": cancels, "done": "asked"}.get(typed, "blocked")
    return {**{w: {waits} for w in WAITS}, **ended, **table}[now]
