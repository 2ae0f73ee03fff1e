"""Tasks that come as JSON: their keys and values to drafts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from taskboard.core.fields import canonical_key
from taskboard.core.imports.nouns import Draft
from taskboard.core.imports.take import put, put_field

_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def decoded(text: str) -> Any:
    """The JSON value of a text; None when it is none. No board can hold a NUL character: there
    U+FFFD stands for it."""
    text = _NUL.sub(r"\1\\ufffd", text)
    try:
        return msgspec.json.decode(text.encode("utf-8", "replace"))
    except (msgspec.DecodeError, RecursionError):
        return None


def entries(value: Any) -> list[Any]:
    """The entries of a list; of any other value that says something the value itself."""
    if isinstance(value, list):
        return value
    return [] if value in (None, "", {}) else [value]


def put_all(draft: Draft, record: Mapping[str, Any], texts: Mapping[str, str]) -> None:
    """Everything a record says besides what was taken from it. ``texts`` are keys whose values
    are prose, each with the heading it stands under (none: the text itself)."""
    for key, value in record.items():
        if value in (None, "", [], {}):
            continue
        if key in texts:
            head = [f"**{texts[key]}**", ""] if texts[key] else []
            draft.body += [*head, *_lines(value), ""]
        elif isinstance(value, str) and "\n" not in value:
            put(draft, key, value)
        elif isinstance(value, bool | int | float):
            put_field(draft, key, spelled(value))
        elif isinstance(value, list) and all(isinstance(v, str | int) for v in value):
            put(draft, key, ", ".join(str(v) for v in value))
        else:
            body = value if isinstance(value, str) else spelled(value)
            draft.body += [f"**{key}:**", "", *body.split("\n"), ""]
    if canonical_key(draft.title) == "":
        draft.title = draft.old_id


def _lines(value: Any) -> list[str]:
    return (value if isinstance(value, str) else spelled(value)).replace("\r", "").split("\n")


def spelled(value: Any) -> str:
    """A value as JSON."""
    return msgspec.json.encode(value).decode()
