"""A decision in words: who made it, what it came to, what it cost, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from taskboard.cli.text import one_line


def decided(data: Mapping[str, Any]) -> Iterator[str]:
    """Who decided, what it came to, and what it cost."""
    yield f"by {data.get('by')}"
    if data.get("fallback"):
        yield f"(instead of a model: {one_line(str(data['fallback']))[:200]})"
    if data.get("outdated"):
        yield "too late: the board had changed"
    verbs = (("chosen", "start"), ("questions", "ask about"), ("skipped", "skip"))
    said = [f"{verb} {_names(data[key])}" for key, verb in verbs if data.get(key)]
    if not data.get("outdated"):
        yield "; ".join(said) or "start nothing"
    if data.get("dropped"):
        yield f"({data['dropped']} of its proposals do not count)"
    if data.get("usage"):
        cost = data.get("cost_usd")
        yield f"${cost:.4f}" if isinstance(cost, int | float) else "at a price nobody knows"


def _names(picks: list[dict[str, Any]]) -> str:
    shown = [" with ".join(filter(None, (p["task"], p.get("executor")))) for p in picks[:3]]
    more = f" and {len(picks) - 3} more" if len(picks) > 3 else ""
    return ", ".join(shown) + more
