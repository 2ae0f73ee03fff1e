"""What ``[executors.NAME]`` may say of an agent's program, whichever that is."""

from __future__ import annotations

from pathlib import Path

from taskboard.core.bill import why_unpriced
from taskboard.core.outcome import Unable
from taskboard.core.setting_kinds import Setting
from taskboard.executor import Edges, Order

COMMAND = Setting("command", "needed", "The program: a name or a path.", own=True)
MODEL = Setting("model", "text", "The model, unless a task or a decision names one.")
MAX_TURNS = Setting("max_turns", "count", "How many turns one run may take.")
READABLE = Setting("readable", "texts", "More files and folders that it may read.", own=True)
ARGS = Setting("args", "texts", "More arguments for the program.", own=True)

_TURNS = 60


def model(edges: Edges, order: Order) -> str:
    """The model that an order is done with; empty for the program's own default."""
    return order.model or str(edges.options.get("model") or "")


def turns(edges: Edges) -> int:
    """How many turns a run may take."""
    return int(edges.options.get("max_turns") or _TURNS)


def readable(edges: Edges) -> tuple[Path, ...]:
    """What its user lets it read besides the project."""
    return tuple(Path(path).expanduser() for path in edges.options.get("readable", ()))


def arguments(edges: Edges) -> tuple[str, ...]:
    """Its user's own arguments. They come last: there they count."""
    return tuple(edges.options.get("args", ()))


def unpriced(edges: Edges, order: Order, model: str) -> Unable | None:
    """Why an order's budget cannot be kept with a model, if so: for a program that does not
    watch over a budget itself."""
    why, hint = why_unpriced(model, order.budget_usd, edges.prices)
    return Unable(reason="capability", error=why, hint=hint) if why else None
