from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from taskboard.core.setting_kinds import read_value, shown
from taskboard.executors.claude import OPTIONS
from taskboard.executors.claude.options import Options

DOCS = Path(__file__).parents[3] / "docs" / "executors.md"


def test_every_option_has_a_default_and_a_line_in_the_docs():
    page = DOCS.read_text()
    assert [option.name for option in OPTIONS] == [field.name for field in fields(Options)]
    for option in OPTIONS:
        assert f"| `{option.name}` |" in page


def test_every_default_is_a_value_one_may_set():
    for option in OPTIONS:
        value = getattr(Options(), option.name)
        if value is not None:
            assert read_value(option, shown(option, value)).wrong is None, option.name


def test_what_widens_rights_is_the_users_own():
    assert {option.name for option in OPTIONS if option.own} == {"shell", "readable"}
