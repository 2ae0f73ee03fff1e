"""Lanes that only name files (the index of kanbn): the card is the file, its lane the status."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from taskboard.core.imports.nouns import Draft, Reading

_LINK = re.compile(r"\[(?P<text>[^\[\]]*)\]\((?P<path>[^()]+?)\)|\[\[(?P<wiki>[^\[\]|]+)\]\]")


def follow(readings: Sequence[Reading]) -> None:
    """Put each file's task where an item names it. What an item says is the file's name, so
    nothing goes with it."""
    files = {
        _stem(group.tasks[0].file): (group, group.tasks[0])
        for reading in readings
        for group in reading.groups
        if not group.heading and len(group.tasks) == 1 and group.tasks[0].whole_file
    }
    for reading in readings if files else ():
        for group in reading.groups:
            group.tasks = [_followed(task, files) for task in group.tasks]
    for home, draft in files.values():
        if draft.placed:
            home.tasks = [task for task in home.tasks if task is not draft]


def _followed(item: Draft, files: Mapping[str, tuple[object, Draft]]) -> Draft:
    found = _LINK.fullmatch(item.title)
    bare = not item.body and not item.fields and not item.children
    named = files.get(_stem(found["path"] or found["wiki"])) if found and bare else None
    if named is None or named[1].placed or named[1] is item:
        return item
    draft = named[1]
    draft.placed = True
    draft.word = draft.word or item.word
    return draft


def _stem(path: str) -> str:
    base = path.replace("\\", "/").rpartition("/")[2].strip().casefold()
    return base.removesuffix(".md")
