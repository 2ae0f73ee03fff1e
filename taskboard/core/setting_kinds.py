"""What each setting means and what its value may be. Pure: places and files are elsewhere."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from taskboard.core.units import read_duration

_WORDS = {"1": True, "true": True, "yes": True, "on": True}
_WORDS |= {"0": False, "false": False, "no": False, "off": False}
_WHO = re.compile(r"[A-Za-z0-9._@/-]*")  # what may stand in `blocked:<owner>:<what>`
_KIND = re.compile(r"[a-z][a-z0-9_-]*|")  # the name of an executor or a decider
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ROOT = re.compile(r"(/|~/).*|~", re.DOTALL)
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


class Setting(msgspec.Struct, frozen=True):
    """One setting: the name of its kind, one sentence about it, and what narrows it.

    ``own``: counts only from the user's own places. ``guarded``: in ``taskboard.toml`` it counts
    only while the workspace is trusted. ``above``: a setting it must not be smaller than."""

    name: str
    kind: str
    meaning: str
    choices: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None
    own: bool = False
    guarded: bool = False
    above: str = ""


class Read(NamedTuple):
    """A value as the runtime wants it, or in words what is wrong with it."""

    value: Any = None
    wrong: str | None = None


SETTINGS = (
    Setting("slots", "count", "How many tasks run at the same time."),
    Setting("debounce", "duration", "How long the board must be quiet before a save is read."),
    Setting(
        "debounce_max",
        "duration",
        "After this long a board that is saved all the time is read anyway.",
        above="debounce",
    ),
    Setting("poll", "length", "How often the board is looked at in case a change went unnoticed."),
    Setting("settle", "duration", "How long a task whose text changed waits before it may start."),
    Setting("lease_ttl", "length", "How long a run of the daemon is believed alive unrenewed."),
    Setting("claim_ttl", "length", "The same for a claim by command; `heartbeat` renews it."),
    Setting("stall", "length", "How long an agent may be silent before its run is ended."),
    Setting("timeout", "length", "How long a run may take, unless its task says otherwise."),
    Setting("verify_timeout", "length", "How long a `verify` command may take."),
    Setting(
        "max_attempts", "count", "How many spent attempts a task has, unless it says otherwise."
    ),
    Setting(
        "backoff", "duration", "How long the first retry waits; each later one twice as long."
    ),
    Setting("backoff_max", "duration", "The longest that a retry waits.", above="backoff"),
    Setting(
        "on_stop",
        "choice",
        "When the daemon is stopped: `release` what runs, or let it `finish`.",
        choices=("release", "finish"),
    ),
    Setting("keep_awake", "flag", "Whether sleep is held off while work runs."),
    Setting("owner", "text", "Whom tasks ask; unset, the login name.", pattern=_WHO),
    Setting("decider", "text", "`auto`, or the decision layer's name.", pattern=_KIND),
    Setting(
        "executor", "text", "Runs tasks that name none; unset, the first usable.", pattern=_KIND
    ),
    Setting(
        "promote",
        "choice",
        "When a wait is over, the task is ready by itself (`auto`), its owner is asked (`ask`), or"
        " the decision layer may say so, too (`decide`).",
        choices=("auto", "ask", "decide"),
    ),
    Setting("ledger", "needed", "Path of the ledger, or a postgresql:// address.", guarded=True),
    Setting("roots", "texts", "Folders outside that `project` may name.", pattern=_ROOT, own=True),
    Setting("trust_git", "flag", "Whether tasks that came by a git pull may start.", own=True),
    Setting(
        "env", "texts", "Names of variables that runs get too.", pattern=_VARIABLE, guarded=True
    ),
    Setting(
        "notify", "text", "A command run when a task is done, failed or blocked.", guarded=True
    ),
    Setting("budget_usd_day", "money", "What models may cost in a day, in US dollars."),
    Setting("retain", "length", "How long records of runs are kept by `gc`."),
)
TABLES = ("executors", "deciders", "prices", "origins")
PRICE_SETTINGS = tuple(
    Setting(name, "money", f"US dollars for a million tokens: {what}.")
    for name, what in (
        ("input", "prompt"),
        ("output", "answer"),
        ("cache_read", "prompt from the cache"),
        ("cache_write", "prompt into the cache for five minutes"),
        ("cache_write_1h", "prompt into the cache for an hour"),
    )
)
"""What ``[prices.MODEL]`` may say."""
ORIGIN_SETTINGS = (
    Setting("budget_usd_day", "money", "What models may cost in a day for tasks of this origin."),
)
"""What ``[origins.ORIGIN]`` may say."""
FALLBACK = Setting("fallback", "texts", "Executors that take over when this one cannot go on.")
MODELS = Setting("models", "texts", "Models the decision layer may choose for this executor.")
BY_NAME = {setting.name: setting for setting in SETTINGS}


def read_value(setting: Setting, value: Any) -> Read:
    """A value with its type, as TOML has it."""
    good, wanted = _KINDS[setting.kind]
    found = good(setting, value)
    if found is not None:
        return Read(found)
    words = wanted.format(choices=" or ".join(spell_value(word) for word in setting.choices))
    if setting.pattern and not setting.choices:
        words += _SHAPES.get(setting.pattern, "")
    return Read(wrong=f"{setting.name} must be {words}, not {spell_value(value)}.")


def read_text(setting: Setting, text: str) -> Read:
    """A value from where all is text: the environment and flags. Lists are split at commas."""
    word = text.strip()
    value: Any = text
    if setting.kind == "flag":
        value = _WORDS.get(word.lower(), text)
    elif setting.kind in {"count", "money"}:
        value = _number(word, text)
    elif setting.kind == "texts":
        value = [part.strip() for part in text.split(",") if part.strip()]
    return read_value(setting, value)


def shown(setting: Setting, value: Any) -> Any:
    """A value as people write it and JSON has it: durations with their unit, lists as lists."""
    if setting.kind in {"duration", "length"}:
        return spell_duration(value)
    return list(value) if isinstance(value, tuple) else value


def spell_duration(seconds: float) -> str:
    """Exact, in the largest unit that divides it: ``90s``, ``15m``, ``0.5s``. A single minute is
    ``60s``, as people say it of leases and timeouts."""
    for unit, size in _UNITS:
        if seconds and seconds % size == 0 and (seconds, unit) != (60, "m"):
            return f"{int(seconds // size)}{unit}"
    return f"{seconds:g}s"


def spell_value(value: Any) -> str:
    """A value as TOML spells it."""
    if isinstance(value, dict):
        return "a table"
    return json.dumps(value, ensure_ascii=False, default=str)


def _number(word: str, text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return text


def _count(_: Setting, value: Any) -> int | None:
    return value if type(value) is int and value >= 1 else None


def _duration(_: Setting, value: Any) -> float | None:
    if value in (0, "0") and not isinstance(value, bool):
        return 0.0  # the one length that needs no unit
    return read_duration(value) if isinstance(value, str) else None


def _length(setting: Setting, value: Any) -> float | None:
    return _duration(setting, value) or None


def _flag(_: Setting, value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _choice(setting: Setting, value: Any) -> str | None:
    return value if value in setting.choices else None


def _text(setting: Setting, value: Any) -> str | None:
    if not isinstance(value, str) or "\0" in value:
        return None
    return value if setting.pattern is None or setting.pattern.fullmatch(value) else None


def _needed(setting: Setting, value: Any) -> str | None:
    return _text(setting, value) or None


def _texts(setting: Setting, value: Any) -> tuple[str, ...] | None:
    if not isinstance(value, list | tuple) or any(not _text(setting, part) for part in value):
        return None
    return tuple(value)


def _money(_: Setting, value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value >= 0 else None


_KINDS: dict[str, tuple[Callable[[Setting, Any], Any], str]] = {
    "count": (_count, "a whole number of at least 1"),
    "duration": (_duration, 'a duration such as "2s", "30m", "1h" or "1d"'),
    "length": (_length, 'a duration of more than nothing, such as "2s", "30m", "1h" or "1d"'),
    "flag": (_flag, "true or false"),
    "choice": (_choice, "{choices}"),
    "text": (_text, "a text"),
    "needed": (_needed, "a text that is not empty"),
    "texts": (_texts, "a list of texts"),
    "money": (_money, "a number of 0 or more"),
}
_SHAPES = {
    _WHO: " of letters, digits and . _ @ / -",
    _KIND: " of small letters, digits and _ -",
    _VARIABLE: " that are names of variables",
    _ROOT: " that begin with / or ~/",
}
