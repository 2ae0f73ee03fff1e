"""Backoff: it doubles, it is bounded, jitter only shortens it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskboard.core.retry import delay


@pytest.mark.parametrize(("spent", "full"), [(1, 10), (2, 20), (3, 40), (5, 160), (6, 300)])
def test_the_full_wait_doubles_up_to_the_limit(spent, full):
    assert delay(spent, backoff=10, backoff_max=300, dice=1.0) == full


@given(spent=st.integers(0, 10**6), dice=st.floats(0, 1))
def test_jitter_only_shortens_and_never_below_half(spent, dice):
    full = delay(spent, backoff=10, backoff_max=300, dice=1.0)
    wait = delay(spent, backoff=10, backoff_max=300, dice=dice)

    assert full / 2 <= wait <= full <= 300
