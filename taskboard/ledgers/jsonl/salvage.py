"""Going on after damage: a new ledger of every record that is whole and still makes sense.

Records after a lost one cannot be proved by the chain any more, and some of them mean nothing
without it (a step of a run whose claim is gone). So what is left is no longer the old ledger: it
gets another id, its first event names the last event of the old one that can be proved, and every
kept event is numbered and linked anew. The old files go to the quarantine, byte for byte, and the
last event says what was lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from taskboard.clock import Clock
from taskboard.core.codec import seal
from taskboard.core.event import Draft, Event
from taskboard.core.event import EventType as E
from taskboard.core.fold import advance, is_about_task, settle
from taskboard.core.task import World
from taskboard.errors import Corrupt, NotFound, Refused, TaskboardError
from taskboard.files import Files
from taskboard.heads import Heads
from taskboard.ledgers.jsonl.anew import (
    Place,
    append,
    keep_old,
    more_lines,
    opening_of,
    put_in_place,
    spare_of,
    write_lines,
)
from taskboard.ledgers.jsonl.chain import Chain
from taskboard.ledgers.jsonl.reel import Reel
from taskboard.ledgers.jsonl.trouble import trouble
from taskboard.ledgers.jsonl.wreck import Wreck

_TOLD = 200
"""Gaps and tasks that the event lists, at most: a line has 64 KiB. All stand in ``Salvaged``."""


class Gap(msgspec.Struct, frozen=True):
    """What was lost at one place: ``bytes`` from ``byte`` of ``file``; by the numbers around it
    events ``first`` to ``last`` stood there (``last`` 0: nobody knows how many)."""

    file: str
    byte: int
    bytes: int
    first: int
    last: int


class Salvaged(NamedTuple):
    """The new ledger and its world; of the old one its id, the last event that can be proved, and
    its files; how many events were ``kept``; the ``gaps``; how many whole records were ``dropped``
    because they mean nothing without a lost one; and the human ids of all tasks concerned."""

    ledger_id: str
    world: World
    old_id: str
    seq: int
    head: str
    files: Path
    kept: int
    gaps: list[Gap]
    dropped: int
    tasks: list[str]


def salvage(
    files: Files, clock: Clock, heads: Heads, place: Place, carry: Callable[[World], list[Draft]]
) -> Salvaged:
    """Put what can be rescued in the damaged ledger's place; durable when it returns. At every
    moment the old files or the new one stand there, and no byte of the old ones is ever lost.
    ``carry`` makes the drafts that follow, in the same file.

    Raises ``Refused`` when the ledger is not damaged, ``NotFound`` when there is nothing to
    rescue, ``Corrupt`` for one that a newer version has written, ``Storage``.
    """
    path, segments = place.path, place.state / "segments"
    try:
        files.make_folder(place.state / "quarantine")
        with files.lock(place.state / "events.lock"):
            proved = _proved(files, path, segments)
            wreck = Wreck(files, path, segments)
            rest = _Rest(wreck.events())
            old_id = wreck.ledger_id() or "unknown"
            named = {"ledger_id": old_id, "seq": proved.seq, "head": proved.head}
            ledger_id, spare = clock.uuid(), spare_of(path)
            opening = opening_of(clock, place, ledger_id, named)
            world = write_lines(files, spare, _linked(rest.kept(), opening))
            if not rest.count:
                files.remove(spare)
                raise _nothing(path)
            name = f"{old_id}-{proved.seq}-{proved.head[:8]}"
            gaps, tasks = _gaps(wreck, place.state), sorted(rest.tasks | _named(wreck))
            fact = _fact(gaps, tasks, rest, name)
            append(files, spare, more_lines(world, [fact, *carry(world)], clock, place.device))
            kept = keep_old(files, place, wreck.sealed, name)
            put_in_place(files, heads, place, wreck.sealed, ledger_id)
    except OSError as error:
        raise trouble(path, error) from error
    return Salvaged(
        ledger_id,
        world,
        old_id,
        proved.seq,
        proved.head,
        kept,
        rest.count,
        gaps,
        rest.dropped,
        tasks,
    )


class _Rest:
    """What of the whole records makes sense in their order."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._events = events
        self.count = 0
        self.dropped = 0
        self.tasks: set[str] = set()

    def kept(self) -> Iterator[Event]:
        """The events that are legal one after the other; the old opening is not among them."""
        world = World()
        for event in self._events:
            if event.type == E.LEDGER_OPENED:
                self.count += 1
                continue
            try:
                task = None
                if is_about_task(event):
                    before = world.tasks.get(str(event.task_id))
                    task = advance(before, event, ts=event.ts, seq=event.seq, device=event.device)
                settle(world, event, task)
            except (TaskboardError, ValueError, TypeError, KeyError, AttributeError):
                self.dropped += 1
                if event.task is not None:
                    self.tasks.add(event.task)
                continue
            self.count += 1
            yield event


