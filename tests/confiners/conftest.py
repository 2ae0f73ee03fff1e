"""A cage, and each way to confine that works on this machine."""

from __future__ import annotations

import os

import pytest

from taskboard.confiners.find import candidates, trial
from taskboard.testing.confiner import cage_in

WORKING = {
    name: confiner
    for name, confiner in candidates(os.environ).items()
    if confiner is not None and trial(confiner) is None
}


@pytest.fixture(params=WORKING)
def confiner(request):
    return WORKING[request.param]


@pytest.fixture
def cage(tmp_path):
    return cage_in(tmp_path)
