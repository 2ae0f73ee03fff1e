"""Whole lives of a board, each from a seed: 30 here, TASKBOARD_LIVES=N for N.

A life that goes wrong prints its seed, everything that people did and meant, and the ledger.
"""

from __future__ import annotations

import os

import pytest
from lifeworld.life import Life

from taskboard.core.settings import Settings

_CHUNK = 5
SETTINGS = Settings(owner="ann", poll=15.0)
"""Every save is hinted at, so the poll has nothing to find."""


def _seeds() -> list[range]:
    count = int(os.environ.get("TASKBOARD_LIVES", "30"))
    return [range(start, min(start + _CHUNK, count)) for start in range(0, count, _CHUNK)]


@pytest.mark.parametrize("seeds", _seeds(), ids=lambda seeds: f"{seeds[0]}-{seeds[-1]}")
def test_what_happens_is_what_people_meant(desk, seeds):
    for seed in seeds:
        Life(type(desk)(SETTINGS), seed).play()
