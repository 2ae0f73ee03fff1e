"""Real editors save while the real loop writes the board as fast as it can."""

import shutil

import pytest
from saving import STYLES, run_style

SAVES = 200


def _with_its_editor(style):
    program = style.partition("-")[0]
    missing = program in ("vim", "nano") and shutil.which(program) is None
    return pytest.param(style, marks=pytest.mark.skipif(missing, reason=f"no {program} here"))


@pytest.mark.parametrize("style", [_with_its_editor(s) for s in STYLES])
def test_every_save_that_the_editor_confirmed_is_there_once(tmp_path, style):
    account = run_style(style, tmp_path, SAVES)

    assert len(account.saved) >= SAVES, account
    assert account.lost == [], account
    assert account.doubled == [], account
    assert account.swaps > SAVES / 10, account
