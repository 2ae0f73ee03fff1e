"""Bytes to a board: tasks, fields, sections and what is wrong with the text. Never fails."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator
from itertools import accumulate, zip_longest
from typing import NamedTuple

from msgspec.structs import replace

from taskboard.core.blocks import Blocks, find_blocks, flatten
from taskboard.core.board import Board, Diagnosis, Field, InboxItem, Item, Span
from taskboard.core.codes import finding
from taskboard.core.definition import definition as definition  # noqa: PLC0414
from taskboard.core.fields import canonical_key, prose_around, read_fields, text_of
from taskboard.core.headings import heading_id, title_after
from taskboard.core.inbox import find_inbox, is_inbox
from taskboard.core.markdown import Heading
from taskboard.core.state import Kind, read_status

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


class _Lines:
    """Line numbers of ascending or descending offsets, from one pass over the text."""

    def __init__(self, flat: bytes) -> None:
        self._starts = _line_starts(flat)

    def number(self, offset: int) -> int:
        return bisect_right(self._starts, offset)


def _line_starts(flat: bytes) -> list[int]:
    starts = [0]
    starts.extend(accumulate(len(line) + 1 for line in flat.split(b"\n")))
    return starts[:-1]


class _Draft(NamedTuple):
    """A heading with its fields, before it is known to be a task."""

    heading: Heading
    end: int
    task: str | None
    title: str
    line: int
    fields: tuple[Field, ...]
    fields_end: int


def parse(data: bytes, also: Collection[int] = ()) -> Board:
    """Understand a board. Spans are offsets into ``data``; any bytes at all give a board.
    ``also`` are starts of headings that are tasks although they lack what makes them one: some
    of an earlier look's ``loose``."""
    held = _unreadable(data)
    if held is not None:
        reason, code = held
        return Board(data=data, held=reason, diagnoses=(finding(code, line=1),))
    flat = flatten(data)
    start = len(_BOM) if data.startswith(_BOM) else 0
    blocks = find_blocks(flat, start)
    lines = _Lines(flat)
    drafts = _drafts(flat, blocks, lines)
    chosen = [draft for draft in drafts if draft.heading.start in also or _is_task(draft)]
    taken = {draft.heading.start for draft in chosen}
    loose = [d for d in drafts if _lacks_id(d) and d.heading.start not in taken]
    first = chosen[0].heading.start if chosen else len(flat)
    conflict = _conflict(flat, blocks.hidden)
    cut, where = _cut(data, blocks)
    found = [*_text_findings(data, lines, conflict, cut, where), *_heading_findings(drafts, loose)]
    return Board(
        data=data,
        items=tuple(_items(data, chosen)),
        diagnoses=tuple(sorted(found, key=lambda d: d.line)),
        held=None if conflict is None else "conflict",
        cut=cut,
        paused=any(
            not _inside(m.start(), blocks.hidden) for m in _PAUSE.finditer(flat, start, first)
        ),
        newline=_newline(data),
        loose=tuple((draft.heading.start, draft.title) for draft in loose),
        inbox=tuple(_inbox(flat, blocks, drafts, chosen, lines)),
        ids=frozenset(draft.task for draft in drafts if draft.task is not None),
    )


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


def _drafts(flat: bytes, blocks: Blocks, lines: _Lines) -> list[_Draft]:
    """Every heading with the end of its section, in order."""
    ends = [len(flat)] * len(blocks.headings)
    waiting: list[int] = []
    for place, heading in enumerate(blocks.headings):
        while waiting and blocks.headings[waiting[-1]].level >= heading.level:
            ends[waiting.pop()] = heading.start
        waiting.append(place)
    edges = [*(heading.start for heading in blocks.headings[1:]), len(flat)]
    return [
        _draft(flat, heading, end, edge, lines)
        for heading, end, edge in zip(blocks.headings, ends, edges, strict=bool(ends))
    ]


def _draft(flat: bytes, heading: Heading, end: int, edge: int, lines: _Lines) -> _Draft:
    text = text_of(flat[heading.title_start : heading.title_end])
    if "\n" in text:
        text = " ".join(part.strip(" \t") for part in text.split("\n"))
    fields, stop = read_fields(flat, heading.end, edge, lines.number(heading.end))
    match = heading_id(text)
    title = text if match is None else title_after(text, match)
    task = None if match is None else match["id"]
    line = lines.number(heading.start)
    return _Draft(heading, end, task, title, line, fields, stop)


def _is_task(draft: _Draft) -> bool:
    status = next((f for f in draft.fields if f.key == "status"), None)
    if status is None or draft.task is not None:
        return status is not None
    return read_status(status.value).kind in (Kind.READY, Kind.BLOCKED)


def _lacks_id(draft: _Draft) -> bool:
    return draft.task is None and any(f.key == "status" for f in draft.fields)


