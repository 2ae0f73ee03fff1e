"""The rules that stand before the board: those beside this file, or the user's own."""

from __future__ import annotations

from pathlib import Path

from taskboard.anthropic_api import Trouble, said

RULES, JUDGE = "rules.md", "judge.md"
LARGEST = 64 * 1024
"""Bytes of a prompt file."""

_HINT = "Correct prompt in [deciders.claude], or remove it."


def built_in(name: str) -> str:
    """``RULES`` for decisions, ``JUDGE`` for judgements."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def rules(root: Path, name: str) -> str | Trouble:
    """The rules of the file ``name`` beneath ``root``, the built-in ones where it is empty, or
    why there are none. Read each time: an edit counts in the next decision."""
    if not name:
        return built_in(RULES)
    try:
        path = (root / name).resolve()
        if not path.is_relative_to(root.resolve()):
            return _trouble(f"The prompt file {name} lies outside the workspace.")
        if not path.is_file():  # a pipe would keep us waiting
            return _trouble(f"There is no prompt file {name}.")
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
        text = raw.decode("utf-8")
    except (OSError, ValueError) as error:
        return _trouble(f"The prompt file {name} cannot be read: {said(error)}.")
    if not text.strip() or len(raw) > LARGEST:
        return _trouble(f"The prompt file {name} is empty or larger than {LARGEST // 1024} KiB.")
    return text


def _trouble(message: str) -> Trouble:
    return Trouble(kind="prompt", message=message, hint=_HINT)
