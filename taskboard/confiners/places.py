"""A cage as a list of places: real paths, each with what may be done beneath it.

The most specific place wins. All confiners read a cage through this module, so that they agree.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import taskboard
from taskboard.confinement import Cage

_RESOLVER = Path("/etc/resolv.conf")
"""Often a link into ``/run``, which is hidden; without it no name is found."""
_PROGRAMS = Path("/run/current-system")
"""Where NixOS has its programs."""


class Access(IntEnum):
    """What may be done beneath a place; a higher one includes the lower."""

    HIDDEN = 0
    READ = 1
    WRITE = 2


@dataclass(frozen=True, slots=True)
class Layout:
    """A cage with every link followed. ``places`` stand parents first; ``links`` are names in
    hidden folders that lead to a place (name, where to); ``pins`` are folders that may not be
    renamed because a place of less access lies beneath them."""

    places: dict[Path, Access]
    links: tuple[tuple[Path, Path], ...]
    pins: tuple[Path, ...]

    def access(self, path: Path) -> Access:
        """What may be done with ``path`` (a real one). Outside of every place: read."""
        above = self.enclosing(path)
        return Access.READ if above is None else self.places[above]

    def enclosing(self, path: Path) -> Path | None:
        """The most specific place that ``path`` is or lies in."""
        return next((p for p in (path, *path.parents) if p in self.places), None)


def lay_out(cage: Cage, hidden: Iterable[Path], *, closed: bool = False) -> Layout:
    """The places of a cage; ``hidden`` are folders of the system that are out of sight besides
    the home. ``closed``: see ``Cage.closed``.

    Raises ``ValueError`` when the project is missing or holds the home folder, or when the home
    folder itself is named: then nothing could be hidden."""
    project, home = _real(cage.project), _real(cage.home)
    _require_apart(cage, project, home)
    installed = _installation(project, home)
    named = [*_system(cage), *cage.readable, *cage.writable, *cage.control, *installed]
    out = (*hidden, *cage.hidden, cage.home)
    places: dict[Path, Access] = dict.fromkeys(map(_real, out), Access.HIDDEN)
    for path in (*cage.readable, *_system(cage)):
        places[_real(path)] = Access.READ
    for path in (*cage.writable, cage.project):
        places[_real(path)] = Access.WRITE
    for path in (*cage.control, *installed):
        places[_real(path)] = Access.READ
    places = {path: access for path, access in _in_order(places) if path.exists()}
    layout = Layout(places=places, links=(), pins=())
    if closed:
        layout = _close(layout, cage)
    return Layout(
        places=layout.places, links=tuple(_links(layout, named)), pins=tuple(_pins(layout))
    )


def loose(cage: Cage) -> tuple[Path, ...]:
    """Control paths that mounts cannot hold in an open cage: those that are not there yet and
    could be made, and links that could be replaced. Look at them after the run."""
    if cage.closed:
        return ()
    layout = lay_out(cage, ())
    return tuple(path for path in cage.control if _is_loose(layout, path))


def _is_loose(layout: Layout, path: Path) -> bool:
    name = path.parent.resolve() / path.name
    if name.exists() and not name.is_symlink():
        return False
    return layout.access(name) is Access.WRITE


def _require_apart(cage: Cage, project: Path, home: Path) -> None:
    if not project.is_dir():
        raise ValueError(f"The project folder {cage.project} is not there, or is no folder.")
    if home == Path("/"):
        raise ValueError(
            f"The home folder {cage.home} is the whole system, which cannot be hidden. Set HOME"
            " to a folder of this user's own."
        )
    if home == project or project in home.parents:
        raise ValueError(
            f"The project {cage.project} holds the home folder {cage.home}, so nothing there could"
            " be hidden from a command. Give the project a folder of its own."
        )
    for path in (*cage.readable, *cage.writable, *cage.control):
        if _real(path) == home:
            raise ValueError(
                f"{path} is the home folder itself, which a confined command may not see."
                " Name the folders in it that it needs."
            )


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _in_order(places: dict[Path, Access]) -> list[tuple[Path, Access]]:
    return sorted(places.items(), key=lambda item: (len(item[0].parts), item[0]))


def _installation(project: Path, home: Path) -> list[Path]:
    """Where Python and taskboard lie, and the folder that they are imported from: commands inside
    use them, and nothing inside may change what runs outside. So they are read-only even in a
    project; a project that is itself such a folder, or a home in one, is not concerned."""
    package = Path(taskboard.__file__).parent
    found = (Path(sys.prefix), Path(sys.base_prefix), package.parent, package)
    spared = {project, home, *home.parents}
    return [path for path in found if _real(path) not in spared]


def _system(cage: Cage) -> tuple[Path, ...]:
    return (_RESOLVER, _PROGRAMS) if cage.network else (_PROGRAMS,)


def _links(layout: Layout, named: Iterable[Path]) -> Iterator[tuple[Path, Path]]:
    """Names that lie lexically in a hidden folder but lead elsewhere: ``~/.local/bin/program``."""
    for path in dict.fromkeys(map(Path.absolute, named)):
        real = _real(path)
        above = layout.enclosing(path)
        if real != path and above and layout.places[above] is Access.HIDDEN and real.exists():
            yield path, real


def _pins(layout: Layout) -> Iterator[Path]:
    """The folders between a writable place and one of less access in it: who renames such a
    folder takes the protected one away with it, and can put another in its place."""
    found: dict[Path, None] = {}
    for path, access in layout.places.items():
        above = layout.enclosing(path.parent)
        if access is not Access.WRITE and above and layout.places[above] is Access.WRITE:
            found.update(dict.fromkeys(p for p in path.parents if above in p.parents))
    yield from sorted(found, key=lambda path: len(path.parts))


def _close(layout: Layout, cage: Cage) -> Layout:
    """Make the folders that hold control files read-only, and what else lies in them writable."""
    folders = {folder for path in cage.control for folder in _above(layout, path)}
    places = dict(layout.places)
    for folder in folders:
        places[folder] = Access.READ
        for child in _children(folder):
            if child not in folders and child not in layout.places:
                places[child] = Access.WRITE
    for path in map(_real, cage.control):
        if path in places:
            places[path] = Access.READ
    return Layout(places=dict(_in_order(places)), links=(), pins=())


def _above(layout: Layout, control: Path) -> Iterator[Path]:
    """The writable folders from a control path upwards, be it there or not."""
    for spelling in {_real(control), _real(control.parent) / control.name}:
        for folder in spelling.parents:
            if not folder.is_dir():
                continue
            if layout.access(folder) is not Access.WRITE:
                break
            yield folder


def _children(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        yield from (Path(entry.path) for entry in entries if not entry.is_symlink())
