import pytest

from taskboard.core.rights import Rights, rights_of

PERSONS = Rights(shell=True, confined=True, closed=False, network=True, hooks=False)
STRANGERS = Rights(shell=True, confined=True, closed=True, network=False, hooks=False)


@pytest.mark.parametrize("origin", ["board", "command"])
def test_a_person_of_the_workspace_gives_an_open_cage_and_the_network(origin):
    assert rights_of(origin) == PERSONS


@pytest.mark.parametrize("origin", ["git", "agent", "http", "telegram", "", "Board", "board "])
def test_text_from_anywhere_else_is_closed_in_and_has_no_network(origin):
    assert rights_of(origin) == STRANGERS
