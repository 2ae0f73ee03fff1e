"""What an event carries of a section: its title, its fields, and a digest of what would be done.

The whole text is stored beside the ledger; these are bounded, for a line has 64 KiB.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from taskboard.core.board import Board, Field, Item
from taskboard.core.definition import definition
from taskboard.core.event import MAX_FIELDS
from taskboard.core.fields import PRIORITIES
from taskboard.core.ids import ID
from taskboard.core.needs import needs_of
from taskboard.core.units import read_time

MAX_TITLE = 300
"""Characters of a title that an event carries."""

_WHOLE = "2:"
"""How digests begin that are of everything."""

_OLDER = ("agent", "project", "run", "verify", "workflow")
_WHEN = ("status", "priority", "not-before", "needs")


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


def work_of(board: Board, item: Item, ours: frozenset[bytes] = frozenset()) -> str:
    """A digest of all that somebody who executes the section would be told: the text as it is
    kept (``definition``), whatever its ids and line ends are, without those fields that only say
    when it starts and cannot say anything else. Two sections with the same one do the same."""
    when = tuple(field.span for field in item.fields if _says_when(field))
    text = definition(board, item, ours, also=when)
    lines = (line.rstrip() for line in text.splitlines())
    return _WHOLE + digest_of(b"\n".join(lines).strip())


def same_work(item: Item, work: str, before: str | None, fields: Mapping[str, str]) -> bool:
    """Whether ``work``, the item's, is what the task had ``before``, then with these ``fields``.
    Digests in older ledgers are of fewer things, so there the fields have to be the same, too."""
    if before is None or before.startswith(_WHOLE):
        return work == before
    now = {key: value for key, value in fields_of(item).items() if key not in _WHEN}
    then = {key: value for key, value in fields.items() if key not in _WHEN}
    return _older_work(item) == before and now == then


def _older_work(item: Item) -> str:
    """The digest that older versions made."""
    fields = _clean_fields(item)
    words = [clean(item.title), clean(item.prompt).strip()]
    parts = [*words, *(fields.get(key, "") for key in sorted(_OLDER))]
    return digest_of(json.dumps(parts).encode())


def _says_when(field: Field) -> bool:
    """Whether a field is only about when a task starts. A value that cannot be read as that may
    be anything, and an agent is told it with the rest of the text."""
    match field.key:
        case "status":
            return True  # its value is never told
        case "priority":
            return field.value.casefold() in PRIORITIES
        case "not-before":
            return read_time(field.value) is not None
        case "needs":
            return all(map(ID.fullmatch, needs_of({"needs": field.value})))
        case _:
            return False


def _clean_fields(item: Item) -> Mapping[str, str]:
    return {clean(key): clean(value) for key, value in item.values().items()}


def clean(text: str) -> str:
    """Bytes that were not UTF-8 cannot stand in JSON; the board itself keeps them."""
    return text.encode("utf-8", "replace").decode("utf-8")
