"""Tables of Markdown: their rows, cell by cell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_RULE = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")


class Table(NamedTuple):
    """A table from line ``start`` up to and without ``end`` (from 0): the texts of its head, and
    of each row with the line it is on."""

    start: int
    end: int
    head: list[str]
    rows: list[tuple[int, list[str]]]


def tables_in(lines: Sequence[str], hidden: Sequence[bool], first: int = 0) -> Iterator[Table]:
    """The tables of ``lines``; ``first`` is the number of the first line."""
    at = 1
    while at < len(lines):
        rule = lines[at]
        head = lines[at - 1]
        if hidden[at] or "|" not in head or "-" not in rule or not _is_rule(rule, head):
            at += 1
            continue
        end = at + 1
        while end < len(lines) and "|" in lines[end] and not hidden[end]:
            end += 1
        rows = [(first + n, cells_of(lines[n])) for n in range(at + 1, end)]
        yield Table(first + at - 1, first + end, cells_of(head), rows)
        at = end + 1


def _is_rule(rule: str, head: str) -> bool:
    return (
        len(rule) <= 10_000
        and _RULE.fullmatch(rule) is not None
        and (len(cells_of(rule)) == len(cells_of(head)))
    )


def cells_of(line: str) -> list[str]:
    r"""The texts between the bars of a row. ``\|`` is no bar."""
    text = line.strip()
    text = text.removeprefix("|")
    cells: list[str] = []
    now: list[str] = []
    escaped = False
    for char in text:
        if char == "|" and not escaped:
            cells.append("".join(now).strip())
            now = []
        elif char == "|":
            now[-1] = "|"
        else:
            now.append(char)
        escaped = char == "\\" and not escaped
    last = "".join(now).strip()
    return [*cells, last] if last or not cells else cells
