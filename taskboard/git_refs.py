"""What a repository leads to at one moment: noted before work begins, so that it can be told
afterwards which commits are new.

Read from its files, for this is done at every claim that may end with a commit. It holds the
heads of all work trees and every ref of any kind: what a stash or a fetched branch leads to is
not new either.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from taskboard.core.finding import Refs
from taskboard.git_folder import COMMIT, PACKED, Places, head_of, line_in, places_of, read_in

MAX_REFS = 200_000
_MAX_TREES = 1000
_SHALLOW = 1 << 22
_ALTERNATES = 1 << 16


class Unnoted(Exception):
    """The refs cannot be noted; the text is a clause that says why."""


def note_refs(project: Path) -> Refs:
    """What the repository that ``project`` lies in leads to now. Never raises."""
    places = places_of(project)
    if places is None:
        return Refs()
    try:
        return Refs(repository=repository_id(places), lines=tuple(sorted(_lines(places))))
    except Unnoted as why:
        return Refs(problem=str(why))
    except (OSError, ValueError):  # ValueError: a NUL in a path that a file named
        return Refs(problem="it cannot be read")


def repository_id(places: Places) -> str:
    """A repository by where it and its objects lie. Of that the digest: a ledger need not tell
    of folders."""
    folders = (places.common, places.common / "objects")
    real = b"\0".join(os.fsencode(os.path.realpath(folder)) for folder in folders)
    return hashlib.sha256(real).hexdigest()[:16]


def _lines(places: Places) -> set[str]:
    if os.path.lexists(places.common / "reftable"):
        raise Unnoted("its refs are kept as a reftable, which cannot be read here")
    trees = [places.own, *_work_trees(places.common)]
    found = {head_of(Places(tree, places.common)) for tree in (*trees, places.common)}
    for folder in dict.fromkeys(trees) | {places.common: None}:
        found |= set(_loose(folder / "refs"))
    found |= _packed(places.common)  # last: packing writes here before it deletes there
    if len(found) > MAX_REFS:
        raise Unnoted(f"it has more than {MAX_REFS} refs")
    lines = {commit for commit in found if commit is not None}
    return lines | _shallow(places.common) | _borrows(places.common)


def _work_trees(common: Path) -> list[Path]:
    try:
        names = os.listdir(common / "worktrees")  # noqa: PTH208
    except OSError:
        return []
    if len(names) > _MAX_TREES:
        raise Unnoted(f"it has more than {_MAX_TREES} work trees")
    return [common / "worktrees" / name for name in names]


def _loose(refs: Path) -> Iterator[str]:
    seen = 0
    for folder, _, names in os.walk(refs):
        seen += len(names)
        if seen > MAX_REFS:
            raise Unnoted(f"it has more than {MAX_REFS} refs")
        for name in names:
            line = line_in(Path(folder, name))
            if line and COMMIT.fullmatch(line):  # what begins with `ref:` names another of these
                yield line


def _packed(common: Path) -> set[str]:
    data = read_in(common / "packed-refs", PACKED + 1) or b""
    if len(data) > PACKED:
        raise Unnoted(f"its packed refs are larger than {PACKED} bytes")
    names = (line.partition(b" ")[0].decode("ascii", "replace") for line in data.splitlines())
    return {name for name in names if COMMIT.fullmatch(name)}


def _shallow(common: Path) -> set[str]:
    """Where the history that was fetched ends."""
    data = read_in(common / "shallow", _SHALLOW + 1) or b""
    if len(data) > _SHALLOW:
        raise Unnoted(f"its list of shallow commits is larger than {_SHALLOW} bytes")
    names = (line.decode("ascii", "replace") for line in data.split())
    return {f"shallow {name}" for name in names if COMMIT.fullmatch(name)}


def _borrows(common: Path) -> set[str]:
    """Other repositories whose objects it uses as its own."""
    path = common / "objects/info/alternates"
    if not os.path.lexists(path):
        return set()
    data = read_in(path, _ALTERNATES + 1)
    if data is None or len(data) > _ALTERNATES:
        raise Unnoted("its list of alternates cannot be read")
    return {f"borrows {hashlib.sha256(data).hexdigest()}"} if data.strip() else set()
