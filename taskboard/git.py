"""The repository that a board lies in, as far as its files tell. Git itself is never started.

A board that a person edits and a board that a pull brought look the same; only the repository
knows the difference. ``FolderGit`` reads it on disk, ``taskboard.testing.git.FakeGit`` is for
simulated desks. Everything is read with a bound, nothing is written, and a repository that cannot
be understood (refs as ``reftable``, damage, no rights) has no head.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol


class GitSight(NamedTuple):
    """One look. ``head`` is the id of the commit that HEAD stands for (None: no repository, no
    commit yet, or unreadable); ``busy`` is ``merge``, ``rebase``, ``cherry-pick``, ``revert`` or
    ``am`` while git waits in the middle of one, else None. ``writing``: git is changing files just
    now (it does so before it moves HEAD), or has put a squashed branch there for a commit."""

    head: str | None = None
    busy: str | None = None
    writing: bool = False

    @property
    def brings(self) -> bool:
        """Whether files may hold what git has brought although HEAD has not moved yet."""
        return self.writing or self.busy is not None


class Git(Protocol):
    """What the loop asks of the repository around a board."""

    def look(self) -> GitSight:
        """The present moment. Never raises."""
        ...

    def arrived(self, since: str | None) -> bool:
        """Whether HEAD came from ``since`` to where it is by anything but this person's own
        commits on this copy: then files may hold other people's words. ``since`` None means: from
        before the first commit. When it cannot be told, True. Never raises."""
        ...


_SMALL = 1 << 12
_PACKED = 1 << 24
_REFLOG = 1 << 20
_DEPTH = 5
"""How many symbolic refs may follow each other, as in git."""

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_ENTRY = re.compile(rb"([0-9a-f]{40,64}) ([0-9a-f]{40,64}) [^\t\n]*\t?([^\n]*)")
_OWN = re.compile(rb"commit(?: \((?:initial|amend)\))?:")
"""What the reflog says of a person's own commits. ``commit (merge)`` ends somebody's merge."""

_WAITS = (
    ("rebase-merge", "rebase"),
    ("rebase-apply/applying", "am"),
    ("rebase-apply", "rebase"),
    ("MERGE_HEAD", "merge"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
)
"""What lies in the git folder while it waits for a person, the outermost first."""


class _Places(NamedTuple):
    """The folder of this work tree's own state, and the one that all work trees share."""

    own: Path
    common: Path


class _Entry(NamedTuple):
    """One movement of HEAD."""

    old: str | None
    new: str | None
    what: bytes


class FolderGit:
    """Implements ``Git`` for the repository, work tree or submodule that ``folder`` lies in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def look(self) -> GitSight:
        """The present moment. Never raises."""
        places = _places(self._folder)
        if places is None:
            return GitSight()
        return GitSight(_head(places), _busy(places.own), _is_writing(places.own))

    def arrived(self, since: str | None) -> bool:
        """Read from the reflog; see ``Git.arrived``. What changes files without moving HEAD
        (``git stash pop``, ``git restore``, ``git apply``) is not seen."""
        places = _places(self._folder)
        if places is None:
            return False
        head = _head(places)
        if head == since:
            return False
        place = since
        for entry in _since(places.own / "logs/HEAD", since):
            if not _OWN.match(entry.what) or entry.old not in {place, None}:
                return True
            place = entry.new
        return place != head  # the reflog does not tell how HEAD came here


def _places(folder: Path) -> _Places | None:
    """The nearest repository upward, found as git finds it."""
    try:
        here = folder.resolve()
    except (OSError, RuntimeError):
        return None
    for above in (here, *here.parents):
        named = above / ".git"
        own = named if os.path.isdir(named) else _linked(named)  # noqa: PTH112  never raises
        if own is not None and os.path.lexists(own / "HEAD"):
            shared = _line(own / "commondir")
            return _Places(own, own / shared if shared else own)
        if os.path.isfile(named):  # noqa: PTH113
            return None  # it names a repository, and that one is not there
    return None


def _linked(named: Path) -> Path | None:
    """Where the ``.git`` file of a work tree or a submodule leads."""
    line = _line(named)
    if line is None or not line.startswith("gitdir: "):
        return None
    return named.parent / line.removeprefix("gitdir: ")


def _head(places: _Places) -> str | None:
    name = "HEAD"
    for _ in range(_DEPTH):
        line = _line(places.own / name)
        if line is None and name != "HEAD":
            line = _line(places.common / name) or _packed(places.common, name)
        if line is None or not line.startswith("ref:"):
            return line if line and _COMMIT.fullmatch(line) else None
        name = line.removeprefix("ref:").strip()
        if not name.startswith("refs/") or ".." in name.split("/"):
            return None
    return None


def _packed(common: Path, name: str) -> str | None:
    data = b"\n" + (_read(common / "packed-refs", _PACKED) or b"")
    end = data.find(b" " + os.fsencode(name) + b"\n")
    if end < 0:
        return None
    return data[data.rfind(b"\n", 0, end) + 1 : end].decode("ascii", "replace")


def _busy(own: Path) -> str | None:
    return next((word for name, word in _WAITS if os.path.lexists(own / name)), None)


def _is_writing(own: Path) -> bool:
    return any(os.path.lexists(own / name) for name in ("index.lock", "SQUASH_MSG"))


def _since(reflog: Path, since: str | None) -> list[_Entry]:
    """How HEAD moved after it was last at ``since``; empty when that is not written there."""
    entries = list(_entries(reflog))
    for index in range(len(entries) - 1, -1, -1):
        if entries[index].new == since:
            return entries[index + 1 :]
    first = next(iter(entries), None)
    return entries if first and since is None and first.old is None else []


def _entries(reflog: Path) -> Iterator[_Entry]:
    """The movements of HEAD that the end of the reflog tells of, in order."""
    for line in (_read(reflog, -_REFLOG) or b"").splitlines():
        found = _ENTRY.fullmatch(line)
        if found:  # the first line may be cut
            old, new, what = found.groups()
            yield _Entry(_commit(old), _commit(new), what)


def _commit(name: bytes) -> str | None:
    """None for the zeros that stand for: no commit."""
    return name.decode() if name.strip(b"0") else None


def _line(path: Path) -> str | None:
    """A small file of one line, without what ends it."""
    data = _read(path, _SMALL)
    return None if data is None else os.fsdecode(data).rstrip("\r\n")


def _read(path: Path, limit: int) -> bytes | None:
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
