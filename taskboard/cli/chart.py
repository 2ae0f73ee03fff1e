"""Charts of characters: bars for a terminal and for a pipe alike."""

from __future__ import annotations

from collections.abc import Sequence

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_PARTS = "▏▎▍▌▋▊▉█"


def spark(values: Sequence[float]) -> str:
    """One character for each value, the largest the highest; a value of nothing is a dot, and
    whatever is more than nothing is more than that."""
    most = max(values, default=0)
    return "".join(_EIGHTHS[_step(value, most, 8)] if value > 0 else "·" for value in values)


def bar(value: float, most: float, width: int) -> str:
    """A bar of at most ``width`` columns; something is at least a sliver."""
    if value <= 0 or most <= 0:
        return ""
    parts = _step(value, most, 8 * width)
    return "█" * (parts // 8) + (_PARTS[parts % 8 - 1] if parts % 8 else "")


def _step(value: float, most: float, steps: int) -> int:
    return max(1, min(steps, round(value / most * steps)))
