"""Which facts are a person's acts, told from the ledger alone. Nobody is authenticated.

A person acts by command (the event's ``actor`` is a login name) or by typing on the board (the
actor is ``board``). Not a person's are the runtime (``daemon``, ``ledger``, ``import``), commands
from inside a run (``agent:TASK-015@3``), what an agent outside says of its own run (it names an
``agent``), and texts that arrived by git. A script that saves the board cannot be told from a
person who does.
"""

from __future__ import annotations

from taskboard.core.event import Event
from taskboard.core.event import EventType as E

BOARD = "board"
"""The actor of what was typed."""

_RUNTIME = frozenset({"daemon", "ledger", "import"})
_ACTS = frozenset(
    {
        E.CREATED,
        E.EDITED,
        E.RESTORED,
        E.BLOCKED,
        E.UNBLOCKED,
        E.REQUEUED,
        E.CANCELLED,
        E.COMPLETED,
        E.PAUSED,
        E.RESUMED,
        E.QUESTION_ANSWERED,
    }
)


def is_persons(event: Event) -> bool:
    """Whether a person did this."""
    if event.type not in _ACTS or event.actor in _RUNTIME or event.actor.startswith("agent:"):
        return False
    return event.agent is None and event.data.get("origin") != "git"


def is_own(event: Event, me: str, device: str) -> bool:
    """Whether the person who is called ``me`` did this, as far as anybody can know: by command
    under that name, or on the board of this ``device``."""
    if not is_persons(event):
        return False
    return event.actor == me or (event.actor == BOARD and event.device == device)
