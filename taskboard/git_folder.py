"""The folders of a git repository, found and read as git does, without starting it.

Everything is read with a bound and nothing is written: a repository may be anybody's.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import NamedTuple

_SMALL = 1 << 12
PACKED = 1 << 24
"""Bytes of ``packed-refs`` that are read."""
_DEPTH = 5
"""How many symbolic refs may follow each other, as in git."""

COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
"""The whole name of an object, by SHA-1 or SHA-256."""


class Places(NamedTuple):
    """``own`` is the folder of this work tree's state, ``common`` the one that all work trees of
    the repository share. They are the same in its main one."""

    own: Path
    common: Path


def places_of(folder: Path) -> Places | None:
    """The nearest repository upward, found as git finds it."""
    try:
        here = folder.resolve()
    except (OSError, RuntimeError):
        return None
    for above in (here, *here.parents):
        named = above / ".git"
        own = named if os.path.isdir(named) else _linked(named)  # noqa: PTH112  never raises
        if own is not None and os.path.lexists(own / "HEAD"):
            shared = line_in(own / "commondir")
            return Places(own, own / shared if shared else own)
        if os.path.isfile(named):  # noqa: PTH113
            return None  # it names a repository, and that one is not there
    return None


def _linked(named: Path) -> Path | None:
    """Where the ``.git`` file of a work tree or a submodule leads."""
    line = line_in(named)
    if line is None or not line.startswith("gitdir: "):
        return None
    return named.parent / line.removeprefix("gitdir: ")


def head_of(places: Places) -> str | None:
    """The id of the commit that HEAD stands for, if it can be told."""
    name = "HEAD"
    for _ in range(_DEPTH):
        line = line_in(places.own / name)
        if line is None and name != "HEAD":
            line = line_in(places.common / name) or _packed(places.common, name)
        if line is None or not line.startswith("ref:"):
            return line if line and COMMIT.fullmatch(line) else None
        name = line.removeprefix("ref:").strip()
        if not name.startswith("refs/") or ".." in name.split("/"):
            return None
    return None


def _packed(common: Path, name: str) -> str | None:
    data = b"\n" + (read_in(common / "packed-refs", PACKED) or b"")
    end = data.find(b" " + os.fsencode(name) + b"\n")
    if end < 0:
        return None
    return data[data.rfind(b"\n", 0, end) + 1 : end].decode("ascii", "replace")


def line_in(path: Path) -> str | None:
    """A small file of one line, without what ends it."""
    data = read_in(path, _SMALL)
    return None if data is None else os.fsdecode(data).rstrip("\r\n")


def read_in(path: Path, limit: int) -> bytes | None:
    """At most ``limit`` bytes from the start of a regular file, or from its end when ``limit`` is
    negative; None when that cannot be had."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe must not block
    except (OSError, ValueError):  # ValueError: a NUL in a path that a file named
        return None
    try:
        facts = os.fstat(fd)
        if not stat.S_ISREG(facts.st_mode):
            return None
        start = max(facts.st_size + limit, 0) if limit < 0 else 0
        return os.pread(fd, abs(limit), start)
    except OSError:
        return None
    finally:
        os.close(fd)
