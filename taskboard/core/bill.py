"""What models were used for and what that costs: tokens always, dollars where a price is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

_COUNTS = ("input", "output", "cache_read", "cache_write", "cache_write_1h")

MOST = 10**12
"""Tokens of one kind that anybody is believed to have used at once."""


def tokens(found: Any) -> int:
    """A count as a provider tells it: a whole number from 0 to ``MOST``; 0 for anything else."""
    return min(found, MOST) if type(found) is int and found > 0 else 0


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens of one answer of a model. ``input`` are those that no cache had a part in; the
    whole prompt is ``input + cache_read + cache_write + cache_write_1h``."""

    model: str
    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0

    @property
    def prompt(self) -> int:
        """Tokens of the whole prompt, cached or not."""
        return self.input + self.cache_read + self.cache_write + self.cache_write_1h


class Rates(msgspec.Struct, frozen=True):
    """US dollars for a million tokens. Prompts of more than ``over`` tokens cost ``long``
    instead, the whole request."""

    input: float
    output: float
    cache_read: float
    cache_write: float
    cache_write_1h: float
    over: int | None = None
    long: Rates | None = None


def cost(usage: Usage, rates: Rates) -> float:
    """US dollars for one answer."""
    if rates.over is not None and rates.long is not None and usage.prompt > rates.over:
        return cost(usage, rates.long)
    return float(sum(getattr(usage, n) * getattr(rates, n) for n in _COUNTS)) / 1e6


class Bill(msgspec.Struct, frozen=True):
    """Everything a piece of work used. ``cost_usd`` is None when nothing was used or when the
    price of one of the models is not known: never a made-up 0."""

    used: tuple[Usage, ...] = ()
    cost_usd: float | None = None

    @classmethod
    def of(cls, answers: Iterable[Usage], prices: Mapping[str, Rates]) -> Bill:
        """The bill of single answers, priced one by one, summed by model."""
        sums: dict[str, Usage] = {}
        total: float | None = None
        unknown = False
        for usage in answers:
            known = sums.get(usage.model)
            sums[usage.model] = usage if known is None else _sum(known, usage)
            rates = rates_of(usage.model, prices)
            if rates is None:
                unknown = True
            else:
                total = (total or 0.0) + cost(usage, rates)
        return cls(tuple(sums.values()), None if unknown or total is None else round(total, 8))

    def plus(self, other: Bill) -> Bill:
        """Both together."""
        if not self.used or not other.used:
            return self if self.used else other
        sums = {u.model: u for u in self.used}
        for usage in other.used:
            known = sums.get(usage.model)
            sums[usage.model] = usage if known is None else _sum(known, usage)
        known_both = self.cost_usd is not None and other.cost_usd is not None
        total = round((self.cost_usd or 0) + (other.cost_usd or 0), 8) if known_both else None
        return Bill(tuple(sums.values()), total)

    @property
    def tokens(self) -> int:
        """All of them, cached or not."""
        return sum(usage.prompt + usage.output for usage in self.used)

    def as_data(self) -> dict[str, Any]:
        """What an event carries: ``cost_usd`` and ``usage``; nothing for an empty bill."""
        if not self.used:
            return {}
        rows = [{"model": u.model, **{n: getattr(u, n) for n in _COUNTS}} for u in self.used]
        return {"cost_usd": self.cost_usd, "usage": rows}

    @classmethod
    def from_data(cls, data: Any) -> Bill:
        """The bill that ``as_data`` made; an empty one of anything else."""
        rows = data.get("usage") if isinstance(data, Mapping) else None
        used = tuple(
            Usage(model=row["model"], **{n: tokens(row.get(n)) for n in _COUNTS})
            for row in (rows if isinstance(rows, list) else ())
            if isinstance(row, Mapping) and isinstance(row.get("model"), str)
        )
        paid = data.get("cost_usd") if used else None
        believed = isinstance(paid, int | float) and 0 <= paid < _ABSURD
        return cls(used, float(paid or 0) if believed else None)


_ABSURD = 1e12
"""US dollars that no bill comes to."""

NOTHING = Bill()
"""Nothing was used."""


def rates_of(model: str, prices: Mapping[str, Rates]) -> Rates | None:
    """The rates of a model: by its name, else by the longest known beginning of it (providers
    append dates); None when there is none."""
    fitting = [name for name in prices if model == name or model.startswith(f"{name}-")]
    return prices[max(fitting, key=len)] if fitting else None


def why_unpriced(model: str, budget: float | None, prices: Mapping[str, Rates]) -> tuple[str, str]:
    """Why a budget cannot be kept with a model, and what cures it; two empty texts when it can.
    ``model`` is empty where nobody knows which one it will be."""
    if budget is None or (model and rates_of(model, prices) is not None):
        return "", ""
    if not model:
        error = "nobody knows which model it will take, so its budget cannot be kept"
        return error, "Name the model, here or in the settings."
    error = f"the price of {model} is not known, so its budget cannot be kept"
    return error, f"Add a table [prices.{model}] to the settings, or take another model."


def _sum(one: Usage, other: Usage) -> Usage:
    counts = {n: getattr(one, n) + getattr(other, n) for n in _COUNTS}
    return Usage(model=one.model, **counts)
