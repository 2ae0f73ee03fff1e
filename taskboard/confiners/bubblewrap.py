"""Confinement by bubblewrap: namespaces of its own, and only the mounts that the cage names.

The command stays in the process group it is started in, so that ending the group ends it with
grace: bubblewrap itself dies of the TERM, its first process inside lives on until the command has
ended, and whatever is left dies with the process namespace.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from taskboard.confinement import Cage
from taskboard.confiners.places import Access, Layout, lay_out

_HIDDEN = (Path("/tmp"), Path("/var/tmp"), Path("/run"))  # noqa: S108
_BASE = (
    "--unshare-pid",
    "--unshare-ipc",
    "--unshare-uts",
    "--unshare-cgroup-try",
    *("--cap-drop", "ALL"),
    *("--ro-bind", "/", "/"),
    *("--dev", "/dev"),
    *("--proc", "/proc"),
)
_ROOT_KEEPS = ("CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_CHOWN")
"""Root in a container works on files of other users; mounts hold against these three."""
_SOCKETS = Path("/proc/net/unix")
_MOST = 8500
"""Bubblewrap itself takes 9,000 arguments; the rest is the command's."""


@dataclass(frozen=True, slots=True)
class Bubblewrap:
    """``program`` is the path of ``bwrap``."""

    program: str

    @property
    def name(self) -> str:
        return "bubblewrap"

    @property
    def lacks(self) -> tuple[str, ...]:
        return (
            "control files not there yet, or replaced from outside, unless the cage is closed",
            "servers and abstract sockets of this machine, for a command that may go online",
            "the kernel's key rings",
        )

    def wrap(self, argv: Sequence[str], cage: Cage) -> list[str]:
        layout = lay_out(cage, _HIDDEN, closed=cage.closed)
        mounts = [*_mounts(layout), *_sockets(layout)]
        if len(mounts) > _MOST:
            raise ValueError(
                f"Too many names lie beside the control files of {cage.project} for a closed"
                f" cage ({len(layout.places)}). Move the board to a folder with fewer."
            )
        return [
            self.program,
            *_BASE,
            *(() if cage.network else ("--unshare-net",)),
            *_kept(),
            *mounts,
            *("--setenv", "TMPDIR", "/tmp"),  # noqa: S108  the cage's own
            "--",
            *argv,
        ]


def bubblewrap(environ: Mapping[str, str]) -> Bubblewrap | None:
    """Bubblewrap as it is installed, None where it is not."""
    program = shutil.which("bwrap", path=environ.get("PATH"))
    return None if program is None else Bubblewrap(os.path.realpath(program))


def _kept() -> Iterator[str]:
    if os.geteuid() == 0:
        for capability in _ROOT_KEEPS:
            yield from ("--cap-add", capability)


def _mounts(layout: Layout) -> Iterator[str]:
    """Parents before what lies in them: a later mount covers an earlier one."""
    todo = {path: _mount(path, access) for path, access in layout.places.items()}
    # A mount point cannot be renamed; bound onto itself it stays as writable as it is.
    todo |= {path: ("--bind", str(path), str(path)) for path in layout.pins}
    for path in sorted(todo, key=lambda path: len(path.parts)):
        yield from todo[path]
    for name, target in layout.links:
        yield from ("--symlink", str(target), str(name))


def _mount(path: Path, access: Access) -> tuple[str, ...]:
    if access is Access.HIDDEN:
        return ("--tmpfs", str(path)) if path.is_dir() else ("--ro-bind", os.devnull, str(path))
    return ("--bind" if access is Access.WRITE else "--ro-bind", str(path), str(path))


def _sockets(layout: Layout) -> Iterator[str]:
    """Cover the sockets of other programs that lie where everybody may read: a read-only mount
    does not keep anyone from connecting."""
    for path in _bound_sockets():
        if layout.enclosing(path) is None and os.access(path, os.W_OK):
            yield from ("--ro-bind", os.devnull, str(path))


def _bound_sockets() -> set[Path]:
    try:
        lines = _SOCKETS.read_bytes().splitlines()[1:]
    except OSError:
        return set()
    names = (line.split(b" /", 1)[1] for line in lines if b" /" in line)
    return {Path(os.path.realpath(os.fsdecode(b"/" + name))) for name in names}
