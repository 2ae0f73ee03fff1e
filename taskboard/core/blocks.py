"""Which lines of a board are headings and which lie in code or comments: Markdown's block
structure as byte offsets.

Two readers give the same answer (a test holds them to it). ``blocks_by_markdown`` asks
markdown-it for everything. ``find_blocks`` scans lines and asks markdown-it only about sections
with something a scanner cannot judge (HTML, indented fences, underlined headings): a heading,
``%%`` or fence in column 0 ends whatever list, quote or paragraph stands before it, so sections
are independent of each other unless a fence or HTML block at the top level is open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from taskboard.core.board import Span

_DEEPEST = 60
"""Nesting that markdown-it follows; what lies deeper in one section is read as text."""

_MARK = re.compile(
    rb"""\n(?:
      (?P<heading> \#{1,6} (?=[ \t\n]|\Z))
    | (?P<comment> %%)
    | (?P<fence> `{3,} (?=[^`\n]*(?:\n|\Z)) | ~{3,})
    | (?P<rule> [ ]{0,3} (?:=+|-+) [ \t]* (?=\n|\Z))
    | (?P<unsure> [ ]{1,3} (?: \#{1,6}(?=[ \t\n]|\Z) | `{3} | ~{3} ) | [ ]{0,3} <[!?/A-Za-z])
    )""",
    re.VERBOSE,
)
_NESTED_FENCE = re.compile(rb"\n[^\n`~]+(?:```|~~~)")
_FRONT_OPEN = re.compile(rb"---[ \t]*\n")
_FRONT_CLOSE = re.compile(rb"\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
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


@dataclass(slots=True)
class Blocks:
    """Headings in order, hidden spans (front matter, fences, HTML and ``%%`` of the top level)
    and, when the text ends inside a fence or comment, which and where that began."""

    headings: list[Heading] = field(default_factory=list)
    hidden: list[Span] = field(default_factory=list)
    open: tuple[str, int] | None = None


class _Part(NamedTuple):
    """What markdown-it says of one stretch. ``unfinished``: its last block may go on."""

    headings: list[Heading]
    hidden: list[Span]
    open: tuple[str, int] | None
    unfinished: bool


def flatten(data: bytes) -> bytes:
    r"""The same bytes at the same offsets with every line end ``\n``: ``\r\n`` becomes a
    blank and ``\n``, which changes nothing that Markdown sees."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b" \n").replace(b"\r", b"\n")
    return data


def find_blocks(flat: bytes, start: int = 0) -> Blocks:
    """The block structure of ``flatten``ed text from ``start`` on. Never raises."""
    found = Blocks()
    padded = b" " * start + b"\n" + flat[start:]  # every line follows a line end
    at = _skip_front_matter(flat, start, found)
    while at < len(flat):
        at = _scan_section(flat, padded, at, found)
    return found


def blocks_by_markdown(flat: bytes, start: int = 0) -> Blocks:
    """The same by markdown-it alone: the meaning that ``find_blocks`` must have."""
    found = Blocks()
    at = _skip_front_matter(flat, start, found)
    while at < len(flat):
        if _opens_comment(flat, at):
            at = _skip_comment(flat, at, found)
            continue
        part, at = _cut_at_comment(flat, at, len(flat), _ask_markdown(flat, at, len(flat)))
        _take(part, found, last=at == len(flat))
    return found


def line_end(flat: bytes, at: int) -> int:
    """Just after the line end at or after ``at``."""
    found = flat.find(b"\n", at)
    return len(flat) if found < 0 else found + 1


def _skip_front_matter(flat: bytes, start: int, found: Blocks) -> int:
    opens = _FRONT_OPEN.match(flat, start)
    close = _FRONT_CLOSE.search(flat, opens.end() - 1) if opens else None
    if close is None:
        return start
    found.hidden.append(Span(start, close.end()))
    return close.end()


def _scan_section(flat: bytes, padded: bytes, at: int, found: Blocks) -> int:
    """Read from ``at``, where nothing is open, to where that is so again."""
    if _opens_comment(flat, at):
        return _skip_comment(flat, at, found)
    kept = len(found.headings), len(found.hidden)
    position = fresh = at
    while mark := _MARK.search(padded, position):
        line, kind = mark.start(), mark.lastgroup
        if line > at and (kind == "heading" or _opens_comment(flat, line)):
            return line
        if kind == "heading":
            found.headings.append(_atx(flat, line))
            position = fresh = line_end(flat, line)
        elif kind == "fence":
            position = fresh = _skip_fence(flat, padded, mark, found)
        elif kind == "comment" or (
            kind == "rule" and (line == fresh or _blank_before(flat, line))
        ):
            position = line_end(flat, line)
        else:
            del found.headings[kept[0] :], found.hidden[kept[1] :]
            return _ask_about_section(flat, padded, at, line, found)
        if position >= len(flat):
            break
    if found.open is None and _NESTED_FENCE.search(padded, at):
        found.open = _ask_markdown(flat, at, len(flat)).open
    return len(flat)


def _ask_about_section(flat: bytes, padded: bytes, at: int, line: int, found: Blocks) -> int:
    """Let markdown-it read the section at ``at``, and more of the text (twice as much each
    time) for as long as its last block is still open."""
    end = _likely_edge(flat, padded, line)
    while (part := _ask_markdown(flat, at, end)).unfinished and end < len(flat):
        wanted = 2 * end - at
        while end < min(wanted, len(flat)):
            end = _likely_edge(flat, padded, end)
    part, end = _cut_at_comment(flat, at, end, part)
    _take(part, found, last=end == len(flat))
    return end


def _likely_edge(flat: bytes, padded: bytes, after: int) -> int:
    """The next line where a section probably starts, or the end of the text. A guess about
    fences saves work and no more: what is cut wrongly is unfinished, and read again."""
    position = after + 1
    while mark := _MARK.search(padded, position):
        line = mark.start()
        if mark.lastgroup == "heading" or _opens_comment(flat, line):
            return line
        if mark.lastgroup == "fence":
            close = _fence_close(flat, padded, mark)
            if close is not None:
                position = close
                continue
        position = line + 1
    return len(flat)


def _take(part: _Part, found: Blocks, *, last: bool) -> None:
    found.headings.extend(part.headings)
    found.hidden.extend(part.hidden)
    if last:
        found.open = part.open


def _cut_at_comment(flat: bytes, at: int, end: int, part: _Part) -> tuple[_Part, int]:
    """Drop from ``part`` what stands after the first ``%%`` that opens a comment."""
    cut = next(_comments(flat, at, end, part.hidden), None)
    if cut is None:
        return part, end
    headings = [h for h in part.headings if h.end <= cut]
    hidden = [span for span in part.hidden if span.start < cut]
    return _Part(headings, hidden, None, unfinished=False), cut


def _comments(flat: bytes, at: int, end: int, hidden: list[Span]) -> Iterator[int]:
    spans = iter(hidden)
    span = next(spans, None)
    position = flat.find(b"\n%%", at, end)
    while position >= 0:
        line = position + 1
        while span is not None and span.end <= line:
            span = next(spans, None)
        if not (span is not None and span.start <= line) and _opens_comment(flat, line):
            yield line
        position = flat.find(b"\n%%", line, end)


def _opens_comment(flat: bytes, line: int) -> bool:
    return flat.startswith(b"%%", line) and flat.count(b"%%", line, line_end(flat, line)) % 2 == 1


def _skip_comment(flat: bytes, line: int, found: Blocks) -> int:
    close = flat.find(b"%%", line_end(flat, line))
    if close < 0:
        found.open = ("comment", line)
    end = len(flat) if close < 0 else line_end(flat, close)
    found.hidden.append(Span(line, end))
    return end


def _skip_fence(flat: bytes, padded: bytes, mark: re.Match[bytes], found: Blocks) -> int:
    close = _fence_close(flat, padded, mark)
    if close is None:
        found.open = ("fence", mark.start())
    end = len(flat) if close is None else close
    found.hidden.append(Span(mark.start(), end))
    return end


def _fence_close(flat: bytes, padded: bytes, mark: re.Match[bytes]) -> int | None:
    """Just after the line that closes the fence of ``mark``; None when there is none."""
    run = mark["fence"]
    close = _closer(run[:1], len(run)).search(padded, line_end(flat, mark.start()))
    return None if close is None else line_end(flat, close.start())


@lru_cache(maxsize=64)
def _closer(sign: bytes, length: int) -> re.Pattern[bytes]:
    return re.compile(rb"\n {0,3}%b{%d,}[ \t]*(?=\n|\Z)" % (sign, length))


def _blank_before(flat: bytes, line: int) -> bool:
    before = flat.rfind(b"\n", 0, line - 1) + 1
    return not flat[before : line - 1].strip(b" \t")


def _atx(flat: bytes, line: int) -> Heading:
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
    reader = MarkdownIt("commonmark", {"maxNesting": _DEEPEST})
    return reader.disable("inline")


def _ask_markdown(flat: bytes, start: int, end: int) -> _Part:
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
    return _Part(headings, hidden, opened, unfinished)


def _heading(flat: bytes, span: Span, token: Token) -> Heading:
    if token.markup.startswith("#"):
        return _atx(flat, span.start)
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
        close = _closer(token.markup[:1].encode(), len(token.markup))
        return not before or close.fullmatch(b"\n" + last) is None
    for begins, ends in _HTML_ENDS:
        if match := begins.match(text):
            return ends.search(text, match.end()) is None
    return False
