"""What a changed status word means against the ledger's present state: one row per typed kind.

The table for people is in ``docs/editing.md``; here each typed kind has one function.
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec
from msgspec.structs import replace as replaced

from taskboard.core.board import Item
from taskboard.core.definition import essence
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.state import OPEN, READY, TERMINAL, UNKNOWN, Kind, Status, next_events
from taskboard.core.task import Task

MAX_WORD = 200
"""Characters of a typed status word that an event carries."""


def cancelled_line(by: str, run: str | None) -> str:
    """What a cancelled task says, so that a text made before it can be told from one after."""
    where = f" (.taskboard/runs/{run})" if run else ""
    return f"cancelled by {by}{where}"


CANCELLED = Status(Kind.FAILED, "cancelled")
_WAITING = frozenset({Kind.OPEN, Kind.READY, Kind.BLOCKED, Kind.UNKNOWN})


class LastShown(Protocol):
    """What the last projection showed of a task."""

    def last(self, task: str | None) -> frozenset[bytes]: ...
    @property
    def statuses(self) -> Any: ...


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """The state a new task is created in, and what is asked of it at once."""

    status: Status
    data: dict[str, Any] = msgspec.field(default_factory=dict)
    then: E | None = None
    to: str | None = None
    then_data: dict[str, Any] = msgspec.field(default_factory=dict)


def first_status(item: Item, *, first: bool) -> Start:
    """The state of a task seen for the first time. A first import takes every state as history;
    later, ``done`` is asked of the gate and ``running:<who>`` means a person works on it."""
    status = item.status
    word = item.status_field.value[:MAX_WORD] if item.status_field else ""
    if status.kind in (Kind.OPEN, Kind.UNKNOWN):
        return Start(status=status, data={"word": word})
    if first or status.kind in (Kind.READY, Kind.BLOCKED):
        return Start(status=status)
    if status.kind is Kind.DONE:
        return Start(status=OPEN, data={"word": word, "requested": "done"})
    if status.kind is Kind.RUNNING:
        return Start(status=_working(status), data={"note": _works(item.task or "", status.who)})
    if status == CANCELLED:
        said = {"result": cancelled_line("board", None)}
        return Start(
            status=OPEN, data={"word": word}, then=E.CANCELLED, to=CANCELLED.text, then_data=said
        )
    return Start(status=UNKNOWN, data={"word": word})


def verb(item: Item, task: Task, shown: LastShown, lines: frozenset[bytes]) -> list[Draft]:
    """The drafts that a known task's status word asks for; none when it asks for nothing.
    ``lines`` are the item's field lines as bytes, without their endings."""
    if task.requested is None or item.status.kind is Kind.DONE:
        return _asked(item, task, shown, lines)
    taken_back = _draft(task, E.EDITED, requested=None)  # before the gate has answered
    return [taken_back, *_asked(item, replaced(task, requested=None), shown, lines)]


def _asked(item: Item, task: Task, shown: LastShown, lines: frozenset[bytes]) -> list[Draft]:
    typed = item.status
    before = shown.statuses.get(task.task)
    word = item.status_field.value.strip() if item.status_field else ""
    if _same(typed.text, task.status.text):
        return _dismissed(task, shown, lines)
    if before is not None and _same(word, before):
        return []
    return _meant(typed, word, task, shown, lines) if _is_based(task, before) else []


def _is_based(task: Task, before: str | None) -> bool:
    """Whether there is a text this edit was made on: else the ledger's state stands."""
    return before is not None or task.kind is Kind.OPEN or not task.written


def _meant(
    typed: Status, word: str, task: Task, shown: LastShown, lines: frozenset[bytes]
) -> list[Draft]:
    if typed.kind is Kind.UNKNOWN and task.kind in TERMINAL and word:
        return [refusal(task, word[:MAX_WORD], _terminal_hint(task))]
    if typed.kind is Kind.UNKNOWN or (typed.kind is Kind.OPEN and task.kind is Kind.OPEN):
        return []
    if _is_stale(typed, task, shown, lines):
        return [_stale(task, typed)]
    return _VERBS[typed.kind](task, typed)


def _dismissed(task: Task, shown: LastShown, lines: frozenset[bytes]) -> list[Draft]:
    """A person who has read what was said of an edit takes the line away: it stays away."""
    note = essence(f"note: {task.note}".encode()) if task.note else ""
    if not note.startswith("notetb30"):
        return []
    was_there = any(essence(line) == note for line in shown.last(task.task))
    is_there = any(essence(line) == note for line in lines)
    return [_draft(task, E.EDITED, note=None)] if was_there and not is_there else []


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _is_stale(typed: Status, task: Task, shown: LastShown, lines: frozenset[bytes]) -> bool:
    """An old buffer: a status shown earlier that the runtime has replaced since, in a text that
    lacks the line the runtime wrote with it. A text that has that line was made on it."""
    if typed.kind is Kind.READY and task.kind is Kind.RUNNING:
        return True
    if not any(_same(typed.text, s) for s in task.shown):
        return False
    last = {essence(line) for line in shown.last(task.task)}
    return not last <= {essence(line) for line in lines} if last else task.written


