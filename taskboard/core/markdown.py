"""What markdown-it says of a stretch of text: its headings, its fences and its HTML."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from taskboard.core.board import Span

if TYPE_CHECKING:  # slow to import, and most boards are read without it
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_DEEPEST = 60
"""Nesting that markdown-it follows; what lies deeper in one section is read as text."""

_ATX = re.compile(rb" {0,3}(#{1,6})[ \t]*")
_HTML_ENDS = (
    (re.compile(rb" *<!--"), re.compile(rb"-->")),
    (re.compile(rb" *<\?"), re.compile(rb"\?>")),
    (re.compile(rb" *<!\[CDATA\["), re.compile(rb"\]\]>")),
    (re.compile(rb" *<![A-Za-z]"), re.compile(rb">")),
    (
        re.compile(rb" *<(?:script|pre|style|textarea)(?=[\s>]|\Z)", re.IGNORECASE),
        re.compile(rb"</(?:script|pre|style|textarea)>", re.IGNORECASE),
    ),
)


class Heading(NamedTuple):
    """A heading of the top level: its lines, its level and the bytes of its text."""

    start: int
    end: int
    level: int
    title_start: int
    title_end: int


class Part(NamedTuple):
    """What markdown-it says of one stretch. ``unfinished``: its last block may go on."""

    headings: list[Heading]
    hidden: list[Span]
    open: tuple[str, int] | None
    unfinished: bool


def line_end(flat: bytes, at: int) -> int:
    """Just after the line end at or after ``at``."""
    found = flat.find(b"\n", at)
    return len(flat) if found < 0 else found + 1


@lru_cache(maxsize=64)
def closer(sign: bytes, length: int) -> re.Pattern[bytes]:
    """The line that ends a fence of ``length`` times ``sign``, its preceding line end included."""
    return re.compile(rb"\n {0,3}%b{%d,}[ \t]*(?=\n|\Z)" % (sign, length))


def atx(flat: bytes, line: int) -> Heading:
    """The heading of ``#`` signs that starts at ``line``."""
    match = _ATX.match(flat, line)
    assert match is not None
    end = line_end(flat, line)
    text = flat[match.end() : end].rstrip(b" \t\n")
    without = text.rstrip(b"#")
    if not without or without[-1:] in b" \t":  # a closing run of #, which is no text
        text = without.rstrip(b" \t")
    return Heading(line, end, len(match[1]), match.end(), match.end() + len(text))


@lru_cache(maxsize=1)
def _reader() -> MarkdownIt:
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"maxNesting": _DEEPEST})
    return reader.disable("inline")


def ask_markdown(flat: bytes, start: int, end: int) -> Part:
    """The blocks of ``flat[start:end]``, which must start where nothing is open."""
    lines = [start, *(m.end() for m in re.finditer(rb"\n", flat[start:end]))]
    lines[1:] = [start + offset for offset in lines[1:]]
    if lines[-1] != end:
        lines.append(end)
    text = flat[start:end].decode("utf-8", "surrogateescape")
    headings: list[Heading] = []
    hidden: list[Span] = []
    opened: tuple[str, int] | None = None
    unfinished = False
    for token in _reader().parse(text):
        if token.map is None or token.type not in ("heading_open", "fence", "html_block"):
            continue
        span = Span(lines[token.map[0]], lines[min(token.map[1], len(lines) - 1)])
        if token.type == "heading_open":
            if token.level == 0:
                headings.append(_heading(flat, span, token))
            continue
        at_end = not flat[span.end : end].strip()
        ends = at_end and _stays_open(flat, span, token)
        opened = (("fence" if token.type == "fence" else "comment"), span.start) if ends else None
        if token.level == 0:
            hidden.append(Span(span.start, end) if ends else span)
            unfinished = ends or (at_end and token.type == "html_block")
    return Part(headings, hidden, opened, unfinished)


def _heading(flat: bytes, span: Span, token: Token) -> Heading:
    if token.markup.startswith("#"):
        return atx(flat, span.start)
    text = flat[span.start : span.end].rstrip(b"\n")
    body = text[: text.rfind(b"\n")]
    start = span.start + len(body) - len(body.lstrip(b" \t"))
    return Heading(
        span.start, span.end, int(token.tag[1:]), start, span.start + len(body.rstrip(b" \t"))
    )


def _stays_open(flat: bytes, span: Span, token: Token) -> bool:
    """Whether a block that reaches the end of the text lacks its end."""
    text = flat[span.start : span.end]
    if token.type == "fence":
        before, _, last = text.rstrip(b"\n").rpartition(b"\n")
        if token.level > 0:
            last = last.strip(b" \t>")  # what the list or quote around it puts before
        close = closer(token.markup[:1].encode(), len(token.markup))
        return not before or close.fullmatch(b"\n" + last) is None
    for begins, ends in _HTML_ENDS:
        if match := begins.match(text):
            return ends.search(text, match.end()) is None
    return False
