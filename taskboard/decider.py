"""Contract: a decider. It proposes which tasks run next; ``core.admit`` disposes."""

from __future__ import annotations

from typing import Protocol

from taskboard.core.decision import Decision, Question


class Decider(Protocol):
    """Chooses among tasks that may run."""

    async def decide(self, question: Question) -> Decision:
        """Propose. Only candidates of the question count; anything else is dropped."""
        ...
