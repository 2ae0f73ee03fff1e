"""Whether a workspace is this user's own: a file that others may write runs their commands.

Trust, which a user gives, is another question: see ``taskboard.trust``. Nothing lifts this one.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from taskboard.errors import Untrusted
from taskboard.workspace import Workspace


def ownership(
    workspace: Workspace, *own: Path, uid: int | None = None, group: int | None = None
) -> list[Untrusted]:
    """What keeps this workspace from being this user's own, each with the command that cures it.

    Looked at are its folders, board, settings and ledger (and for a linked board the file and the
    folder it leads to), and the ``own`` files of the user. Another owner than this user or root,
    write permission for everyone (in a sticky folder too anybody may put settings), and for a
    group other than the user's primary one are problems. Folders above the workspace are not.
    ``uid`` and ``group`` are those of this process unless given."""
    return problems_of(*_guarded(workspace), *own, uid=uid, group=group)


def problems_of(*paths: Path, uid: int | None = None, group: int | None = None) -> list[Untrusted]:
    """The same about any files; one that is not there is no problem."""
    me = os.geteuid() if uid is None else uid
    mine = _primary_group(me) if group is None else group
    problems: list[Untrusted] = []
    for path in dict.fromkeys(paths):
        try:
            facts = path.stat()
        except OSError:
            continue
        problems.extend(_problems(path, facts, me, mine))
    return problems


def require_own(workspace: Workspace, *own: Path) -> None:
    """Raise one ``Untrusted`` that names every problem of ``ownership``, if there is any."""
    problems = ownership(workspace, *own)
    if problems:
        raise Untrusted(
            "\n".join(problem.message for problem in problems),
            hint="\n".join(problem.hint for problem in problems),
            data={"paths": [problem.data["path"] for problem in problems]},
        )


def _guarded(workspace: Workspace) -> Iterator[Path]:
    yield from (workspace.root, workspace.board, workspace.settings, workspace.ledger)
    yield from (workspace.state, workspace.deadletter)
    for path in (workspace.board, workspace.settings):
        if path.is_symlink():
            yield path.resolve().parent


def _problems(path: Path, facts: os.stat_result, me: int, mine: int) -> Iterator[Untrusted]:
    what, where = ("folder" if stat.S_ISDIR(facts.st_mode) else "file"), quote(str(path))
    if facts.st_uid not in {me, 0}:
        yield _untrusted(
            path,
            f"The {what} {path} belongs to {_user(facts.st_uid)}, not to you.",
            f"If it is yours: sudo chown {quote(_user(me))} {where}",
        )
    if facts.st_mode & stat.S_IWOTH:
        yield _untrusted(path, f"Everyone may write to the {what} {path}.", f"chmod o-w {where}")
    if facts.st_mode & stat.S_IWGRP and facts.st_gid != mine:
        yield _untrusted(
            path,
            f"A group that is not your primary one may write to the {what} {path}.",
            f"chmod g-w {where}",
        )


def _untrusted(path: Path, message: str, hint: str) -> Untrusted:
    return Untrusted(message, hint=hint, data={"path": str(path)})


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # a container's user need not be in the list
        return str(uid)


def _primary_group(uid: int) -> int:
    try:
        return pwd.getpwuid(uid).pw_gid
    except KeyError:
        return os.getegid()
