"""The gate: the one place that says whether evidence suffices.

In order: everything declared holds, every receipt offered is valid, there is at least one, and
no child is open. The terminal lock is the state machine's own (``core.fold``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from taskboard.core.finding import Commit, Nothing, Page
from taskboard.core.outcome import MIN_OUTPUT, Receipt, Tier
from taskboard.core.urls import MAX_URL

MAX_COMMIT = 64
"""Hex digits of the longest name a commit has."""


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """What a task declares that done means. ``tiers`` are demanded by ``evidence``."""

    verify: bool = False
    artifacts: tuple[str, ...] = ()
    tiers: frozenset[Tier] = frozenset()

    @property
    def declared(self) -> bool:
        return bool(self.verify or self.artifacts or self.tiers)


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The answer. When not ``ok``: ``code`` is the refusal's event type and error code,
    ``reason`` a sentence, ``declared`` whether something declared did not hold."""

    ok: bool
    code: str = ""
    reason: str = ""
    declared: bool = False
    tier: Tier | None = None
    receipts: tuple[Receipt, ...] = ()
    offered: int = 0
    """How many receipts there were to judge, bad ones too."""
    passing: bool = False
    """It would pass, but for what is expected to pass by itself: ask again."""
    open_children: tuple[str, ...] = msgspec.field(default=())

    @property
    def verified(self) -> bool:
        return any(r.verified for r in self.receipts)

    @property
    def evidence_type(self) -> str:
        tiers = {r.tier for r in self.receipts}
        return next(iter(tiers)).value if len(tiers) == 1 else "multiple"

    @property
    def evidence_count(self) -> int:
        return len(self.receipts)


def gate(demand: Demand, receipts: Sequence[Receipt], open_children: Sequence[str]) -> Verdict:
    """Whether this evidence completes a task that demands ``demand``."""
    verdict = _judge(demand, receipts, open_children)
    hoped = [replace(r, ok=True) if is_passing(r) else r for r in receipts]
    passing = verdict.code == "evidence_blocked" and _judge(demand, hoped, ()).ok
    return msgspec.structs.replace(verdict, offered=len(receipts), passing=passing)


def _judge(demand: Demand, receipts: Sequence[Receipt], open_children: Sequence[str]) -> Verdict:
    passed = tuple(r for r in receipts if r.ok)
    lacking = _lacking(demand, passed, receipts)
    if lacking:
        return _blocked(lacking, passed, declared=True)
    bad = next((r for r in receipts if not r.ok), None)
    if bad is not None:
        return _blocked(f"{_called(bad)}: {bad.problem}", passed, declared=demand.declared)
    if not passed:
        return _blocked(
            "no evidence: name an artifact, a verify command, a URL, a commit or an output of "
            f"more than {MIN_OUTPUT} characters",
            passed,
            declared=False,
        )
    if open_children:
        names = ", ".join(open_children)
        return Verdict(
            ok=False,
            code="dependency_blocked",
            receipts=passed,
            reason=f"{len(open_children)} open child task(s): {names}",
            open_children=tuple(open_children),
        )
    strongest = min(passed, key=lambda r: list(Tier).index(r.tier)).tier
    return Verdict(ok=True, tier=strongest, receipts=passed)


def _called(receipt: Receipt) -> str:
    """A receipt by its tier and what it is about: ``artifact report.md``."""
    about = next((receipt.detail[k] for k in ("path", "url", "commit") if k in receipt.detail), "")
    return f"{receipt.tier} {str(about)[:200]}".strip()


def _blocked(reason: str, passed: tuple[Receipt, ...], *, declared: bool) -> Verdict:
    return Verdict(
        ok=False, code="evidence_blocked", reason=reason, declared=declared, receipts=passed
    )


def _lacking(demand: Demand, passed: Sequence[Receipt], offered: Sequence[Receipt]) -> str:
    """The first declared thing that does not hold, in words; empty when all hold."""
    tiers = {r.tier for r in passed}
    if demand.verify and Tier.CHECK not in tiers:
        return _problem(offered, Tier.CHECK, "verify was not run")
    found = {r.detail.get("path") for r in passed if r.tier is Tier.ARTIFACT}
    for path in demand.artifacts:
        if path not in found:
            problem = next(
                (r.problem for r in offered if not r.ok and r.detail.get("path") == path),
                "was not recorded",
            )
            return f"artifact {path}: {problem}"
    for tier in Tier:
        if tier in demand.tiers and tier not in tiers:
            return _problem(offered, tier, f"evidence of tier {tier} is demanded")
    return ""


def _problem(offered: Sequence[Receipt], tier: Tier, otherwise: str) -> str:
    found = next((r for r in offered if r.tier is tier and not r.ok), None)
    return f"{tier}: {found.problem}" if found else otherwise


def url_receipt(url: str, run: str | None, found: Page | Nothing) -> Receipt:
    """The receipt of a URL, after the host has fetched it."""
    detail: dict[str, Any] = {"url": url[:MAX_URL]}
    if isinstance(found, Nothing):
        return _unproven(Tier.URL, run, found, detail)
    detail |= {"status": found.status, "bytes": found.bytes, "type": found.kind}
    if found.url != url:
        detail["final"] = found.url[:MAX_URL]
    return Receipt(tier=Tier.URL, ok=True, run=run, sha256=found.sha256, detail=detail)


def commit_receipt(commit: str, run: str | None, found: Commit | Nothing) -> Receipt:
    """The receipt of a commit, after the host has looked for it in the project's repository."""
    detail: dict[str, Any] = {"commit": commit[:MAX_COMMIT]}
    if isinstance(found, Nothing):
        return _unproven(Tier.COMMIT, run, found, detail)
    return Receipt(
        tier=Tier.COMMIT, ok=True, run=run, sha256=found.sha256, detail={"commit": found.id}
    )


def commit_problem(commit: str) -> str | None:
    """Why a text can name no commit by its shape alone: a clause, or None."""
    if re.fullmatch(r"[0-9a-fA-F]{7,64}", commit) is None:
        return "not a commit hash (7 hex digits or more; git rev-parse HEAD prints one)"
    return None


def is_passing(receipt: Receipt) -> bool:
    """Whether a receipt that does not hold may hold soon: what was in the way passes by itself."""
    return not receipt.ok and receipt.detail.get("passing") is True


def _unproven(tier: Tier, run: str | None, found: Nothing, detail: dict[str, Any]) -> Receipt:
    if found.passing:
        detail["passing"] = True
    return Receipt(tier=tier, ok=False, run=run, problem=found.problem, detail=detail)
