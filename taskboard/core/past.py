"""What stood on the board, event by event: the ledger read as the history of one text.

A save is kept whole; what the runtime wrote over it is known by its splices. ``Trail`` follows
both; ``Standing`` is one moment of it and says from which kept text its bytes are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from taskboard.core.delta import applied
from taskboard.core.event import Event
from taskboard.core.event import EventType as E
from taskboard.core.facts import digest_of
from taskboard.core.fold import fold, is_about_task
from taskboard.core.identity import name_items
from taskboard.core.lines import own_lines
from taskboard.core.parse import parse
from taskboard.core.state import Kind
from taskboard.core.task import World

Splices = Sequence[Sequence[object]]
_LINES = 32
"""Earlier lines of one task that are known as the runtime's."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One text as it stood on the board since event ``seq`` (at ``ts``): what is kept under
    ``whole`` with the ``edits`` of later writes, which has the digest ``digest``. ``held`` says
    why it was not read as intent, or None; ``read`` is the sequence of its last save."""

    seq: int
    ts: str
    whole: str
    digest: str
    edits: tuple[Splices, ...] = ()
    held: str | None = None

    def text(self, whole: bytes) -> bytes:
        """Its bytes, made from those kept. Raises ``ValueError`` when they are not its own."""
        for splices in self.edits:
            whole = applied(whole, splices)
        if digest_of(whole) != self.digest:
            raise ValueError(f"event {self.seq} tells of another text")
        return whole


class Trail:
    """Follows the board through the events it is given, in order. ``last`` is what stands there,
    ``good`` what stood there last and was not held; None before there was any. ``lost`` is the
    last event when it tells of a write over a text that none has told of (a salvage has lost that
    one): then both are of before, and nobody can make what stands there."""

    def __init__(self) -> None:
        self.last: Standing | None = None
        self.good: Standing | None = None
        self.lost: Event | None = None

    def note(self, event: Event) -> bool:
        """Follow one event; whether it was about the board's text."""
        if event.type not in (E.FILE_CHANGED_TRIGGERED, E.BOARD_WRITTEN):
            return False
        if event.data.get("digest") is None:
            return False
        after = _after(self.last, event)
        self.lost = event if after is None else None
        if after is not None:
            self.last = after
            self.good = after if after.held is None else self.good
        return True


def _after(before: Standing | None, event: Event) -> Standing | None:
    """What stands there after an event that tells of a digest; None when its edits are of a text
    that is not the one ``before``."""
    digest, edits = str(event.data["digest"]), event.data.get("edits")
    whole, steps = digest, ()
    if edits is not None:
        if before is None or before.digest != event.data.get("over"):
            return None
        whole, steps = before.whole, (*before.edits, edits)
    held = event.data.get("held")
    return Standing(seq=event.seq, ts=event.ts, whole=whole, digest=digest, edits=steps, held=held)


class Remembered(NamedTuple):
    """Status words and the runtime's own lines, by human id, and lines that stood ``earlier``."""

    statuses: dict[str, str]
    lines: dict[str, tuple[str, ...]]
    earlier: dict[str, tuple[str, ...]]


class Recall:
    """What the runtime had shown on the board, told by the ledger alone: needed where the record
    of the last projection is gone. Give it every event up to the last write, from the first."""

    def __init__(self) -> None:
        self.world = World()
        self._lines: dict[str, tuple[str, ...]] = {}

    def note(self, event: Event) -> None:
        """Follow one event."""
        fold(self.world, (event,))
        task = self.world.tasks.get(event.task_id or "") if is_about_task(event) else None
        if task is not None and (lines := own_lines(task)):
            known = self._lines.get(task.task_id, ())
            if not known or not set(lines) <= set(known):
                self._lines[task.task_id] = tuple(dict.fromkeys((*lines, *known)))[:_LINES]

    def shown(self, text: bytes) -> Remembered:
        """What ``text``, the last one written, shows: its words, and under a word that is no
        state the ledger's; the runtime's lines as they were then, and those before."""
        board, tasks = parse(text), self.world.tasks.values()
        statuses = {task.task: task.status.text for task in tasks}
        names = name_items(board, self.world)
        for index, item in enumerate(board.items):
            field = item.status_field
            if field is not None and item.status.kind is not Kind.UNKNOWN:
                statuses[names[index]] = field.value.strip()
        lines = {task.task: own_lines(task) for task in tasks}
        earlier = {
            task.task: _without(self._lines.get(task.task_id, ()), lines[task.task])
            for task in tasks
        }
        return Remembered(
            statuses=statuses,
            lines=lines,
            earlier={name: found for name, found in earlier.items() if found},
        )


def _without(known: Iterable[str], lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(line for line in known if line not in lines)
