"""What the help tells besides options: files, environment, exit status."""

from __future__ import annotations

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
    1: "it found something that is wrong, or something that it ran has failed",
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

_ANY = frozenset({0, 2, 65, 66, 75, 78})
"""Whatever opens a workspace: words, ledger, place, disk, settings."""
_MORE: dict[str, frozenset[int]] = {
    "import": frozenset({1}),
    "run": frozenset({4}),
    "once": frozenset({1, 4}),
    "service": frozenset({1, 4}),
    "claim": frozenset({4}),
    "check": frozenset({1}),
}
_ONLY = {
    "completions": frozenset({0, 2}),
    "doctor": frozenset({0, 1, 2, 66, 75}),
    "config": frozenset({0, 2, 66, 78}),
}
_LOOKS = frozenset(
    {
        "status",
        "list",
        "show",
        "why",
        "away",
        "stats",
        "tail",
        "board",
        "verify",
        "check",
        "import",
    }
)
"""Commands that refuse nothing, for they change nothing."""


def exits_of(command: str) -> list[tuple[int, str]]:
    """The exit codes that a command's user may meet, with their meaning."""
    codes = _ONLY.get(command) or _ANY | _MORE.get(command, frozenset())
    if command not in _LOOKS and command not in _ONLY:
        codes |= {3}
    return [(code, EXITS[code]) for code in EXITS if code in codes]
