"""What becomes of a status word: nothing that could start by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskboard.core.imports.words import priority_of, state_of
from taskboard.core.state import Kind, read_status

TABLE = [
    ("ready", "todo"),
    ("Ready", "todo"),
    ("Ready for review", "blocked:kim:ready-for-review"),
    ("ready when you are", "todo"),
    ("todo", "todo"),
    ("To Do", "to do"),
    ("⬜", "todo"),
    ("⬜ PENDING", "pending"),
    ("Backlog", "backlog"),
    ("📋 Queued", "todo"),
    ("In Progress", "blocked:kim:working"),
    ("IN PROGRESS - 40%", "blocked:kim:working"),
    ("🔄", "blocked:kim:working"),
    ("CLAIMED by @bo", "blocked:bo:working"),
    ("claimed by bo (2026-02-04)", "blocked:bo:working"),
    ("running:bot-1:2026-04-20T15:25Z", "blocked:bot-1:working"),
    ("review", "blocked:kim:review"),
    ("blocked", "blocked:kim:blocked"),
    ("waiting for bo", "blocked:bo:waiting"),
    ("on hold", "blocked:kim:on-hold"),
    ("blocked:bo:brief", "blocked:bo:brief"),
    ("blocked by TASK-3", "todo"),
    ("blocked:task:TASK-003", "todo"),
    ("blocked:until:2020-01-01T00:00Z", "todo"),
    ("blocked:retry:2020-01-01T00:00Z", "todo"),
    ("done", "done"),
    ("✅ Completed (March 1)", "done"),
    ("done by Antonia (2026-02-04)", "done"),
    ("COMPLETE. Full architecture", "done"),
    ("Complete except the tests", "todo"),
    ("✅", "done"),
    ("✅❌", "todo"),
    ("❌", "failed:imported"),
    ("failed", "failed:imported"),
    ("failed:final", "failed:final"),
    ("Won't do", "failed:won-t-do"),
    ("cancelled", "failed:cancelled"),
    ("🔴", "todo"),
    ("purple", "todo"),
]


@pytest.mark.parametrize(("word", "status"), TABLE)
def test_a_word_becomes(word, status):
    assert state_of(word, None, "kim").status == status


@pytest.mark.parametrize(
    ("mark", "status"),
    [
        (" ", "todo"), ("x", "done"), ("X", "done"), ("~", "blocked:kim:working"),
        ("/", "blocked:kim:working"), ("-", "failed:cancelled"), ("?", "todo"), ("!", "todo"),
        ("🔄", "blocked:kim:working"), ("❌", "failed:imported"), (None, "todo"),
    ],
)  # fmt: skip
def test_a_box_becomes(mark, status):
    assert state_of("", mark, "kim").status == status


def test_nobody_in_particular_is_waited_for_as_unknown():
    assert state_of("doing", None, "").status == "blocked:unknown:working"
    assert state_of("doing", None, "until").status == "blocked:unknown:working"
    assert state_of("waiting for task", None, "").status == "blocked:unknown:waiting"


@given(st.text(max_size=60) | st.sampled_from(TABLE).map(lambda row: row[0]), st.text(max_size=20))
def test_no_word_makes_a_task_that_starts_by_itself(word, owner):
    for mark in (None, " ", "x", "/"):
        status = read_status(state_of(word, mark, owner).status)
        assert status.kind in (Kind.OPEN, Kind.BLOCKED, Kind.DONE, Kind.FAILED)
        assert status.who.casefold() not in ("task", "until", "retry", "quota", "children")


@pytest.mark.parametrize(
    ("word", "level"),
    [
        ("high", "high"), ("P1", "P1"), ("p0", "P0"), ("Urgent", "critical"), ("⏫", "high"),
        ("🔽", "low"), ("**Major**", "high"), ("none", ""), ("purple", ""), ("", ""),
    ],
)  # fmt: skip
def test_a_priority_is_one_of_ours_or_none(word, level):
    assert priority_of(word) == level
