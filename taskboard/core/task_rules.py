"""Rules about a task as a whole: its id, its status, its place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from taskboard.core.board import Diagnosis, Part
from taskboard.core.codes import finding
from taskboard.core.ids import ID
from taskboard.core.nearest import nearest
from taskboard.core.scope import Scope, at, fields_of_part
from taskboard.core.state import CLOSED, OPEN_WORDS, Kind
from taskboard.core.units import read_time

SKEW = timedelta(minutes=1)
"""Clocks of two machines may differ by this much without anybody having mistyped."""

_FAMILIES = (
    (("ready",), "Only the word 'ready' alone runs; write 'ready', or leave it."),
    (
        "in progress,in_progress,in-progress,doing,wip,claimed,active,running,started,working,"
        "🔄,🟨,🚧,[~],[/]".split(","),
        "Agents claim by command; a person writes running:<name>:<UTC minute>.",
    ),
    (
        "done,complete,finished,fixed,shipped,implemented,closed,resolved,✅,✔,☑,[x]".split(","),
        "The word is 'done', alone.",
    ),
    (
        "blocked,waiting,wait,on hold,hold,paused,review,in review,under review,needs,⛔,🚫,"
        "⏸".split(","),
        "Write blocked:<who>:<what> or blocked:until:<UTC time>, like blocked:ada:review.",
    ),
    (
        "cancel,dropped,won't,won’t,wont,deferred,obsolete,abandoned,rejected,failed,❌,[-]".split(
            ","
        ),
        "Write failed:<reason>, like failed:cancelled, or 'later' to leave it open.",
    ),
    (
        "unstarted,new,someday,⬜,🔲,⏳,[ ]".split(","),
        "Write 'todo', alone.",
    ),
)
"""How words of each family begin, or the sign that stands for them, and what to write."""
_WORDS = ("ready", "done", "blocked", "failed", "running", *sorted(OPEN_WORDS))
_DECORATION = re.compile(r"^[\W_]+|[\W_]+$")
_ANY_ID = re.compile(rf"(?<![\w-]){ID.pattern}(?![\w-])")


def text(scope: Scope) -> Iterator[Diagnosis]:
    """What the reader itself has found: encoding, cuts, conflicts, headings that are no task."""
    yield from scope.board.diagnoses


def duplicate_id(scope: Scope) -> Iterator[Diagnosis]:
    """TB111: two sections with one id."""
    names = [item.first.part.task for item in scope.board.items]
    if len(scope.by_name) == len(names):
        return
    for task in [name for name, count in Counter(names).items() if name and count > 1]:
        items = [item for item in scope.board.items if item.task == task]
        for item in items:
            others = ", ".join(str(other.line) for other in items if other is not item)
            said = f"{task} stands more than once: also on line {others}."
            yield finding("TB111", said, line=item.line, task=task)


def two_statuses(part: Part) -> Iterator[Diagnosis]:
    """TB114: a second status field, shown on every one after the first."""
    for field in list(fields_of_part(part, "status"))[1:]:
        yield at("TB114", part, field)


def unknown_status(part: Part) -> Iterator[Diagnosis]:
    """TB112: a word that is no state, with the nearest that is one."""
    field = part.status_field
    if field is not None and field.value and part.status.kind is Kind.UNKNOWN:
        said = f"{field.value!r} is no status word; the task is left as it is and never run."
        yield finding("TB112", said, line=field.line, task=part.task, hint=_nearest(field.value))


def _nearest(typed: str) -> str:
    """What to write instead: judged by the words, and by the sign only where no word says it."""
    sign = typed.casefold().strip()
    word = _DECORATION.sub("", sign)
    if word in OPEN_WORDS:
        return f"Write '{word}', alone."
    blocker = _ANY_ID.search(typed)
    if word.startswith("blocked") and blocker:
        return f"Write blocked:task:{blocker[0]}, or name it in 'needs'."
    for text in (word, sign):
        for starts, hint in _FAMILIES:
            if text.startswith(tuple(starts)):
                return hint
    near = nearest(word[:40], _WORDS)
    if near:
        return f"Did you mean '{near}'?"
    return "Status words are ready, done, todo, blocked:<who>:<what> and failed:<reason>."


def future_time(scope: Scope) -> Iterator[Diagnosis]:
    """TB116: a run that began in the future, which is what local time with a Z looks like."""
    for item in scope.board.items:
        part = item.first.part
        if part.status.kind is not Kind.RUNNING or (field := part.status_field) is None:
            continue
        since = read_time(part.status.what)
        if since is not None and since > scope.now + SKEW:
            said = f"The time {part.status.what} is still to come; is it local time?"
            yield scope.at("TB116", item, field, said)


def child_of_done(scope: Scope) -> Iterator[Diagnosis]:
    """TB120: an open task inside the section of a task that is done."""
    for item in scope.board.items:
        if item.parent is None or scope.status(item).kind in CLOSED:
            continue
        parent = scope.board.items[item.parent]
        if scope.status(parent).kind is Kind.DONE:
            said = f"It stands inside {parent.task}, which is done, and is not its child."
            yield finding("TB120", said, line=item.line, task=item.task)
