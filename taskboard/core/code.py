"""What one diagnosis code says of itself."""

from __future__ import annotations

from typing import NamedTuple


class Code(NamedTuple):
    """One row of the table. ``meaning`` and ``cure`` are single sentences, ``example`` is what
    the line that has it may look like."""

    name: str
    severity: str
    meaning: str
    cure: str
    example: str = ""


def error(name: str, meaning: str, cure: str, example: str = "") -> Code:
    """A row whose findings keep their task from starting."""
    return Code(name, "error", meaning, cure, example)


def warning(name: str, meaning: str, cure: str, example: str = "") -> Code:
    """A row whose findings deserve a look."""
    return Code(name, "warning", meaning, cure, example)


def info(name: str, meaning: str, cure: str, example: str = "") -> Code:
    """A row whose findings are good to know."""
    return Code(name, "info", meaning, cure, example)
