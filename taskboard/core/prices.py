"""Published prices, as data: US dollars for a million tokens, seen on the providers' pages on
2026-11-20. A setting ``[prices.MODEL]`` replaces or adds one."""

from __future__ import annotations

from taskboard.core.bill import Rates

PRICES: dict[str, Rates] = {
    "claude-haiku-5-5": Rates(
        0.10, 0.50, 0.01, 0.125, 0.20, 100_000, Rates(0.50, 2.50, 0.05, 0.625, 1.00)
    ),
    "claude-sonnet-5-5": Rates(2, 10, 0.10, 2.50, 4),
    "claude-opus-5-5": Rates(4, 20, 0.20, 5, 8),
    "claude-haiku-4-5": Rates(1, 5, 0.10, 1.25, 2),
}

FREE = "TASKBOARD_MODELS_ARE_FREE"
"""The variable that says so: the models are an offline one, which costs nothing."""
