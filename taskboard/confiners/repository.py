"""What a cage needs to know about git: what may not change, and where a work tree's commits go."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

_SMALL = 1 << 12


class Repository(msgspec.Struct, frozen=True):
    """``control`` makes git start programs or look elsewhere, so nothing inside may change it;
    ``writable`` lies outside of the project and is needed to commit."""

    control: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()


def repository(project: Path) -> Repository:
    """The repository whose work tree ``project`` is. Where ``.git`` is a file it is believed
    only if the folder it names points back here: anybody can write a file. Never raises."""
    place = project / ".git"
    if not place.is_file():
        return Repository(control=_switches(place))
    own = _named(place, project, prefix="gitdir: ")
    back = own and _named(own / "gitdir", own)
    common = own and _named(own / "commondir", own)
    if own is None or common is None or back != Path(os.path.realpath(place)):
        return Repository(control=(place,))
    links = (place, own / "gitdir", own / "commondir", own / "config.worktree")
    return Repository(control=(*links, *_switches(common)), writable=(common,))


def _switches(folder: Path) -> tuple[Path, ...]:
    names = ("hooks", "config", "config.worktree", "commondir", "info/attributes", "modules")
    return tuple(folder / name for name in names)


def _named(place: Path, base: Path, *, prefix: str = "") -> Path | None:
    """The real path that a small file holds, None when it holds none."""
    try:
        with place.open("rb") as file:
            text = os.fsdecode(file.read(_SMALL)).rstrip("\n")
    except OSError:
        return None
    if not text.startswith(prefix) or "\0" in text:
        return None
    return Path(os.path.realpath(base / text.removeprefix(prefix)))