def _items(data: bytes, chosen: list[_Draft]) -> Iterator[Item]:
    parents: list[int | None] = []
    children: list[list[int]] = [[] for _ in chosen]
    open_sections: list[int] = []
    for place, draft in enumerate(chosen):
        while open_sections and chosen[open_sections[-1]].end <= draft.heading.start:
            open_sections.pop()
        parents.append(open_sections[-1] if open_sections else None)
        if open_sections:
            children[open_sections[-1]].append(place)
        open_sections.append(place)
    for draft, parent, inner in zip(chosen, parents, children, strict=True):
        holes = [(chosen[i].heading.start, chosen[i].end) for i in inner]
        yield _item(data, draft, parent, _pieces(draft.heading.start, draft.end, holes))


def _inbox(
    flat: bytes, blocks: Blocks, drafts: list[_Draft], chosen: list[_Draft], lines: _Lines
) -> Iterator[InboxItem]:
    sections = [Span(d.heading.end, d.end) for d in drafts if d.task is None and is_inbox(d.title)]
    if not sections:
        return
    others = [Span(d.heading.start, d.end) for d in chosen] + blocks.hidden
    others += [Span(heading.start, heading.end) for heading in blocks.headings]
    for item in find_inbox(flat, sections, others):
        yield replace(item, line=lines.number(item.span.start))


def _pieces(start: int, end: int, holes: list[tuple[int, int]]) -> tuple[Span, ...]:
    pieces = []
    for hole_start, hole_end in holes:
        if hole_start > start:
            pieces.append(Span(start, hole_start))
        start = hole_end
    if end > start:
        pieces.append(Span(start, end))
    return tuple(pieces)


def _item(data: bytes, draft: _Draft, parent: int | None, pieces: tuple[Span, ...]) -> Item:
    heading = draft.heading
    around = prose_around(draft.fields, heading.end, pieces[0].end)
    body = b"".join(data[span.start : span.end] for span in (*around, *pieces[1:]))
    return Item(
        task=draft.task,
        title=draft.title,
        level=heading.level,
        line=draft.line,
        heading=Span(heading.start, heading.end),
        title_start=heading.title_start,
        section=Span(heading.start, draft.end),
        pieces=pieces,
        fields=draft.fields,
        fields_end=draft.fields_end,
        prompt=text_of(body),
        parent=parent,
    )


def _heading_findings(drafts: list[_Draft], loose: list[_Draft]) -> Iterator[Diagnosis]:
    for draft, after in zip_longest(drafts, drafts[1:]):
        has_status = any(f.key == "status" for f in draft.fields)
        if draft.task is not None and not has_status:
            hint = _RULED if after is not None and _was_status(draft, after) else None
            yield finding("TB117", line=draft.line, task=draft.task, hint=hint)
    for draft in loose:
        yield finding("TB113", line=draft.line)


def _was_status(draft: _Draft, after: _Draft) -> bool:
    """Whether the next heading looks like the fields of this one."""
    key = after.title.replace("：", ":").partition(":")[0]
    near = after.line - draft.line <= _NEAR
    return near and not draft.fields and canonical_key(key.strip("* ")) == "status"


def _text_findings(
    data: bytes, lines: _Lines, conflict: int | None, cut: str | None, where: int
) -> Iterator[Diagnosis]:
    if conflict is not None:
        yield finding("TB106", line=lines.number(conflict))
    if cut is not None:
        place = "a character" if cut == "utf8" else f"the {cut} that starts here"
        yield finding("TB107", f"The text ends inside {place}.", line=lines.number(where))
    try:
        data.decode()
    except UnicodeDecodeError as problem:
        if cut != "utf8" or problem.start < where:
            line = lines.number(problem.start)
            shown = f"Byte 0x{data[problem.start]:02x} is not UTF-8; it is kept as it is."
            yield finding("TB101", shown, line=line)


def _conflict(flat: bytes, hidden: list[Span]) -> int | None:
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


def _inside(offset: int, spans: list[Span]) -> bool:
    place = bisect_right(spans, offset, key=lambda span: span.start)
    return place > 0 and offset < spans[place - 1].end


def _cut(data: bytes, blocks: Blocks) -> tuple[str | None, int]:
    if blocks.open is not None:
        return blocks.open
    for back in range(1, min(3, len(data)) + 1):
        lead = data[-back]
        if lead >= 0xC2:  # the first byte of a character: is all of it there?
            length = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
            return ("utf8", len(data) - back) if length > back and lead < 0xF5 else (None, 0)
        if lead < 0x80:
            break
    return None, 0


def _newline(data: bytes) -> bytes:
    pairs = data.count(b"\r\n")
    counts = {b"\n": data.count(b"\n") - pairs, b"\r\n": pairs, b"\r": data.count(b"\r") - pairs}
    return max(counts, key=lambda ending: counts[ending])
