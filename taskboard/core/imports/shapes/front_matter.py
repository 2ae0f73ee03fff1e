"""A file to each task, its fields in front matter: Backlog.md, workmesh, kanbn, oh-my-symphony."""

from __future__ import annotations

from taskboard.core.fields import canonical_key
from taskboard.core.imports.front import Front, read_front
from taskboard.core.imports.nouns import UNCLEAR, Draft, Finding, Group, Reading
from taskboard.core.imports.source import Source
from taskboard.core.imports.take import put, put_field

_CERTAIN = 900
_NAMES = ("id", "title", "name")
_KANBN = {"created", "updated", "owner", "progress", "due", "tags", "started", "completed"}


def score(source: Source) -> float:
    """Certain when the front matter has a status, or a title and an id; or when it looks like a
    card of kanbn, whose status stands in its index."""
    front = read_front(source.front_lines)
    keys = {canonical_key(key) for key in front.values}
    if "status" in keys or {"id", "title"} <= keys:
        return _CERTAIN
    card = len(keys & _KANBN) > 1 and keys <= _KANBN and source.titles
    return _CERTAIN if card else 0


def read(source: Source) -> Reading:
    """The one task of the file."""
    front = read_front(source.front_lines)
    keys = {canonical_key(key): key for key in reversed(front.values)}
    draft = Draft(title="", line=1, file=source.name, whole_file=True)
    body = source.lines[source.front :]
    _name(draft, front, keys, source, body)
    for key, value in front.values.items():
        if key not in (keys.get("title"), keys.get("name") if "title" not in keys else None):
            _put(draft, key, value)
    draft.body += body
    draft.old_id = draft.old_id or source.stem
    reading = Reading(groups=[Group(file=source.name, line=1, tasks=[draft])])
    if front.odd:
        _keep_odd(source, front, draft, reading)
    return reading


def _name(
    draft: Draft, front: Front, keys: dict[str | None, str], source: Source, body: list[str]
) -> None:
    """The title: of the front matter, else the first heading, else the file's name."""
    given = front.values.get(keys.get("title") or keys.get("name") or "", "")
    if isinstance(given, str) and given:
        draft.title = given
        return
    top = source.titles[0] if source.titles else None
    if top is not None:
        draft.title = top.text
        for line in range(top.start, top.end):
            body[line - source.front] = ""
    else:
        draft.title = source.stem


def _put(draft: Draft, key: str, value: str | list[str]) -> None:
    if isinstance(value, list):
        if canonical_key(key) == "needs":
            draft.needs += [word for word in value if word]
        elif any(value):
            put(draft, key, ", ".join(value))
    elif "\n" in value:
        draft.body += [f"**{key}:**", "", *value.split("\n"), ""]
    elif value and not (value in ("null", "~", "''") and canonical_key(key) != "title"):
        put(draft, key, value)
    elif value:
        put_field(draft, key, value)


def _keep_odd(source: Source, front: Front, draft: Draft, reading: Reading) -> None:
    lines = [source.lines[1 + n] for n in front.odd]
    draft.body += ["", "```yaml", *lines, "```"]
    said = "This front matter is more than keys, values and lists; it is kept as text."
    reading.findings.append(
        Finding(kind=UNCLEAR, file=source.name, line=2 + front.odd[0], message=said)
    )
