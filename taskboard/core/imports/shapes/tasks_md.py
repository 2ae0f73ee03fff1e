"""``TASKS.md`` as agents share it: headings that are priorities, boxes with an agent's name behind
the title, and under each its ``- **ID**: x``, ``- **Blocked by**: y`` and the like.

A task that is done is removed there, so whoever waits for an id that is absent does not wait.
"""

from __future__ import annotations

import re

from taskboard.core.imports.items import Item
from taskboard.core.imports.listed import boxes_in, lane_priority, read_lists, top_items
from taskboard.core.imports.nouns import Reading
from taskboard.core.imports.source import Source, Title

_KEY = re.compile(r"\s*[-*+] \*\*[^*\n]{1,30}(?::\*\*|\*\*:)")
_SHARE = 3


def score(source: Source) -> float:
    """How many boxes there are, if one in three has bold keys under it."""
    boxed = [(title, item) for title, item in top_items(source) if item.box is not None]
    keyed = sum(any(_KEY.match(line) for line in item.body) for _, item in boxed)
    headed = sum(lane_priority(title.text) != "" for title in source.titles)
    if not boxed or (keyed + min(headed, 1)) * _SHARE < len(boxed) or not keyed:
        return 0
    return boxes_in(boxed) + 0.3


def read(source: Source) -> Reading:
    """Every box of the outermost lists, with all bold keys under it as fields."""
    reading = read_lists(source, _is_task, details=True)
    reading.absent_is_done = True
    return reading


def _is_task(_title: Title, item: Item) -> bool:
    return item.box is not None
