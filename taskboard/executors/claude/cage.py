"""What a command of the agent may touch, and what it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from taskboard.anthropic_api import KEYS
from taskboard.child import run_environment
from taskboard.confinement import Cage
from taskboard.executor import Order


def cage_of(
    environ: Mapping[str, str], order: Order, readable: Sequence[str], hidden: Path
) -> Cage:
    """``readable``: folders that a user has opened to commands; ``~/`` is their home. ``hidden``
    is where agents' programs keep what is theirs."""
    home = Path(environ.get("HOME") or "~").expanduser()
    return Cage(
        project=order.project,
        home=home,
        hidden=(hidden,),
        readable=tuple(
            home / path.removeprefix("~").lstrip("/") if path.startswith("~") else Path(path)
            for path in readable
        ),
        control=order.control,
        closed=order.rights.closed,
        network=order.rights.network,
    )


def command_environment(environ: Mapping[str, str], order: Order) -> dict[str, str]:
    """The environment of a run without anything of the model's service, whatever the settings let
    through and whatever name its key has."""
    found = run_environment(
        environ, order.env, label=order.label, run=order.run, board=order.board
    )
    keys = [value for name in KEYS if (value := environ.get(name, "").strip())]
    return {
        name: value
        for name, value in found.items()
        if not name.startswith("ANTHROPIC_") and not any(key in value for key in keys)
    }
