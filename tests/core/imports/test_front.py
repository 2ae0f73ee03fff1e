"""Front matter as people write it, which is not always YAML."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from taskboard.core.imports.front import read_front


def values(text):
    return read_front(text.splitlines()).values


def test_values_are_what_stands_behind_the_first_colon():
    assert values("title: Part 2: the rest\nid: T-1\nempty:\nurl: http://x.example/a#b") == {
        "title": "Part 2: the rest",
        "id": "T-1",
        "empty": "",
        "url": "http://x.example/a#b",
    }


def test_a_number_sign_is_part_of_a_value():
    assert values("title: Fix #3") == {"title": "Fix #3"}


def test_quotes_are_taken_off():
    assert values("a: 'it''s'\nb: \"say \\\"x\\\"\\n\"\nc: 'open") == {
        "a": "it's",
        "b": 'say "x"\n',
        "c": "'open",
    }


def test_lists_are_read_in_both_spellings():
    assert values("a: [x, 'y, z', \"w\"]\nb:\n  - one\n  - 'two'\nc:\n- three\nd: []") == {
        "a": ["x", "y, z", "w"],
        "b": ["one", "two"],
        "c": ["three"],
        "d": [],
    }


def test_texts_of_several_lines_are_read():
    assert values("a: |\n  one\n\n    two\nb: >-\n  three\nc: long\n  and longer") == {
        "a": "one\n\n  two",
        "b": "three",
        "c": "long and longer",
    }


def test_what_is_more_than_that_is_told_by_its_lines():
    found = read_front(["a: 1", "map:", "  key: value", "b: {x: 1}", "a: 2", "- loose", "c: &x y"])
    assert found.values == {"a": "1"}
    assert found.odd == [1, 2, 3, 4, 5, 6]


def test_a_comment_is_told_too():
    assert read_front(["# who did this", "a: 1"]).odd == [0]


@given(st.lists(st.text(alphabet=" -:#[]{}'\"|>&ab\t,", max_size=12), max_size=12))
def test_every_line_is_understood_or_told(lines):
    found = read_front(lines)
    told = set(found.odd)
    starts = set(found.lines.values())
    for number, line in enumerate(lines):
        if line.strip() and number not in told and number not in starts:
            assert any(start < number for start in starts), line
