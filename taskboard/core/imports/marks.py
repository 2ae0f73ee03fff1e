"""What people write into the line of an item: an id before the title, and behind it tags, dates,
owners, dependencies."""

from __future__ import annotations

import re
from collections.abc import Callable

from taskboard.core.imports.nouns import Draft
from taskboard.core.imports.take import put, put_field

_ID = re.compile(
    r"(?:\*\*|__|~~)?[\[(`]?"
    r"(?P<id>[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*-[0-9]+(?:\.[0-9]+)*"
    r"|[A-Z]{1,4}[0-9]{1,5}(?:-[A-Z]{1,3}[0-9]{1,5})*|[0-9]+(?:\.[0-9]+)+)"
    r"(?![\w/-]|\.\w)[\])`]?(?P<after>(?:\s*[:—–|]|\s+-(?=\s))?(?:\*\*|__|~~)?(?:\s*[:—–]|\s+-(?=\s))?)\s+(?=\S)"
)
_NO_PREFIX = frozenset("UTF SHA ISO RFC GPT MD AES CVE HTTP PEP RSA CP WIN COVID".split())
"""Names that look like ids, and are the first word of a title."""
_DATE = r"\s*(\d{4}-\d{2}-\d{2})"
_EMOJI = {
    "📅": "due", "📆": "due", "🗓": "due", "⏳": "scheduled", "⌛": "scheduled", "🛫": "start",
    "➕": "created", "✅": "finished", "❌": "cancelled",
}  # fmt: skip
_DATED = re.compile(rf"\s*({'|'.join(_EMOJI)})\ufe0f?{_DATE}")
_OTHER = "".join([*_EMOJI, "🔁🏁⛔🆔🔺⏫🔼🔽⏬"])
_REPEAT = re.compile(rf"\s*(🔁|🏁)\ufe0f?\s*([^{_OTHER}#\[(]+)")
_NEEDS = re.compile(r"\s*⛔\ufe0f?\s*([\w-]+(?:\s*,\s*[\w-]+)*)")
_NAMED = re.compile(r"\s*🆔\ufe0f?\s*([\w-]+)")
_URGENT = re.compile(r"\s*([🔺⏫🔼🔽⏬])\ufe0f?")
_DATAVIEW = re.compile(r"\s*[\[(]([^\W\d_][\w -]{0,29})::\s*([^\[\]()\n]*)[\])]")
_BRACKET = re.compile(r"\s*\[([A-Za-z][A-Za-z -]{1,28}):\s+([^\[\]\n]+)\](?!\()")
_WAITS = re.compile(
    r"\s*[(\[](?:depends on|blocked by|needs|after):?\s+"
    r"([#\w.-]*\d[\w.-]*(?:\s*(?:,|and|&)\s*[#\w.-]*\d[\w.-]*)*)[)\]]",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"\s*<!--\s*([A-Za-z][\w -]{0,28}):\s*(.*?)\s*-->")
_KANBAN_DATE = re.compile(r"\s*@(@?)\{([^{}\n]+)\}")
_AGENT = re.compile(r"\s*\(@([\w.-]+)\)|\s+@([A-Za-z][\w.-]*)$")
_TAGS = re.compile(r"(?:\s+#[^\W\d][\w/-]*)+$")
_FIRST_TAGS = re.compile(r"^(?:#[^\W\d][\w/-]*\s+)+(?=\S)")
_FLAG = re.compile(r"^\[(P|US\d+)\]\s+(?=\S)")


def take_marks(draft: Draft) -> None:
    """Read the title's marks into the draft, and leave a title that says what is to be done."""
    _take_first(draft)
    text = draft.title
    if len(text) > 4000:  # no line of a person; its marks stay where they are
        return
    text = _each(_DATAVIEW, text, lambda m: put(draft, m[1], m[2]))
    text = _each(_COMMENT, text, lambda m: put(draft, m[1], m[2]))
    text = _each(
        _WAITS, text, lambda m: put(draft, "needs", re.sub(r"\s+(?:and|&)\s+", ", ", m[1]))
    )
    text = _each(_BRACKET, text, lambda m: put(draft, m[1], m[2]))
    text = _each(_KANBAN_DATE, text, lambda m: put_field(draft, "time" if m[1] else "due", m[2]))
    text = _each(_DATED, text, lambda m: put_field(draft, _EMOJI[m[1]], m[2]))
    text = _each(_NEEDS, text, lambda m: put(draft, "needs", m[1]))
    text = _each(_NAMED, text, lambda m: put(draft, "id", m[1]))
    text = _each(
        _REPEAT, text, lambda m: put_field(draft, "repeats" if m[1] == "🔁" else "then", m[2])
    )
    text = _each(_URGENT, text, lambda m: put(draft, "priority", m[1]))
    text = _each(_AGENT, text, lambda m: put(draft, "owner", m[1] or m[2]))
    tags = [*_tags(_FIRST_TAGS, text), *_tags(_TAGS, text)]
    text = _TAGS.sub("", _FIRST_TAGS.sub("", text))
    if tags:
        put_field(draft, "tags", ", ".join(tags))
    draft.title = text.strip() or draft.title


def take_id(draft: Draft) -> None:
    """Read the id that a title begins with, if one does."""
    found = _ID.match(draft.title)
    if found is None or draft.old_id:
        return
    bare = found.start("id") == 0 and not found["after"].strip()
    prefix = found["id"].partition("-")[0]
    if bare and (prefix.upper() in _NO_PREFIX or prefix != prefix.upper()):
        return
    if bare and "-" not in found["id"] and re.fullmatch("[A-Z]+[0-9]{1,2}", found["id"]):
        return  # `S3 upload`, `Q4 plan`
    if bare and prefix[0].isdigit():  # `2.1 Parser`, or is it `3.5 hours of tests`?
        draft.old_id = found["id"]
        return
    rest = draft.title[found.end() :]
    opened, closed = draft.title[: found.start("id")], draft.title[found.end("id") : found.end()]
    for sign in ("**", "__", "~~"):
        if sign in opened and sign not in closed and rest.count(sign) % 2:
            rest = rest.replace(sign, "", 1)
    draft.old_id, draft.title = found["id"], rest.strip() or draft.title


def _take_first(draft: Draft) -> None:
    take_id(draft)
    while found := _FLAG.match(draft.title):
        key, value = ("parallel", "yes") if found[1] == "P" else ("story", found[1])
        put_field(draft, key, value)
        draft.title = draft.title[found.end() :]


def _each(pattern: re.Pattern[str], text: str, take: Callable[[re.Match[str]], object]) -> str:
    """Take every match out of a text that has more than it."""

    def taken(found: re.Match[str]) -> str:
        take(found)
        return ""

    return pattern.sub(taken, text)


def _tags(pattern: re.Pattern[str], text: str) -> list[str]:
    return [tag for found in pattern.finditer(text) for tag in re.findall(r"#([^\s#]+)", found[0])]
