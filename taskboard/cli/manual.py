"""What the help tells besides options: files, environment, exit status."""

from __future__ import annotations

from collections.abc import Iterator

FILES = {
    "task-board.md": "the board",
    "events.jsonl": "the ledger: one event a line, `tail -F` it",
    "deadletter/": "one page for every task that failed for good",
    "taskboard.toml": "settings of this workspace; ~/.config/taskboard/config.toml holds yours",
    ".taskboard/": "the machine's own: runs, locks, stored texts",
}

ENVIRONMENT = {
    "TASKBOARD_<SETTING>": "a setting, above both files: TASKBOARD_SLOTS=4",
    "TASKBOARD_BOARD": "the board, where --board does not name one",
    "TASKBOARD_TRUST=1": "run what the board says without having been trusted: for CI",
    "NO_COLOR": "no colours",
}

EXITS = {
    0: "it was done",
    1: "findings; or a task that this command ran has failed",
    2: "the words of the command are off",
    3: "refused: the gate, the state machine, trust",
    4: "somebody else holds it",
    65: "the ledger is damaged, was rolled back or is another's",
    66: "no such workspace, board, task or run",
    70: "an error of taskboard itself",
    75: "try again later: disk, quota, service",
    78: "settings that cannot be used",
    130: "interrupted",
}
"""Exit codes and what they mean: the same for every command."""

_LOOK = (0, 65, 66)
_ACT = (0, 3, 65, 66, 75)
_ONLY = {
    "init": (0, 2, 3),
    "trust": (0, 3, 66, 78),
    "run": (0, 3, 4, 65, 66, 75, 78),
    "once": (0, 1, 3, 65, 66, 75, 78),
    "import": (0, 1, 2, 66),
    "service": (0, 3, 66, 75),
    "claim": (0, 3, 4, 65, 66, 75),
    "complete": (0, 1, 3, 65, 66, 75),
    "check": (0, 1, 66),
    "verify": (0, 65, 66),
    "doctor": (0, 1, 66),
    "config": (0, 66, 78),
    "completions": (0, 2),
}
_LOOKS = frozenset({"status", "list", "show", "why", "away", "stats", "tail", "board"})


def exits_of(command: str) -> Iterator[tuple[int, str]]:
    """The exit codes that a command's user meets, with their meaning."""
    codes = _ONLY.get(command, _LOOK if command in _LOOKS else _ACT)
    return ((code, EXITS[code]) for code in codes)
