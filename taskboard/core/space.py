"""What may be removed to free space: logs of runs that nobody needs, texts that no longer stood.

``Survey`` reads the ledger's events once and knows of every stored text and every run's folder
whether something still depends on it. Definitions, sections, answers and whatever else an event
names are never given away; of the board's texts only those that stood before the time in question.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

import msgspec

from taskboard.core.event import Event
from taskboard.core.event import EventType as E
from taskboard.core.past import Standing, Trail
from taskboard.core.state import CLOSED, Kind
from taskboard.core.task import World

YOUNGEST = 86400.0
"""Seconds for which everything is kept, however little room there is."""

_DIGEST = re.compile(rb"[0-9a-f]{64}")
_BOARDS = frozenset({E.FILE_CHANGED_TRIGGERED, E.BOARD_WRITTEN})
"""Events that name texts of the board, which are not needed for ever."""
_NAMED = {
    E.CREATED.value: ("text", "section"),
    E.EDITED.value: ("text",),
    E.QUESTION_ANSWERED.value: ("answer",),
}


def texts_of(event: Event) -> Iterator[str]:
    """The stored texts that an event names and that something is made of later: definitions,
    sections, answers, the board's texts, the refs of a claim."""
    data = event.data
    named = [data.get(key) for key in _NAMED.get(event.type, ())]
    if event.type in _BOARDS and data.get("edits") is None:
        named.append(data.get("digest"))
    refs = data.get("refs")
    if event.type == E.CLAIMED and isinstance(refs, dict):
        named.append(refs.get("kept"))
    return (name for name in named if isinstance(name, str))


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A file or a run's folder on disk: its ``name``, bytes, and when it was last written."""

    name: str
    size: int
    written: str


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be removed, the oldest first."""

    objects: tuple[Stored, ...] = ()
    runs: tuple[Stored, ...] = ()

    @property
    def size(self) -> int:
        return sum(one.size for one in (*self.objects, *self.runs))


class Survey(msgspec.Struct):
    """What the ledger says about the ``objects`` and ``runs`` (names) that lie on the disk. Give
    it every event, in order, with its line."""

    objects: Collection[str]
    runs: Collection[str]
    seq: int = 0
    _trail: Trail = msgspec.field(default_factory=Trail)
    _needed: set[str] = msgspec.field(default_factory=set)
    _stood: dict[str, str] = msgspec.field(default_factory=dict)
    """Texts of the board, and when each was replaced last."""
    _freed: set[str] = msgspec.field(default_factory=set)
    """What was recorded as removed, and no event has named since."""
    _ended: dict[str, tuple[str, str]] = msgspec.field(default_factory=dict)
    """Runs: whose each is, and when it was last heard of."""

    def note(self, event: Event, line: bytes) -> None:
        """Follow one event."""
        self.seq = event.seq
        if event.run in self.runs and event.run is not None and event.task_id is not None:
            self._ended[event.run] = (event.task_id, event.ts)
        named = {digest.decode() for digest in _DIGEST.findall(line)}
        named.intersection_update(self.objects)
        if event.type == E.SPACE_FREED:
            runs = event.data.get("runs", ())
            self._freed |= named | {name for name in runs if name in self.runs}
            return
        self._freed -= named
        if event.type not in _BOARDS:
            self._needed |= named
            return
        before = {one.whole for one in self._standing()}
        if self._trail.note(event):
            after = {one.whole for one in self._standing()}
            self._stood |= dict.fromkeys(before - after, event.ts)
            for whole in after:
                self._stood.pop(whole, None)

    def _standing(self) -> Iterator[Standing]:
        return (one for one in (self._trail.last, self._trail.good) if one is not None)

    def plan(
        self, world: World, objects: Iterable[Stored], runs: Iterable[Stored], limits: Limits
    ) -> Plan:
        """What of the stored may go."""
        texts = [(when, one) for one in objects if (when := self._text_since(world, one))]
        logs = [(when, one) for one in runs if (when := self._run_since(world, one))]
        size = sum(one.size for _, one in (*texts, *logs))
        gone: set[str] = set()
        for when, one in sorted((*texts, *logs), key=lambda pair: pair[0]):
            if when < limits.cutoff or (size > limits.at_most and when < limits.young):
                gone.add(one.name)
                size -= one.size
        return Plan(
            objects=tuple(one for _, one in sorted(texts, key=_age) if one.name in gone),
            runs=tuple(one for _, one in sorted(logs, key=_age) if one.name in gone),
        )

    def is_freed(self, name: str) -> bool:
        """Whether this was recorded as removed and nothing has named it since."""
        return name in self._freed

    def unsaid(self, plan: Plan) -> Plan:
        """What of the plan no event tells of yet; the rest somebody else has recorded, who is
        removing it or has died."""
        return Plan(
            objects=tuple(one for one in plan.objects if not self.is_freed(one.name)),
            runs=tuple(one for one in plan.runs if not self.is_freed(one.name)),
        )

    def _needs(self, name: str) -> bool:
        """Whether an event names this text, or it stands on the board."""
        return name in self._needed or any(name == one.whole for one in self._standing())

    def _text_since(self, world: World, one: Stored) -> str | None:
        """Since when nobody needs this text; None while somebody does."""
        if self._needs(one.name) or one.name in (world.digest, world.read, world.board):
            return None
        return max(self._stood.get(one.name, ""), one.written)

    def _run_since(self, world: World, one: Stored) -> str | None:
        """Since when nobody needs this run's folder; None while somebody does: its task may go on
        from it, a dead letter shows its end, or this ledger does not know it."""
        task_id, heard = self._ended.get(one.name, ("", ""))
        task = world.tasks.get(task_id)
        if task is None or task.run is not None or task.kind not in CLOSED:
            return None
        if task.kind is Kind.FAILED and task.status.who != "cancelled":
            return None
        return max(heard, one.written)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What stood or ran last before ``cutoff`` goes; beyond ``at_most`` bytes also what did before
    ``young``. Moments as the ledger spells them."""

    cutoff: str
    young: str
    at_most: int


def _age(pair: tuple[str, Stored]) -> str:
    return pair[0]
