"""Boards of the plugin Kanban of Obsidian: lanes are headings of level two, cards are boxes.
What is archived stays as it is, and makes no task; the plugin's settings are left out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace

from taskboard.core.imports.front import read_front
from taskboard.core.imports.items import Item
from taskboard.core.imports.listed import lane_word, read_lists
from taskboard.core.imports.nouns import TOOL, Finding, Reading
from taskboard.core.imports.source import Source, Title

_SETTINGS = "%% kanban:settings"
_CERTAIN = 1000
_OF_SETTINGS = re.compile(r"\s*|`{3}\w*\s*|\{.*\}\s*|%%\s*")
_COMPLETE = re.compile(r"\s*\*\*[^*]{1,40}\*\*\s*")


def score(source: Source) -> float:
    """Certain when the plugin's name stands in the front matter."""
    front = source.lines[: source.front]
    return _CERTAIN if any(line.strip().startswith("kanban-plugin:") for line in front) else 0


def read(source: Source) -> Reading:
    """Every card of every lane."""
    gone = {line for block in _settings(source) for line in block}
    complete = {title.start for title, a, b in source.sections() if _complete(source, a, b)}

    def lane(title: Title) -> str:
        return "done" if title.start in complete else lane_word(title.text)

    kept = _without(source, gone)
    reading = read_lists(kept, _is_card, lane)
    for block in _settings(source):
        said = f"Settings of the plugin are left out: lines {block[0] + 1} to {block[-1] + 1}."
        reading.findings.append(
            Finding(kind=TOOL, file=source.name, line=block[0] + 1, message=said)
        )
    if source.front and set(read_front(source.front_lines).values) <= {"kanban-plugin"}:
        said = "The plugin's front matter is left out."
        reading.findings.append(Finding(kind=TOOL, file=source.name, line=1, message=said))
    return reading


def _settings(source: Source) -> Iterator[range]:
    """The lines of the plugin's settings: its sign, a fence with JSON, and the sign that closes
    it, as far as they are there. What a person wrote below settings that never end is no part."""
    for start, line in enumerate(source.lines):
        if line.startswith(_SETTINGS):
            end = start + 1
            while end < len(source.lines) and _OF_SETTINGS.fullmatch(source.lines[end]):
                end += 1
                if source.lines[end - 1].strip() == "%%":
                    break
            yield range(start, end)


def _without(source: Source, gone: Collection[int]) -> Source:
    """The source with some lines empty, and without front matter that only names the plugin."""
    lines = ["" if n in gone else line for n, line in enumerate(source.lines)]
    if set(read_front(source.front_lines).values) <= {"kanban-plugin"}:
        lines[: source.front] = [""] * source.front
    return replace(
        source,
        lines=lines,
        titles=[title for title in source.titles if title.start not in gone],
        seen={},
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
