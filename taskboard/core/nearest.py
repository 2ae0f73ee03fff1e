"""The known word that a mistyped one is nearest to."""

from __future__ import annotations

from collections.abc import Iterable

LIKE = 0.6
"""How alike two words have to be: the share of their letters that stand in the same order."""


def nearest(word: str, known: Iterable[str], *, like: float = LIKE) -> str:
    """The one of ``known`` that was probably meant by ``word``; empty where none is near."""
    from difflib import get_close_matches  # hardly ever wanted, and slow to import

    return next(iter(get_close_matches(word, list(known), 1, like)), "")
