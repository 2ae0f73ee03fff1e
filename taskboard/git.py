"""The repository that a board lies in, as far as its files tell. Git is not started for it.

A board that a person edits and a board that a pull brought look the same; only the repository
knows the difference. ``FolderGit`` reads it on disk, ``taskboard.testing.git.FakeGit`` is for
simulated desks. Everything is read with a bound, nothing is written, and a repository that cannot
be understood (refs as ``reftable``, damage, no rights) has no head.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from taskboard.git_folder import head_of, places_of, read_in


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


_REFLOG = 1 << 20

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
        places = places_of(self._folder)
        if places is None:
            return GitSight()
        return GitSight(head_of(places), _busy(places.own), _is_writing(places.own))

    def arrived(self, since: str | None) -> bool:
        """Read from the reflog; see ``Git.arrived``. What changes files without moving HEAD
        (``git stash pop``, ``git restore``, ``git apply``) is not seen."""
        places = places_of(self._folder)
        if places is None:
            return False
        head = head_of(places)
        if head == since:
            return False
        place = since
        for entry in _since(places.own / "logs/HEAD", since):
            if not _OWN.match(entry.what) or entry.old not in {place, None}:
                return True
            place = entry.new
        return place != head  # the reflog does not tell how HEAD came here


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
    for line in (read_in(reflog, -_REFLOG) or b"").splitlines():
        found = _ENTRY.fullmatch(line)
        if found:  # the first line may be cut
            old, new, what = found.groups()
            yield _Entry(_commit(old), _commit(new), what)


def _commit(name: bytes) -> str | None:
    """None for the zeros that stand for: no commit."""
    return name.decode() if name.strip(b"0") else None
