"""The real loop in a simulated world: 50 seeds of 300 steps here,
TASKBOARD_SEEDS=N for N.

A seed that fails prints itself, the trace and how to play it again.
"""

from __future__ import annotations

import os

import pytest
from simworld.world import Simulation

_CHUNK = 5


def _seeds() -> list[range]:
    count = int(os.environ.get("TASKBOARD_SEEDS", "50"))
    return [range(start, min(start + _CHUNK, count)) for start in range(0, count, _CHUNK)]


@pytest.mark.parametrize("seeds", _seeds(), ids=lambda seeds: f"{seeds[0]}-{seeds[-1]}")
def test_no_invariant_breaks_whatever_people_agents_and_crashes_do(seeds: range) -> None:
    for seed in seeds:
        Simulation(seed, steps=300).play()


def test_a_seed_plays_the_same_way_again() -> None:
    one, other = (Simulation(5, steps=60).play() for _ in range(2))
    assert one.stage.trace == other.stage.trace
    assert one.judge.chronicle.hashes == other.judge.chronicle.hashes


def test_the_worlds_are_rich_enough_to_mean_something() -> None:
    types: set[str] = set()
    for seed in range(4):
        types.update(Simulation(seed, steps=150).play().judge.chronicle.types)
    wanted = "claimed completed failed cancelled reclaimed blocked requeued withdrawn created"
    assert set(wanted.split()) <= types
