"""A repository in memory: a simulation commits, pulls and merges by hand."""

from __future__ import annotations

from taskboard.git import GitSight


class FakeGit:
    """Implements ``taskboard.git.Git``. Without a ``head`` there is no repository, or no commit
    in it yet. Commits are numbered; ``busy`` is what git is in the middle of, ``writing``
    whether it changes files just now."""

    def __init__(self, head: str | None = None) -> None:
        self.busy: str | None = None
        self.writing = False
        self._commits = 0
        self._moves: list[tuple[str | None, bool]] = [(head, True)]

    def commit(self) -> str:
        """The person commits; the new head."""
        return self._move(own=True)

    def pull(self) -> str:
        """HEAD goes to somebody else's commit (pull, merge, checkout, ...); the new head."""
        return self._move(own=False)

    def look(self) -> GitSight:
        """The present moment."""
        return GitSight(self._moves[-1][0], self.busy, self.writing)

    def arrived(self, since: str | None) -> bool:
        """Whether any move since was not the person's own commit."""
        heads = [head for head, _ in self._moves]
        if heads[-1] == since:
            return False
        if since not in heads:
            return True
        last = len(heads) - 1 - heads[::-1].index(since)
        return not all(own for _, own in self._moves[last + 1 :])

    def _move(self, *, own: bool) -> str:
        self._commits += 1
        head = f"{self._commits:040x}"
        self._moves.append((head, own))
        return head
