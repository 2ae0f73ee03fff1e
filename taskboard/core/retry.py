"""When a failed task is tried again."""

from __future__ import annotations


def delay(spent: int, *, backoff: float, backoff_max: float, dice: float) -> float:
    """Seconds to wait after the ``spent``-th failure: ``min(backoff * 2^(spent-1), max)``,
    shortened by jitter (``dice`` from 0 to 1 gives a factor from 0.5 to 1), never lengthened."""
    full: float = min(backoff * 2.0 ** min(max(spent, 1) - 1, 64), backoff_max)
    return full * (0.5 + 0.5 * dice)
