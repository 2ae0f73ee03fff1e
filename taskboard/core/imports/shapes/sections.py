"""A heading to each task, with fields or an id: near to ours, in other words and other order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from taskboard.core.board import Field
from taskboard.core.fields import read_fields
from taskboard.core.headings import heading_id, title_after
from taskboard.core.imports.listed import add_front
from taskboard.core.imports.marks import take_id
from taskboard.core.imports.nouns import Draft, Group, Reading
from taskboard.core.imports.source import Source, Title
from taskboard.core.imports.take import put
from taskboard.core.imports.words import family_of

_NUMBERED = re.compile(
    r"(?:\W*\s)?(?P<id>(?:Task|Story|Issue|Step) [0-9]+(?:\.[0-9]+)*)(?:\s*[:.—–-]\s*|\s+|$)"
)
_BADGE = re.compile(r"\s*\[([^\[\]]{2,60})\]\s*$")
_SIGN = re.compile(r"^([✅✔☑🔄🟨🚧⛔🚫⏸❌⬜🔲])\ufe0f?\s+|\s+([✅✔☑🔄🟨🚧⛔🚫⏸❌⬜🔲])\ufe0f?$")
_IDS = ("id", "task-id", "ticket", "编号")


@dataclass(slots=True)
class _Part:
    """A heading with what stands under it."""

    title: Title
    fields: list[Field]
    body: list[str]
    task: bool = False
    inner: bool = field(default=False)
    """A task's heading stands within its section."""


def score(source: Source) -> float:
    """How many headings are tasks."""
    tasks = sum(part.task for part in _parts(source))
    return tasks + 0.4 if tasks else 0


def read(source: Source) -> Reading:
    """Every heading: a task, a part of the text of the task above, or a group."""
    reading = Reading()
    above: list[tuple[int, Draft]] = []
    for part in _parts(source):
        level = part.title.level
        while above and above[-1][0] >= level:
            above.pop()
        if part.task:
            draft = _draft(part, source.name)
            if above:
                above[-1][1].children.append(draft)
            else:
                reading.groups[-1].tasks.append(draft)
            above.append((level, draft))
        elif above:
            lines = source.lines[part.title.start : part.title.end]
            above[-1][1].body += [*lines, *_all_lines(source, part)]
        else:
            reading.groups.append(_group(source, part))
    add_front(source, reading)
    return reading


def _group(source: Source, part: _Part) -> Group:
    title = part.title
    return Group(
        file=source.name,
        line=title.start + 1,
        heading=title.text,
        level=title.level,
        prose=_all_lines(source, part),
    )


def _all_lines(source: Source, part: _Part) -> list[str]:
    first = part.title.end
    fields = [source.lines[f.line] for f in part.fields]
    return source.lines[first : first + len(fields) + len(part.body)]


def _parts(source: Source) -> list[_Part]:
    parts = list(_found(source))
    for place, part in enumerate(parts):
        named = _names(part.title.text)
        status = any(f.key == "status" or f.key in _IDS for f in part.fields)
        if not named and status:
            part.inner = any(_is_named(p) for p in _beneath(parts, place))
        part.task = part.title.level > 0 and (named or (status and not part.inner))
    return parts


def _beneath(parts: list[_Part], place: int) -> Iterator[_Part]:
    for part in parts[place + 1 :]:
        if part.title.level <= parts[place].title.level:
            return
        yield part


def _is_named(part: _Part) -> bool:
    return _names(part.title.text) or any(f.key == "status" for f in part.fields)


def _names(text: str) -> bool:
    return heading_id(text) is not None or _NUMBERED.match(text) is not None


def _found(source: Source) -> Iterator[_Part]:
    for title, start, end in source.sections():
        lines = source.lines[start:end]
        flat = "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")
        found = read_fields(flat, 0, len(flat), start)[0] if title.level else ()
        fields = [f for f in found if f.value]
        taken = {f.line for f in fields}
        body = [line for n, line in enumerate(lines, start) if n not in taken]
        yield _Part(title, fields, body)


def _draft(part: _Part, file: str) -> Draft:
    draft = Draft(title=part.title.text, line=part.title.start + 1, file=file)
    _take_name(draft)
    for one in part.fields:
        put(draft, one.key, one.value)
    if not draft.word:
        _take_badge(draft)
    draft.body += part.body
    return draft


def _take_name(draft: Draft) -> None:
    """An id before the title."""
    text = draft.title
    named, numbered = heading_id(text), _NUMBERED.match(text)
    if named is not None:
        draft.old_id = named["id"]
        draft.title = f"{named['mark'].strip(' *[')} {title_after(text, named)}".strip() or text
    elif numbered is not None:
        draft.old_id = numbered["id"]
        draft.title = f"{text[: numbered.start('id')]}{text[numbered.end() :]}".strip() or text
    else:
        take_id(draft)


def _take_badge(draft: Draft) -> None:
    """A status behind the title in brackets, or beside it as a sign."""
    badge = _BADGE.search(draft.title)
    if badge is not None and family_of(badge[1]):
        draft.word = badge[1]
        draft.title = draft.title[: badge.start()].strip() or draft.title
    sign = _SIGN.search(draft.title)
    if sign is not None and not draft.word:
        draft.word = sign[1] or sign[2]
        draft.title = _SIGN.sub("", draft.title, count=1).strip() or draft.title
