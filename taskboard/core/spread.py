"""How values are spread, in bounded memory: counts of values rounded to three digits."""

from __future__ import annotations

import math
from collections import Counter

LEAST = 0.001
"""Anything smaller counts as nothing: no duration here is known better."""

PERCENTILES = (50, 90, 99)


class Spread:
    """Takes durations in seconds. Values are kept to three digits, so that any number of them
    needs at most some ten thousand counts, and a percentile is within half a percent."""

    def __init__(self) -> None:
        self.count = 0
        self._counts: Counter[float] = Counter()

    def take(self, value: float) -> None:
        """One more. What is negative (a clock was set back) counts as nothing."""
        self._counts[rounded(value)] += 1
        self.count += 1

    def join(self, other: Spread) -> None:
        """All that another has taken, too."""
        self._counts.update(other._counts)
        self.count += other.count

    def percentile(self, percent: int) -> float | None:
        """The smallest value that at least ``percent`` in a hundred do not exceed; None when
        there are none."""
        rank = max(math.ceil(self.count * percent / 100), 1)
        for value, count in sorted(self._counts.items()):
            rank -= count
            if rank <= 0:
                return value
        return None

    def shape(self) -> dict[str, float | None]:
        """As JSON has it: ``p50``, ``p90`` and ``p99``."""
        return {f"p{percent}": self.percentile(percent) for percent in PERCENTILES}


def rounded(value: float) -> float:
    """To three digits; 0 for less than a millisecond and for what is no number."""
    if not (LEAST <= value < math.inf):
        return 0.0
    return float(f"{value:.3g}")
