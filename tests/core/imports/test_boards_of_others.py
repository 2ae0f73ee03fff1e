"""Whole boards with the habits of real ones. ``TASKBOARD_CORPUS`` may name a folder of more."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from taskboard.core.fields import FIELDS, canonical_key

OWN = sorted((Path(__file__).parents[2] / "boards").glob("*.md"))
MORE = os.environ.get("TASKBOARD_CORPUS")
ALL = [*OWN, *sorted(p for p in Path(MORE).rglob("*") if p.is_file())] if MORE else OWN
OURS = FIELDS | {"id", "title", "parent-task-id", "task-id", "编号"}
MARKS = re.compile(r"\[[xX]\]|\[assigned:|kanban|^\s*\d+[.)]")
FENCED = ("comments", "fences", "flipped-fences", "open-trailer", "front-matter", "not-yaml")


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_a_board_is_imported_whole_and_no_word_is_lost(made, path):
    data = path.read_bytes()
    new = made((path.name, data))
    new.must_be_whole()
    if not new.shape or new.whole.left_out:
        return
    told = words(new.text + " ".join(f.message for f in new.findings))
    lines = data.decode("utf-8", "replace").splitlines()
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        lost = words(line) - told
        assert not lost or is_structure(line, below) or "\ufffd" in line, (line, lost)


def words(text):
    return {word.casefold() for word in re.findall(r"\w+", text)}


def is_structure(line, below):
    """Whether a line's own words become fields, states or columns."""
    key = re.split(r":|：", line, maxsplit=1)[0].strip(" \t*-+_")
    head = line.lstrip().startswith("|") and set(below) <= set("|-: \t")
    return (
        canonical_key(key) in OURS
        or line.endswith(": []")
        or head
        or MARKS.search(line) is not None
    )


@pytest.mark.parametrize("name", FENCED)
def test_no_example_in_a_comment_or_fence_becomes_a_task(made, name):
    path = next(path for path in OWN if path.stem == name)
    new = made((path.name, path.read_bytes()))
    assert not [item.title for item in new.board.items if "TRAP" in item.title]
