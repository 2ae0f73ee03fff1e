"""What a run with an agent's program leaves for the next one: the session to go on with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from taskboard.agent_file import write_file
from taskboard.core.bill import Usage
from taskboard.core.usage_sums import as_rows, from_rows

SESSION = "session.json"
"""The file in a run's folder."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session by its program's name for it, and what it has used up to now by the program's
    own count."""

    name: str = ""
    known: bool = False
    total: tuple[Usage, ...] = ()


def read_session(folder: Path | None, program: str) -> Session:
    """What an earlier run has left; an empty one when there is nothing of use."""
    try:
        data = json.loads((folder / SESSION).read_bytes()) if folder is not None else {}
    except (OSError, ValueError):
        return Session()
    if not isinstance(data, dict) or data.get("program") != program:
        return Session()
    name = data.get("session")
    if not isinstance(name, str) or not name or not name.replace("-", "").isalnum():
        return Session()
    return Session(name, known=True, total=from_rows(data.get("used")))


def write_session(folder: Path, program: str, session: Session) -> None:
    """For the next run, and for people who want to go on by hand. Raises ``OSError``."""
    data = {"program": program, "session": session.name, "used": as_rows(session.total)}
    write_file(folder / SESSION, json.dumps(data) + "\n")
