"""What is told outside: which facts, in which words, and how far that has come.

The ledger is the outbox. A fact that is worth telling stands there first; that it was told is the
event ``delivered`` (or ``delivery_failed``) after it, whose ``upto`` is the last sequence that is
dealt with. What stands after it has not been told. Where telling begins is such an event, too,
about nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from taskboard.core.acts import is_persons
from taskboard.core.event import Draft, Event
from taskboard.core.event import EventType as E
from taskboard.core.lines import one_line, proof_word
from taskboard.core.outcome import Tier
from taskboard.core.task import Task
from taskboard.core.units import brief

CHANNEL = "notify"
BEGINNING = "beginning"
"""What the first ``delivered`` is about: nothing before it is told, all after it is."""
SINGLY = 5
"""More facts than this at one time are told in one summary."""

_LISTED = 50
"""Facts that a summary lists."""
_REASON = 300
_TIMED = frozenset({"task", "until", "retry", "quota", "children"})
"""What is waited for without a person."""
_TOLD = frozenset({E.DELIVERED, E.DELIVERY_FAILED})


def worth(event: Event) -> str | None:
    """``done``, ``failed`` or ``blocked`` for what people want to hear of, else None: how a task
    ended, and that it waits for somebody. What a person did on purpose is no news."""
    to = event.to or ""
    if event.task_id is None or to == event.from_ or event.actor == "import":
        return None
    if is_persons(event) or _was_typed(event):
        return None
    kind, _, detail = to.partition(":")
    if kind == "blocked":
        return None if detail.partition(":")[0] in _TIMED else kind
    return kind if kind in ("done", "failed") and event.type != E.CREATED else None


def _was_typed(event: Event) -> bool:
    """A person's word that went through the gate."""
    data = event.data
    by_hand = event.type == E.COMPLETED and event.run is None
    return by_hand and data.get("tier") == Tier.HUMAN.value


class Outbox(msgspec.Struct):
    """Facts that were not told yet. ``told`` is the last sequence that is dealt with."""

    told: int
    count: int = 0
    upto: int = 0
    kinds: Counter[str] = msgspec.field(default_factory=Counter)
    waiting: list[Event] = msgspec.field(default_factory=list)
    """The first of them: as many as a summary lists."""

    def take(self, event: Event) -> None:
        """The next event of the ledger."""
        if event.type in _TOLD and event.data.get("channel") == CHANNEL:
            self.settle(int(event.data.get("upto") or 0))
        what = worth(event) if event.seq > self.told else None
        if what is not None:
            self.count += 1
            self.upto = event.seq
            self.kinds[what] += 1
            if len(self.waiting) < _LISTED:
                self.waiting.append(event)

    def settle(self, upto: int) -> None:
        """All up to ``upto`` is dealt with."""
        self.told = max(self.told, upto)
        left = [event for event in self.waiting if event.seq > self.told]
        if self.upto <= self.told:
            self.count, left = 0, []
            self.kinds.clear()
        else:
            for event in self.waiting:
                if event.seq <= self.told:
                    self.count -= 1
                    self.kinds[worth(event) or ""] -= 1
        self.waiting = left


def place(newest_first: Sequence[Event]) -> tuple[int | None, bool]:
    """How far telling has come, looked for from the end: the last sequence dealt with as far as
    these events say (None: they do not) and whether older ones can say more. Before the first
    daemon that told there is nothing to be told, nor before one that did not."""
    began = None
    for event in newest_first:
        if event.type in _TOLD and event.data.get("channel") == CHANNEL:
            return int(event.data.get("upto") or 0), False
        if event.type == E.DAEMON_STARTED:
            if not event.data.get(CHANNEL):
                return began, False
            began = event.seq
    return began, True


class Notice(msgspec.Struct, frozen=True):
    """One telling: the facts as variables and as a document, and what the ledger is told after
    it."""

    variables: Mapping[str, str]
    document: Mapping[str, Any]
    upto: int
    about: Event | None


