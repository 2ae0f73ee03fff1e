"""Every command: its name, where its function is, one line about it and an example."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """One command. ``function`` lies in ``taskboard.cli.<module>``; it may be a ``Typer`` of
    commands of its own."""

    name: str
    module: str
    function: str
    summary: str
    example: str


GROUPS: dict[str, tuple[Entry, ...]] = {
    "Start": (
        Entry("init", "start", "init", "Start a workspace here.", "taskboard init notes/launch"),
        Entry(
            "trust", "start", "trust", "Show what would run here, and allow it.", "taskboard trust"
        ),
        Entry(
            "approve",
            "confirm",
            "approve",
            "Let tasks run that arrived by git.",
            "taskboard approve TASK-015",
        ),
        Entry(
            "accept",
            "confirm",
            "accept",
            "Say that a held board is meant as it is.",
            "taskboard accept",
        ),
        Entry(
            "import",
            "import_",
            "import_",
            "Make a board of other people's.",
            "taskboard import TODO.md -o task-board.md",
        ),
        Entry("fork", "fork", "fork", "Go on in a new ledger.", "taskboard fork"),
        Entry("salvage", "salvage", "salvage", "Rescue a damaged ledger.", "taskboard salvage"),
        Entry(
            "completions",
            "completions",
            "completions",
            "Print the completion script of a shell.",
            "taskboard completions zsh > _taskboard",
        ),
        Entry("run", "work", "run", "Work on the board until stopped.", "taskboard run"),
        Entry(
            "once",
            "work",
            "once",
            "Run everything that can run now, to the end.",
            "taskboard once --wait 5m",
        ),
        Entry(
            "service",
            "service",
            "app",
            "Have the daemon started by itself: install, status, logs.",
            "taskboard service install",
        ),
    ),
    "Look": (
        Entry(
            "status",
            "overview",
            "status",
            "What goes on now, and what waits for you.",
            "taskboard status --json",
        ),
        Entry(
            "list",
            "listing",
            "list_",
            "The tasks, in board order or as they would run.",
            "taskboard list --next",
        ),
        Entry("show", "detail", "show", "One task with its history.", "taskboard show TASK-015"),
        Entry(
            "why",
            "detail",
            "why",
            "What keeps a task from running, and what clears it.",
            "taskboard why TASK-015",
        ),
        Entry(
            "away",
            "away",
            "away",
            "What happened since you left, on one screen.",
            "taskboard away --since yesterday",
        ),
        Entry(
            "stats",
            "stats",
            "stats",
            "How much, how well, how fast, for how much, over time.",
            "taskboard stats --since 30d",
        ),
        Entry(
            "tail", "tail", "tail", "The ledger, readable.", "taskboard tail -f --task TASK-015"
        ),
    ),
    "Change": (
        Entry(
            "add",
            "people",
            "add",
            "Add a task at the end of the board.",
            "taskboard add 'Compare prices' --run './compare.sh'",
        ),
        Entry(
            "ready", "people", "ready", "Let a task run, or run again.", "taskboard ready TASK-015"
        ),
        Entry(
            "block",
            "people",
            "block",
            "Hold a task until somebody or something is there.",
            "taskboard block TASK-015 siyao send-brief",
        ),
        Entry(
            "cancel", "people", "cancel", "End a task and its run.", "taskboard cancel TASK-015"
        ),
        Entry("done", "people", "done", "Say that a task is done.", "taskboard done TASK-015"),
        Entry(
            "answer",
            "people",
            "answer",
            "Answer what a task asks.",
            "taskboard answer TASK-015 'The blue one.'",
        ),
        Entry("pause", "people", "pause", "Start nothing new.", "taskboard pause"),
        Entry("resume", "people", "resume", "Start things again.", "taskboard resume"),
    ),
    "Agents": (
        Entry(
            "claim",
            "agents",
            "claim",
            "Take a task to work on.",
            "taskboard claim --next --agent me",
        ),
        Entry(
            "heartbeat", "agents", "heartbeat", "Keep a claim.", "taskboard heartbeat TASK-015@3"
        ),
        Entry(
            "complete",
            "agents",
            "complete",
            "Finish a run, with evidence.",
            "taskboard complete TASK-015@3 --artifact report.md",
        ),
        Entry(
            "fail",
            "agents",
            "fail",
            "Give a run up as failed.",
            "taskboard fail TASK-015@3 --reason 'no access'",
        ),
        Entry(
            "release",
            "agents",
            "release",
            "Hand a run back unspent.",
            "taskboard release TASK-015@3",
        ),
    ),
    "Examine": (
        Entry(
            "check",
            "checks",
            "check",
            "What is wrong with the board, line by line.",
            "taskboard check",
        ),
        Entry(
            "verify",
            "checks",
            "verify",
            "Prove that the ledger is whole.",
            "taskboard verify --head",
        ),
        Entry(
            "board",
            "past",
            "board",
            "The board as the ledger has it, now or at a time.",
            "taskboard board --at 2h",
        ),
        Entry(
            "rebuild",
            "past",
            "rebuild",
            "Write the board from the ledger.",
            "taskboard rebuild",
        ),
        Entry(
            "gc",
            "space",
            "gc",
            "Remove old logs and old texts that nobody needs.",
            "taskboard gc --dry-run",
        ),
        Entry(
            "doctor",
            "doctor",
            "doctor",
            "Whether everything here is fit to work.",
            "taskboard doctor",
        ),
        Entry(
            "config",
            "checks",
            "config",
            "The settings, and where each comes from.",
            "taskboard config",
        ),
    ),
}
"""In the order of the help."""

COMMANDS: dict[str, Entry] = {e.name: e for entries in GROUPS.values() for e in entries}
