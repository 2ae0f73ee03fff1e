"""Human ids: their shape, and the next free one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

ID = re.compile(r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*-\d+")
"""The shape of a human id; a heading's id is the whole token."""

DEFAULT_PREFIX = "TASK"

_TOKEN = re.compile(rb"(?<![A-Za-z0-9_-])[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*-\d{1,9}(?![A-Za-z0-9_-])")


def ids_in(text: bytes) -> frozenset[str]:
    """Everything in a text that could be a task's id, wherever it stands: somebody means one."""
    return frozenset(found.decode() for found in _TOKEN.findall(text))


class Names:
    """Gives ids: the commonest prefix among those taken (default ``TASK``), above every number
    that is taken or ``spoken`` of under it, at least three digits wide."""

    def __init__(self, taken: Iterable[str], spoken: Iterable[str] = ()) -> None:
        names = sorted({name for name in taken if ID.fullmatch(name)})
        prefixes = Counter(name.rpartition("-")[0] for name in names)
        best = max(prefixes.values(), default=0)
        common = sorted(p for p, n in prefixes.items() if n == best)
        self._prefix = common[0] if common else DEFAULT_PREFIX
        numbers = [n.rpartition("-")[2] for n in names if n.rpartition("-")[0] == self._prefix]
        named = [n.rpartition("-")[2] for n in spoken if n.rpartition("-")[0] == self._prefix]
        self._number = max((int(n) for n in (*numbers, *named)), default=0)
        self._width = max((len(n) for n in numbers), default=3) if numbers else 3

    def next(self) -> str:
        """The next free id; never the same one twice."""
        self._number += 1
        return f"{self._prefix}-{self._number:0{self._width}d}"
