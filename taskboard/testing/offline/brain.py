"""The model itself: a pure function from what is asked to a plausible, deterministic reply."""

from __future__ import annotations

from taskboard.testing.offline.ask import Ask
from taskboard.testing.offline.reply import Reply, Text


def answer(ask: Ask) -> Reply:
    """What the offline model says."""
    return Reply(pieces=(Text(f"Understood: {ask.last_user[:80]}"),))
