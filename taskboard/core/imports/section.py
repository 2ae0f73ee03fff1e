"""One task's section on the new board, whatever its text holds."""

from __future__ import annotations

import re
from collections.abc import Sequence

from taskboard.core.blocks import find_blocks
from taskboard.core.compose import section_text
from taskboard.core.imports.nouns import Draft
from taskboard.core.parse import parse
from taskboard.core.render import one_line

_BUSY = re.compile(
    r"^ {0,3}(?:#|[=-]+[ \t]*$|<|`{3}|~{3}|\d+[.)] +[#<])|^%%|```|~~~|^[ \t>*+-]+[#<]",
    re.MULTILINE,
)
"""What makes Markdown more than text and lists: then the careful way is gone."""
_HEADING = re.compile(r"^ {0,3}#", re.MULTILINE)
_SIMPLE = re.compile(r"[\w\"'(<>$&][^\x00-\x1f\x7f]*[^#\s]|\w")
_TILDES = re.compile("~+")
LONGEST_FIELDS = 8000
"""Characters of all fields of a task; what goes beyond becomes text."""


def write_section(
    draft: Draft, level: int, fields: Sequence[tuple[str, str]], *, careful: bool
) -> str:
    """The section of ``draft`` at ``level``, without its children. ``careful``: what would end
    it, start another task or leave something open is escaped or fenced. Every word is there."""
    kept, more = _bounded(fields)
    title = one_line(draft.title) or "(no title)"
    body = "\n".join([*(f"- {key}: {value}" for key, value in more), *draft.body]).strip("\n")
    if _HEADING.search(body):
        body = demoted(body, level)
    if _SIMPLE.fullmatch(title) and not (careful and _BUSY.search(body)) and _plain(kept):
        head = f"{'#' * level} {draft.task} {title}\n"
        lines = "".join(f"- {key}: {value}\n" for key, value in kept)
        return f"{head}{lines}\n{body}\n" if body else f"{head}{lines}"
    try:
        text = section_text(draft.task, title, level, kept, body)
    except ValueError:
        return _fenced_section(draft.task, title, level, kept, body)
    if careful and parse(text.encode()).cut:  # in a quote, which only the next heading ends
        return _fenced_section(draft.task, title, level, kept, body)
    return text


def _fenced_section(
    task: str, title: str, level: int, fields: Sequence[tuple[str, str]], body: str
) -> str:
    try:
        return section_text(task, title, level, fields, fenced(body))
    except ValueError:  # it is the title or a field: all of it becomes text
        status = [pair for pair in fields if pair[0] == "status"]
        rest = "\n".join([title, *(f"{key}: {value}" for key, value in fields), "", body])
        return section_text(task, "(see below)", level, status, fenced(rest))


def _bounded(
    fields: Sequence[tuple[str, str]],
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    kept: list[tuple[str, str]] = []
    more: list[tuple[str, str]] = []
    size = 0
    for key, value in fields:
        size += len(key) + len(value.encode("utf-8", "replace"))
        (kept if size <= LONGEST_FIELDS else more).append((key, value))
    return kept, more


def _plain(fields: Sequence[tuple[str, str]]) -> bool:
    return all(value[:1] != "`" and value.isprintable() for _, value in fields)


def fenced(text: str) -> str:
    """The text as a block of code that it cannot end."""
    longest = max((len(run) for run in _TILDES.findall(text)), default=0)
    marks = "~" * max(3, longest + 1)
    return f"{marks}text\n{text}\n{marks}"


def is_fenced(section: str) -> bool:
    """Whether a section's text is one block that ``fenced`` made."""
    return re.match(r"~{3,}text\n", section.partition("\n\n")[2]) is not None


def demoted(body: str, level: int) -> str:
    """The body with its headings pushed beneath ``level``; those it leaves are escaped later."""
    raw = b"\n" + body.encode("utf-8", "replace")  # no front matter begins behind a line end
    found = [h for h in find_blocks(raw).headings if raw[h.start : h.end].lstrip()[:1] == b"#"]
    shift = level + 1 - min((h.level for h in found), default=level + 1)
    if shift <= 0:
        return body
    out, at = [], 1
    for heading in found:
        mark = raw.index(b"#", heading.start)
        out += [raw[at:mark], b"#" * min(shift, 6 - heading.level)]
        at = mark
    return b"".join([*out, raw[at:]]).decode("utf-8", "replace")
