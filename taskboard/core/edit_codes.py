"""Codes about what edits mean (TB3xx) and about the workspace (TB4xx)."""

from __future__ import annotations

from taskboard.core.code import Code, error, info, warning

EDIT_CODES: dict[str, Code] = {
    "TB301": warning(
        "stale-copy",
        "This status was true earlier and looks like an old copy of the board, so it is ignored.",
        "If it is meant, use the command that the note names.",
    ),
    "TB302": warning(
        "terminal",
        "The task has ended, and its end is not undone by typing.",
        "Type 'ready' over a failed task to requeue it; follow up on a done one in a new task.",
    ),
    "TB303": warning(
        "done-while-running",
        "A run holds the task, so it cannot be called done now.",
        "Let the run end, or cancel it with 'blocked:<who>:<what>' first.",
    ),
    "TB304": info(
        "claimed-by-hand",
        "A person works on it now; nothing else will start it.",
        "Agents claim with 'taskboard claim'; type 'ready' to hand it back.",
        "- status: running:ada:2026-04-20T15:25Z",
    ),
    "TB305": info(
        "edited-while-running",
        "The task was edited during its run, which went on with the text it was given.",
        "If the new text needs new work, add a task for it.",
    ),
    "TB306": warning(
        "illegal-move",
        "The task cannot go from its state to the one typed.",
        "'taskboard show ID' lists what may come next.",
    ),
    "TB307": warning(
        "evidence-missing",
        "What was declared as proof is not there, so the task is not done.",
        "Provide what the note names, or type 'ready' to run it again.",
    ),
    "TB308": warning(
        "children-open",
        "The task cannot be done before its children are.",
        "Finish or remove the children.",
    ),
    "TB309": warning(
        "child-failed",
        "A child of this task failed.",
        "Requeue the child, or type 'ready' to go on without it.",
    ),
    "TB310": warning(
        "edits-joined",
        "Two saves changed the same line; the later one stands.",
        "Look at the file that is named, take over what you want, then remove it.",
    ),
    "TB311": info(
        "question",
        "The run asked its owner something; nothing is spent while it waits.",
        "Answer with 'taskboard answer ID TEXT', then type 'ready'.",
    ),
    "TB312": info(
        "promotion",
        "What the task waited for is done; setting 'promote' asks before it goes on.",
        "Type 'ready'.",
    ),
    "TB313": warning(
        "flagged",
        "The decision layer saw something odd about the task; it may run all the same.",
        "Read what it says. 'taskboard tail --type decided' shows the decision.",
    ),
    "TB401": error(
        "untrusted",
        "This workspace is not trusted, so nothing in it is executed.",
        "Look at what would run and confirm it with 'taskboard trust'.",
    ),
    "TB405": error(
        "held",
        "The board cannot be read as intent now; running work goes on and nothing new starts.",
        "Make the text whole again: the message names what is wrong with it.",
    ),
    "TB406": info(
        "paused",
        "The board is paused, so nothing new starts.",
        "Remove the line 'pause: all', or use 'taskboard resume'.",
        "- pause: all",
    ),
    "TB407": error(
        "ledger-rolled-back",
        "The ledger lacks what this machine has recorded in it, so nothing is written to it and "
        "nothing starts.",
        "Put the newer file back; without one, 'taskboard fork' goes on in a new ledger.",
    ),
    "TB408": error(
        "ledger-foreign",
        "The ledger came from elsewhere or is a copy, so nothing is written to it and nothing "
        "starts.",
        "'taskboard fork' goes on here in a new ledger; the old file is kept.",
    ),
}
