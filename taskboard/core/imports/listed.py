"""Items of lists to drafts: what all shapes made of lists have in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from taskboard.core.fields import FIELDS, canonical_key
from taskboard.core.imports.items import Item, items_of
from taskboard.core.imports.marks import take_id, take_marks
from taskboard.core.imports.nouns import Draft, Group, Reading
from taskboard.core.imports.source import Source, Title
from taskboard.core.imports.take import put
from taskboard.core.imports.words import family_of, priority_of
from taskboard.core.state import OPEN_WORDS

_BOLD = re.compile(r"\*\*([^*\n]{1,40}?)(?::\*\*|\*\*\s*:)(?:\s+(.*)|$)")
_PLAIN = re.compile(r"([^\W\d_][\w -]{0,29}):\s+(\S.*)")
_INNER = re.compile(r"\s*(?:[-*+]|\d+[.)]) \[.\ufe0f?\](?:\s|$)")
_STRUCK = re.compile(r"~~(.+)~~")
_FEW_WORDS = 4
_DEEPEST = 5
"""How deep tasks may lie in tasks: a heading has six levels. What lies deeper is text."""

IsTask = Callable[[Item], bool]


def draft_of(
    item: Item, file: str, *, word: str = "", details: bool = False, depth: int = 0
) -> Draft:
    """The task that an item is. ``details``: all bold keys under it are fields, not only those
    that we know."""
    draft = Draft(title=item.text, line=item.line + 1, file=file, word=word, mark=item.box)
    struck = _STRUCK.fullmatch(draft.title)
    if struck is not None:
        draft.title = struck[1].strip()
        if not word and (item.box or " ") == " ":
            draft.mark = "-" if item.box is not None else None
    take_marks(draft)
    _take_details(draft, item, details=details, depth=depth)
    return draft


def _take_details(draft: Draft, item: Item, *, details: bool, depth: int) -> None:
    """What stands under an item: fields, tasks of its own (those with an id), and text."""
    if not any(line[:1] in "-*+0123456789" for line in item.body if line):
        draft.body += item.body
        return
    kept: list[str] = []
    for part in items_of(item.body, first=item.line + 1):
        if not isinstance(part, Item):
            kept.append(part.text)
        elif part.box is None and _take_field(draft, part, details=details):
            continue
        elif (child := _child(part, draft, depth)) is not None:
            draft.children.append(child)
            if kept and kept[-1].strip():
                kept.append("")
        else:
            kept += part.raw
    draft.body += kept


def _take_field(draft: Draft, part: Item, *, details: bool) -> bool:
    """Whether ``- **Key**: value`` is a field; its further lines are its value, or its text."""
    bold, plain = _BOLD.fullmatch(part.text), _PLAIN.fullmatch(part.text)
    found = bold or plain
    key = canonical_key(found[1]) if found else None
    known = key in FIELDS or key in ("id", "parent")
    if found is None or key is None or not (known or (details and bold)):
        return False
    value = found[2] or ""
    lines = [line.strip() for line in part.body if line.strip()]
    if any(line[:2] in ("- ", "* ", "+ ", "> ") or line[:3] in ("```", "~~~") for line in lines):
        return False
    if not value and not lines:
        return False
    put(draft, found[1], " ".join([value, *lines]).strip())
    return True


def _child(part: Item, draft: Draft, depth: int) -> Draft | None:
    """A box with an id is a task of its own; one without is a criterion of the task above."""
    if part.box is None or depth >= _DEEPEST:
        return None
    probe = Draft(title=part.text, line=0, file="")
    take_id(probe)
    return draft_of(part, draft.file, depth=depth + 1) if probe.old_id else None


def no_lane(_title: Title) -> str:
    """For shapes whose headings say nothing of a status."""
    return ""


def read_lists(
    source: Source,
    is_task: Callable[[Title, Item], bool],
    lane: Callable[[Title], str] = no_lane,
    *,
    details: bool = False,
) -> Reading:
    """Every heading with the tasks of its lists. ``lane`` is the status that a heading gives to
    what stands under it; it may give a priority, too."""
    reading = Reading()
    for title, start, end in source.sections():
        group = Group(
            file=source.name, line=title.start + 1, heading=title.text, level=title.level
        )
        word, level = lane(title), lane_priority(title.text)
        lines, hidden = source.lines[start:end], source.hidden[start:end]
        wanted = lambda item, here=title: is_task(here, item)  # noqa: E731
        for part in _flat(items_of(lines, hidden, start), wanted):
            if isinstance(part, Item):
                draft = draft_of(part, source.name, word=word, details=details)
                draft.priority = draft.priority or level
                group.tasks.append(draft)
                _gap(group.prose)
            else:
                group.prose.append(part)
        reading.groups.append(group)
    add_front(source, reading)
    return reading


def _flat(parts: Iterable[object], is_task: IsTask, depth: int = 0) -> Iterable[Item | str]:
    """The tasks, and as lines all else; of an item that is none the boxes within are looked at."""
    for part in parts:
        if not isinstance(part, Item):
            yield getattr(part, "text", "")
        elif is_task(part):
            yield part
        elif depth < _DEEPEST and any(map(_INNER.match, part.body)):
            yield part.raw[0]
            yield from _flat(items_of(part.body, first=part.line + 1), is_task, depth + 1)
        else:
            yield from part.raw


def _gap(prose: list[str]) -> None:
    if prose and prose[-1].strip():
        prose.append("")


def add_front(source: Source, reading: Reading) -> None:
    """Keep front matter that belongs to no shape as a block of code."""
    inner = source.front_lines
    if not any(line.strip() for line in inner) or not reading.groups:
        return
    empty = (
        not any(line.strip() for line in reading.groups[0].prose) and not reading.groups[0].tasks
    )
    place = reading.groups[1] if empty and len(reading.groups) > 1 else reading.groups[0]
    place.prose[:0] = ["```yaml", *inner, "```", ""]


def lane_word(title: str) -> str:
    """The status that a heading gives to what stands under it, or empty: it is short, and says
    nothing else."""
    word = " ".join(re.sub(r"\([^()]*\)|[*_`#]", " ", title[:100]).split())
    family = family_of(word) if len(word.split()) <= _FEW_WORDS else ""
    if family == "open":
        plain = word.casefold().strip(" :")
        return plain if plain in OPEN_WORDS else "todo"
    return word if family else ""


def lane_priority(title: str) -> str:
    """The priority that a heading gives (``P1``, ``High priority``), or empty."""
    word = re.sub(r"\bpriority\b:?", "", title[:100], flags=re.IGNORECASE).strip(" :*-—–")
    if re.fullmatch(r"[Pp][0-4]", word):
        return word
    return word if "priority" in title.casefold() and priority_of(word) else ""


def top_items(source: Source) -> list[tuple[Title, Item]]:
    """Every item of the outermost lists with the heading it stands under."""
    if "items" not in source.seen:
        source.seen["items"] = [
            (title, part)
            for title, start, end in source.sections()
            for part in items_of(source.lines[start:end], source.hidden[start:end], start)
            if isinstance(part, Item)
        ]
    found: list[tuple[Title, Item]] = source.seen["items"]
    return found


def boxes_in(items: Sequence[tuple[Title, Item]]) -> int:
    """How many of the items have a box, or boxes in them."""
    return sum(i.box is not None or any(map(_INNER.match, i.body)) for _, i in items)
