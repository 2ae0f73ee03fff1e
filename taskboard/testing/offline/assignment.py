"""What an agent was told to do, read out of the text of its prompt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec

_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*\s*$", re.MULTILINE)
_TASK = re.compile(r"^(?:Task:?\s+)?`?([A-Za-z][A-Za-z0-9]*-\d+)`?[\s:.·–—-]*(.*)$")
_FIELD = r"^[ \t]*[-*][ \t]+`?{name}`?[ \t]*:[ \t]*(.*)((?:\n[ \t]{{2,}}[-*][ \t]+.*)*)"
_QUESTION = re.compile(r"^[ \t>*-]*Question for the owner:[ \t]*(\S.*)$", re.MULTILINE)
_ANSWER = re.compile(
    r"^[ \t>*-]*(?:the )?(?:owner'?s? )?answer(?:ed|s)?\b[^:\n]*:[ \t]*\S",
    re.MULTILINE | re.IGNORECASE,
)


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """A task as an agent sees it. ``question`` is what only the owner can say and has not said."""

    title: str
    inputs: tuple[str, ...] = ()
    artifacts: tuple[str, ...] = ()
    question: str = ""


def read_assignment(told: Sequence[str]) -> Assignment:
    """The task in what the user said, oldest first."""
    whole = "\n".join(text for text in told if not text.lstrip().startswith("<"))
    task, title = _task(whole)
    asked = _QUESTION.search(whole)
    open_question = asked.group(1).strip() if asked and not _ANSWER.search(whole) else ""
    return Assignment(
        title=title or _first_line(whole),
        inputs=_field("inputs", task),
        artifacts=_field("artifacts", task),
        question=open_question,
    )


def _task(whole: str) -> tuple[str, str]:
    """The text of the task and its title: the first heading that bears a task's id, down to the
    next such heading; the whole where there is none."""
    headings = [(found, _TASK.match(found.group(1))) for found in _HEADING.finditer(whole)]
    tasks = [(found, task) for found, task in headings if task]
    if not tasks:
        fields = re.search(
            r"^[ \t]*[-*]?[ \t]*title:[ \t]*(\S.*)$", whole, re.MULTILINE | re.IGNORECASE
        )
        plain = headings[0][0].group(1) if headings else ""
        return whole, fields.group(1).strip() if fields else plain
    first, match = tasks[0]
    end = tasks[1][0].start() if len(tasks) > 1 else len(whole)
    return whole[first.start() : end], match.group(2).strip() or match.group(1)


def _field(name: str, text: str) -> tuple[str, ...]:
    """The paths of a field: behind it, with commas between, or in a list under it."""
    found = re.search(_FIELD.format(name=name), text, re.MULTILINE | re.IGNORECASE)
    if not found:
        return ()
    below = [re.sub(r"^\s*[-*]\s+", "", line) for line in found.group(2).splitlines()]
    return tuple(_paths([*found.group(1).split(","), *below]))


def _paths(found: Iterable[str]) -> Iterable[str]:
    for one in found:
        path = one.strip().strip("`\"'").strip()
        if path and "://" not in path and path.lower() != "none":
            yield path


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "the task")[:80]
