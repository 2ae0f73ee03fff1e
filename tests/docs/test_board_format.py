"""The board's page against the code: what is read as a field."""

from __future__ import annotations

import re

from taskboard.core.parse import parse


def test_the_spellings_that_the_page_names_are_read_and_the_later_ones_are_not(root):
    text = (root / "docs" / "board-format.md").read_text()
    now = re.search(r"Spellings read as fields: (.*?)\.\n", text, re.DOTALL)[1]
    later = re.search(r"More spellings of fields: (.*?)\.\n", text, re.DOTALL)
    assert spellings(now)
    for spelling in spellings(now):
        assert fields_of(spelling) == {"owner": "ada"}, spelling
    for spelling in spellings(later[1]) if later else ():
        assert fields_of(spelling) == {}, spelling


def spellings(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def fields_of(spelling: str) -> dict[str, str]:
    line = re.sub("key", "owner", spelling, flags=re.IGNORECASE).replace("value", "ada")
    board = parse(f"## TASK-001 A task\n- status: ready\n{line}\n".encode())
    return {key: value for key, value in board.items[0].values().items() if key == "owner"}
