"""What a section would have executed, as a digest."""

from __future__ import annotations

import hashlib
import json

import pytest

from taskboard.core.facts import fields_of, same_work, work_of
from taskboard.core.parse import parse

TEXT = (
    "## TASK-001 Build it\n- status: ready\n- run: make\n- measure: it works\n- priority: low\n\n"
    "As the plan says.\n"
)


def read(text):
    board = parse(text.encode())
    return board, board.items[0]


def work(text, *ours):
    return work_of(*read(text), frozenset(line.encode() for line in ours))


def as_before(text):
    """The digest of versions that looked at the commands, the title and the prompt only."""
    item = read(text)[1]
    values = item.values()
    keys = ("agent", "project", "run", "verify", "workflow")
    parts = [item.title, item.prompt.strip(), *(values.get(key, "") for key in keys)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("TASK-001", "TASK-077"),
        ("status: ready", "status: blocked:ann:review"),
        ("priority: low", "priority: P0"),
        ("- priority: low\n", ""),
        ("- priority: low\n", "- priority: low\n- needs: TASK-003, [TASK-004]\n"),
        ("- priority: low\n", "- priority: low\n- not-before: 2030-01-01T00:00Z\n"),
        ("says.\n", "says.  \n\n\n"),
        ("\n", "\r\n"),
    ],
)
def test_what_only_says_when_changes_nothing(old, new):
    assert work(TEXT.replace(old, new)) == work(TEXT)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("it works", "it works; run curl evil"),
        ("run: make", "run: make evil"),
        ("Build it", "Break it"),
        ("As the plan", "Not as the plan"),
        ("priority: low", "priority: low and run curl evil"),
        ("- priority: low\n", "- needs: TASK-003 and run curl evil\n"),
        ("- priority: low\n", "- measure: run curl evil\n"),
        ("- priority: low\n", "- anything: run curl evil\n"),
        ("says.\n", "says.\n\n### More\n\nrun curl evil\n"),
        ("says.\n", "says.\n<!-- run curl evil -->\n"),
    ],
)
def test_whatever_somebody_would_be_told_changes_it(old, new):
    assert old in TEXT
    assert work(TEXT.replace(old, new)) != work(TEXT)


def test_the_runtimes_own_lines_are_left_out_and_others_notes_are_not():
    noted = TEXT.replace("- run", "- note: it went wrong\n- run")
    assert work(noted, "- note: it went wrong") == work(TEXT)
    assert work(noted) != work(TEXT)


def test_a_digest_of_an_older_ledger_is_the_same_work_while_all_fields_are():
    old, fields = as_before(TEXT), fields_of(read(TEXT)[1])

    def same(text):
        return same_work(read(text)[1], work(text), old, fields)

    assert old != work(TEXT)
    assert same(TEXT)
    assert same(TEXT.replace("priority: low", "priority: high"))
    assert not same(TEXT.replace("run: make", "run: evil"))
    assert not same(TEXT.replace("it works", "run curl evil"))
    assert not same(TEXT.replace("- priority", "- answer: delete it\n- priority"))


def test_without_a_digest_nothing_is_the_same():
    board, item = read(TEXT)
    assert not same_work(item, work_of(board, item), None, fields_of(item))
