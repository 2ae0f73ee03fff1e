"""What an edit asks of the ledger: the change from the base to the board, as drafts.

The base is the text this edit was made on (what was last projected). A changed status word is a
verb; the verb meets the ledger's present state: goal already reached, nothing; legal, its event;
otherwise a refusal that the board shows. Our own write is silence: reconciling what was rendered
asks for nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from taskboard.core.board import Board, Item
from taskboard.core.definition import definition
from taskboard.core.event import MAX_FIELDS, Draft
from taskboard.core.event import EventType as E
from taskboard.core.ids import Names
from taskboard.core.state import Kind
from taskboard.core.task import Task, World
from taskboard.core.verb import first_status, verb

MAX_TITLE = 300
"""Characters of a title that an event carries; the whole of it is in the stored text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the board last projected showed: status words and the runtime's own lines, by human
    id. ``Shown()`` when nothing was ever projected."""

    statuses: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def ours(self, task: str | None) -> frozenset[bytes]:
        """The runtime's own lines of one task, as bytes without line endings."""
        lines = self.lines.get(task or "", ())
        return frozenset(line.encode("utf-8", "surrogateescape") for line in lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a board is to be read: ``first`` import takes states as history; ``settling`` marks
    changed texts so that autosave cannot start half a prompt; ``new_ids`` are spare task ids."""

    shown: Shown
    first: bool
    settling: bool
    new_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the text asks for. ``texts`` are the definitions to keep first, by digest."""

    drafts: tuple[Draft, ...]
    texts: Mapping[str, bytes]
    tangled: tuple[str, ...] = ()
    """Ids over a text that is another known task's: no verb is read from them."""
    gone: tuple[str, ...] = ()
    back: tuple[str, ...] = ()


def reconcile(board: Board, world: World, reading: Reading) -> Asked:
    """Everything the board asks of the world, in board order."""
    names = name_items(board, world)
    texts = [definition(board, i, reading.shown.ours(names[n])) for n, i in enumerate(board.items)]
    tangled = _tangled(names, texts, world)
    silent = tangled | doubled_ids(board)
    reader = _Reader(board, world, reading, names)
    for index, item in enumerate(board.items):
        if names[index] not in silent:
            reader.read(index, item, texts[index])
    gone, back = _missing(board, world, reading, frozenset(names.values()))
    return Asked(
        drafts=tuple(reader.drafts),
        texts=reader.texts,
        gone=gone,
        back=back,
        tangled=tuple(sorted(tangled)),
    )


def doubled_ids(board: Board) -> frozenset[str]:
    """Ids that stand on more than one task of the board."""
    seen: set[str] = set()
    twice: set[str] = set()
    for item in board.items:
        if item.task is not None:
            (twice if item.task in seen else seen).add(item.task)
    return frozenset(twice)


def _tangled(names: Mapping[int, str], texts: Sequence[bytes], world: World) -> frozenset[str]:
    """Ids that stand over a text the ledger knows as another task's (two ids exchanged, say):
    nobody can tell which of the two is meant."""
    owners: dict[str, set[str]] = {}
    for task in world.tasks.values():
        if task.text is not None and task.kind is not Kind.WITHDRAWN:
            owners.setdefault(task.text, set()).add(task.task)
    found: set[str] = set()
    for index, name in names.items():
        others = owners.get(hashlib.sha256(texts[index]).hexdigest(), set())
        if name in world.names and others and name not in others:
            found |= {name, *others}
    return frozenset(found)


def name_items(board: Board, world: World) -> dict[int, str]:
    """The human id of every item. A heading without one is a task that was given its id before
    (same title, not on the board under it), or gets the next free id."""
    on_board = board.ids
    lost: dict[str, list[str]] = {}
    for task in world.tasks.values():
        if task.assigned and task.task not in on_board and task.kind is not Kind.WITHDRAWN:
            lost.setdefault(task.title, []).append(task.task)
    names: dict[int, str] = {}
    fresh = Names([*world.names, *on_board])
    for index, item in enumerate(board.items):
        again = lost.get(clean(item.title)) if item.task is None else None
        names[index] = item.task or (again.pop(0) if again else fresh.next())
    return names


def _missing(
    board: Board, world: World, reading: Reading, present: frozenset[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names that have just vanished, and names that were missing and are there again."""
    there = present | board.ids
    gone, back = [], []
    for task in world.tasks.values():
        was_shown = task.task in reading.shown.statuses or task.section is None
        if task.task in there:
            if task.missing_since:
                back.append(task.task)
        elif was_shown and _may_be_missed(task):
            gone.append(task.task)
    return tuple(gone), tuple(back)


def field_lines(board: Board, item: Item) -> frozenset[bytes]:
    """The item's field lines as bytes, without their endings."""
    return frozenset(board.data[f.span.start : f.span.end].rstrip(b"\r\n") for f in item.fields)


def _may_be_missed(task: Task) -> bool:
    return not task.missing_since and not task.hidden and task.kind is not Kind.WITHDRAWN


class _Reader:
    """Collects drafts while the items are read in order."""

    def __init__(
        self, board: Board, world: World, reading: Reading, names: Mapping[int, str]
    ) -> None:
        self.board, self.world, self.reading, self.names = board, world, reading, names
        self.drafts: list[Draft] = []
        self.texts: dict[str, bytes] = {}
        self._ids = iter(reading.new_ids)
        self._task_ids: dict[int, str] = {}

    def read(self, index: int, item: Item, text: bytes) -> None:
        name = self.names[index]
        digest = hashlib.sha256(text).hexdigest()
        task = self.world.named(name)
        if task is None:
            self._create(index, item, name, digest, text)
            return
        self._task_ids[index] = task.task_id
        if task.kind is Kind.WITHDRAWN:
            return
        self._edit(item, task, digest, text)
        self.drafts += verb(item, task, self.reading.shown, field_lines(self.board, item))

    def _create(self, index: int, item: Item, name: str, digest: str, text: bytes) -> None:
        task_id = next(self._ids)
        self._task_ids[index] = task_id
        self.texts[digest] = text
        start = first_status(item, first=self.reading.first)
        data = {
            **self._facts(item, digest),
            "origin": "board",
            **start.data,
            **({"assigned": True} if item.task is None else {}),
            **({"settle": True} if self.reading.settling else {}),
        }
        self.drafts.append(
            Draft(
                type=E.CREATED,
                task_id=task_id,
                task=name,
                to=start.status.text,
                data=data,
                actor="import" if self.reading.first else "board",
            )
        )
        if start.then:
            self.drafts.append(
                Draft(
                    type=start.then,
                    task_id=task_id,
                    task=name,
                    to=start.to,
                    actor="board",
                    data=start.then_data,
                )
            )

    def _edit(self, item: Item, task: Task, digest: str, text: bytes) -> None:
        facts = self._facts(item, digest)
        changed = digest != task.text
        if not changed and facts["parent"] == task.parent and not task.hidden:
            return
        self.texts[digest] = text
        data = {**facts, **({"hidden": False} if task.hidden else {})}
        if changed and self.reading.settling and task.kind is not Kind.RUNNING:
            data["settle"] = True
        self.drafts.append(
            Draft(type=E.EDITED, task_id=task.task_id, task=task.task, actor="board", data=data)
        )

    def _facts(self, item: Item, digest: str) -> dict[str, object]:
        return {
            "title": clean(item.title)[:MAX_TITLE],
            "text": digest,
            "line": item.line,
            "fields": bounded({clean(k): clean(v) for k, v in item.values().items()}),
            "parent": self._parent(item),
        }

    def _parent(self, item: Item) -> str | None:
        """The enclosing task, unless it was done already when this child came under it."""
        if item.parent is None:
            return None
        task_id = self._task_ids.get(item.parent)
        parent = self.world.tasks.get(task_id or "")
        known = self.world.named(item.task or "")
        if parent is not None and parent.kind is Kind.DONE:
            return task_id if known is not None and known.parent == task_id else None
        return task_id


def bounded(fields: Mapping[str, str]) -> dict[str, str]:
    """The fields that fit an event, in order. What is left out is diagnosed (TB123) and keeps
    its task from starting; the text itself is stored whole."""
    kept: dict[str, str] = {}
    room = MAX_FIELDS
    for key, value in fields.items():
        room -= len(key.encode()) + len(value.encode())
        if room < 0:
            break
        kept[key] = value
    return kept


def clean(text: str) -> str:
    """Bytes that were not UTF-8 cannot stand in JSON; the board itself keeps them."""
    return text.encode("utf-8", "replace").decode("utf-8")
