"""Whether a commit is one that a round of work has made: the commit is in the repository that the
project lies in, and what its refs led to before the round does not lead to it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from taskboard.core.finding import Commit, Nothing, Refs
from taskboard.core.gate import commit_problem
from taskboard.git_folder import head_of, places_of
from taskboard.git_objects import BorrowedObjects, Refused, told
from taskboard.git_refs import note_refs

SECONDS = 60.0
"""For all that git is asked about one commit: a million commits take some ten."""


class GitCommits:
    """Implements ``Commits`` with the git on ``PATH``, but none that lies in one of the folders
    ``never``: who works there could have put it there."""

    def __init__(
        self, environ: Mapping[str, str], never: tuple[Path, ...] = (), seconds: float = SECONDS
    ) -> None:
        self._path = environ.get("PATH", os.defpath)
        self._never, self._seconds = never, seconds

    async def note(self, project: Path) -> Refs:
        """See ``Commits.note``."""
        return await asyncio.to_thread(note_refs, project)

    async def head(self, project: Path) -> str | None:
        """See ``Commits.head``."""
        places = places_of(project)
        return head_of(places) if places is not None else None

    async def find(self, project: Path, commit: str, noted: Refs) -> Commit | Nothing:
        """See ``Commits.find``."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._find(project, commit.lower(), noted)
        except Refused as why:
            return Nothing(problem=str(why))
        except TimeoutError:
            problem = f"git did not answer within {self._seconds:g} seconds"
            return Nothing(problem=problem, passing=True)
        except (OSError, ValueError) as trouble:
            return Nothing(problem=f"git cannot be asked: {trouble}")

    async def _find(self, project: Path, commit: str, noted: Refs) -> Commit:
        problem = commit_problem(commit)
        if problem:
            raise Refused(problem)
        places = places_of(project)
        now = await self.note(project)
        if places is None:
            raise Refused("the project lies in no git repository")
        _require_same(project, places.common, noted, now)
        program = self._program(project)
        with BorrowedObjects(program, places.common, noted, wide=_is_wide(commit, now)) as objects:
            found = await objects.commit(commit)
            await objects.require_new(found.id)
        return found

    def _program(self, project: Path) -> str:
        never = [os.path.realpath(folder) for folder in (*self._never, project)]
        for folder in self._path.split(os.pathsep):
            program = os.path.join(folder, "git")  # noqa: PTH118
            ways = (os.path.realpath(folder) + "/", os.path.realpath(program))
            theirs = any(way.startswith(f"{root}/") for way in ways for root in never)
            if folder.startswith("/") and not theirs and os.access(program, os.X_OK):
                return program
        raise Refused("there is no git on PATH to look for it with")


def _require_same(project: Path, common: Path, noted: Refs, now: Refs) -> None:
    """The repository is the one that was noted. Where there was none it has to be one that was
    made in the project, so that nobody's other repository is taken for it."""
    problem = noted.problem or now.problem
    if problem:
        raise Refused(f"what is new in its repository cannot be told: {problem}")
    if noted.repository is None:
        inside = os.path.realpath(common).startswith(os.path.realpath(project) + "/")
        if not inside or told(now, "borrows ") or told(now, "shallow "):
            raise Refused("the repository was not there when the task was first claimed")
    elif noted.repository != now.repository:
        raise Refused("the project lies in another repository than when it was first claimed")
    elif told(noted, "borrows ") != told(now, "borrows "):
        raise Refused("its repository has begun to use another one's objects meanwhile")


def _is_wide(commit: str, now: Refs) -> bool:
    """Whether the repository names its objects by SHA-256."""
    return len(commit) > 40 or any(len(line) == 64 for line in now.lines)
