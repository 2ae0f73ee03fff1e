"""The runtime's own lines on the board: what it says under a task's fields."""

from __future__ import annotations

from collections.abc import Sequence

from taskboard.core.outcome import Receipt, Tier
from taskboard.core.task import Task
from taskboard.core.units import brief


def own_lines(task: Task) -> tuple[str, ...]:
    """The complete lines a task's section carries now: its result, then its note."""
    lines = []
    if task.result:
        lines.append(f"- result: {task.result}")
    if task.note:
        lines.append(f"- note: {task.note}")
    return tuple(lines)


def done_line(
    tier: Tier, receipts: Sequence[Receipt], *, by: str, run: str | None, seconds: float | None
) -> str:
    """What a completed task says: how strong its proof is, by whom, where the receipts lie."""
    word = proof_word(tier, verified=any(r.verified for r in receipts))
    kinds = [t.value for t in Tier if any(r.tier is t for r in receipts)]
    return _line(f"{word} ({', '.join(kinds)})", by, run, seconds)


def proof_word(tier: str | None, *, verified: bool) -> str:
    """How strong a completion is, in the board's word: ``verified``, ``ran`` or ``asserted``."""
    if verified:
        return "verified"
    return "ran" if tier == Tier.EXIT else "asserted"


def failed_line(
    reason: str, *, by: str, run: str | None, seconds: float | None, attempt: str
) -> str:
    """What a failed run leaves: the cause, the attempt, where the log lies."""
    return _line(f"failed ({one_line(reason, 100)}), {attempt},", by, run, seconds)


def _line(head: str, by: str, run: str | None, seconds: float | None) -> str:
    took = f" in {brief(seconds)}" if seconds is not None else ""
    where = f" (.taskboard/runs/{run})" if run else ""
    return one_line(f"{head} by {by}{took}") + where


def one_line(text: str, limit: int = 200) -> str:
    """Text squeezed to one line of at most ``limit`` characters, without control characters."""
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
