"""What a place offers for a setting, and what is wrong with it."""

from __future__ import annotations

from typing import Any

import msgspec

from taskboard.core.nearest import nearest
from taskboard.core.setting_kinds import (
    BY_NAME,
    ORIGIN_SETTINGS,
    PRICE_SETTINGS,
    TABLES,
    Setting,
    read_text,
    read_value,
)
from taskboard.registry import names, options
from taskboard.toml_file import Mistake


class Offer(msgspec.Struct, frozen=True):
    """A value that a place offers for a setting (or for an entry of a table: a dotted name)."""

    path: tuple[str, ...]
    value: Any
    source: str
    place: str
    line: int | None = None

    @property
    def name(self) -> str:
        return ".".join(self.path)

    @property
    def where(self) -> str:
        return self.place if self.line is None else f"{self.place}:{self.line}"

    def wrong(self, message: str) -> Mistake:
        return Mistake(self.place, self.line, self.name, message)


def judge(offer: Offer) -> Offer | Mistake:
    """The offer with its value as the runtime wants it, or what is wrong with it."""
    if len(offer.path) == 3:
        return _judge_entry(offer)
    wrong = _misplaced(offer, BY_NAME.get(offer.path[0]))
    if wrong is not None:
        return offer.wrong(wrong)
    textual = offer.source in {"environment", "flag"} and isinstance(offer.value, str)
    read = (read_text if textual else read_value)(BY_NAME[offer.name], offer.value)
    if read.wrong is not None:
        return offer.wrong(read.wrong)
    return Offer(offer.path, read.value, offer.source, offer.place, offer.line)


def _judge_entry(offer: Offer) -> Offer | Mistake:
    """One entry of a table, as its implementation says what it may be."""
    kind, name, key = offer.path
    known = _entries_of(kind, name)
    if known is None:
        listed = ", ".join(names(kind))
        return offer.wrong(f"there is no {kind.removesuffix('s')} {name}; there are {listed}.")
    setting = known.get(key)
    if setting is None:
        near = nearest(key, known)
        hint = f"Did you mean {near}?" if near else f"There are {', '.join(sorted(known))}."
        return offer.wrong(f"[{kind}.{name}] has no setting {key}. {hint}")
    if setting.own and offer.source == "workspace":
        return offer.wrong(
            f"{offer.name} does not count here: a workspace cannot widen its own rights. Set it in"
            " ~/.config/taskboard/config.toml."
        )
    read = read_value(setting, offer.value)
    if read.wrong is not None:
        return offer.wrong(read.wrong)
    return Offer(offer.path, read.value, offer.source, offer.place, offer.line)


def _entries_of(kind: str, name: str) -> dict[str, Setting] | None:
    """The settings of one table, by name; None where there is nothing of that name."""
    if kind == "prices":
        return {setting.name: setting for setting in PRICE_SETTINGS}
    if kind == "origins":
        return {setting.name: setting for setting in ORIGIN_SETTINGS}
    if name not in names(kind):
        return None
    return {setting.name: setting for setting in options(kind, name)}


def _misplaced(offer: Offer, setting: Setting | None) -> str | None:
    """Why nothing may be offered under this name in this place, whatever the value."""
    head = offer.path[0]
    if head in TABLES:
        return f"{offer.name} must be a table: [{head}.NAME], then its settings."
    if setting is None:
        return _unknown(head, offer.value)
    if setting.own and offer.source == "workspace":
        return _not_here(setting)
    if isinstance(offer.value, dict) and f"{head}s" in TABLES:
        return f"{head} is a name; the table of one is [{head}s.NAME]."
    return None


def _unknown(name: str, value: Any) -> str:
    if isinstance(value, dict):
        near = nearest(name, TABLES)
        hint = f"Did you mean [{near}.NAME]?" if near else "Settings stand at the top level."
        return f"there is no table [{name}]. {hint}"
    near = nearest(name.lower().replace("-", "_"), BY_NAME)
    hint = f"Did you mean {near}?" if near else "`taskboard config` lists them."
    return f"there is no setting {name}. {hint}"


def _not_here(setting: Setting) -> str:
    return (
        f"{setting.name} does not count here: a workspace cannot widen its own rights. Set it in"
        f" ~/.config/taskboard/config.toml, by flag or as TASKBOARD_{setting.name.upper()}."
    )
