"""Front matter: the part of YAML that task files are written in, read strictly.

One file in ten of those people have is no YAML at all (``title: Part 2: the rest``), so a value is
what stands behind the first colon. Lists, quotes and texts of several lines are read; whatever
else there is comes back as lines, to be kept and reported.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_KEY = re.compile(r"([^\s:#'\"\[\]{}&*!|>%@`,-][^:#]{0,60}?) ?:(?:\s+(.*))?")
_ENTRY = re.compile(r"-(?:\s+(.*))?")
_BLOCK = re.compile(r"[|>][+-]?\d?")
_FLOW = re.compile(r"\[(.*)\]", re.DOTALL)
_WORD = re.compile(r"\s*(\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'|[^,\"'\[\]{}][^,\[\]{}]*)\s*(?:,|$)")
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "/": "/"}


@dataclass(slots=True)
class Front:
    """Values by key in order (a list is a list); ``odd`` are the numbers of the lines that were
    not understood, counted from 0 in the lines given."""

    values: dict[str, str | list[str]] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    odd: list[int] = field(default_factory=list)


def read_front(lines: Sequence[str]) -> Front:
    """The lines between the two rules. Never raises."""
    front = Front()
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        stop = at + 1
        while stop < len(lines) and (not lines[stop].strip() or lines[stop][:1] in " \t-"):
            stop += 1
        while stop > at + 1 and not lines[stop - 1].strip():
            stop -= 1
        _entry(front, lines, at, stop)
        at = stop
    return front


def _entry(front: Front, lines: Sequence[str], at: int, stop: int) -> None:
    """One key with what is indented under it."""
    found = _KEY.fullmatch(lines[at].rstrip())
    value = _value(found[2] or "", lines[at + 1 : stop]) if found else None
    if found is None or value is None or found[1] in front.values:
        front.odd += [n for n in range(at, stop) if lines[n].strip()]
    else:
        front.values[found[1]] = value
        front.lines[found[1]] = at


def _value(first: str, more: Sequence[str]) -> str | list[str] | None:
    under = [line for line in more if line.strip()]
    if _BLOCK.fullmatch(first):
        return _block(more)
    if not under:
        return _one(first)
    if not first:
        entries = [_ENTRY.fullmatch(line.strip()) for line in under]
        words = [_scalar(e[1] or "") if e is not None else None for e in entries]
        plain = [word for word in words if word is not None]
        return plain if len(plain) == len(under) and _flat(under) else None
    if first[0] in "[\"'" or not any(_ENTRY.fullmatch(line.strip()) for line in under):
        return _one(" ".join([first, *(line.strip() for line in under)]))
    return None


def _flat(entries: Sequence[str]) -> bool:
    """Whether no entry is a mapping of its own (``- name: x``)."""
    return not any(re.match(r"-\s+[\w-]+:(?:\s|$)", entry.lstrip()) for entry in entries)


def _one(text: str) -> str | list[str] | None:
    listed = _FLOW.fullmatch(text)
    if listed is not None and not text.startswith("[["):
        return _flow(listed[1])
    if text[:1] in ("{", "&", "*", "!"):
        return None
    return _scalar(text)


def _flow(inner: str) -> list[str] | None:
    words, at = [], 0
    while at < len(inner) and inner[at:].strip():
        found = _WORD.match(inner, at)
        if found is None:
            return None
        words.append(_scalar(found[1].strip()) or "")
        at = found.end()
    return words


def _scalar(text: str) -> str | None:
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    if len(text) > 1 and text[0] == text[-1] == '"':
        return _ESCAPE.sub(lambda m: _ESCAPES.get(m[1], m[0]), text[1:-1])
    return text


def _block(more: Sequence[str]) -> str:
    depths = [len(line) - len(line.lstrip(" ")) for line in more if line.strip()]
    cut = min(depths, default=0)
    return "\n".join(line[cut:].rstrip() for line in more).strip("\n")
