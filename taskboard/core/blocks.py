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
from collections.abc import Callable, Iterator

import msgspec

from taskboard.core.board import Span
from taskboard.core.markdown import Heading, Part, ask_markdown, atx, closer, line_end

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


class Blocks(msgspec.Struct):
    """Headings in order, hidden spans (front matter, fences, HTML and ``%%`` of the top level)
    and, when the text ends inside a fence or comment, which and where that began."""

    headings: list[Heading] = msgspec.field(default_factory=list)
    hidden: list[Span] = msgspec.field(default_factory=list)
    open: tuple[str, int] | None = None


def flatten(data: bytes) -> bytes:
    r"""The same bytes at the same offsets with every line end ``\n``: ``\r\n`` becomes a
    blank and ``\n``, which changes nothing that Markdown sees."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b" \n").replace(b"\r", b"\n")
    return data


def find_blocks(flat: bytes, start: int = 0) -> Blocks:
    """The block structure of ``flatten``ed text from ``start`` on. Never raises."""
    hidden, at = front_matter(flat, start)
    found, _ = scan(flat, at, lambda _at: False)
    found.hidden[:0] = hidden
    return found


def scan(flat: bytes, start: int, stops: Callable[[int], bool]) -> tuple[Blocks, int]:
    """The blocks from ``start`` on, where nothing is open, up to the first place behind it where
    nothing is open and that ``stops``; that place, or the end of the text."""
    found = Blocks()
    padded = b" " * start + b"\n" + flat[start:]  # every line follows a line end
    at = start
    while at < len(flat):
        at = _scan_section(flat, padded, at, found)
        if stops(at):
            break
    return found, at


def blocks_by_markdown(flat: bytes, start: int = 0) -> Blocks:
    """The same by markdown-it alone: the meaning that ``find_blocks`` must have."""
    found = Blocks()
    found.hidden, at = front_matter(flat, start)
    while at < len(flat):
        if _opens_comment(flat, at):
            at = _skip_comment(flat, at, found)
            continue
        part, at = _cut_at_comment(flat, at, len(flat), ask_markdown(flat, at, len(flat)))
        _take(part, found, last=at == len(flat))
    return found


def front_matter(flat: bytes, start: int) -> tuple[list[Span], int]:
    """The front matter as a hidden span, if there is one, and where the text behind it begins."""
    opens = _FRONT_OPEN.match(flat, start)
    close = _FRONT_CLOSE.search(flat, opens.end() - 1) if opens else None
    return ([], start) if close is None else ([Span(start, close.end())], close.end())


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
            found.headings.append(atx(flat, line))
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
        found.open = ask_markdown(flat, at, len(flat)).open
    return len(flat)


def _ask_about_section(flat: bytes, padded: bytes, at: int, line: int, found: Blocks) -> int:
    """Let markdown-it read the section at ``at``, and more of the text (twice as much each
    time) for as long as its last block is still open."""
    end = _likely_edge(flat, padded, line)
    while (part := ask_markdown(flat, at, end)).unfinished and end < len(flat):
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


def _take(part: Part, found: Blocks, *, last: bool) -> None:
    found.headings.extend(part.headings)
    found.hidden.extend(part.hidden)
    if last:
        found.open = part.open


def _cut_at_comment(flat: bytes, at: int, end: int, part: Part) -> tuple[Part, int]:
    """Drop from ``part`` what stands after the first ``%%`` that opens a comment."""
    cut = next(_comments(flat, at, end, part.hidden), None)
    if cut is None:
        return part, end
    headings = [h for h in part.headings if h.end <= cut]
    hidden = [span for span in part.hidden if span.start < cut]
    return Part(headings, hidden, None, unfinished=False), cut


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
    close = closer(run[:1], len(run)).search(padded, line_end(flat, mark.start()))
    return None if close is None else line_end(flat, close.start())


def _blank_before(flat: bytes, line: int) -> bool:
    before = flat.rfind(b"\n", 0, line - 1) + 1
    return not flat[before : line - 1].strip(b" \t")
