"""The page about importing against the code: which shapes there are, what a word becomes."""

from __future__ import annotations

import re

from taskboard.cli.import_ import shapes
from taskboard.core.imports.words import state_of

PAGE = "docs/importing.md"


def rows(root, head):
    text = (root / PAGE).read_text().partition(head)[2]
    table = text.partition("\n\n")[0]
    found = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()]
    return [row for row in found if row and not set(row[0]) <= {"-"}]


def test_every_shape_has_a_row(root):
    named = [row[0].strip("`") for row in rows(root, "| shape | a task is | its status is |\n")]
    assert sorted(named) == list(shapes())


def test_every_status_word_becomes_what_the_page_says(root):
    seen = 0
    for there, here in rows(root, "| there | here |\n"):
        wanted = re.findall(r"`([^`]+)`", here)
        for word in (part.strip() for part in there.split(", ")):
            if word in ("nothing", "anything else", "a `running:...`"):
                continue
            mark = re.fullmatch(r"`\[(.)\]`", word)
            status = state_of("" if mark else word, mark[1] if mark else None, "").status
            kind = status.partition(":")[0]
            expected = {w.partition(":")[0] for w in wanted} | (
                {word} if "open" in here else set()
            )
            assert kind in expected, (word, status)
            seen += 1
    assert seen > 20