def _linked(events: Iterator[Event], opening: Event) -> Iterator[bytes]:
    """The opening and the events as lines of one chain, numbered anew. What is left of a commit
    is one."""
    last, line = seal(msgspec.structs.replace(opening, more=0, hash=""))
    yield line
    for commit in _commits(events):
        for more, event in zip(range(len(commit) - 1, -1, -1), commit, strict=True):
            fresh = msgspec.structs.replace(
                event, seq=last.seq + 1, more=more, prev=last.hash, hash=""
            )
            last, line = seal(fresh)
            yield line


def _commits(events: Iterator[Event]) -> Iterator[list[Event]]:
    commit: list[Event] = []
    for event in events:
        if commit and not _goes_on(commit[-1], event):
            yield commit
            commit = []
        commit.append(event)
    if commit:
        yield commit


def _goes_on(last: Event, event: Event) -> bool:
    """Whether both were of one commit: each line of one is one nearer to its last."""
    return last.more - event.more == event.seq - last.seq and last.more > 0


def _proved(files: Files, path: Path, segments: Path) -> World:
    """What the chain proves up to the damage. Raises ``Refused`` when there is none."""
    reel = Reel(files, path, segments, writable=False)
    chain = Chain(reel.locate)
    try:
        if files.stat(path) is None:
            reel.require_first(None)
            raise _nothing(path)
        reel.open()
        chain.catch_up(reel.read)
    except Corrupt as error:
        if error.code != "corrupt":
            raise
        return chain.world
    finally:
        reel.close()
    raise Refused(
        f"{path} is not damaged: {chain.world.seq} events are whole, so nothing was changed.",
        hint="taskboard verify",
        data={"reason": "not_damaged"},
    )


def _gaps(wreck: Wreck, state: Path) -> list[Gap]:
    found = []

    def name_of(number: int) -> str:
        path = wreck.paths[number]
        return f"{state.name}/segments/{path.name}" if path in wreck.sealed else path.name

    for one in wreck.debris:
        last_lost = max(one.before - 1, one.after) if one.before else 0
        found.append(
            Gap(name_of(one.file), one.start, one.stop - one.start, one.after + 1, last_lost)
        )
    for last, following in wreck.jumps():
        if not any(gap.first == last.seq + 1 for gap in found):  # a whole file is gone
            name = name_of(following.file)
            found.append(Gap(name, following.start, 0, last.seq + 1, following.seq - 1))
    return found


def _named(wreck: Wreck) -> frozenset[str]:
    return frozenset[str]().union(*(one.tasks for one in wreck.debris))


def _fact(gaps: list[Gap], tasks: list[str], rest: _Rest, name: str) -> Draft:
    data = {
        "reason": "salvaged",
        "lost": [msgspec.structs.asdict(gap) for gap in gaps[:_TOLD]],
        "gaps": len(gaps),
        "kept": rest.count,
        "dropped": rest.dropped,
        "tasks": tasks[:_TOLD],
        "quarantine": name,
    }
    return Draft(type=E.LEDGER_REPAIRED, actor="ledger", data=data)


def _nothing(path: Path) -> NotFound:
    return NotFound(
        f"There is nothing to rescue in {path}: no record in it is whole. It was left as it is.",
        hint="Bring it back from a backup, or move it away; the next command then starts a new "
        "ledger from the board.",
        code="no_workspace",
    )
