"""What is said about a board that is not read as intent."""

from __future__ import annotations

import pytest

from taskboard.core.hold import ACCEPTABLE, HELD, ways_out


@pytest.mark.parametrize("key", HELD)
def test_accept_is_offered_where_it_applies_and_nowhere_else(key):
    assert ("taskboard accept" in ways_out(HELD[key])) == (key in ACCEPTABLE)


def test_a_board_that_is_away_is_to_be_put_back():
    assert ways_out(HELD["missing"]) == ("put the board back", "taskboard rebuild")


def test_any_other_text_leads_to_check():
    assert ways_out("something else")[0] == "taskboard check"
