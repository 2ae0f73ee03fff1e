"""Lists of boxes as the plugin Tasks of Obsidian writes them: dates, priorities and the like
stand behind the title, each with its emoji or as ``[due:: 2026-04-20]``."""

from __future__ import annotations

import re

from taskboard.core.imports.items import Item
from taskboard.core.imports.listed import boxes_in, read_lists, top_items
from taskboard.core.imports.nouns import Reading
from taskboard.core.imports.source import Source, Title

_SIGN = re.compile(
    r"[📅📆🗓⏳⌛🛫➕✅❌]\ufe0f?\s*\d{4}-|🔁|⛔\ufe0f?\s*\w|🆔|[🔺⏫🔼🔽⏬]|[\[(]\w+:: "
)
_SHARE = 4


def score(source: Source) -> float:
    """How many boxes there are, if one in four has such a sign."""
    boxed = [(title, item) for title, item in top_items(source) if item.box is not None]
    signed = sum(_SIGN.search(item.text[:4000]) is not None for _, item in boxed)
    return boxes_in(boxed) + 0.2 if boxed and signed * _SHARE >= len(boxed) else 0


def read(source: Source) -> Reading:
    """Every box of the outermost lists."""
    return read_lists(source, _is_task)


def _is_task(_title: Title, item: Item) -> bool:
    return item.box is not None
