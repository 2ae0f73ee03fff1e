"""What taskboard is measured beside. It lies in ``.venv/bench``, where ``dev.py bench --peers``
puts it; what is not there is passed over."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

FOLDER = Path(sys.prefix, "bench")


def huey() -> ModuleType | None:
    """The task queue, or None."""
    place = str(FOLDER / "python")
    if place not in sys.path:
        sys.path.append(place)
    try:
        return import_module("huey")
    except ImportError:
        return None


def backlog() -> dict[str, Path]:
    """Backlog.md's programs by what they are: the ``npm command`` and the ``native`` one that it
    starts. Empty where it is missing."""
    modules = FOLDER / "node_modules"
    found = {"npm command": modules / ".bin" / "backlog"}
    for program in sorted(modules.glob("backlog.md-*/backlog")):
        found["native"] = program
    return {name: program for name, program in found.items() if program.exists()}
