"""Drafts to sealed lines: what every ledger does between looking and writing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from taskboard.core.check import check
from taskboard.core.codec import seal
from taskboard.core.event import Draft, Event
from taskboard.core.event import EventType as E
from taskboard.core.fold import settle
from taskboard.core.task import Task, World
from taskboard.errors import Refused

Place = TypeVar("Place")
_VALUES = {e: e.value for e in E}
REMEMBERED = 10_000
"""How many events an idempotent id is remembered for."""


class Sealed(NamedTuple):
    """One event ready to be written, and the task after it (None: not about a task)."""

    event: Event
    line: bytes
    task: Task | None


def commit(
    world: World, drafts: Sequence[Draft], *, ts: str, device: str, ids: Sequence[str]
) -> list[Sealed]:
    """Prove ``drafts`` legal against ``world`` and make the lines that record them, all of one
    commit. ``ids`` are used, by position, where a draft has none. ``world`` does not change.

    Raises ``Refused``, ``StaleRun``, ``Storage`` (a line over the limit), or ``TypeError`` and
    ``ValueError`` when a draft's ``data`` is no JSON.
    """
    after = check(world, drafts, ts=ts, device=device)
    latest: dict[str, Task] = {}
    out: list[Sealed] = []
    prev, seq, more = world.head, world.seq, len(drafts)
    for draft, task, spare in zip(drafts, after, ids, strict=True):
        seq, more = seq + 1, more - 1
        before, start, end = None, None, None
        if task is not None:
            task_id = task.task_id
            before = latest.get(task_id) or world.tasks.get(task_id)
            if more:
                latest[task_id] = task
            end = task.status.text
            if before is not None:
                start = end if before.status is task.status else before.status.text
        # By position, in the order of the fields: by name it takes as long as the encoding.
        event = Event(
            1,  # v
            seq,
            ts,
            _VALUES[draft.type],
            task.task if task is not None else draft.task,
            start,  # from
            end,  # to
            draft.agent,
            draft.run,
            _attempt(draft, before),
            task.spent if task is not None else None,
            draft.step,
            draft.actor,
            device,
            draft.task_id,
            draft.id or spare,
            draft.data,
            more,
            prev,
            "",  # hash
        )
        try:
            event, line = seal(event)
        except UnicodeEncodeError:  # a title cut out of bytes that are not UTF-8
            clean = [_cleaned(draft) for draft in drafts]
            return commit(world, clean, ts=ts, device=device, ids=ids)
        prev = event.hash
        out.append(Sealed(event, line, task))
    return out


def _attempt(draft: Draft, before: Task | None) -> int | None:
    """The attempt a draft names, or that of the run it names."""
    if draft.attempt is None and draft.run is not None and before is not None:
        run = before.run
        return run.attempt if run is not None and run.run == draft.run else None
    return draft.attempt


def apply(world: World, sealed: Sequence[Sealed]) -> None:
    """Put a written commit, made on this very ``world``, into it."""
    for event, _, task in sealed:
        settle(world, event, task)


def opening(drafts: Sequence[Draft], ledger_id: str, board: str) -> list[Draft]:
    """``drafts`` as the first commit of a new ledger: ``ledger_opened`` stands before them."""
    if drafts and drafts[0].type is E.LEDGER_OPENED:
        return list(drafts)
    data = {"ledger_id": ledger_id, "board": board}
    return [Draft(type=E.LEDGER_OPENED, actor="ledger", data=data), *drafts]


class Recent(Generic[Place]):
    """The ids of the last 10,000 events, each with the place of its commit."""

    def __init__(self) -> None:
        self._places: dict[str, tuple[int, Place]] = {}
        """By id, in order; with how many were noted before. Twice as many as count, at most."""
        self._count = 0

    def note(self, events: Iterable[Event], place: Place) -> None:
        """Remember a commit's ids, and forget the oldest."""
        places = self._places
        for event in events:
            places[event.id] = (self._count, place)
            self._count += 1
        self._forget()

    def _forget(self) -> None:
        places = self._places
        if len(places) >= 2 * REMEMBERED:
            self._places = dict(islice(places.items(), len(places) - REMEMBERED, None))

    def add(self, later: Iterable[tuple[str, Place]]) -> None:
        """Remember the ids of later events, in order, each with the place of its commit."""
        for id_, place in later:
            self._places[id_] = (self._count, place)
            self._count += 1
        self._forget()

    def known(self) -> list[tuple[str, Place]]:
        """Every id that is remembered, the oldest first, with its place."""
        return [(id_, place) for id_, (number, place) in self._places.items() if self._is(number)]

    def restore(self, known: Iterable[tuple[str, Place]]) -> None:
        """Remember what ``known`` told."""
        self._places = {id_: (number, place) for number, (id_, place) in enumerate(known)}
        self._count = len(self._places)

    def _is(self, number: int) -> bool:
        return number >= self._count - REMEMBERED

    def places(self, drafts: Sequence[Draft]) -> list[Place]:
        """Where these drafts were recorded before, each commit once; empty when they are new.

        A commit is repeated whole or not at all: ``Refused`` when only some ids are known.
        """
        named = [draft.id for draft in drafts if draft.id is not None]
        if not named:
            return []
        found = {id_: self._places.get(id_) for id_ in named}
        known = [id_ for id_, one in found.items() if one is not None and self._is(one[0])]
        if known and len(known) < len(named):
            raise Refused(
                f"The id {known[0]} was recorded before, in another commit.",
                hint="Repeat a commit with all its drafts, or give new facts new ids.",
                data={"reason": "id_reused", "ids": known},
            )
        return list(dict.fromkeys(self._places[id_][1] for id_ in known))


def repeated(drafts: Sequence[Draft], recorded: Iterable[Event]) -> list[Event]:
    """The events of an earlier commit as its first caller got them: without the opening that
    the ledger put before them."""
    opened = drafts[0].type is E.LEDGER_OPENED
    return [event for event in recorded if opened or event.type != E.LEDGER_OPENED]


def _cleaned(draft: Draft) -> Draft:
    """The draft with what UTF-8 cannot spell replaced."""
    return msgspec.structs.replace(
        draft,
        **{
            name: _spelled(getattr(draft, name))
            for name in ("task", "agent", "step", "actor", "data")
        },
    )


def _spelled(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_spelled(key): _spelled(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_spelled(one) for one in value]
    return value