def single(event: Event, task: Task | None) -> Notice:
    """About one fact. ``task`` is its task as it is now."""
    entry = _entry(event, task)
    document = {**entry, "count": 1, "tasks": []}
    return Notice(_variables(document), _headed(document), event.seq, event)


def summary(box: Outbox, tasks: Mapping[str, Task]) -> Notice:
    """About all that waits. ``tasks`` are by task id."""
    entries = [_entry(e, tasks.get(str(e.task_id))) for e in box.waiting]
    counts = ", ".join(f"{n} {kind}" for kind, n in sorted(box.kinds.items()) if n)
    names = ", ".join(dict.fromkeys(str(e["task"]) for e in entries))
    document: dict[str, Any] = dict.fromkeys(entries[0])
    document |= {
        "event": "summary",
        "text": one_line(f"{counts}: {names}", 200),
        "count": box.count,
        "tasks": entries,
    }
    return Notice(_variables(document), _headed(document), box.upto, None)


def outcome(notice: Notice, *, ok: bool, **data: Any) -> Draft:
    """What the ledger is told afterwards."""
    about = notice.about
    return Draft(
        type=E.DELIVERED if ok else E.DELIVERY_FAILED,
        task_id=about.task_id if about is not None else None,
        task=about.task if about is not None else None,
        data={
            "channel": CHANNEL,
            "what": notice.document["event"],
            "upto": notice.upto,
            "count": notice.document["count"],
            **data,
        },
    )


def beginning(upto: int) -> Draft:
    """Said once, by whoever tells first: what comes after ``upto`` is told, if need be by
    another process."""
    data = {"channel": CHANNEL, "what": BEGINNING, "upto": upto, "count": 0}
    return Draft(type=E.DELIVERED, data=data)


def _entry(event: Event, task: Task | None) -> dict[str, Any]:
    what, data = worth(event) or "", event.data
    title = task.title if task is not None else ""
    reason = _reason(event, task)
    return {
        "event": what,
        "task": event.task,
        "task_id": event.task_id,
        "title": one_line(title),
        "state": event.to,
        "reason": reason or None,
        "tier": data.get("tier"),
        "verified": bool(data.get("verified")),
        "agent": event.agent,
        "run": event.run,
        "attempt": event.attempt,
        "duration_s": data.get("duration_s"),
        "at": event.ts,
        "id": event.id,
        "seq": event.seq,
        "device": event.device,
        "text": _text(event, what, title, reason),
    }


def _reason(event: Event, task: Task | None) -> str:
    """Why, or what is asked, on one line."""
    data = event.data
    asks = task is not None and task.status.text == event.to and task.status.what == "answer"
    said = data.get("question") or (task.asked if task is not None and asks else None)
    said = said or data.get("error") or data.get("note") or data.get("cause")
    return one_line(str(said or data.get("reason") or ""), _REASON)


def _text(event: Event, what: str, title: str, reason: str) -> str:
    """All of it in one sentence."""
    head = f"{event.task} {title}".strip()
    seconds = event.data.get("duration_s")
    took = f" in {brief(seconds)}" if isinstance(seconds, int | float) else ""
    if what == "done":
        word = proof_word(event.data.get("tier"), verified=bool(event.data.get("verified")))
        return one_line(f"{head}: done, {word} ({event.data.get('tier')}){took}")
    return one_line(f"{head}: {event.to}" + (f" ({reason})" if reason else ""), 400)


_VARIABLES = (
    "event",
    "task",
    "task_id",
    "title",
    "state",
    "reason",
    "tier",
    "text",
    "count",
    "id",
)


def _variables(document: Mapping[str, Any]) -> dict[str, str]:
    """``TASKBOARD_TASK`` and so on; empty for what does not apply."""
    found = {
        f"TASKBOARD_{name.upper()}": "" if document[name] is None else str(document[name])
        for name in _VARIABLES
    }
    found["TASKBOARD_EVENT_ID"] = found.pop("TASKBOARD_ID")
    return found


def _headed(document: Mapping[str, Any]) -> dict[str, Any]:
    return {"schema_version": 1, "kind": "notify", **document}
