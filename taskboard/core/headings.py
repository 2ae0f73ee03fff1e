"""What a heading's text says: an id, and a title after it."""

from __future__ import annotations

import re

MAX_ID = 64
"""Characters; nothing longer is an id."""

_ID = re.compile(
    r"(?P<mark>(?:[0-9#*]\ufe0f?\u20e3|[^\w\x00-\x7f]|[*\[\s])*)"
    r"(?P<id>[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*-[0-9]+)(?![\w-]|[./@#+:]\w)"
    r"(?P<after>[*\]]*(?:\s*(?:[:—–|](?!\w)|[：｜])|\s+-(?=\s))?[*\]]*\s*)"
)


def heading_id(text: str) -> re.Match[str] | None:
    """The id at the start of a heading's text: groups ``mark`` (what may stand before it), ``id``
    and ``after`` (what separates it from the title)."""
    found = _ID.match(text)
    return found if found is not None and len(found["id"]) <= MAX_ID else None


def title_after(text: str, match: re.Match[str]) -> str:
    """The title behind an id, without the end of an emphasis that began before the id."""
    rest = text[match.end() :]
    if "*" in match["mark"] and "*" not in match["after"]:
        return rest.rstrip("*").rstrip()
    return rest
