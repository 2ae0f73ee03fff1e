"""What a `needs` value names."""

from __future__ import annotations

import re
from collections.abc import Mapping

_LIST = re.compile(r"\[([^\[\]]*)\]")
_LINK = re.compile(r"\[{1,2}([^\[\]]*)\]{1,2}(?:\([^()\s]*\))?|`([^`]*)`")
_NOBODY = frozenset({"none", "-", "—", "–", "n/a", "无", "無", "なし", "없음"})


def needs_of(fields: Mapping[str, str]) -> list[str]:
    """The words in a ``needs`` value, separated by commas, without the marks of links and lists;
    `none` and dashes name nobody."""
    value = fields.get("needs", "").strip()
    listed = _LIST.fullmatch(value)
    words = re.split("[,，、،]", listed[1] if listed else value)
    names = (_without_link(word.strip()) for word in words)
    return [name for name in names if name and name.casefold() not in _NOBODY]


def _without_link(word: str) -> str:
    found = _LINK.fullmatch(word)
    return word if found is None else (found[1] or found[2] or "").strip()
