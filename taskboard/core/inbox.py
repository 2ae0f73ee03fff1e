"""The inbox: checkbox items under a heading ``Inbox``, which may become tasks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from taskboard.core.board import InboxItem, Span
from taskboard.core.fields import text_of
from taskboard.core.markdown import line_end

_INBOX = re.compile(r"[\W_]*inbox[\W_]*", re.IGNORECASE)
_ITEM = re.compile(rb"(?P<indent>[ \t]*)(?:[-*+]|[0-9]{1,9}[.)])(?P<gap>[ \t]+|(?=\n|\Z))")
_BOX = re.compile(rb"\[(?P<mark>[^\n\[\]]{1,8})\][ \t]+(?P<text>[^ \t\n][^\n]*)")
_BLANK = re.compile(rb"[ \t]*(?:\n|\Z)")
_CODE = 4
"""Columns by which a line must be indented to be no item of its list."""


class _Line(NamedTuple):
    """One line of the inbox: its bytes, and the column its text begins in."""

    start: int
    end: int
    column: int


def is_inbox(title: str) -> bool:
    """Whether a heading is called Inbox, whatever emoji or colon stands around the word."""
    return _INBOX.fullmatch(title[:100]) is not None


def find_inbox(
    flat: bytes, sections: Iterable[Span], others: Iterable[Span]
) -> Iterator[InboxItem]:
    """The checkbox items of ``sections`` (what stands under each heading ``Inbox`` of
    ``flatten``ed text), in order; their ``line`` is still 0. What lies in ``others`` (tasks,
    headings, fences, comments) is none, and a box within an item belongs to that item."""
    closed = iter(sorted(others))
    span = next(closed, None)
    at = 0
    for section in sorted(sections):  # one within another has nothing left to give
        at = max(at, section.start)
        while span is not None and span.start < section.end:
            if at < span.start:
                yield from _items(flat, at, span.start)
            at = max(at, span.end)
            span = next(closed, None)
        if at < section.end:
            yield from _items(flat, at, section.end)
            at = section.end


def _items(flat: bytes, start: int, end: int) -> Iterator[InboxItem]:
    """The items of one stretch without headings: each box with all that is indented under it."""
    box: re.Match[bytes] | None = None
    first, inner, group = start, 0, 0
    body: list[_Line] = []
    for line in _lines(flat, start, end):
        if line.column < 0 or (box is not None and line.column >= inner):
            body.append(line)
            continue
        if box is not None:
            yield _item(flat, first, box, inner, body)
        box, body = None, []
        item = _ITEM.match(flat, line.start, line.end)
        if item is None or line.column >= group + _CODE:
            group = 0
            continue
        group = _width(item["indent"]) + len(item[0].strip()) + min(_width(item["gap"]), _CODE)
        box, first, inner = _BOX.match(flat, item.end(), line.end), line.start, group
        group = 0 if box is not None else group
    if box is not None:
        yield _item(flat, first, box, inner, body)


def _lines(flat: bytes, start: int, end: int) -> Iterator[_Line]:
    while start < end:
        stop = min(line_end(flat, start), end)
        blank = _BLANK.match(flat, start, stop)
        text = flat[start:stop]
        column = -1 if blank else _width(text[: len(text) - len(text.lstrip(b" \t"))])
        yield _Line(start, stop, column)
        start = stop


def _item(
    flat: bytes, start: int, box: re.Match[bytes], inner: int, body: list[_Line]
) -> InboxItem:
    while body and body[-1].column < 0:
        body.pop()
    under = (_outdented(flat[line.start : line.end], inner) for line in body)
    return InboxItem(
        line=0,
        text=text_of(box["text"].rstrip(b" \t")),
        ticked=box["mark"].strip(b" \t") != b"",
        body=text_of(b"\n".join(under)),
        span=Span(start, body[-1].end if body else line_end(flat, start)),
    )


def _outdented(line: bytes, columns: int) -> bytes:
    text = line.rstrip(b" \t\n")
    rest = text.lstrip(b" \t")
    before = text[: len(text) - len(rest)].expandtabs(_CODE)
    return before[columns:] + rest


def _width(blanks: bytes) -> int:
    return len(blanks.expandtabs(_CODE))
