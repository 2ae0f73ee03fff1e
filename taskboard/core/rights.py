"""What work may do by where its text came from. One place: executors obey, prompts only tell."""

from __future__ import annotations

import msgspec

PEOPLE = frozenset({"board", "command"})
"""Origins whose text a person of this workspace wrote or approved."""


class Rights(msgspec.Struct, frozen=True, kw_only=True):
    """The rights of one run. ``shell``: an agent may run commands. ``confined``: what it starts
    must be in a cage; where nothing can confine, an agent then has no shell. ``closed``: nothing
    new may be made beside control files, which holds those too that another replaces while it
    works. ``network``: it may reach more than its model. ``hooks``: hooks, MCP servers and
    settings that lie in the project may run."""

    shell: bool = True
    confined: bool = True
    closed: bool = False
    network: bool = True
    hooks: bool = False


def rights_of(origin: str) -> Rights:
    """What text of this origin may do at most; settings narrow it, and only a person's own widen
    it. Nobody's agents are free of the cage by default."""
    if origin in PEOPLE:
        return Rights()
    return Rights(network=False, closed=True)
