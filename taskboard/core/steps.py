"""The named parts of a run: which an agent is asked for, before and after the host has looked."""

from __future__ import annotations

import re
from collections.abc import Mapping

GENERATE, VALIDATE = "generate", "validate"
INTAKE = "intake"
MOST = 16
"""Steps that one task may name."""

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}")
_AFTER = ("deliver", "confirm")
_KNOWN = {
    "analyze": "Find out what has to be done and how. Change nothing yet; the summary of your"
    " report is what the later steps build on.",
    GENERATE: "Do the work.",
    "deliver": "The work is done and was checked. Hand it over as the task says (publish, send,"
    " merge); do not redo it.",
    "confirm": "It was handed over. Check from the receiving side that it arrived and is whole;"
    " change nothing.",
}


def work_steps(fields: Mapping[str, str]) -> tuple[str, ...]:
    """The steps an agent works through before validation, in order: those that ``steps`` names,
    and ``generate`` in any case. ``intake`` and ``validate`` are the host's own."""
    named = _named(fields)
    before = tuple(step for step in named if step not in (*_AFTER, INTAKE, VALIDATE))
    return before if GENERATE in before else (*before, GENERATE)


def closing_steps(fields: Mapping[str, str]) -> tuple[str, ...]:
    """The steps that come after validation, in order."""
    return tuple(step for step in _AFTER if step in _named(fields))


def instruction(step: str) -> str:
    """What a step asks of an agent."""
    return _KNOWN.get(step, f"Do the step the task calls `{step}`.")


def is_step(name: str) -> bool:
    """Whether a step may be called this. A folder is named after it and agents are told it, so
    it is a plain word: nothing else is followed, wherever it comes from."""
    return _NAME.fullmatch(name) is not None


def read_steps(typed: str) -> tuple[str, ...] | None:
    """The names in a ``steps`` field, each once; None when one is no name or there are more than
    ``MOST``."""
    words = (word.strip().casefold() for word in typed.split(","))
    names = tuple(dict.fromkeys(word for word in words if word))
    return names if len(names) <= MOST and all(map(is_step, names)) else None


def _named(fields: Mapping[str, str]) -> tuple[str, ...]:
    """None of them when they cannot be read: that is diagnosed (TB118) and does not start."""
    return read_steps(fields.get("steps", "")) or ()
