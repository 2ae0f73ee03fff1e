"""Field lines: how they are spelled, what people call them, what their values are."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from taskboard.core.board import Field, Span

EXECUTABLE = frozenset({"run", "verify", "agent", "project", "workflow"})
"""Keys that decide what is executed: they count only as list items."""

ALIASES = {
    "state": "status",
    "状态": "status",
    "狀態": "status",
    "状態": "status",
    "상태": "status",
    "الحالة": "status",
    "وضعیت": "status",
    "need": "needs",
    "depends": "needs",
    "depends-on": "needs",
    "dependency": "needs",
    "dependencies": "needs",
    "blocked-by": "needs",
    "assignee": "owner",
    "assigned": "owner",
    "assigned-to": "owner",
    "claimed-by": "owner",
    "acceptance": "measure",
    "acceptance-criteria": "measure",
    "done-when": "measure",
    "definition-of-done": "measure",
    "success-criteria": "measure",
    "prio": "priority",
    "artifact": "artifacts",
    "input": "inputs",
}
"""What people write for a key, in its folded form. Executable keys have no alias: nothing is
run because a word was close."""

_KEY = re.compile(r"(?=.{1,30}\Z)[^\W_](?:[\w -]*\w)?")
_KEY_BYTES = rb"(?P<key>[A-Za-z0-9\x80-\xff][A-Za-z0-9_ \-\x80-\xff]{0,119})"
_VALUE = rb"(?P<gap>[ \t]+|(?=\n|\Z))(?P<value>[^\n]*)\n?"
_BLANK_LINE = re.compile(rb"[ \t]*\n")
_BULLET = rb"(?P<indent> {0,3})-(?: {1,4}|\t)"


class Form(NamedTuple):
    """One spelling of a field line. ``name`` goes into ``Field.form``; the groups of ``pattern``
    are, in order, ``indent key gap value`` (asked for by number: there are many fields)."""

    name: str
    pattern: re.Pattern[bytes]


FORMS = (
    Form("list", re.compile(_BULLET + _KEY_BYTES + rb":" + _VALUE)),
    Form("list", re.compile(_BULLET + rb"\*\*" + _KEY_BYTES + rb":\*\*" + _VALUE)),
)
"""Every spelling that counts as a field; a new one is one row."""


def read_fields(flat: bytes, at: int, line: int) -> tuple[tuple[Field, ...], int]:
    """The fields that start at ``at`` (its line number is ``line``) or after one blank line, and
    the offset just after the last of them (``at`` when there are none)."""
    fields: list[Field] = []
    indent: bytes | None = None
    stop = at
    if blank := _BLANK_LINE.match(flat, at):
        at, line = blank.end(), line + 1
    while (found := _match(flat, at)) is not None:
        name, key, match = found
        if indent is None:
            indent = match[1]
        elif indent != match[1]:
            break
        fields.append(_field(name, key, match, line))
        at = stop = match.end()
        line += 1
    return tuple(fields), stop


def _match(flat: bytes, at: int) -> tuple[str, str, re.Match[bytes]] | None:
    for name, pattern in FORMS:
        match = pattern.match(flat, at)
        if match is not None and (key := _read_key(match[2])) is not None:
            return name, key, match
    return None


def _field(name: str, key: str, match: re.Match[bytes], line: int) -> Field:
    raw = match[4].rstrip(b" \t")
    value = raw.decode("utf-8", "surrogateescape")
    start = match.start(4 if raw else 3)  # a blank may be half of a line end
    return Field(
        key=key,
        value=span_content(value) if value.startswith("`") else value,
        line=line,
        span=Span(*match.span()),
        value_span=Span(start, start + len(raw)),
        form=name,
    )


@lru_cache(maxsize=1024)
def _read_key(raw: bytes) -> str | None:
    return canonical_key(text_of(raw))


def canonical_key(typed: str) -> str | None:
    """``Depends On`` -> ``needs``; None when it is no key."""
    word = typed.strip(" ")
    if not _KEY.fullmatch(word):
        return None
    folded = "-".join(word.casefold().replace("_", " ").replace("-", " ").split())
    return ALIASES.get(folded, folded)


def span_content(value: str) -> str:
    """The content of a value that is exactly one code span; any other value as it is."""
    marks = len(value) - len(value.lstrip("`"))
    if not marks or (close := code_span_end(value, marks)) != len(value):
        return value
    inner = value[marks : close - marks]
    if inner.startswith(" ") and inner.endswith(" ") and inner.strip(" "):
        return inner[1:-1]
    return inner


def code_span_end(value: str, marks: int) -> int:
    """Where the code span that ``value`` starts with ends, or -1 when it does not."""
    for run in re.finditer("`+", value[marks:]):
        if len(run[0]) == marks:
            return marks + run.end()
    return -1


def text_of(raw: bytes) -> str:
    """Bytes as text; what is not UTF-8 comes through as lone surrogates."""
    return raw.decode("utf-8", "surrogateescape")
