"""Bytes of a foreign file to lines that can be shown: nothing hidden in them acts on a terminal,
and what was not text is spelled out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from taskboard.core.blocks import Blocks, find_blocks
from taskboard.core.fields import text_of
from taskboard.core.imports.nouns import CHANGED, LEFT_OUT, Finding
from taskboard.core.markdown import Heading
from taskboard.core.parse import MAX_BOARD, parse

_BOM = b"\xef\xbb\xbf"
_ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\udc80-\udcff]")
_RULE = re.compile(r"(?:---|\.\.\.)[ \t]*")
_MOST_SHOWN = 3
"""Lines with odd characters that are named one by one."""


class Title(NamedTuple):
    """A heading: its first line and the line after it (from 0), its level and its text."""

    start: int
    end: int
    level: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file. ``lines`` are without their ends; ``hidden`` says which of them lie in front
    matter, fences or comments of the top level; ``front`` is how many of them are front matter."""

    name: str
    lines: list[str]
    titles: list[Title] = field(default_factory=list)
    hidden: list[bool] = field(default_factory=list)
    front: int = 0
    findings: list[Finding] = field(default_factory=list)
    seen: dict[str, Any] = field(default_factory=dict)
    """What one shape has worked out and the next would, too."""

    @property
    def stem(self) -> str:
        """The file's name without folder and ending."""
        base = self.name.replace("\\", "/").rstrip("/").rpartition("/")[2]
        return base.rpartition(".")[0] or base

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.lines)

    @property
    def front_lines(self) -> list[str]:
        """The front matter without its two rules."""
        return self.lines[1 : self.front - 1] if self.front else []

    def sections(self) -> Iterator[tuple[Title, int, int]]:
        """Every heading with the first line under it and the line after the last: up to the next
        heading of any level. What stands before the first has a heading of level 0."""
        first = self.titles[0].start if self.titles else len(self.lines)
        yield Title(self.front, self.front, 0, ""), self.front, max(first, self.front)
        edges = [*(title.start for title in self.titles[1:]), len(self.lines)]
        for title, edge in zip(self.titles, edges, strict=bool(self.titles)):
            yield title, title.end, edge


def read_source(name: str, data: bytes) -> Source | Finding:
    """The file called ``name``, or why it cannot be read at all. Never raises."""
    refused = _refused(data)
    if refused:
        return Finding(kind=LEFT_OUT, file=name, line=0, message=refused)
    text = text_of(data.removeprefix(_BOM)).replace("\r\n", "\n").replace("\r", "\n")
    findings: list[Finding] = []
    if _ODD.search(text):
        findings = list(_odd_lines(name, text))
        text = _ODD.sub(_spelled, text)
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return _source(name, lines, findings)


def _refused(data: bytes) -> str:
    if len(data) > MAX_BOARD:
        return "It is larger than 16 MB, which no board may be; split it."
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "It is UTF-16; save it as UTF-8 first."
    sample = data[: 1 << 20]
    odd = len(_ODD.findall(text_of(sample).replace("\r", "")))
    if odd * 10 > len(sample):
        return "It is not UTF-8 text; convert it first."
    if b"<<<<<<< " in data and parse(data).held == "conflict":
        return "It holds the conflict markers of a merge; resolve them first."
    return ""


def _spelled(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"[0x{code - 0xDC00:02X}]" if code >= 0xDC80 else f"[U+{code:04X}]"


def _odd_lines(name: str, text: str) -> Iterator[Finding]:
    odd = [n for n, line in enumerate(text.split("\n"), 1) if _ODD.search(line)]
    said = "Characters that are no text are spelled out, like [U+001B] or [0xE9]"
    for line in odd[:_MOST_SHOWN]:
        yield Finding(kind=CHANGED, file=name, line=line, message=f"{said}.")
    if len(odd) > _MOST_SHOWN:
        rest = len(odd) - _MOST_SHOWN
        message = f"{said}; so on {rest} more lines."
        yield Finding(kind=CHANGED, file=name, line=odd[_MOST_SHOWN], message=message)


def _source(name: str, lines: list[str], findings: list[Finding]) -> Source:
    raws = [line.encode("utf-8", "surrogatepass") for line in lines]
    flat = b"".join(raw + b"\n" for raw in raws)
    blocks = find_blocks(flat)
    starts = {0: 0}
    at = 0
    for number, raw in enumerate(raws, 1):
        at += len(raw) + 1
        starts[at] = number
    return Source(
        name=name,
        lines=lines,
        titles=[_title(flat, heading, starts) for heading in blocks.headings],
        hidden=_hidden(blocks, starts, len(lines)),
        front=_front(lines),
        findings=findings,
    )


def _title(flat: bytes, heading: Heading, starts: dict[int, int]) -> Title:
    text = flat[heading.title_start : heading.title_end].decode("utf-8", "replace")
    return Title(starts[heading.start], starts[heading.end], heading.level, " ".join(text.split()))


def _hidden(blocks: Blocks, starts: dict[int, int], count: int) -> list[bool]:
    hidden = [False] * count
    for span in blocks.hidden:
        first, last = starts[span.start], starts.get(span.end, count)
        hidden[first:last] = [True] * (last - first)
    return hidden


def _front(lines: list[str]) -> int:
    """How many lines the front matter takes, with its two rules."""
    if not lines or lines[0].rstrip() != "---":
        return 0
    ends = (n for n, line in enumerate(lines[1:], 1) if _RULE.fullmatch(line))
    return next(ends, -1) + 1
