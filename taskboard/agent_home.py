"""The folder that an agent's program has for one task, instead of its user's own: what it keeps
there is of that task and of nothing else, and only that one is in sight of its tools."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from pathlib import Path

from taskboard.executor import Order

LASTS = 30 * 86400.0
"""Seconds after which the folder of a task that has not run meanwhile goes."""


def home_of(state: Path, order: Order) -> Path:
    """The folder of an order's task beneath ``state``, by its board and its id."""
    name = hashlib.sha256(f"{order.board}\0{order.task}".encode("utf-8", "replace")).hexdigest()
    return state / "tasks" / name[:32]


def settle(folder: Path, *, keep: str) -> None:
    """Make it if it is not there, and leave in it nothing but the folder ``keep``: whatever else
    a tool has put there would count the next time. Raises ``OSError``."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    for entry in list(os.scandir(folder)):
        if entry.is_dir(follow_symlinks=False):
            if entry.name != keep:
                _remove(Path(entry.path))
        else:
            Path(entry.path).unlink()
    os.utime(folder)


def sweep(state: Path, now: float) -> None:
    """Remove the folders of tasks that have not run for ``LASTS``. ``now`` in seconds since
    1970."""
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(state / "tasks")):
            if now - entry.stat(follow_symlinks=False).st_mtime > LASTS:
                _remove(Path(entry.path))


def _remove(folder: Path) -> None:
    """Also what has been locked. Raises ``OSError``."""
    folder.chmod(0o700)
    for place, folders, _files in os.walk(folder):
        for name in folders:
            inner = Path(place, name)
            if not inner.is_symlink():
                inner.chmod(0o700)
    shutil.rmtree(folder)
