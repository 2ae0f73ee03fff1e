"""Settings from their five places: flags, environment, the user's file, the workspace, defaults.

Nothing is guessed and nothing passed over: the mistakes of all places are reported at once, each
with its line. What a value may be is in ``taskboard.core.setting_kinds``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from taskboard.core.nearest import nearest
from taskboard.core.setting_kinds import (
    BY_NAME,
    SETTINGS,
    TABLES,
    shown,
    spell_value,
)
from taskboard.core.settings import Settings
from taskboard.errors import BadSettings
from taskboard.offers import Offer, judge
from taskboard.toml_file import Document, Mistake, read_document
from taskboard.workspace import Workspace, home, user_settings

__all__ = ["SETTINGS", "Configured", "Source", "load", "settings_table"]

_NOT_SETTINGS = {"BOARD", "CORPUS", "RUN", "RUN_ID", "TRUST"}
"""What else is called ``TASKBOARD_*``."""
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSWORD", re.IGNORECASE)


class Source(msgspec.Struct, frozen=True):
    """One setting as ``taskboard config`` shows it: durations with their unit, secrets hidden.

    ``source``: flag, environment, user, workspace or default. ``where``: the flag, the variable or
    ``file:line``; empty for a default."""

    name: str
    value: Any
    source: str
    where: str


class Configured(msgspec.Struct, frozen=True):
    """The settings, where each came from, and the SHA-256 of the ``taskboard.toml`` that was read
    (None: there was none)."""

    settings: Settings
    sources: tuple[Source, ...]
    digest: str | None


def load(
    workspace: Workspace,
    environ: Mapping[str, str],
    flags: Mapping[str, Any] | None = None,
    *,
    trusted: bool = True,
) -> Configured:
    """The settings of a workspace. ``flags`` are named as settings are; None means not given.

    Unless the workspace is ``trusted``, its own ``ledger``, ``env``, ``notify`` and tables do not
    count. Raises ``BadSettings`` with every mistake, also in ``data["mistakes"]``."""
    own = read_document(workspace.settings)
    offers = [
        *_from_file(own, "workspace"),
        *_from_file(read_document(user_settings(environ)), "user"),
        *_from_environment(environ),
        *_from_flags(flags or {}),
    ]  # the weakest place first: a later one replaces an earlier one
    judged = [offer if isinstance(offer, Mistake) else judge(offer) for offer in offers]
    mistakes = [found for found in judged if isinstance(found, Mistake)]
    counted = [found for found in judged if isinstance(found, Offer)]
    chosen = {offer.path: offer for offer in counted if trusted or not _is_guarded(offer)}
    if not mistakes:
        mistakes = list(_compare(chosen))
    if mistakes:
        raise _bad(mistakes)
    digest = own.digest if isinstance(own, Document) else None
    return Configured(_settings(chosen, home(environ)), tuple(_sources(chosen)), digest)


def settings_table() -> str:
    """All settings as a Markdown table: the middle of ``docs/settings.md``."""
    defaults = Settings()
    rows = ["| setting | default | meaning |", "| --- | --- | --- |"]
    for setting in SETTINGS:
        value = shown(setting, getattr(defaults, setting.name))
        default = "unset" if value in ("", None) else f"`{spell_value(value)}`"
        rows.append(f"| `{setting.name}` | {default} | {setting.meaning} |")
    return "\n".join(rows) + "\n"


# What the places offer


def _from_file(document: Document | Mistake | None, source: str) -> Iterator[Offer | Mistake]:
    if isinstance(document, Mistake):
        yield document
    elif document is not None:
        for path, value in _entries(document.values):
            yield Offer(path, value, source, str(document.path), document.lines[path])


def _entries(values: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Settings by name; of the tables each entry by itself, so that places can be laid over
    each other."""
    for name, value in values.items():
        if name not in TABLES or not isinstance(value, dict):
            yield (name,), value
            continue
        for key, table in value.items():
            if isinstance(table, dict):
                yield from (((name, key, entry), found) for entry, found in table.items())
            else:
                yield (name, key), table


def _from_environment(environ: Mapping[str, str]) -> Iterator[Offer]:
    """``TASKBOARD_<NAME>``; an empty one counts as unset. A name that is nearly a setting is
    offered, to be refused; any other is somebody else's."""
    for variable in sorted(environ):
        rest = variable.removeprefix("TASKBOARD_")
        name = rest.lower()
        if rest == variable or rest in _NOT_SETTINGS or not environ[variable]:
            continue
        if name in BY_NAME or nearest(name, BY_NAME, like=0.8):
            yield Offer((name,), environ[variable], "environment", variable)


def _from_flags(flags: Mapping[str, Any]) -> Iterator[Offer]:
    for name, value in flags.items():
        if value is not None:
            yield Offer((name,), value, "flag", f"--{name.replace('_', '-')}")


# What counts


def _is_guarded(offer: Offer) -> bool:
    setting = BY_NAME.get(offer.path[0])
    return offer.source == "workspace" and (setting is None or setting.guarded)


def _compare(chosen: Mapping[tuple[str, ...], Offer]) -> Iterator[Mistake]:
    """Pairs where one setting is the other's limit."""
    defaults = Settings()
    for setting in SETTINGS:
        if not setting.above:
            continue
        pair = [(setting.name,), (setting.above,)]
        most, least = (
            chosen[path].value if path in chosen else getattr(defaults, path[0]) for path in pair
        )
        if most < least:
            words = [
                f"{p[0]} ({shown(setting, v)})" for p, v in zip(pair, (most, least), strict=True)
            ]
            offer = next(chosen[path] for path in pair if path in chosen)
            yield offer.wrong(f"{words[0]} must not be less than {words[1]}.")


def _settings(chosen: Mapping[tuple[str, ...], Offer], home_folder: Path) -> Settings:
    values: dict[str, Any] = {}
    tables: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in TABLES}
    for path, offer in chosen.items():
        if len(path) == 3:
            tables[path[0]].setdefault(path[1], {})[path[2]] = offer.value
        else:
            values[path[0]] = offer.value
    if "roots" in values:
        values["roots"] = tuple(
            str(home_folder / root[2:]) if root.startswith("~") else root
            for root in values["roots"]
        )
    values.update(tables)
    return Settings(**values)


def _sources(chosen: Mapping[tuple[str, ...], Offer]) -> Iterator[Source]:
    """Every setting in the order of the table, then the entries of the tables."""
    defaults = Settings()
    for setting in SETTINGS:
        offer = chosen.get((setting.name,))
        value = getattr(defaults, setting.name) if offer is None else offer.value
        source, where = ("default", "") if offer is None else (offer.source, offer.where)
        yield Source(setting.name, shown(setting, value), source, where)
    for path in sorted(path for path in chosen if len(path) == 3):
        offer = chosen[path]
        value = "(hidden)" if _SECRET.search(path[2]) else offer.value
        yield Source(offer.name, value, offer.source, offer.where)


def _bad(mistakes: list[Mistake]) -> BadSettings:
    count = "One mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
    lines = [f"{count} in the settings:", *(mistake.text for mistake in mistakes)]
    return BadSettings(
        "\n".join(lines),
        hint="Correct them; `taskboard config` says what each setting may be.",
        data={
            "mistakes": [
                {"file": m.file, "line": m.line, "name": m.name, "message": m.message}
                for m in mistakes
            ]
        },
    )
