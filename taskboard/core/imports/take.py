"""Keys and values of other boards put where a task of ours has them.

What decides what is executed, or when, is never taken over: it stands as ``source-run`` and the
like, until a person types it here.
"""

from __future__ import annotations

import re

from taskboard.core.fields import FIELDS, canonical_key, span_content
from taskboard.core.imports.nouns import Draft

_IDS = frozenset({"id", "task-id", "ticket", "ticket-id", "issue", "issue-id", "编号", "🆔"})
_PARENTS = frozenset({"parent", "parent-id", "parent-task", "parent-task-id"})
_NEEDS = frozenset({"needs", "blockedby", "dependson", "blockers", "waits-for", "waiting-for"})
_OWN = frozenset({"result", "note"})
_NOBODY = frozenset({"", "-", "—", "–", "none", "n/a", "null", "~", "[]", "nobody", "无", "なし"})
_LONGEST = 1000
"""Characters of a field's value; a longer one is part of the text."""
_LINK = re.compile(r"\[{1,2}([^\[\]]*)\]{1,2}(?:\([^()\s]*\))?|`([^`]*)`|['\"]([^'\"]*)['\"]")


def put(draft: Draft, key: str, value: str) -> None:
    """Give the draft what ``key: value`` says. Nothing is lost: what is no field of ours is kept
    under its own name, and what cannot be a field becomes a line of the text."""
    text = " ".join(value.split())
    name = canonical_key(key) or ""
    if text.casefold() in _NOBODY and (name in _NEEDS or name == "owner" or name in _PARENTS):
        return
    if name == "status" and not draft.word:
        draft.word = span_content(text)
    elif name in _IDS and not draft.old_id:
        draft.old_id = unlinked(text)
    elif name in _PARENTS and not draft.parent:
        draft.parent = unlinked(text)
    elif name in _NEEDS:
        draft.needs.append(text if len(text) <= _LONGEST else "(see the text)")
        if len(text) > _LONGEST:
            draft.body.append(f"- {key}: {text}")
    elif name == "owner" and not draft.owner:
        draft.owner = owners(text)
    elif name == "priority" and not draft.priority:
        draft.priority = text
    else:
        put_field(draft, key, text)


def put_field(draft: Draft, key: str, value: str) -> None:
    """Give the draft a field that means nothing to the runtime, or ``measure``."""
    name = canonical_key(key)
    if name == "measure":
        key = "measure"
    elif name in FIELDS or name in _OWN:
        name = key = f"source-{name}"
    taken = {canonical_key(k) for k, _ in draft.fields}
    if name is None or name in taken or not value or len(value) > _LONGEST or _half_code(value):
        draft.body.append(f"- {key}: {value}".rstrip())
    else:
        draft.fields.append((key.strip(), value))


def _half_code(value: str) -> bool:
    """Whether a value opens a code span that it does not close."""
    return value.startswith("`") and value.count("`") % 2 == 1


def owners(text: str) -> str:
    """Names without the marks of lists and mentions: ``['@ada', bob]`` -> ``ada, bob``."""
    listed = text.strip()
    if listed.startswith("[") and listed.endswith("]") and not listed.startswith("[["):
        listed = listed[1:-1]
    names = (unlinked(part.strip()).lstrip("@").strip() for part in listed.split(","))
    return ", ".join(name for name in names if name and name.casefold() not in _NOBODY)


def unlinked(text: str) -> str:
    """A word without the marks of a link, of code or of quotes, and without emphasis."""
    word = text.strip().strip("*_").strip()
    found = _LINK.fullmatch(word)
    return (found[1] or found[2] or found[3] or "").strip() if found else word
