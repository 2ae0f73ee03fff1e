"""Percentiles in bounded memory."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskboard.core.spread import Spread, rounded

SECONDS = st.floats(min_value=0, max_value=1e9, allow_nan=False)


@given(st.lists(SECONDS, min_size=1, max_size=200), st.sampled_from((50, 90, 99)))
def test_a_percentile_is_within_half_a_percent_of_the_exact_one(values, percent):
    spread = Spread()
    for value in values:
        spread.take(value)
    exact = sorted(values)[max(math.ceil(len(values) * percent / 100), 1) - 1]
    found = spread.percentile(percent)
    assert found == pytest.approx(exact, rel=0.00501, abs=0.001)


@given(st.lists(SECONDS, min_size=1, max_size=50))
def test_percentiles_never_fall(values):
    spread = Spread()
    for value in values:
        spread.take(value)
    shape = spread.shape()
    assert shape["p50"] <= shape["p90"] <= shape["p99"]


def test_of_nothing_there_is_none():
    assert Spread().shape() == {"p50": None, "p90": None, "p99": None}


def test_short_values_are_told_exactly():
    spread = Spread()
    for value in (1.25, 0.077, 12.5):
        spread.take(value)
    assert spread.shape() == {"p50": 1.25, "p90": 12.5, "p99": 12.5}


@pytest.mark.parametrize("value", [-1.0, 0.0, 0.0004, math.nan, math.inf])
def test_what_is_no_duration_is_nothing(value):
    assert rounded(value) == 0.0


def test_memory_is_bounded_whatever_comes():
    spread = Spread()
    for n in range(50_000):
        spread.take(0.001 * 1.0005**n % 1e6)
    assert len(spread._counts) < 10_000
