"""Contracts: where evidence from outside is looked for, the public web and git repositories.

Both are asked for at the end of a piece of work only, so ``taskboard.app`` imports and makes what
implements them (``taskboard.web``, ``taskboard.git_commits``) when that is first needed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from taskboard.core.finding import Commit, Nothing, Page, Refs


class Web(Protocol):
    """What the host asks of the web."""

    async def fetch(self, url: str) -> Page | Nothing:
        """The page that a public https URL leads to now, or why it is no evidence. Never raises;
        ends within half a minute."""
        ...


class NoWeb:
    """Implements ``Web`` where there is none."""

    async def fetch(self, url: str) -> Page | Nothing:
        """Nothing, for now."""
        del url
        return Nothing(problem="there is no network here", passing=True)


class Commits(Protocol):
    """What the loop asks of the repository that a project lies in."""

    async def note(self, project: Path) -> Refs:
        """What its refs lead to now. Never raises."""
        ...

    async def find(self, project: Path, commit: str, noted: Refs) -> Commit | Nothing:
        """The commit of this name (7 hex digits at least), if it is in the project's repository
        and the refs ``noted`` did not lead to it. Never raises."""
        ...

    async def head(self, project: Path) -> str | None:
        """The id of the commit that is checked out there, or None."""
        ...


class NoCommits:
    """Implements ``Commits`` where there is no repository."""

    async def note(self, project: Path) -> Refs:
        """No repository."""
        del project
        return Refs()

    async def find(self, project: Path, commit: str, noted: Refs) -> Commit | Nothing:
        """Nothing."""
        del project, commit, noted
        return Nothing(problem="the project lies in no git repository")

    async def head(self, project: Path) -> str | None:
        """None."""
        del project
        return None
