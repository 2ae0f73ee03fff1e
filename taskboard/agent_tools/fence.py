"""The control files, by name and by identity: what no tool of an agent may touch."""

from __future__ import annotations

import contextlib
import os
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

Parts = tuple[str, ...]
Identity = tuple[int, int]


class Fault(Exception):
    """A tool cannot do what it was asked: the sentence is for the agent."""


def parts_of(relative: str) -> Parts:
    """The names that a path beneath the project folder is made of; none for the folder itself.
    Raises ``Fault`` for a path that leaves it."""
    if "\0" in relative:
        raise Fault("A path cannot have a NUL in it.")
    if relative.startswith(("/", "~")):
        raise Fault(f"{relative!r} is not beneath the project folder: give a path relative to it.")
    parts = tuple(part for part in relative.split("/") if part not in ("", "."))
    if ".." in parts:
        raise Fault(f"{relative!r} leaves the project folder by `..`, which is not allowed.")
    return parts


class Fence:
    """Says no. ``readable`` are those control files that may be read.

    Names are compared as a file system may that does not tell case or composition apart;
    identities (device and inode) catch other names of the same file. They are looked up anew for
    each question: a board is replaced whenever it is written.
    """

    def __init__(self, root: Path, control: Iterable[Path], readable: Iterable[Path] = ()) -> None:
        self._all = tuple(control)
        self._secret = tuple(path for path in self._all if path not in tuple(readable))
        self._names = {
            True: frozenset(_names(root, self._all)),
            False: frozenset(_names(root, self._secret)),
        }

    def check_name(self, parts: Parts, *, writing: bool) -> None:
        """Raises ``Fault`` where the path is a control file's or leads into a control folder."""
        asked = _alike(parts)
        if writing and ".git" in asked:
            raise Fault(f"{_spell(parts)} is git's own: change it with git commands only.")
        for name in self._names[writing]:
            inside = asked[: len(name)] == name
            if inside or (writing and name[: len(asked)] == asked):
                raise _forbidden(parts)

    def check_file(self, found: os.stat_result, parts: Parts, *, writing: bool) -> None:
        """Raises ``Fault`` where what was found there is a control file under another name."""
        if (found.st_dev, found.st_ino) in self._identities(writing=writing):
            raise _forbidden(parts)

    def hides(self, parts: Parts) -> bool:
        """Whether reading is refused by name."""
        asked = _alike(parts)
        return any(asked[: len(name)] == name for name in self._names[False])

    def _identities(self, *, writing: bool) -> set[Identity]:
        found = set()
        for path in self._all if writing else self._secret:
            with contextlib.suppress(OSError):
                status = path.stat()
                found.add((status.st_dev, status.st_ino))
        return found


def _forbidden(parts: Parts) -> Fault:
    return Fault(
        f"{_spell(parts)} is a control file of the task board and out of bounds. Act on the board"
        " through your report only."
    )


def _names(root: Path, control: Sequence[Path]) -> Iterable[Parts]:
    """The control files' own names beneath ``root``, links in their way followed or not."""
    for path in control:
        for spelled, base in ((path, root), (path.resolve(), root.resolve())):
            if spelled.is_relative_to(base):
                yield _alike(spelled.relative_to(base).parts)


def _alike(parts: Sequence[str]) -> Parts:
    return tuple(unicodedata.normalize("NFKC", part).casefold() for part in parts)


def _spell(parts: Parts) -> str:
    return "/".join(parts) or "The project folder"
