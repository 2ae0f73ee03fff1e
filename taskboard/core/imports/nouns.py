"""What an import deals in: drafts of tasks, the groups they stand in, and what was not said."""

from __future__ import annotations

from dataclasses import dataclass, field

LEFT_OUT = "left-out"
"""Somebody's text is not on the new board."""
TOOL = "tool"
"""What a program keeps for itself (settings, markers) is not on the new board."""
UNCLEAR = "unclear"
"""It is there, but what it meant had to be decided, or could not be."""
CHANGED = "changed"
"""It is there, spelled in another way than before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something the new board does not say as the old one did. ``line`` counts from 1 (0: the
    whole file); ``kind`` is one of the words above."""

    kind: str
    file: str
    line: int
    message: str


@dataclass(slots=True, kw_only=True, eq=False)
class Draft:
    """A task as it was found. ``word`` is its status as typed, ``mark`` what stood in its box;
    ``old_id`` what it was called; ``needs`` and ``parent`` are old ids, or sentences that may
    hold some; ``body`` is Markdown, without line ends."""

    title: str
    line: int
    file: str
    word: str = ""
    mark: str | None = None
    old_id: str = ""
    owner: str = ""
    priority: str = ""
    parent: str = ""
    needs: list[str] = field(default_factory=list)
    fields: list[tuple[str, str]] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    children: list[Draft] = field(default_factory=list)
    task: str = ""
    """The id on the new board, once it is given."""
    whole_file: bool = False
    """The file is this task and nothing else."""
    placed: bool = False
    """An item of another file has named it, and it stands there."""


@dataclass(slots=True, kw_only=True, eq=False)
class Group:
    """A heading that is no task, the prose under it and the tasks under that. The first group of
    a file may have no heading (``level`` 0)."""

    line: int
    file: str = ""
    heading: str = ""
    level: int = 0
    prose: list[str] = field(default_factory=list)
    tasks: list[Draft] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Reading:
    """What a shape made of one file. ``absent_is_done``: there a task that is done is removed, so
    whoever waits for one that is not there does not wait."""

    groups: list[Group] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    absent_is_done: bool = False

    @property
    def tasks(self) -> list[Draft]:
        """The tasks of all groups, children not counted."""
        return [task for group in self.groups for task in group.tasks]
