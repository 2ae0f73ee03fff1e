"""Field lines: how they are spelled, what people call them, what their values are.

A run of field lines belongs to one family, that of its first line: list items or plain lines.
A line of the other family is a field, too, when the runtime knows its key; else it is prose that
looks like one (``Warning: it is slow`` behind list items, ``- Step one: collect`` behind plain
lines). Such prose, and an executable key or a ``Note:`` in a plain line, stays in the prompt and
does not end the run: a ``needs`` behind it still holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple
from unicodedata import normalize

from taskboard.core.board import Field, Span

EXECUTABLE = frozenset({"run", "verify", "agent", "project", "workflow"})
"""Keys that decide what is executed: they count only as list items."""

FIELDS = EXECUTABLE | frozenset(
    "status model inputs measure artifacts evidence needs owner priority steps role team "
    "max-attempts timeout budget not-before answer".split()
)
"""Every key that the runtime understands."""

PRIORITIES = dict.fromkeys(("critical", "p0"), 0) | dict.fromkeys(("high", "p1"), 1)
PRIORITIES |= dict.fromkeys(("medium", "none", "", "p2"), 2) | dict.fromkeys(
    ("low", "p3", "p4"), 3
)
"""Every word for a priority, caseless; any other counts as none."""

_OWN = frozenset({"result", "note"})
"""Keys of the runtime's own lines, which are list items also after plain lines."""

_LIST_ONLY = EXECUTABLE | _OWN

_NAMES = {
    "status": "state статус סטטוס 状态 狀態 状態 상태 الحالة وضعیت",
    "needs": "need depends depends-on dependency dependencies blocked-by "
    "依赖 依賴 依存 依存関係 의존성",
    "owner": "assignee assigned assigned-to claimed-by 负责人 負責人 担当 担当者 담당자",
    "measure": "acceptance acceptance-criteria done-when definition-of-done success-criteria "
    "验收标准 驗收標準 完了条件",
    "priority": "prio 优先级 優先級 優先度 우선순위 اولویت",
    "artifacts": "artifact",
    "inputs": "input",
}
ALIASES = {name: key for key, names in _NAMES.items() for name in names.split()}
"""What people write for a key, in its folded form. Executable keys have no alias: nothing is
run because a word was close."""

_KEY = re.compile(r"(?=.{1,30}\Z)[^\W_](?:[\w -]*\w)?")
_LETTER = re.compile(r"[^\W\d_]")
_DIRECTION_MARKS = " \u061c\u200e\u200f"
_MOST_BYTES = 120
"""Bytes of 30 characters at most."""

_WIDE = rb"\xef\xbc\x9a"  # the full-width colon; people who use it write no blank after it
_IN_KEY = rb"[A-Za-z0-9_ \-\x80-\xee\xf0-\xff]*+"
_KEY_BYTES = (
    rb"((?!%b)[A-Za-z0-9\x80-\xff]" % _WIDE + _IN_KEY + rb"(?:\xef(?!\xbc\x9a)%b)*+)" % _IN_KEY
)
_GAP = rb"(?=[ \t\n]|\Z)"
_WIDE_GAP = rb"(?:\xe3\x80\x80)*"
_COLON = rb"(?::%b|%b(?!//|(?<=[0-9]%b)[0-9])%b)" % (_GAP, _WIDE, _WIDE, _WIDE_GAP)
_BOLD_COLON = rb"(?:(?::\*\*|\*\*:)%b|(?:%b\*\*|\*\*%b)%b)" % (_GAP, _WIDE, _WIDE, _WIDE_GAP)
_VALUE = rb"([ \t]*)([^\n]*)\n?"
_BLANK_LINE = re.compile(rb"[ \t]*\n")
_BULLET = rb"( {0,3})[-*](?: {1,4}|\t)"
_NO_BULLET = rb"( {0,3})"


class Form(NamedTuple):
    """One spelling of a field line. ``name`` goes into ``Field.form``; the groups of ``pattern``
    are, in order, indent, key, gap and value."""

    name: str
    pattern: re.Pattern[bytes]


FORMS = (
    Form("list", re.compile(_BULLET + _KEY_BYTES + _COLON + _VALUE)),
    Form("list", re.compile(_BULLET + rb"\*\*" + _KEY_BYTES + _BOLD_COLON + _VALUE)),
    Form("plain", re.compile(_NO_BULLET + rb"\*\*" + _KEY_BYTES + _BOLD_COLON + _VALUE)),
    Form("plain", re.compile(_NO_BULLET + _KEY_BYTES + _COLON + _VALUE)),
)
"""Every spelling that counts as a field; a new one is one row."""


def read_fields(flat: bytes, at: int, end: int, line: int) -> tuple[tuple[Field, ...], int]:
    """The fields that start at ``at`` (its line number is ``line``) or after one blank line, and
    the offset just after the last of them (``at`` when there are none). ``end`` is where the
    next heading starts. Lines between them that are prose are passed over."""
    fields: list[Field] = []
    manner: tuple[bytes, str] | None = None
    stop = at
    if blank := _BLANK_LINE.match(flat, at):
        at, line = blank.end(), line + 1
    while at < end and (found := _match(flat, at)) is not None:
        form, key, match = found
        indent, family = manner = manner or (match[1], form)
        if match[1] != indent and (form == "list" or len(match[1]) > len(indent)):
            break  # nested
        at = match.end()
        if _counts(key, form, family):
            fields.append(_field(form, key, match, line))
            stop = at
        line += 1
    return tuple(fields), stop


def prose_around(fields: Sequence[Field], start: int, end: int) -> Iterator[Span]:
    """The prose before, between and after ``fields``, of which some stand in a row."""
    for field in fields:
        if start < field.span.start:
            yield Span(start, field.span.start)
        start = field.span.end
    yield Span(start, end)


def _counts(key: str, form: str, family: str) -> bool:
    """Whether a line is a field of a run of ``family``, and not prose in its midst."""
    if form == "plain" and key in _LIST_ONLY:
        return False
    return form == family or key in FIELDS or key in _OWN


def _match(flat: bytes, at: int) -> tuple[str, str, re.Match[bytes]] | None:
    for form, pattern in FORMS:
        match = pattern.match(flat, at)
        if match is not None:
            key = _read_key(match[2]) if len(match[2]) <= _MOST_BYTES else None
            if key is None or (form == "plain" and not _LETTER.search(key)):
                return None  # a date or a time that starts a line of prose
            return form, key, match
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
    if not word.isascii():
        word = normalize("NFC", word).strip(_DIRECTION_MARKS)
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
