"""Boards of the plugin Kanban of Obsidian: lanes are headings of level two, cards are boxes.
What is archived stays as it is, and makes no task; the plugin's settings are left out."""

from __future__ import annotations

import re

from taskboard.core.imports.front import read_front
from taskboard.core.imports.items import Item
from taskboard.core.imports.listed import lane_word, read_lists
from taskboard.core.imports.nouns import TOOL, Finding, Reading
from taskboard.core.imports.source import Source, Title

_SETTINGS = "%% kanban:settings"
_CERTAIN = 1000
_COMPLETE = re.compile(r"\s*\*\*[^*]{1,40}\*\*\s*")


def score(source: Source) -> float:
    """Certain when the plugin's name stands in the front matter."""
    front = source.lines[: source.front]
    return _CERTAIN if any(line.strip().startswith("kanban-plugin:") for line in front) else 0


def read(source: Source) -> Reading:
    """Every card of every lane."""
    cut = next((n for n, x in enumerate(source.lines) if x.startswith(_SETTINGS)), -1)
    stop = len(source.lines) if cut < 0 else _end(source, cut)
    gone = range(max(cut, 0), stop) if cut >= 0 else range(0)
    complete = {title.start for title, a, b in source.sections() if _complete(source, a, b)}

    def lane(title: Title) -> str:
        return "done" if title.start in complete else lane_word(title.text)

    kept = _without(source, gone)
    reading = read_lists(kept, _is_card, lane)
    if gone:
        said = f"Settings of the plugin are left out: lines {gone[0] + 1} to {gone[-1] + 1}."
        reading.findings.append(
            Finding(kind=TOOL, file=source.name, line=gone[0] + 1, message=said)
        )
    if source.front and set(read_front(source.front_lines).values) <= {"kanban-plugin"}:
        said = "The plugin's front matter is left out."
        reading.findings.append(Finding(kind=TOOL, file=source.name, line=1, message=said))
    return reading


def _end(source: Source, cut: int) -> int:
    """Just after the settings: their closing signs, or the end of the text."""
    ends = (n for n in range(cut + 1, len(source.lines)) if source.lines[n].strip() == "%%")
    return next(ends, len(source.lines) - 1) + 1


def _without(source: Source, gone: range) -> Source:
    """The source with some lines empty, and without front matter that only names the plugin."""
    lines = ["" if n in gone else line for n, line in enumerate(source.lines)]
    only = set(read_front(source.front_lines).values) <= {"kanban-plugin"}
    front = lines[: source.front]
    if only:
        front = [""] * len(front)
    return Source(
        name=source.name,
        lines=[*front, *lines[source.front :]],
        titles=[title for title in source.titles if title.start not in gone],
        hidden=[h and n not in gone for n, h in enumerate(source.hidden)],
        front=source.front,
        findings=source.findings,
    )


def _complete(source: Source, start: int, end: int) -> bool:
    """Whether a lane is marked as the one of finished cards: its first line is bold, alone."""
    first = next((line for line in source.lines[start:end] if line.strip()), "")
    return first.strip() == "**Complete**" or (
        _COMPLETE.fullmatch(first) is not None and lane_word(first) == "Complete"
    )


def _is_card(title: Title, item: Item) -> bool:
    return title.text.strip("* ").casefold() != "archive" and (
        item.box is not None or title.level == 2
    )
