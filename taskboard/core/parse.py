"""Bytes to a board: tasks, fields, sections and what is wrong with the text. Never fails."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from itertools import zip_longest

from msgspec.structs import replace

from taskboard.core.blocks import flatten
from taskboard.core.board import Board, Diagnosis, InboxItem, Item, Layout, Span, Stretch
from taskboard.core.codes import finding
from taskboard.core.definition import definition as definition  # noqa: PLC0414
from taskboard.core.fields import canonical_key
from taskboard.core.inbox import find_inbox, is_inbox
from taskboard.core.layout import lay_out

MAX_BOARD = 16 * 1024 * 1024
"""Bytes; a larger board is held."""

_BOM = b"\xef\xbb\xbf"
_PAUSE = re.compile(
    rb"^(?:[-*][ \t]+)?(?:\*\*)?pause(?:\*\*)?(?::(?:\*\*)?[ \t]|\xef\xbc\x9a(?:\*\*)?)"
    rb"[ \t]*all[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_CONFLICT = re.compile(rb"^(?:(<{7}) |(>{7}) )", re.MULTILINE)

_RULED = "The row of - or = makes a heading of the lines above it: put a blank line before it."
_NEAR = 3
"""Lines within which the next heading may have been meant as fields."""


def parse(data: bytes, also: Collection[int] = (), *, earlier: Board | None = None) -> Board:
    """Understand a board. Spans are offsets into ``data``; any bytes at all give a board.
    ``also`` are starts of headings that are tasks although they lack what makes them one: some
    of an earlier look's ``loose``. ``earlier`` is what the text was before, if somebody knows: it
    saves time and changes nothing."""
    held = _unreadable(data)
    if held is not None:
        reason, code = held
        return Board(data=data, held=reason, diagnoses=(finding(code, line=1),))
    flat = flatten(data)
    start = len(_BOM) if data.startswith(_BOM) else 0
    layout = lay_out(data, flat, start, earlier)._replace(also=frozenset(also))
    stretches = layout.stretches
    chosen = [s.part.is_task or s.start in layout.also for s in stretches]
    loose = [s for s, is_task in zip(stretches, chosen, strict=True) if _is_loose(s, is_task)]
    items = tuple(_items(layout, chosen, len(data), earlier))
    first = items[0].start if items else len(flat)
    conflict = _conflict(flat, layout.hidden)
    cut, where = _cut(data, layout.open)
    found = [*_text_findings(data, flat, conflict, cut, where)]
    found += _heading_findings(stretches, loose)
    return Board(
        data=data,
        items=items,
        diagnoses=tuple(sorted(found, key=lambda d: d.line)),
        held=None if conflict is None else "conflict",
        cut=cut,
        paused=any(
            not _inside(m.start(), layout.hidden) for m in _PAUSE.finditer(flat, start, first)
        ),
        newline=_newline(data),
        loose=tuple((stretch.start, stretch.part.title) for stretch in loose),
        inbox=tuple(_inbox(flat, layout, items)),
        ids=frozenset(s.part.task for s in stretches if s.part.task is not None),
        layout=layout,
    )


def _is_loose(stretch: Stretch, is_task: bool) -> bool:
    part = stretch.part
    return part.task is None and not is_task and part.status_field is not None


def _line_at(flat: bytes, offset: int) -> int:
    return flat.count(b"\n", 0, offset) + 1


def _unreadable(data: bytes) -> tuple[str, str] | None:
    if len(data) > MAX_BOARD:
        return "size", "TB105"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf16", "TB102"
    if b"\0" in data:
        pairs = data[:4096]
        zeros = max(pairs[::2].count(0), pairs[1::2].count(0))
        return ("utf16", "TB102") if zeros * 4 > len(pairs) else ("nul", "TB103")
    if not data.removeprefix(_BOM).strip():
        return "empty", "TB104"
    return None


def _items(
    layout: Layout, chosen: Sequence[bool], size: int, earlier: Board | None
) -> Iterator[Item]:
    """Every task in order. One that stands above the edit is the one of before."""
    firsts: list[tuple[Stretch, int, int | None]] = []
    more: dict[int, list[Stretch]] = {}
    inside: list[tuple[int, int]] = []
    for stretch, is_task, end in zip(
        layout.stretches, chosen, _ends(layout.stretches, size), strict=True
    ):
        while inside and inside[-1][0] <= stretch.start:
            inside.pop()
        if is_task:
            place = len(firsts)
            firsts.append((stretch, end, inside[-1][1] if inside else None))
            inside.append((end, place))
        elif inside:
            more.setdefault(inside[-1][1], []).append(stretch)
    before = _kept(layout, earlier)
    for place, (stretch, end, parent) in enumerate(firsts):
        known = before[place] if place < len(before) else None
        if known is not None and known.first is stretch and known.end == end:
            yield known
        else:
            yield Item(stretch, end, parent, tuple(more.get(place, ())))


def _ends(stretches: Sequence[Stretch], size: int) -> list[int]:
    """Where the section of every heading ends: at the next one of its level or a higher one."""
    ends = [size] * len(stretches)
    waiting: list[tuple[int, int]] = []
    for place, stretch in enumerate(stretches):
        level = stretch.part.level
        while waiting and waiting[-1][1] >= level:
            ends[waiting.pop()[0]] = stretch.start
        waiting.append((place, level))
    return ends


def _kept(layout: Layout, earlier: Board | None) -> Sequence[Item | None]:
    """Tasks of before whose places nothing has changed: those in front of the first stretch that
    is another one now, as long as the same headings count as tasks."""
    if earlier is None or earlier.layout.also != layout.also:
        return ()
    pairs = zip(layout.stretches, earlier.layout.stretches, strict=False)
    other = next((old.start for new, old in pairs if new is not old), None)
    if other is None:
        return ()
    return [item if item.end <= other else None for item in earlier.items]


def _inbox(flat: bytes, layout: Layout, items: Sequence[Item]) -> Iterator[InboxItem]:
    named = [s for s in layout.stretches if s.part.task is None and is_inbox(s.part.title)]
    if not named:
        return
    pairs = zip(layout.stretches, _ends(layout.stretches, len(flat)), strict=True)
    ends = {stretch.start: end for stretch, end in pairs}
    sections = [Span(s.start + s.part.heading_end, ends[s.start]) for s in named]
    others = [item.section for item in items] + list(layout.hidden)
    others += [Span(s.start, s.start + s.part.heading_end) for s in layout.stretches]
    for item in find_inbox(flat, sections, others):
        yield replace(item, line=_line_at(flat, item.span.start))


def _heading_findings(
    stretches: Sequence[Stretch], loose: Sequence[Stretch]
) -> Iterator[Diagnosis]:
    for stretch, after in zip_longest(stretches, stretches[1:]):
        part = stretch.part
        if part.task is not None and not part.is_task:
            hint = _RULED if after is not None and _was_status(stretch, after) else None
            yield finding("TB117", line=stretch.line, task=part.task, hint=hint)
    for stretch in loose:
        yield finding("TB113", line=stretch.line)


def _was_status(stretch: Stretch, after: Stretch) -> bool:
    """Whether the next heading looks like the fields of this one."""
    key = after.part.title.replace("：", ":").partition(":")[0]
    near = after.line - stretch.line <= _NEAR
    return near and not stretch.part.fields and canonical_key(key.strip("* ")) == "status"


def _text_findings(
    data: bytes, flat: bytes, conflict: int | None, cut: str | None, where: int
) -> Iterator[Diagnosis]:
    if conflict is not None:
        yield finding("TB106", line=_line_at(flat, conflict))
    if cut is not None:
        place = "a character" if cut == "utf8" else f"the {cut} that starts here"
        yield finding("TB107", f"The text ends inside {place}.", line=_line_at(flat, where))
    try:
        data.decode()
    except UnicodeDecodeError as problem:
        if cut != "utf8" or problem.start < where:
            line = _line_at(flat, problem.start)
            shown = f"Byte 0x{data[problem.start]:02x} is not UTF-8; it is kept as it is."
            yield finding("TB101", shown, line=line)


def _conflict(flat: bytes, hidden: Sequence[Span]) -> int | None:
    """Where the first conflict starts that also ends, outside fences and comments."""
    if b"<<<<<<< " not in flat or b"\n>>>>>>> " not in flat:
        return None
    start: int | None = None
    for mark in _CONFLICT.finditer(flat):
        if _inside(mark.start(), hidden):
            continue
        if mark[1] and start is None:
            start = mark.start()
        elif mark[2] and start is not None:
            return start
    return None


def _inside(offset: int, spans: Sequence[Span]) -> bool:
    place = bisect_right(spans, offset, key=lambda span: span.start)
    return place > 0 and offset < spans[place - 1].end


def _cut(data: bytes, opened: tuple[str, int] | None) -> tuple[str | None, int]:
    if opened is not None:
        return opened
    for back in range(1, min(3, len(data)) + 1):
        lead = data[-back]
        if lead >= 0xC2:  # the first byte of a character: is all of it there?
            length = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
            return ("utf8", len(data) - back) if length > back and lead < 0xF5 else (None, 0)
        if lead < 0x80:
            break
    return None, 0


def _newline(data: bytes) -> bytes:
    if b"\r" not in data:
        return b"\n"
    pairs = data.count(b"\r\n")
    counts = {b"\n": data.count(b"\n") - pairs, b"\r\n": pairs, b"\r": data.count(b"\r") - pairs}
    return max(counts, key=lambda ending: counts[ending])
