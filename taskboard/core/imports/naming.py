"""Ids for imported tasks: their own where they are ids of ours, else the next free one; and who
waits for whom."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator

from taskboard.core.headings import MAX_ID, heading_id
from taskboard.core.ids import Names
from taskboard.core.imports.nouns import CHANGED, UNCLEAR, Draft, Finding
from taskboard.core.imports.take import put_field, unlinked

_BEHIND = re.compile(r"\s*\([^()]*\)\s*$")
_SEPARATOR = re.compile("[,;，、،]")
_NONE = frozenset({"none", "-", "—", "–", "n/a", "nothing", "null", "[]", "", "无", "なし"})


def every(drafts: Iterable[Draft]) -> Iterator[Draft]:
    """The drafts and all beneath them, as they stand on a board."""
    ahead = list(drafts)[::-1]
    while ahead:
        draft = ahead.pop()
        yield draft
        ahead.extend(reversed(draft.children))


def give_ids(
    drafts: Collection[Draft], taken: Collection[str], spoken: Collection[str]
) -> Iterator[Finding]:
    """Give every draft an id that nobody has: ``taken`` are those of the board it will stand on,
    ``spoken`` of those that the texts name."""
    used = set(taken)
    for draft in drafts:
        own = _own(draft.old_id)
        if own and own not in used:
            used.add(own)
            draft.task = own
    names = Names(used, spoken)
    for draft in drafts:
        if not draft.task:
            draft.task = names.next()
            if draft.old_id:
                put_field(draft, "source-id", draft.old_id)
            if _own(draft.old_id):
                said = f"The id {draft.old_id} is taken, so this one is {draft.task}."
                yield Finding(kind=UNCLEAR, file=draft.file, line=draft.line, message=said)


def _own(old: str) -> str:
    """The id of ours that an old one is, or empty."""
    name = old.upper() if old.isascii() else ""
    found = heading_id(name) if len(name) <= MAX_ID else None
    return name if found is not None and found["id"] == name else ""


class Register:
    """Which tasks are called what in one file, or in all files together."""

    def __init__(self, drafts: Iterable[Draft]) -> None:
        self._names: dict[str, list[Draft]] = {}
        for draft in drafts:
            for name in {_folded(draft.old_id), _folded(draft.task)} - {""}:
                self._names.setdefault(name, []).append(draft)

    def find(self, name: str, near: Draft) -> Draft | None:
        """Who is called so; of several the first in the file of ``near``."""
        found = self._names.get(_folded(name), [])
        return next((d for d in found if d.file == near.file), found[0] if found else None)


def _folded(name: str) -> str:
    word = unlinked(name).lstrip("#").casefold()
    return word.removesuffix(".md").rpartition("/")[2]


def needs_of(
    draft: Draft, find: Callable[[str], Draft | None], *, absent_is_done: bool = False
) -> tuple[str, list[Finding]]:
    """The value of ``needs``: ids where the old words name tasks, else those words: then the task
    waits, and the board says why. Where a task is removed when it is done, nobody waits for one
    that is absent."""
    names: dict[str, None] = {}
    odd = False
    gone: list[str] = []
    for piece in _pieces(draft.needs):
        other = find(piece) or find(_BEHIND.sub("", piece))
        if other is not None:
            odd = odd or unlinked(piece).casefold() not in (other.task.casefold(), _folded(piece))
            names[other.task] = None
        elif absent_is_done and " " not in piece:
            gone.append(piece)
        else:
            names[unlinked(piece)] = None
    findings = []
    if gone:
        put_field(draft, "source-needs", ", ".join(draft.needs))
        said = f"It waited for {', '.join(gone)}, not there any more, which means done."
        findings.append(Finding(kind=CHANGED, file=draft.file, line=draft.line, message=said))
    elif odd or not names:
        kept = "; ".join(n for n in draft.needs if n.strip().casefold() not in _NONE)
        if kept:
            put_field(draft, "source-needs", kept)
    return ", ".join(names), findings


def _pieces(needs: Iterable[str]) -> Iterator[str]:
    for value in needs:
        listed = value.strip()
        if listed.startswith("[") and listed.endswith("]") and "[" not in listed[1:]:
            listed = listed[1:-1]
        for piece in _SEPARATOR.split(listed):
            word = piece.strip().rstrip(".").strip()
            if word.casefold() not in _NONE:
                yield word
