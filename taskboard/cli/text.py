"""Text for terminals and for programs: safe, aligned, coloured only where somebody looks."""

from __future__ import annotations

import json
import math
import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TextIO

from taskboard.core.plain import plain

_UNSAFE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_LONE = re.compile("[\ud800-\udfff]")
NARROW = 64
"""Columns below which commands and explanations have no place beside what they are about."""
_LEAST = 6
"""Columns that a column of a table keeps while another can give way."""
_COLOURS = {
    "running": "36",
    "done": "32",
    "failed": "31",
    "blocked": "33",
    "ready": "1",
    "open": "2",
    "unknown": "35",
    "withdrawn": "2",
    "dim": "2",
    "bold": "1",
    "error": "31",
    "warning": "33",
    "info": "2",
}


def json_text(document: Any) -> str:
    """One line of JSON. What could act on a terminal is escaped, everything else readable."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=str)
    text = _LONE.sub("\ufffd", text)
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


def one_line(text: str) -> str:
    """Text of others on one line, with nothing in it that acts on a terminal."""
    return _LONE.sub("\ufffd", " ".join(plain(text).split()))


def paragraph(text: str, indent: str = "") -> str:
    """Text of several lines, safe; every line but the first is indented."""
    lines = _LONE.sub("\ufffd", plain(text)).split("\n")
    return f"\n{indent}".join(lines)


def file_name(path: Path) -> str:
    """A path as people and editors like it: from the present folder where it lies beneath."""
    try:
        here = Path.cwd()
    except FileNotFoundError:
        return os.fspath(path)
    return os.fspath(path.relative_to(here) if path.is_relative_to(here) else path)


def width_of(text: str) -> int:
    """Columns a terminal gives this text."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(_columns(c) for c in text)


def _columns(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Cf", "Me", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def clipped(text: str, width: int) -> str:
    """At most ``width`` columns of the text; an ellipsis stands for what was cut."""
    if width_of(text) <= width:
        return text
    used, kept = 1, []
    for char in text:
        used += _columns(char)
        if used > width:
            break
        kept.append(char)
    return "".join(kept).rstrip() + "…"


def padded(text: str, width: int) -> str:
    """The text, filled up with blanks to ``width`` columns."""
    return text + " " * max(width - width_of(text), 0)


def _squeeze(widths: list[int], room: int) -> None:
    """Cut the widest columns until all of them have room; the first says what a row is about."""
    while sum(widths) > room:
        last = max(range(len(widths) - 1, -1, -1), key=lambda i: widths[i] if i else 0)
        found = last if widths[last] > _LEAST else 0
        if widths[found] <= 1:
            return
        widths[found] -= 1


def _window() -> int:
    import shutil

    return shutil.get_terminal_size().columns


class Screen:
    """One stream that people read. ``wide`` is its width in columns, None when nobody looks."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stdout
        self.tty = self.stream.isatty()
        self.colour = (
            self.tty and not os.environ.get("NO_COLOR") and (os.environ.get("TERM", "") != "dumb")
        )
        self.wide = _window() if self.tty else None

    def paint(self, text: str, colour: str) -> str:
        """The text in the colour of a state (or ``dim bold error warning``), or as it is."""
        code = _COLOURS.get(colour)
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code and text else text

    def fit(self, text: str) -> str:
        """Plain text on one line, no wider than the window."""
        return text if self.wide is None else clipped(text, self.wide - 1)

    def listed(self, words: Sequence[tuple[str, str]]) -> str:
        """Short texts, each with its colour, with commas between; as many as the window has room
        for."""
        shown: list[str] = []
        left = (self.wide or math.inf) - 1
        for text, colour in words:
            left -= width_of(text) + 2
            if left < -2 and shown:
                break
            shown.append(self.paint(text, colour))
        return ", ".join(shown)

    def state(self, text: str) -> str:
        """A state in its colour."""
        return self.paint(text, text.partition(":")[0])

    def table(
        self,
        rows: Sequence[Sequence[str]],
        colours: Sequence[str] = (),
        indent: str = "",
        flexible: int = -1,
        paint: int = -1,
        *,
        fits: bool = False,
    ) -> list[str]:
        """Rows with aligned columns. On a terminal the ``flexible`` column is cut so that a
        line fits, and with ``fits`` the others, too, where that is not enough (the first one
        last); column ``paint`` of each row gets the row's colour."""
        if not rows:
            return []
        count = len(rows[0])
        sizes = [[width_of(cell) for cell in row] for row in rows]
        widths = [max(column) for column in zip(*sizes, strict=True)]
        if self.wide is not None and flexible >= 0:
            rest = sum(widths) - widths[flexible] + 2 * (count - 1) + len(indent)
            widths[flexible] = min(widths[flexible], max(self.wide - rest - 1, 12))
        if self.wide is not None and fits:
            _squeeze(widths, self.wide - 2 * (count - 1) - len(indent) - 1)
        return [
            indent + self._row(list(zip(row, sizes[n], widths, strict=True)), colour, paint)
            for n, row in enumerate(rows)
            for colour in (colours[n] if n < len(colours) else "",)
        ]

    def _row(self, row: list[tuple[str, int, int]], colour: str, paint: int) -> str:
        """Cells, each with its own width and the one it gets."""
        while len(row) > 1 and not row[-1][0]:
            row.pop()
        cells = []
        for index, (cell, size, width) in enumerate(row):
            text = cell if size <= width else clipped(cell, width)
            gap = " " * (width - (size if size <= width else width_of(text)))
            cells.append((self.paint(text, colour) if index == paint else text) + gap)
        return "  ".join(cells).rstrip(" ")

    def say(self, lines: Iterable[str]) -> None:
        """Write lines, at once."""
        for line in lines:
            self.stream.write(line + "\n")
        self.stream.flush()
