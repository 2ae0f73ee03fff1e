"""Lanes: headings that say a status (``Todo``, ``Doing``, ``Done``), and lists under them. What
stands in a lane has its status, whatever its box says. taskell and kanbn write so, too."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from taskboard.core.imports.items import Item
from taskboard.core.imports.listed import boxes_in, lane_word, read_lists, top_items
from taskboard.core.imports.nouns import Reading
from taskboard.core.imports.source import Source, Title
from taskboard.core.imports.words import family_of

_TWO = 2
_UNSURE = 0.5
"""One heading that is a word for a status may be anything: where no other shape sees a task."""


def score(source: Source) -> float:
    """How many items stand in lists, if there are two different lanes; of one it is not sure."""
    items = top_items(source)
    lanes = {family_of(lane_word(title.text)) for title in source.titles} - {""}
    cards = _cards(items)
    found = sum(cards(title, item) for title, item in items)
    if not found or not lanes:
        return 0
    return found + 0.1 if len(lanes) >= _TWO else _UNSURE


def read(source: Source) -> Reading:
    """Every item of a lane, and of lists elsewhere that have boxes."""
    return read_lists(source, _cards(top_items(source)), _lane)


def _lane(title: Title) -> str:
    return lane_word(title.text)


def _cards(items: Sequence[tuple[Title, Item]]) -> Callable[[Title, Item], bool]:
    """Which items are tasks: those of lanes, and where one item has a box, or boxes in it, those
    beside it, too."""
    boxed = {title.start for title, item in items if boxes_in([(title, item)])}
    return lambda title, _item: title.start in boxed or lane_word(title.text) != ""
