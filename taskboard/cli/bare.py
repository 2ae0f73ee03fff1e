"""Commands that are called by their name alone: ``taskboard list``, ``taskboard once --json``.

They are the ones that are typed all day and asked by status lines, and have no words that would
need a parser; the parser takes longer to import than ``list`` takes for a board of usual size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any

from taskboard.cli.call import Call
from taskboard.cli.commands import COMMANDS

_UNNAMED = "status"
"""What ``taskboard`` does without a command."""


def bare(words: Sequence[str], call: Call) -> Callable[[Call], Any] | None:
    """The command that these words name and say nothing else about but what all commands share,
    which is noted in ``call``. None: they are for the parser."""
    names, board = [], call.board
    rest = iter(words)
    for word in rest:
        if word == "--board":
            value = next(rest, "")
            if not value or value.startswith("-") or board is not None:
                return None
            board = Path(value)
        elif word != "--json":  # whether it is there ``main`` has noted
            names.append(word)
    entry = COMMANDS.get(names[0] if names else _UNNAMED)
    if entry is None or len(names) > 1:
        return None
    function = getattr(import_module(f"taskboard.cli.{entry.module}"), entry.function)
    if not isinstance(function, FunctionType) or _needs_words(function):
        return None
    call.board = board
    return function


def _needs_words(function: FunctionType) -> bool:
    """Whether it has to be told more than the call it is part of."""
    code = function.__code__
    optional = len(function.__defaults__ or ()) + len(function.__kwdefaults__ or {})
    return code.co_argcount + code.co_kwonlyargcount - optional > 1
