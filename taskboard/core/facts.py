"""What an event carries of a section: its title, its fields, and a digest of what would be done.

The whole text is stored beside the ledger; these are bounded, for a line has 64 KiB.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from taskboard.core.board import Item
from taskboard.core.event import MAX_FIELDS
from taskboard.core.fields import EXECUTABLE

MAX_TITLE = 300
"""Characters of a title that an event carries."""


def digest_of(text: bytes) -> str:
    """The name under which a text is stored: its SHA-256 in hex."""
    return hashlib.sha256(text).hexdigest()


def title_of(item: Item) -> str:
    """The title as the ledger knows it."""
    return clean(item.title)[:MAX_TITLE]


def fields_of(item: Item) -> dict[str, str]:
    """The fields that fit an event, in order. What is left out is diagnosed (TB123) and keeps
    its task from starting."""
    kept: dict[str, str] = {}
    room = MAX_FIELDS
    for key, value in _clean_fields(item).items():
        room -= len(key.encode()) + len(value.encode())
        if room < 0:
            break
        kept[key] = value
    return kept


def work_of(item: Item) -> str:
    """A digest of what the section would have executed: commands, agent, project, title and
    prompt. Two sections with the same one do the same, whatever their ids are."""
    fields = _clean_fields(item)
    words = [clean(item.title), clean(item.prompt).strip()]
    parts = [*words, *(fields.get(key, "") for key in sorted(EXECUTABLE))]
    return digest_of(json.dumps(parts).encode())


def _clean_fields(item: Item) -> Mapping[str, str]:
    return {clean(key): clean(value) for key, value in item.values().items()}


def clean(text: str) -> str:
    """Bytes that were not UTF-8 cannot stand in JSON; the board itself keeps them."""
    return text.encode("utf-8", "replace").decode("utf-8")
