"""Lists of boxes: ``- [ ] a task``, ``- [x] one that is done``; also ``- [ ] T001 [P] ...``.

A box under a task is a criterion of it, unless it has an id of its own.
"""

from __future__ import annotations

from taskboard.core.headings import heading_id
from taskboard.core.imports.items import Item
from taskboard.core.imports.listed import boxes_in, read_lists, top_items
from taskboard.core.imports.nouns import Reading
from taskboard.core.imports.source import Source, Title


def score(source: Source) -> float:
    """How many boxes stand in lists; those under a heading with an id are that task's."""
    return boxes_in([(t, i) for t, i in top_items(source) if heading_id(t.text) is None])


def read(source: Source) -> Reading:
    """Every box of the outermost lists."""
    return read_lists(source, _is_task)


def _is_task(_title: Title, item: Item) -> bool:
    return item.box is not None
