"""docs/deciding.md says what the decider claude takes and what it says when it fails."""

from __future__ import annotations

import re
from dataclasses import asdict

import pytest

from taskboard import anthropic_api
from taskboard.core.setting_kinds import read_value, shown
from taskboard.deciders.claude import OPTIONS
from taskboard.deciders.claude.call import Options


@pytest.fixture
def deciding(root):
    return (root / "docs/deciding.md").read_text()


def test_every_option_stands_there_with_its_default_and_meaning(deciding):
    defaults = asdict(Options())
    rows = dict(re.findall(r"^\| `(\w+)` \| (`.*`) \| .* \|$", deciding, re.MULTILINE))
    for option in OPTIONS:
        default = shown(option, defaults[option.name])
        spelled = f'"{default}"' if isinstance(default, str) else str(default)
        assert f"| `{option.name}` | `{spelled}` | {option.meaning} |" in deciding
    assert len(rows) == len(OPTIONS) == len(defaults)


def test_every_default_may_be_written_down():
    for option in OPTIONS:
        value = asdict(Options())[option.name]
        read = read_value(option, shown(option, value))
        assert read.wrong is None
        assert read.value == value


def test_every_word_of_a_trouble_stands_there(deciding):
    words = re.findall(r"``(\w+)``", anthropic_api.Trouble.__doc__.partition("whoever")[0])
    own = ["refused", "truncated", "off_schema", "empty", "budget", "prompt"]
    for word in [*(w for w in words if w not in ("kind", "unexpected")), *own]:
        assert f"`{word}`" in deciding, word
