"""A settings file read whole, with the line of every key, or what is wrong with it and where."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from taskboard.errors import BadSettings
from taskboard.workspace import read_settings

_PLACE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")


class Mistake(msgspec.Struct, frozen=True):
    """One thing wrong in one place: a file, a flag or a variable. ``line`` counts from 1."""

    file: str
    line: int | None
    name: str | None
    message: str

    @property
    def text(self) -> str:
        """``file:line: message``."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.message}"


class Document(msgspec.Struct, frozen=True):
    """A sound file: its values, the line each path of keys begins on, its bytes' SHA-256."""

    path: Path
    values: dict[str, Any]
    lines: dict[tuple[str, ...], int]
    digest: str


def read_document(path: Path) -> Document | Mistake | None:
    """The file, what is wrong with it, or None when it is not there."""
    try:
        data = read_settings(path)
    except BadSettings as error:
        return Mistake(**error.data["mistakes"][0])
    if data is None:
        return None
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Mistake(str(path), line, None, "this is not UTF-8.")
    import tomllib

    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return _no_toml(path, text, str(error))
    except RecursionError:
        return Mistake(str(path), None, None, "this is nested too deeply.")
    return Document(path, values, lines_of(text), hashlib.sha256(data).hexdigest())


_ENDS = ("]", "}", '"""', "'''")
"""A statement of several lines ends with one of these."""


def lines_of(text: str) -> dict[tuple[str, ...], int]:
    """On which line (from 1) each key of a sound TOML text begins, by its path.

    ``tomllib`` keeps no lines. So the text is read statement by statement: lines are gathered
    until they are sound by themselves, and a header gives the statements below it their path."""
    import tomllib

    places: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    chunk, start = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        start = start if chunk else number
        chunk += line + "\n"
        if start < number and not any(mark in line for mark in _ENDS):
            continue
        try:
            paths = list(_paths(tomllib.loads(chunk)))
        except tomllib.TOMLDecodeError:
            continue  # a statement of several lines: an array, a long text
        if chunk.lstrip().startswith("["):
            table = paths[-1]
            paths = [table[: size + 1] for size in range(len(table))]
        else:
            paths = [(*table, *path) for path in paths]
        for path in paths:
            places.setdefault(path, start)
        chunk = ""
    return places


def _paths(document: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(document, dict):
        for key, value in document.items():
            yield (*above, key)
            yield from _paths(value, (*above, key))


def _no_toml(path: Path, text: str, error: str) -> Mistake:
    """``tomllib`` ends its message with ``(at line 3, column 5)`` or ``(at end of document)``."""
    place = _PLACE.search(error)
    what = error[: place.start()] if place else error
    if place is None or place[1] is None:
        return Mistake(str(path), text.rstrip("\n").count("\n") + 1, None, f"no TOML: {what}.")
    return Mistake(str(path), int(place[1]), None, f"no TOML: {what}, at column {place[2]}.")
