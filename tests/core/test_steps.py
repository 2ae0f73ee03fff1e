"""Which steps a task's work has."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskboard.core.steps import closing_steps, instruction, work_steps


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
