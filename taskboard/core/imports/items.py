"""Lists: which lines are items, what stands in their box, and what belongs under each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from taskboard.core.blocks import find_blocks

_ITEM = re.compile(r"( {0,3})(?:[-*+]|\d{1,9}[.)])(?:(\s+)(.*))?")
_BOX = re.compile(r"\[([^\]\[\n]\ufe0f?)\](?:\s+(.*)|\s*)$", re.DOTALL)
_RULE = re.compile(r" {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*")
_INDENTED = 4


@dataclass(slots=True)
class Item:
    """One item of a list at ``line`` (from 0, in the lines it was read from). ``box`` is what
    stands in its brackets, None without any; ``text`` what follows on its line; ``body`` the
    lines under it, outdented; ``raw`` all of them as they were."""

    line: int
    box: str | None
    text: str
    body: list[str] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Prose:
    """A line that is in no list."""

    line: int
    text: str


def items_of(
    lines: Sequence[str], hidden: Sequence[bool] | None = None, first: int = 0
) -> Iterator[Item | Prose]:
    """The items of the outermost lists in ``lines``, and the lines between them. ``hidden`` says
    which lines are code or comments; ``first`` is the number of the first line."""
    concealed = hidden_lines(lines) if hidden is None else hidden
    item: Item | None = None
    indent = offset = 0
    blanks: list[str] = []
    for number, line in enumerate(lines):
        text = _spaced(line)
        column = len(text) - len(text.lstrip(" "))
        found = None if concealed[number] else _ITEM.fullmatch(text)
        starts = found is not None and not _RULE.fullmatch(text)
        if not text.strip():
            if item is None:
                yield Prose(first + number, line)
            else:
                blanks.append(line)
            continue
        if item is not None and _belongs(column, indent, starts, bool(blanks), concealed[number]):
            _add(item, blanks, line, text, offset)
            blanks = []
            continue
        if item is not None:
            yield item
            yield from (Prose(first + number, blank) for blank in blanks)
            item, blanks = None, []
        if starts and found is not None:
            item = _item(first + number, line, found)
            indent, offset = column, len(found[1]) + _width(found)
        else:
            yield Prose(first + number, line)
    if item is not None:
        yield item
        yield from (Prose(first + len(lines), blank) for blank in blanks)


def _belongs(column: int, indent: int, starts: bool, blank: bool, concealed: bool) -> bool:
    """Whether a line goes on with the item that begins in column ``indent``."""
    if concealed:
        return column > indent
    if column >= indent + 2:
        return True
    return not starts and not blank


def _width(found: re.Match[str]) -> int:
    gap = len(found[2] or " ")
    return found.start(2) - len(found[1]) + (gap if gap <= _INDENTED else 1) if found[2] else 2


def _item(line: int, raw: str, found: re.Match[str]) -> Item:
    text = (found[3] or "").strip()
    box = _BOX.fullmatch(text)
    if box is None:
        return Item(line, None, text, raw=[raw])
    return Item(line, box[1], (box[2] or "").strip(), raw=[raw])


def _add(item: Item, blanks: list[str], line: str, text: str, offset: int) -> None:
    item.raw += [*blanks, line]
    column = len(text) - len(text.lstrip(" "))
    item.body += [*("" for _ in blanks), text[min(column, offset) :]]


def _spaced(line: str) -> str:
    """The line with the tabs before its text as blanks."""
    rest = line.lstrip(" \t")
    before = line[: len(line) - len(rest)]
    return before.expandtabs(_INDENTED) + rest if "\t" in before else line


def hidden_lines(lines: Sequence[str]) -> list[bool]:
    """Which lines lie in fences, HTML or comments."""
    if not any("```" in line or "~~~" in line or "<" in line or "%%" in line for line in lines):
        return [False] * len(lines)
    raws = [line.encode("utf-8", "replace") + b"\n" for line in lines]
    spans = iter(find_blocks(b"".join(raws)).hidden)
    span = next(spans, None)
    out, at = [], 0
    for raw in raws:
        while span is not None and span.end <= at:
            span = next(spans, None)
        out.append(span is not None and span.start <= at)
        at += len(raw)
    return out
