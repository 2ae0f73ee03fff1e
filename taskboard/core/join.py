"""Joining two texts that grew from one: line by line, and nothing that was added is lost."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_CELLS = 40_000
"""A stretch of more lines times lines than this is not compared line by line: comparing takes
their product, and boards of 5 MB must join in seconds."""

Lines = Sequence[bytes]
_DEPTH = 20
"""How often stretches between unique lines are searched for unique lines again."""


class Joined(NamedTuple):
    """The joined text, and whether some line was changed by both (theirs stands then)."""

    data: bytes
    conflicts: bool


class Hunk(NamedTuple):
    """Base lines ``start`` up to ``end`` became ``lines``."""

    start: int
    end: int
    lines: tuple[bytes, ...]


def join(base: bytes, ours: bytes, theirs: bytes) -> Joined:
    """Apply to ``base`` what ``ours`` (the older) and ``theirs`` (the later) did to it.

    Lines added by both at one place are both kept, the older first; the same lines added by both
    are kept once. Where both changed or deleted the same existing line differently, theirs stays
    and ``conflicts`` is true.
    """
    if ours in (base, theirs):
        return Joined(theirs, conflicts=False)
    if theirs == base:
        return Joined(ours, conflicts=False)
    texts = [_split(text) for text in (base, ours, theirs)]
    mine, later = (list(_hunks(texts[0], side)) for side in texts[1:])
    kept, conflicts = _undisputed(mine, later)
    lines = _apply(texts[0], kept, later)
    return Joined(_whole(lines, ours, theirs), conflicts)


def _split(text: bytes) -> list[bytes]:
    """Lines with their endings. A last line without one is given one: it is the same line once
    something follows it."""
    lines = _LINE.findall(text)
    if lines and not lines[-1].endswith((b"\r", b"\n")):
        ending = lines[0][len(lines[0].rstrip(b"\r\n")) :]
        lines[-1] += ending or b"\n"
    return lines


def _whole(lines: list[bytes], ours: bytes, theirs: bytes) -> bytes:
    """The text, without the ending that ``_split`` added to what is still the last line."""
    if not lines:
        return b""
    last = lines[-1]
    bare = last.rstrip(b"\r\n")
    for side in (theirs, ours):
        if side.endswith(last):
            break
        if bare and side.endswith(bare) and side[: -len(bare)][-1:] in (b"", b"\r", b"\n"):
            return b"".join(lines)[: len(bare) - len(last)]
    return b"".join(lines)


def _undisputed(mine: list[Hunk], later: list[Hunk]) -> tuple[list[Hunk], bool]:
    """My hunks without those that the later side did too or did otherwise; whether there were
    any of the last kind."""
    kept = []
    conflicts = False
    first = 0
    for hunk in mine:
        while first < len(later) and later[first].end < hunk.start:
            first += 1
        verdicts = set()
        for other in later[first:]:
            if other.start > hunk.end:
                break
            verdicts.add(_meet(hunk, other))
        conflicts |= "conflict" in verdicts
        if verdicts <= {"apart"}:
            kept.append(hunk)
    return kept, conflicts


def _meet(mine: Hunk, other: Hunk) -> str:
    """``apart``, ``same`` (the other includes mine) or ``conflict``."""
    if mine == other:
        return "same"
    shared = max(mine.start, other.start) < min(mine.end, other.end)
    return "conflict" if shared and (mine.lines or other.lines) else "apart"


def _apply(base: Lines, mine: list[Hunk], later: list[Hunk]) -> list[bytes]:
    out: list[bytes] = []
    done = 0
    gone = 0
    for start, hunks in _by_start(mine, later):
        out += base[max(done, gone) : max(start, gone)]
        done = start
        out += _added([hunk.lines for hunk in hunks])
        gone = max(gone, *(hunk.end for hunk in hunks))
    out += base[max(done, gone) :]
    return out


def _by_start(mine: list[Hunk], later: list[Hunk]) -> Iterator[tuple[int, list[Hunk]]]:
    """Hunks of both sides that begin at one place, mine first; an addition before a change."""
    places: dict[int, list[Hunk]] = {}
    for hunk in mine + later:
        places.setdefault(hunk.start, []).append(hunk)
    for start in sorted(places):
        yield start, sorted(places[start], key=lambda hunk: hunk.end > hunk.start)


def _added(blocks: list[tuple[bytes, ...]]) -> list[bytes]:
    """All blocks in order; one that another contains is there already."""
    out: list[bytes] = []
    for i, block in enumerate(blocks):
        others = blocks[:i] + [other for other in blocks[i + 1 :] if other != block]
        if not any(_contains(other, block) for other in others):
            out += block
    return out


def _contains(whole: Lines, part: Lines) -> bool:
    text = b"".join(whole)
    found = text.find(b"".join(part))
    return found == 0 or (found > 0 and text[found - 1 : found] in (b"\r", b"\n"))


def _hunks(base: Lines, side: Lines) -> Iterator[Hunk]:
    """What ``side`` did, in order. A change of n lines to n lines is n changes of one."""
    at = to = 0
    everything = Stretch(base, side, 0, len(base), 0, len(side))
    for i, j in [*_matches(everything), (len(base), len(side))]:
        if (at, to) != (i, j):
            if i - at == j - to:
                yield from (Hunk(at + k, at + k + 1, (side[to + k],)) for k in range(i - at))
            else:
                yield Hunk(at, i, tuple(side[to:j]))
        at, to = i + 1, j + 1


class Stretch(NamedTuple):
    """Lines ``a0`` up to ``a1`` of one text, ``b0`` up to ``b1`` of another."""

    a: Lines
    b: Lines
    a0: int
    a1: int
    b0: int
    b1: int

    def ends(self) -> tuple[int, int]:
        """How many lines are the same at the start, and at the end."""
        most = min(self.a1 - self.a0, self.b1 - self.b0)
        head = tail = 0
        while head < most and self.a[self.a0 + head] == self.b[self.b0 + head]:
            head += 1
        while tail < most - head and self.a[self.a1 - tail - 1] == self.b[self.b1 - tail - 1]:
            tail += 1
        return head, tail


def _matches(whole: Stretch, depth: int = 0) -> Iterator[tuple[int, int]]:
    """Pairs of equal lines, rising on both sides: common ends first, then lines that stand only
    once on each side, then ``difflib`` on the stretches between them."""
    head, tail = whole.ends()
    a, b, a0, a1, b0, b1 = whole
    yield from ((a0 + k, b0 + k) for k in range(head))
    rest = Stretch(a, b, a0 + head, a1 - tail, b0 + head, b1 - tail)
    anchors = _anchors(rest) if depth < _DEPTH else []
    if anchors:
        i, j = rest.a0, rest.b0
        for x, y in anchors:
            yield from _matches(Stretch(a, b, i, x, j, y), depth + 1)
            yield (x, y)
            i, j = x + 1, y + 1
        yield from _matches(Stretch(a, b, i, rest.a1, j, rest.b1), depth + 1)
    else:
        yield from _compared(rest)
    yield from ((a1 - tail + k, b1 - tail + k) for k in range(tail))


def _compared(part: Stretch) -> Iterator[tuple[int, int]]:
    if (part.a1 - part.a0) * (part.b1 - part.b0) > _CELLS:
        return
    from difflib import SequenceMatcher  # most saves leave nothing to compare

    one, other = part.a[part.a0 : part.a1], part.b[part.b0 : part.b1]
    for block in SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks():
        for k in range(block.size):
            yield (part.a0 + block.a + k, part.b0 + block.b + k)


def _anchors(part: Stretch) -> list[tuple[int, int]]:
    """The longest rising row of lines that stand exactly once on each side."""
    there = _once(part.b, part.b0, part.b1)
    here = _once(part.a, part.a0, part.a1)
    pairs = sorted((i, there[line]) for line, i in here.items() if line in there)
    tops: list[int] = []
    heads: list[int] = []
    before: list[int] = []
    for index, (_, j) in enumerate(pairs):
        height = bisect_left(tops, j)
        before.append(heads[height - 1] if height else -1)
        tops[height : height + 1] = [j]
        heads[height : height + 1] = [index]
    row = []
    index = heads[-1] if heads else -1
    while index >= 0:
        row.append(pairs[index])
        index = before[index]
    return row[::-1]


def _once(lines: Lines, start: int, end: int) -> dict[bytes, int]:
    seen: dict[bytes, int] = {}
    for i in range(start, end):
        seen[lines[i]] = -1 if lines[i] in seen else i
    return {line: i for line, i in seen.items() if i >= 0}
