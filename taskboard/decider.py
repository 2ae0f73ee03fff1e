"""Contract: a decider. It proposes which tasks run next; ``core.admit`` disposes.

An implementation is one module in ``taskboard.deciders``, found by its name, with ``OPTIONS``
(the settings it takes in ``[deciders.NAME]``) and ``make(desk)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec

from taskboard.clock import Clock
from taskboard.core.bill import Rates
from taskboard.core.decision import Claim, Decision, Judgement, Question


class Decider(Protocol):
    """Chooses among tasks that may run."""

    async def decide(self, question: Question) -> Decision:
        """Propose. Only candidates of the question count; anything else is dropped. Never raises
        for what a service does: then somebody else decides, and the decision says so."""
        ...

    async def judge(self, claim: Claim, /) -> Judgement | None:
        """Whether a measure is met that no command can check; None when it cannot tell."""
        ...


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """What a decider is made from. ``root`` is the workspace, where a prompt file of the user's
    may lie; ``fallback`` decides when this one cannot."""

    clock: Clock
    environ: Mapping[str, str]
    root: Path
    fallback: Decider | None = None
    options: Mapping[str, Any] = msgspec.field(default_factory=dict)
    prices: Mapping[str, Rates] = msgspec.field(default_factory=dict)
