"""What may differ between a text that a person saved and the board after it: status values, ids
given to headings, and the runtime's own lines. A second reading that shares no code with the
product: it knows lines and prefixes, not Markdown."""

from __future__ import annotations

import re
from typing import NamedTuple

_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_OWN = re.compile(rb"- (?:note: TB\d{3} |result: (?:verified|asserted|ran|failed|cancelled) )")
_ID = re.compile(rb"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*-\d+[ ]?")
_WORD = re.compile(rb"[^:\xef]*?(?::|\xef\xbc\x9a)\**[ \t]*")


class Splice(NamedTuple):
    """One difference: ``kind`` is ``status``, ``id``, ``line`` (an own line came) or ``gone``
    (an own line went)."""

    kind: str
    before: bytes
    after: bytes


class Foreign(AssertionError):
    """A byte differs that is not the runtime's to change."""


def splices(before: bytes, after: bytes) -> list[Splice]:
    """How ``after`` was made from ``before``; raises ``Foreign`` where it could not have been
    made by the runtime alone."""
    old, new = _LINE.findall(before), _LINE.findall(after)
    found: list[Splice] = []
    i = j = 0
    while i < len(old) or j < len(new):
        one = old[i] if i < len(old) else None
        other = new[j] if j < len(new) else None
        if one == other:
            i, j = i + 1, j + 1
        elif other is not None and _OWN.match(other) and not (one and _OWN.match(one)):
            found.append(Splice("line", b"", other))
            j += 1
        elif one is not None and _OWN.match(one):
            found.append(Splice("gone", one, b""))
            i += 1
        elif one is not None and other is not None and (kind := _changed(one, other)):
            if kind != "ending":
                found.append(Splice(kind, one, other))
            elif j + 1 == len(new):
                raise Foreign("the last line got an ending, and nothing follows it")
            i, j = i + 1, j + 1
        else:
            raise Foreign(
                f"line {i + 1}: {one!r} became {other!r}, after {new[max(0, j - 3) : j]}"
            )
    return found


def _changed(one: bytes, other: bytes) -> str | None:
    if other.startswith(one) and other[len(one) :] in (b"\n", b"\r\n", b"\r"):
        return "ending"  # something of ours follows what was the last line
    if _without_id(other) == one or _without_id(other).rstrip(b"\r\n") == one:
        return "id"
    start = _WORD.match(one)
    if start is None or not other.startswith(start[0].rstrip(b" \t")):
        return None
    tail = one[len(one.rstrip(b" \t\r\n`*")) :]
    return "status" if other.endswith(tail.lstrip(b" \t`*")) else None


def _without_id(line: bytes) -> bytes:
    return _ID.sub(b"", line, count=1)