def _stale(task: Task, typed: Status) -> Draft:
    """Said of it; and a task that might have been stopped does not start before somebody has
    said which of the two is meant."""
    insist = f". To insist: {_INSIST.get(typed.kind, 'type it again')}"
    if task.kind is Kind.DONE:
        insist = "; done stays done."
    text = insist.format(task=task.task, who=typed.who or "WHO", what=typed.what or "WHAT")
    note = f"TB301 `{typed.text}` looks like an old copy of the board{text}"
    data: dict[str, Any] = {"code": "TB301", "typed": typed.text, "note": note}
    if task.kind is Kind.READY:
        data |= {"doubted": True, "note": f"{note}. To start it: taskboard ready {task.task}"}
    return _draft(task, E.ANOMALY_FLAGGED, **data)


_INSIST = {
    Kind.READY: "taskboard ready {task}",
    Kind.BLOCKED: "taskboard block {task} {who} {what}",
    Kind.DONE: "taskboard done {task}",
    Kind.FAILED: "taskboard cancel {task}",
}


def _draft(task: Task, event: E, to: str | None = None, **data: Any) -> Draft:
    run = task.run.run if task.run and event is E.CANCELLED else None
    return Draft(
        type=event,
        task_id=task.task_id,
        task=task.task,
        to=to,
        run=run,
        actor="board",
        data=data,
    )


def refusal(task: Task, typed: str, hint: str) -> Draft:
    """A verb that the ledger refuses, as the event that says so and the note on the board."""
    terminal = task.kind in TERMINAL
    event = E.TERMINAL_BLOCKED if terminal else E.TRANSITION_BLOCKED
    code = "TB302" if terminal else "TB303" if typed == "done" else "TB306"
    return _draft(
        task,
        event,
        verb=typed,
        reason="terminal" if terminal else "not_from_here",
        next=next_events(task.kind),
        note=f"{code} `{typed}` is refused: {hint}",
    )


def _ready(task: Task, typed: Status) -> list[Draft]:
    if task.kind is Kind.FAILED:
        return [_draft(task, E.REQUEUED, READY.text, cause="typed")]
    if task.kind is Kind.DONE:
        return [refusal(task, typed.text, "done stays done; add a new task for more work.")]
    return [_draft(task, E.UNBLOCKED, READY.text, cause="typed")]


def _blocked(task: Task, typed: Status) -> list[Draft]:
    if task.kind in _WAITING:
        return [_draft(task, E.BLOCKED, typed.text, cause="typed")]
    if task.kind is Kind.RUNNING:
        return [_cancel(task, typed)]
    return [refusal(task, typed.text, _terminal_hint(task))]


def _running(task: Task, typed: Status) -> list[Draft]:
    if task.kind in _WAITING:
        note = _works(task.task, typed.who)
        return [_draft(task, E.BLOCKED, _working(typed).text, cause="typed", note=note)]
    hint = _terminal_hint(task) if task.kind in TERMINAL else "a run holds it."
    return [refusal(task, typed.text, hint)]


def _working(typed: Status) -> Status:
    return Status(Kind.BLOCKED, f"{typed.who}:working")


def _works(task: str, who: str) -> str:
    return f"TB304 {who} works on it. Agents claim instead: taskboard claim {task} --agent {who}"


def _done(task: Task, typed: Status) -> list[Draft]:
    if task.kind in _WAITING:
        return [_draft(task, E.EDITED, requested="done")]
    if task.kind is Kind.RUNNING:
        return [refusal(task, typed.text, "a run holds it. Cancel it first, or let it end.")]
    return [refusal(task, typed.text, _terminal_hint(task))]


def _failed(task: Task, typed: Status) -> list[Draft]:
    if typed == CANCELLED and (task.kind in _WAITING or task.kind is Kind.RUNNING):
        return [_cancel(task, typed)]
    if task.kind in TERMINAL:
        return [refusal(task, typed.text, _terminal_hint(task))]
    return [refusal(task, typed.text, "only `failed:cancelled` can be typed.")]


def _cancel(task: Task, typed: Status) -> Draft:
    result = cancelled_line("board", task.run.run if task.run else None)
    return _draft(task, E.CANCELLED, typed.text, cause="typed", result=result)


def _open(task: Task, typed: Status) -> list[Draft]:
    if task.kind in _WAITING:
        return [_draft(task, E.BLOCKED, OPEN.text, cause="parked")]
    hint = _terminal_hint(task) if task.kind in TERMINAL else "a run holds it; cancel it first."
    return [refusal(task, typed.text, hint)]


def _terminal_hint(task: Task) -> str:
    if task.kind is Kind.FAILED:
        return "it has failed; type `ready` to try again."
    return "done stays done; add a new task for more work."


_VERBS = {
    Kind.READY: _ready,
    Kind.BLOCKED: _blocked,
    Kind.RUNNING: _running,
    Kind.DONE: _done,
    Kind.FAILED: _failed,
    Kind.OPEN: _open,
}
