"""Which steps a task's work has."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskboard.core.steps import MOST, closing_steps, instruction, is_step, read_steps, work_steps


@pytest.mark.parametrize(
    ("typed", "before", "after"),
    [
        ("", ("generate",), ()),
        ("analyze, generate, deliver, confirm", ("analyze", "generate"), ("deliver", "confirm")),
        ("confirm, deliver", ("generate",), ("deliver", "confirm")),
        ("Analyze,analyze ,, sketch", ("analyze", "sketch", "generate"), ()),
        ("intake, generate, validate", ("generate",), ()),
        ("generate, check-twice", ("generate", "check-twice"), ()),
    ],
)
def test_steps_are_read_in_their_order(typed, before, after):
    assert work_steps({"steps": typed}) == before
    assert closing_steps({"steps": typed}) == after


@given(st.text(max_size=60))
def test_whatever_is_typed_the_work_itself_is_done_once(typed):
    fields = {"steps": typed}
    steps = (*work_steps(fields), *closing_steps(fields))
    assert steps.count("generate") == 1
    assert len(steps) == len(set(steps))
    assert "validate" not in steps
    assert all(instruction(step) for step in steps)
    assert all(map(is_step, steps))


@pytest.mark.parametrize(
    "typed",
    ["../../..", "..", ".", "a/b", "output.log", "a\tb", "a b", "x" * 32, "-c", "é", "a\n", "1st"],
)
def test_what_is_no_plain_word_is_no_step_and_makes_the_field_unreadable(typed):
    assert not is_step(typed)
    if typed != typed.strip():
        return  # blanks around a name do not belong to it
    assert read_steps(f"analyze, {typed}, generate") is None
    assert work_steps({"steps": f"analyze, {typed}"}) == ("generate",)


def test_a_task_has_a_limited_number_of_steps():
    names = [f"s{number}" for number in range(MOST + 1)]
    assert read_steps(", ".join(names[:MOST])) == tuple(names[:MOST])
    assert read_steps(", ".join(names)) is None
