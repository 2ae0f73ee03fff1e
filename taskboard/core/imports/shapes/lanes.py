"""Lanes: headings that say a status (``Todo``, ``Doing``, ``Done``), and lists under them. What
stands in a lane has its status, whatever its box says. taskell and kanbn write so, too."""

from __future__ import annotations

from taskboard.core.imports.items import Item
from taskboard.core.imports.listed import lane_word, read_lists, top_items
from taskboard.core.imports.nouns import Reading
from taskboard.core.imports.source import Source, Title
from taskboard.core.imports.words import family_of

_TWO = 2


def score(source: Source) -> float:
    """How many items stand in lists, if there are two different lanes."""
    items = top_items(source)
    lanes = {family_of(lane_word(title.text)) for title in source.titles} - {""}
    found = sum(_is_task(title, item) for title, item in items)
    return found + 0.1 if found and len(lanes) >= _TWO else 0


def read(source: Source) -> Reading:
    """Every item of a lane, and the boxes elsewhere."""
    return read_lists(source, _is_task, _lane)


def _lane(title: Title) -> str:
    return lane_word(title.text)


def _is_task(title: Title, item: Item) -> bool:
    return item.box is not None or lane_word(title.text) != ""
