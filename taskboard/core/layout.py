"""A board cut at its headings, each part read once: after an edit only what stands around the
edit is read again.

Where a heading in column 0 stands, nothing is open (see ``core.blocks``): what follows it means
the same whatever came before. So reading may begin again at one above an edit, and may stop at
one below it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from taskboard.core.blocks import Blocks, find_blocks, front_matter, scan
from taskboard.core.board import Board, Layout, Part, Span, Stretch
from taskboard.core.fields import read_fields, text_of
from taskboard.core.headings import heading_id, title_after
from taskboard.core.markdown import Heading
from taskboard.core.state import Kind, read_status

_CHUNK = 1 << 16
_MANY = 32
"""Parts read again from which looking for the same bytes further off is worth it."""


class _Text(NamedTuple):
    """What is cut: the bytes, the same ``flatten``ed, and parts known by their bytes."""

    data: bytes
    flat: bytes
    known: Mapping[bytes, Part] = {}


class _Edit(NamedTuple):
    """What two texts share: ``same`` bytes at the front; from ``old`` on the earlier text goes on
    as the new one does from ``new`` on."""

    same: int
    old: int
    new: int


def lay_out(data: bytes, flat: bytes, start: int, earlier: Board | None = None) -> Layout:
    """Cut ``data`` (``flat``: the same, ``flatten``ed; its text begins at ``start``). What
    ``earlier`` has in common with it is taken from there, with the same result."""
    front = front_matter(flat, start)[1]
    if earlier is not None and earlier.layout.stretches and earlier.layout.front == front:
        layout = _again(data, flat, earlier, front)
        if layout is not None:
            return layout
    blocks = find_blocks(flat, start)
    text = _Text(data, flat)
    first = blocks.headings[0].start if blocks.headings else len(flat)
    stretches = _stretches(text, blocks.headings, len(flat), flat.count(b"\n", 0, first) + 1)
    return Layout(tuple(stretches), tuple(blocks.hidden), blocks.open, front)


def _again(data: bytes, flat: bytes, earlier: Board, front: int) -> Layout | None:
    """The layout, read only between a heading above the edit and one below it; None when no
    heading stands above it."""
    old = earlier.layout
    edit = _edit(earlier.data, data)
    first = _last_above(old.stretches, edit.same)
    if first is None:
        return None
    begin = old.stretches[first]
    shift = edit.new - edit.old
    after = bisect_left(old.stretches, edit.old, key=lambda stretch: stretch.start)

    def goes_on(at: int) -> bool:
        """Whether a heading that was there before stands at ``at``, below the edit."""
        place = bisect_left(old.stretches, at - shift, lo=after, key=lambda s: s.start)
        found = old.stretches[place] if place < len(old.stretches) else None
        return found is not None and found.start == at - shift and _in_column_0(found)

    blocks, end = scan(flat, begin.start, goes_on)
    text = _Text(data, flat, _known(old, blocks))
    middle = _stretches(text, blocks.headings, end, begin.line)
    above = [span for span in old.hidden if span.start < begin.start]
    if end == len(flat):
        stretches = (*old.stretches[:first], *middle)
        return Layout(stretches, (*above, *blocks.hidden), blocks.open, front)
    rest = bisect_left(old.stretches, end - shift, key=lambda stretch: stretch.start)
    lines = begin.line + flat.count(b"\n", begin.start, end) - old.stretches[rest].line
    below = _moved(old.stretches[rest:], shift, lines)
    hidden = [*above, *blocks.hidden]
    hidden += [Span(a + shift, b + shift) for a, b in old.hidden if a + shift >= end]
    opened = None if old.open is None else (old.open[0], old.open[1] + shift)
    return Layout((*old.stretches[:first], *middle, *below), tuple(hidden), opened, front)


def _moved(stretches: tuple[Stretch, ...], shift: int, lines: int) -> Iterable[Stretch]:
    if not shift and not lines:
        return stretches
    return [Stretch(s.start + shift, s.line + lines, s.part) for s in stretches]


def _last_above(stretches: tuple[Stretch, ...], same: int) -> int | None:
    """The last heading in column 0 whose line lies within the first ``same`` bytes."""
    place = bisect_left(stretches, same, key=lambda stretch: stretch.start) - 1
    while place >= 0:
        stretch = stretches[place]
        if _in_column_0(stretch) and stretch.start + stretch.part.heading_end <= same:
            return place
        place -= 1
    return None


def _in_column_0(stretch: Stretch) -> bool:
    return stretch.part.raw.startswith(b"#")


def _known(old: Layout, blocks: Blocks) -> dict[bytes, Part]:
    """The parts of before by their bytes, where many are to be read again."""
    if len(blocks.headings) < _MANY:
        return {}
    return {stretch.part.raw: stretch.part for stretch in old.stretches}


def _edit(old: bytes, new: bytes) -> _Edit:
    most = min(len(old), len(new))
    same = _common(most, lambda a, b: old[a:b] == new[a:b])
    back = _common(
        most - same,
        lambda a, b: old[len(old) - b : len(old) - a] == new[len(new) - b : len(new) - a],
    )
    return _Edit(same, len(old) - back, len(new) - back)


def _common(most: int, agree: Callable[[int, int], bool]) -> int:
    """How many units from the first on agree, of ``most``: by pieces, then by halves."""
    at = 0
    while at < most and agree(at, min(at + _CHUNK, most)):
        at += _CHUNK
    if at >= most:
        return most
    step = _CHUNK
    while step := step // 2:
        if at + step <= most and agree(at, at + step):
            at += step
    return at


def _stretches(text: _Text, headings: list[Heading], end: int, line: int) -> list[Stretch]:
    """Every heading with what stands under it; the first is on ``line``, the last one's part
    ends at ``end``."""
    found = []
    edges = [*(heading.start for heading in headings[1:]), end]
    for heading, edge in zip(headings, edges, strict=bool(headings)):
        raw = text.data[heading.start : edge]
        part = text.known.get(raw) or _part(raw, text.flat[heading.start : edge], heading)
        found.append(Stretch(heading.start, line, part))
        line += part.lines
    return found


def _part(raw: bytes, flat: bytes, heading: Heading) -> Part:
    start = heading.start
    text = text_of(flat[heading.title_start - start : heading.title_end - start])
    if "\n" in text:
        text = " ".join(part.strip(" \t") for part in text.split("\n"))
    under = flat.count(b"\n", 0, heading.end - start)
    fields, stop = read_fields(flat, heading.end - start, len(flat), under)
    match = heading_id(text)
    task = None if match is None else match["id"]
    typed = next((field for field in fields if field.key == "status"), None)
    status = read_status("" if typed is None else typed.value)
    alone = typed is not None and status.kind in (Kind.READY, Kind.BLOCKED)
    return Part(
        raw=raw,
        level=heading.level,
        task=task,
        title=text if match is None else title_after(text, match),
        title_start=heading.title_start - start,
        heading_end=heading.end - start,
        fields=fields,
        fields_end=stop,
        lines=flat.count(b"\n"),
        is_task=alone if task is None else typed is not None,
        status=status,
    )
