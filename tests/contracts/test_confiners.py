"""Every way to confine that works on this machine is put under the suite."""

from __future__ import annotations

import os

import pytest

from taskboard.confiners.find import candidates, trial
from taskboard.testing.confiner import CHECKS

WORKING = {
    name: confiner
    for name, confiner in candidates(os.environ).items()
    if confiner is not None and trial(confiner) is None
}


@pytest.mark.parametrize("name", WORKING)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_confiner_keeps_its_contract(name, check, tmp_path):
    check(WORKING[name], tmp_path)
