"""What an agent is told: the task as it stands on the board, what came of it so far, and what
the host will look at. The task's text is somebody's; it is set apart from what we say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from taskboard.core.steps import instruction, work_steps
from taskboard.core.visible import enclosed, line

_FIELD = 2000
"""Characters of a field that are repeated outside the task's own text, on one visible line."""

_PROOF = (
    ("verify", "The host will run this command when you are done; it must end with 0: {}"),
    ("artifacts", "The host will look for these files; they must be there, new and not empty: {}"),
    ("evidence", "The host will ask for evidence of these kinds: {}. Name it in your report"),
    ("measure", "Done means: {}"),
    ("inputs", "Read these first: {}"),
)


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """One step of one run of a task, as an agent has to know it. ``said`` are questions and
    answers, oldest first; ``refusal`` is why the last run was not accepted."""

    task: str
    title: str
    text: str
    fields: Mapping[str, str]
    step: str
    label: str
    refusal: str | None = None
    said: Sequence[tuple[str, str]] = ()
    unheard: int = 0
    """How many of them, the last ones, who goes on has not been told."""
    edited: bool = False
    """The text is another than the session was begun with."""


def first_prompt(work: Assignment) -> str:
    """Everything, as for somebody who hears of it for the first time."""
    parts = [
        (
            f"Work on the task {work.task}. This is run {work.label}; its working folder is the"
            " project. The task as it stands on the board, between the two marked lines:"
        ),
        enclosed("task", work.text),
        _step(work),
        *_proof(work.fields),
        *_conversation(work),
        _refused(work),
        _END,
    ]
    return "\n\n".join(part for part in parts if part)


def news(work: Assignment) -> str:
    """What somebody who goes on with the task has not heard yet."""
    changed = "The task's text has changed. It is now:" if work.edited else ""
    parts = [
        f"Go on with the task {work.task}; this is run {work.label}.",
        changed,
        enclosed("task", work.text) if work.edited else "",
        _step(work),
        *_conversation(work)[max(len(work.said) - work.unheard, 0) :],
        _refused(work),
        _END,
    ]
    return "\n\n".join(part for part in parts if part)


_END = (
    "End with your report: status done, question or failed. Say done only when it is; the host"
    " checks for itself."
)


def _step(work: Assignment) -> str:
    if len(work_steps(work.fields)) == 1 and work.step == "generate":
        return ""
    return f"Do only the step `{work.step}` now. {instruction(work.step)}"


def _proof(fields: Mapping[str, str]) -> list[str]:
    found = ((text, line(fields.get(key, ""), _FIELD)) for key, text in _PROOF)
    said = [f"- {text.format(value)}" for text, value in found if value]
    return ["\n".join(said)] if said else []


def _conversation(work: Assignment) -> list[str]:
    return [f"You asked: {asked}\nThe owner answers: {answer}" for asked, answer in work.said]


def _refused(work: Assignment) -> str:
    return f"The last run was not accepted: {work.refusal}" if work.refusal else ""
