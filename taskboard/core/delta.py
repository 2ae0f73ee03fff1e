"""What turned one text into another, as a few splices: how a written board is remembered.

The runtime's own writes replace some words and lines. Kept as splices they cost the ledger some
hundred bytes instead of the whole board, and applied in order they give its bytes again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

_AGREE = 128
"""Bytes after which two texts that were apart are taken to go on alike."""
_LINES = 12
"""Lines that one splice takes off or puts in at most, before the rest counts as one splice."""


class Edit(NamedTuple):
    """Bytes ``start`` up to ``end`` of the text before become ``text``."""

    start: int
    end: int
    text: str


def edits(old: bytes, new: bytes, limit: int) -> list[Edit] | None:
    """The splices that make ``new`` from ``old``, in order. None when they carry more than
    ``limit`` bytes, or bytes that are not UTF-8: then the whole text is to be kept."""
    found: list[Edit] = []
    room = limit
    for start, end, text in _stretches(old, new):
        room -= len(text) + _COST
        try:
            found.append(Edit(start, end, text.decode("utf-8")))
        except UnicodeDecodeError:
            return None
        if room < 0:
            return None
    return found


_COST = 24
"""Bytes of a splice in JSON besides its text."""


def applied(old: bytes, splices: Sequence[Sequence[object]]) -> bytes:
    """``old`` with the splices done. Raises ``ValueError`` when they cannot be its own."""
    out: list[bytes] = []
    at = 0
    for splice in splices:
        start, end, text = int(str(splice[0])), int(str(splice[1])), str(splice[2])
        if not at <= start <= end <= len(old):
            raise ValueError(f"no place for a splice of bytes {start} to {end}")
        out += [old[at:start], text.encode("utf-8")]
        at = end
    return b"".join([*out, old[at:]])


def _stretches(old: bytes, new: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Where the texts differ: bytes of ``old``, and what stands there in ``new``."""
    i = j = 0
    while True:
        same = _shared(old, i, new, j)
        i, j = i + same, j + same
        if i == len(old) and j == len(new):
            return
        back = i - (max(old.rfind(b"\n", 0, i), old.rfind(b"\r", 0, i)) + 1)
        i, j = i - min(back, same), j - min(back, same)
        k, m = _meet(old, i, new, j)
        yield i, k, new[j:m]
        i, j = k, m


def _shared(old: bytes, i: int, new: bytes, j: int) -> int:
    """How many bytes are the same from here on. Halves, so that C compares."""
    low, high = 0, min(len(old) - i, len(new) - j)
    if old[i : i + high] == new[j : j + high]:
        return high
    step = 64
    while step < high and old[i + low : i + step] == new[j + low : j + step]:
        low, step = step, step * 4
    high = min(high, step)
    while high - low > 1:
        middle = (low + high) // 2
        if old[i + low : i + middle] == new[j + low : j + middle]:
            low = middle
        else:
            high = middle
    return low + (old[i + low : i + high] == new[j + low : j + high]) * (high - low)


def _meet(old: bytes, i: int, new: bytes, j: int) -> tuple[int, int]:
    """The nearest line starts, some lines on, from which both go on alike for a while; the ends
    of both where there are none."""
    here, there = _starts(old, i), _starts(new, j)
    pairs = sorted(
        ((a, b) for a in range(len(here)) for b in range(len(there)) if a or b), key=sum
    )
    for a, b in pairs:
        one, other = old[here[a] : here[a] + _AGREE], new[there[b] : there[b] + _AGREE]
        if one == other and (len(one) == _AGREE or here[a] + len(one) == len(old)):
            return here[a], there[b]
    return _meet_at_the_end(old, i, new, j)


def _starts(text: bytes, at: int) -> list[int]:
    """Line starts from ``at`` on, and the end of the text when it is that near."""
    found = [at]
    for _ in range(_LINES):
        if at == len(text):
            break
        ends = [n for n in (text.find(b"\n", at), text.find(b"\r", at)) if n >= 0]
        at = min(ends) + 1 if ends else len(text)
        found.append(at)
    return found


def _meet_at_the_end(old: bytes, i: int, new: bytes, j: int) -> tuple[int, int]:
    low, high = 0, min(len(old) - i, len(new) - j)
    while high > low:
        middle = (low + high + 1) // 2
        if old[len(old) - middle :] == new[len(new) - middle :]:
            low = middle
        else:
            high = middle - 1
    return len(old) - low, len(new) - low
