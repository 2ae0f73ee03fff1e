"""Codes about what stands on the board: TB1xx text and fields, TB2xx dependencies."""

from __future__ import annotations

from taskboard.core.code import Code, error, info, warning

TEXT_CODES: dict[str, Code] = {
    "TB101": warning(
        "not-utf8",
        "Some bytes are not UTF-8; they are kept as they are.",
        "Save the board as UTF-8.",
    ),
    "TB102": error(
        "utf16",
        "The board is UTF-16, so it is neither read nor written.",
        "Save it as UTF-8 (in PowerShell: Set-Content -Encoding utf8).",
    ),
    "TB103": error(
        "nul",
        "The board holds NUL bytes, as a file damaged or wrongly converted does.",
        "Restore the file from your editor or from git.",
    ),
    "TB104": error(
        "empty",
        "The board is empty.",
        "Add a task, or bring the text back; nothing is withdrawn meanwhile.",
    ),
    "TB105": error(
        "too-large",
        "The board is larger than 16 MB.",
        "Move finished sections and pasted logs to another file.",
    ),
    "TB106": error(
        "conflict",
        "The board holds conflict markers of a merge.",
        "Resolve the conflict and remove the marker lines.",
        "<<<<<<< HEAD",
    ),
    "TB107": warning(
        "cut-short",
        "The text ends inside a code fence, a comment or a character.",
        "Close the fence or comment that starts on this line; what follows it holds no tasks.",
        "```sh",
    ),
    "TB108": error(
        "unclosed-quote",
        "A command has a quote or backslash that is never closed, so the shell would refuse it.",
        "Close the quote.",
        "- run: echo 'almost",
    ),
    "TB109": warning(
        "unclosed-code",
        "A value starts with a backtick that is never closed, so the backtick is part of it.",
        "Close the code span, or remove the backtick.",
        "- measure: `make test",
    ),
    "TB110": error(
        "reused-id",
        "This id belonged to another task, and an id is never given twice.",
        "Give the new task a new id (or none, and it is given the next free one). Where two "
        "ids have changed places, put both back.",
        "## TASK-007 Something else",
    ),
    "TB111": error(
        "duplicate-id",
        "Two sections have this id, so neither is started nor read as an edit.",
        "Give one of them another id.",
        "## TASK-007 A copy",
    ),
    "TB112": warning(
        "unknown-status",
        "This is no status word, so the task is left as it is and never run.",
        "Use ready, done, blocked:<who>:<what>, or leave it.",
        "- status: Ready for review",
    ),
    "TB113": warning(
        "status-without-id",
        "This heading has a status but no id, and only ready and blocked make it a task.",
        "Put an id before the title, or say ready.",
        "## Write the report",
    ),
    "TB114": error(
        "two-statuses",
        "The task has two status fields, so it is unclear which one counts.",
        "Remove one of them.",
        "- status: done",
    ),
    "TB115": warning(
        "empty-field",
        "This field has no value.",
        "Write a value, or remove the line.",
        "- verify:",
    ),
    "TB116": warning(
        "future-time",
        "The task is said to run since a time that is still to come.",
        "Write the time in UTC: local time with a Z behind it is the usual cause.",
        "- status: running:ada:2031-01-01T09:00Z",
    ),
    "TB117": info(
        "no-status",
        "This heading starts with an id but has no status, so it is no task.",
        "Add a line '- status: ready' under it if it should be one.",
        "## TASK-009 Someday",
    ),
    "TB118": error(
        "bad-value",
        "The value of this field cannot be read.",
        "Use the spelling that the message names.",
        "- timeout: soon",
    ),
    "TB119": error(
        "unknown-evidence",
        "This is no kind of evidence.",
        "Use check, commit, artifact, url, exit, human or output.",
        "- evidence: screenshot",
    ),
    "TB120": warning(
        "child-of-done",
        "The task stands inside a task that is done, so it does not count as its child.",
        "Move the section out of the done task's section.",
    ),
    "TB121": error(
        "project-outside",
        "The project folder lies outside the board's folder and outside the permitted roots.",
        "Use a folder beneath the board, or add its root to 'roots' in your own settings.",
        "- project: ../elsewhere",
    ),
    "TB122": warning(
        "not-a-list-item",
        "Fields that decide what is executed count only as list items, so this one does not.",
        "Write it as '- key: value'.",
        "**Run:** make",
    ),
    "TB123": error(
        "fields-too-large",
        "The fields of this task hold more than 16 KiB.",
        "Move long text below the fields, where it is part of the prompt.",
    ),
    "TB124": error(
        "half-code",
        "Only part of this command stands in a code span, so the shell would run its output.",
        "Put the whole command into one code span, or remove the backticks.",
        "- verify: `make test` passes",
    ),
    "TB125": warning(
        "odd-priority",
        "This is no priority, so the task counts as one of none.",
        "Write critical, high, medium or low (or P0 to P4).",
        "- priority: urgent",
    ),
    "TB130": error(
        "no-executor",
        "Nothing on this machine can run the task.",
        "Add a 'run' command, or install and name an agent; 'taskboard doctor' lists them.",
    ),
    "TB131": warning(
        "missing-input",
        "A file that the task needs before it starts is not there.",
        "Provide the file; the task starts by itself then.",
        "- inputs: notes/interviews.md",
    ),
    "TB132": warning(
        "budget",
        "What models may cost for the task, or today, is spent; nothing cheaper is tried instead.",
        "Raise 'budget' on the task or 'budget_usd_day', or wait for the next day (UTC).",
        "- budget: 2.50",
    ),
    "TB201": error(
        "cycle",
        "These tasks wait for each other, so none of them could ever start.",
        "Remove one of the dependencies.",
        "- needs: TASK-002",
    ),
    "TB202": error(
        "unknown-blocker",
        "The task waits for one that does not exist.",
        "Correct the id, or remove it.",
        "- needs: TASK-999",
    ),
    "TB203": error(
        "unclear-needs",
        "Only single ids say for certain what a task waits for.",
        "List every id, separated by commas.",
        "- needs: TASK-001 - TASK-005",
    ),
    "TB204": warning(
        "blocker-failed",
        "The task waits for one that has failed.",
        "Requeue that task, or remove the dependency.",
    ),
    "TB205": warning(
        "blocker-withdrawn",
        "The task waits for one that was removed from the board.",
        "Bring that section back, or remove the dependency.",
    ),
}
