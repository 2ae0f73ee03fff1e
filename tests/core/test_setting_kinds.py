"""What a setting's value may be."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskboard.core.setting_kinds import (
    BY_NAME,
    SETTINGS,
    TABLES,
    read_text,
    read_value,
    shown,
    spell_duration,
)
from taskboard.core.settings import Settings
from taskboard.core.units import read_duration


def test_every_field_of_settings_is_described_once_and_in_its_order():
    fields = [field.name for field in msgspec.structs.fields(Settings)]
    assert [setting.name for setting in SETTINGS] + list(TABLES) == fields


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_default_is_a_value_that_may_be_written(setting):
    default = getattr(Settings(), setting.name)
    if default is not None:
        assert read_value(setting, shown(setting, default)) == (default, None)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_has_a_sentence_and_refuses_a_table(setting):
    assert setting.meaning.endswith(".")
    assert setting.name in read_value(setting, {"a": 1}).wrong


@given(st.integers(0, 10**9) | st.floats(0.001, 1e5).map(lambda value: round(value, 3)))
def test_a_spelled_duration_is_read_as_the_same_length(seconds):
    assert math.isclose(read_duration(spell_duration(seconds)), seconds, rel_tol=1e-5)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (2, "2s"), (60, "60s"), (90, "90s"), (900, "15m"), (3600, "1h"), (0.5, "0.5s")],
)
def test_durations_are_spelled_as_the_documents_spell_them(seconds, text):
    assert spell_duration(float(seconds)) == text


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("slots", " 4 ", 4),
        ("keep_awake", "Yes", True),
        ("keep_awake", "0", False),
        ("settle", "0", 0.0),
        ("settle", "250s", 250.0),
        ("roots", "/a, ~/b ,", ("/a", "~/b")),
        ("env", "A,B_1", ("A", "B_1")),
        ("budget_usd_day", "2.50", 2.5),
        ("ledger", "postgresql://h/d?a=1,2", "postgresql://h/d?a=1,2"),
        ("notify", "echo 'a, b'", "echo 'a, b'"),
    ],
)
def test_text_from_the_environment_is_read_by_the_settings_kind(name, text, value):
    assert read_text(BY_NAME[name], text) == (value, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("slots", 0), ("slots", True), ("slots", 2.0), ("slots", "2"), ("max_attempts", -1),
        ("debounce", 2), ("debounce", "2"), ("debounce", "-2s"), ("debounce", False),
        ("poll", "0s"), ("lease_ttl", 0), ("timeout", "soon"),
        ("keep_awake", "true"), ("keep_awake", 1),
        ("on_stop", "Release"), ("promote", ["auto"]),
        ("owner", "two words"), ("owner", "a:b"), ("decider", "../x"), ("executor", None),
        ("ledger", ""), ("ledger", "a\0b"),
        ("roots", "/a"), ("roots", ["relative"]), ("roots", ["~other/x"]), ("roots", [""]),
        ("env", ["A=1"]), ("env", ["*"]),
        ("budget_usd_day", float("nan")), ("budget_usd_day", "3"), ("budget_usd_day", True),
    ],
)  # fmt: skip
def test_a_value_of_another_kind_is_refused_and_named(name, value):
    read = read_value(BY_NAME[name], value)
    assert read.value is None
    assert read.wrong.startswith(f"{name} must be ")
