"""Patterns of paths, matched in time that no pattern can stretch (a regular expression's can)."""

from __future__ import annotations

from collections.abc import Callable, Sequence


def fits(pattern: str, path: str) -> bool:
    """``*`` and ``?`` within a name, ``**`` for any folders; without a slash it is the name that
    counts, wherever it lies. An empty pattern fits everything."""
    names = [part for part in pattern.split("/") if part not in ("", ".")]
    if not names:
        return True
    if "/" not in pattern:
        names.insert(0, "**")
    return _matches(names, path.split("/"), "**", _name_fits)


def _name_fits(pattern: str, name: str) -> bool:
    return _matches(pattern, name, "*", lambda sign, letter: sign in ("?", letter))


def _matches(
    pattern: Sequence[str], found: Sequence[str], star: str, same: Callable[[str, str], bool]
) -> bool:
    """Only the last star is ever tried again: what fitted before an earlier one still does."""
    p = i = 0
    back: tuple[int, int] | None = None
    while i < len(found):
        if p < len(pattern) and pattern[p] == star:
            back, p = (p, i), p + 1
        elif p < len(pattern) and same(pattern[p], found[i]):
            p, i = p + 1, i + 1
        elif back is not None:
            back = (back[0], back[1] + 1)
            p, i = back[0] + 1, back[1]
        else:
            return False
    return all(part == star for part in pattern[p:])
