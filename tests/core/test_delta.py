"""Splices: what was written is remembered by them, and comes back from them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskboard.core.delta import applied, edits

LINES = st.lists(
    st.sampled_from(["", "- status: ready", "- status: done", "words", "ü\r", "## T", "\r"]),
    max_size=30,
)
TEXTS = LINES.map(lambda lines: "\n".join(lines).encode())


@given(TEXTS, TEXTS)
def test_the_splices_between_two_texts_make_one_of_the_other(old, new):
    assert applied(old, edits(old, new, 1 << 20)) == new


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_bytes_that_are_no_utf_8_are_kept_whole_or_come_back(old, new):
    found = edits(old, new, 1 << 20)
    assert found is None or applied(old, found) == new


def test_a_changed_word_costs_its_line_and_nothing_else():
    head, tail = b"# B\n\n" + b"x\n" * 5000, b"\n" + b"y\n" * 5000
    old, new = (head + b"- status: " + word + tail for word in (b"ready", b"done"))
    assert edits(old, new, 100) == [(len(head), len(head) + 16, "- status: done\n")]


def test_changes_far_apart_are_splices_of_their_own():
    section = "## TASK-{0:03d} T\n- status: ready\n\nDo this {0}.\n\n"
    old = "".join(section.format(n) for n in range(300))
    new = old
    for n in (3, 150, 290):
        head = f"## TASK-{n:03d} T\n- status: "
        new = new.replace(head + "ready\n", head + "done\n- result: ran\n")
    new += "\n## TASK-300 New\n"
    found = edits(old.encode(), new.encode(), 1000)
    assert len(found) == 4
    assert all(len(edit.text) < 60 for edit in found)


def test_texts_that_have_little_in_common_are_kept_whole():
    assert edits(b"a\n" * 2000, b"b\n" * 2000, 1000) is None


@pytest.mark.parametrize("splice", [(3, 2, ""), (-1, 0, ""), (0, 99, "")])
def test_a_splice_that_has_no_place_is_refused(splice):
    with pytest.raises(ValueError, match="place"):
        applied(b"four", [splice])


def test_splices_that_overlap_are_refused():
    with pytest.raises(ValueError, match="place"):
        applied(b"four", [(0, 2, ""), (1, 3, "")])
