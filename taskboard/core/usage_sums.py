"""Arithmetic on counts of tokens: what was used since, when only sums are told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from taskboard.core.bill import Usage, tokens

COUNTS = ("input", "output", "cache_read", "cache_write", "cache_write_1h")


def since(total: Iterable[Usage], before: Iterable[Usage]) -> tuple[Usage, ...]:
    """What ``total`` has more than ``before``, by model. A model whose sums went down has begun
    to count anew: then all of it is new."""
    known = summed(before)
    news = (_minus(now, known.get(model)) for model, now in summed(total).items())
    return used_up(news)


def itemised(total: Iterable[Usage], answers: Iterable[Usage]) -> tuple[Usage, ...]:
    """``total`` as the single ``answers`` that were seen and one row by model for the rest. What
    is priced by the length of a prompt has to be priced answer by answer. Where the answers do
    not fit into the total they are not believed."""
    seen = used_up(answers)
    sums, rows = summed(seen), list[Usage]()
    for model, whole in summed(total).items():
        part = sums.get(model)
        if part is None or any(a < b for a, b in zip(_counts(whole), _counts(part), strict=True)):
            rows.append(whole)
            continue
        rows += [usage for usage in seen if usage.model == model]
        rest = _minus(whole, part)
        rows += [rest] if any(_counts(rest)) else []
    return tuple(rows)


def used_up(usages: Iterable[Usage]) -> tuple[Usage, ...]:
    """Those that count anything: a program's own remarks have made-up models and no tokens."""
    return tuple(usage for usage in usages if any(_counts(usage)))


def summed(usages: Iterable[Usage]) -> dict[str, Usage]:
    """One row by model."""
    sums: dict[str, Usage] = {}
    for usage in usages:
        known = _counts(sums.get(usage.model, Usage(model=usage.model)))
        both = (a + b for a, b in zip(known, _counts(usage), strict=True))
        sums[usage.model] = _usage(usage.model, both)
    return sums


def as_rows(usages: Iterable[Usage]) -> list[dict[str, Any]]:
    """How a file keeps them."""
    return [{"model": u.model, **dict(zip(COUNTS, _counts(u), strict=True))} for u in usages]


def from_rows(rows: Any) -> tuple[Usage, ...]:
    """What a file kept; nothing for anything else."""
    if not isinstance(rows, list):
        return ()
    return tuple(
        _usage(row["model"], (tokens(row.get(name)) for name in COUNTS))
        for row in rows
        if isinstance(row, dict) and isinstance(row.get("model"), str)
    )


def _minus(now: Usage, before: Usage | None) -> Usage:
    if before is None or any(a < b for a, b in zip(_counts(now), _counts(before), strict=True)):
        return now
    return _usage(now.model, (a - b for a, b in zip(_counts(now), _counts(before), strict=True)))


def _counts(usage: Usage) -> tuple[int, ...]:
    return tuple(getattr(usage, name) for name in COUNTS)


def _usage(model: str, counts: Iterable[int]) -> Usage:
    return Usage(model=model, **dict(zip(COUNTS, counts, strict=True)))
