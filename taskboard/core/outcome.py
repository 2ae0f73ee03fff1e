"""What an executor may answer, and the receipts that prove work."""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from typing import Any

import msgspec

from taskboard.core.bill import NOTHING, Bill


class Tier(StrEnum):
    """Kinds of evidence, strongest first: the order of this enum is the order of strength."""

    CHECK = "check"
    COMMIT = "commit"
    ARTIFACT = "artifact"
    URL = "url"
    EXIT = "exit"
    HUMAN = "human"
    OUTPUT = "output"


MIN_OUTPUT = 50
"""An output counts when more than this many characters are left of it (source system's rule)."""

VERIFIED = frozenset({Tier.CHECK, Tier.COMMIT, Tier.ARTIFACT, Tier.URL})
"""Tiers the host has checked itself; the rest is somebody's word."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of evidence. ``ok`` False means it was offered and found bad, and ``problem``
    says why in a sentence."""

    tier: Tier
    ok: bool
    run: str | None = None
    sha256: str | None = None
    problem: str = ""
    detail: dict[str, Any] = msgspec.field(default_factory=dict)

    @property
    def verified(self) -> bool:
        return self.ok and self.tier in VERIFIED

    def as_data(self) -> dict[str, Any]:
        """The shape that events and ``show --json`` carry."""
        detail = {**self.detail, "problem": self.problem} if self.problem else dict(self.detail)
        return {
            "tier": self.tier.value,
            "run": self.run,
            "ok": self.ok,
            "verified": self.verified,
            "detail": detail,
            "sha256": self.sha256,
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Receipt:
        """The receipt that an event carries."""
        detail = dict(data.get("detail") or {})
        problem = str(detail.pop("problem", ""))
        return cls(
            tier=Tier(data["tier"]),
            ok=bool(data["ok"]),
            run=data.get("run"),
            sha256=data.get("sha256"),
            problem=problem,
            detail=detail,
        )


def output_receipt(text: str, run: str | None, sha256: str) -> Receipt:
    """The receipt of somebody's words: good when more than 50 characters are left of them."""
    shown = "".join(c for c in " ".join(text.split()) if unicodedata.category(c)[0] != "C")
    left = shown.strip()
    ok = len(left) > MIN_OUTPUT
    problem = "" if ok else f"{len(left)} characters; more than {MIN_OUTPUT} are needed"
    return Receipt(
        tier=Tier.OUTPUT,
        ok=ok,
        run=run,
        sha256=sha256,
        problem=problem,
        detail={"characters": len(left)},
    )


class Succeeded(msgspec.Struct, frozen=True, kw_only=True):
    """The executor ended well. The gate still decides. ``receipts`` is what it offers,
    ``artifacts``, ``commits`` and ``urls`` are what it says it has made: the host looks at them
    itself."""

    exit_code: int | None = 0
    output: str = ""
    receipts: tuple[Receipt, ...] = ()
    artifacts: tuple[str, ...] = ()
    commits: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    bill: Bill = NOTHING


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """It did not work. ``reason`` is one word, ``error`` a sentence; not ``retryable`` ends the
    task at once.

    Reasons: ``exit timeout stall start signal`` of a process; ``verdict`` (it ended without
    saying how), ``refused`` (the model would not), ``provider`` (its service failed), ``turns``,
    ``budget`` (what this run may cost is spent), ``agent`` (it says itself that it failed)."""

    reason: str
    error: str
    retryable: bool = True
    exit_code: int | None = None
    bill: Bill = NOTHING


LONGEST_QUOTA = 8 * 86400.0
"""Seconds that a quota is believed to hold at most: they are by the week."""


class Snoozed(msgspec.Struct, frozen=True, kw_only=True):
    """A quota holds it until ``until`` (UTC, ``...Z``). Spends nothing."""

    until: str
    reason: str = "quota"
    bill: Bill = NOTHING


class NeedsInput(msgspec.Struct, frozen=True, kw_only=True):
    """It asks its owner something. Spends nothing."""

    question: str
    bill: Bill = NOTHING


class Unable(msgspec.Struct, frozen=True, kw_only=True):
    """This executor cannot do this here: another may, or the same when ``hint`` was followed.
    Spends nothing. ``reason`` is ``authentication``, ``missing`` (the program) or ``capability``;
    the first two are true of every task, the last of this one."""

    reason: str
    error: str
    hint: str = ""
    bill: Bill = NOTHING


class Cancelled(msgspec.Struct, frozen=True, kw_only=True):
    """It was told to stop and has stopped."""

    reason: str = "cancelled"
    bill: Bill = NOTHING


Outcome = Succeeded | Failed | Snoozed | NeedsInput | Unable | Cancelled
