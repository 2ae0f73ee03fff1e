"""What an edit asks of the ledger: the change from the base to the board, as drafts.

The base is the text this edit was made on (what was last projected). A changed status word is a
verb; the verb meets the ledger's present state: goal already reached, nothing; legal, its event;
otherwise a refusal that the board shows. Our own write is silence: reconciling what was rendered
asks for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec
from msgspec.structs import replace as replaced

from taskboard.core.board import Board, Item
from taskboard.core.definition import definition
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.facts import clean, digest_of, fields_of, same_work, title_of, work_of
from taskboard.core.identity import (
    doubled_ids,
    name_items,
    renames,
    reused_ids,
    tangled_ids,
)
from taskboard.core.presence import Presence, presence
from taskboard.core.state import OPEN, Kind
from taskboard.core.task import Task, World
from taskboard.core.verb import first_status, verb

T = TypeVar("T")


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What the board last projected showed: status words and the runtime's own lines, by human
    id, and lines it showed ``earlier``. ``Shown()`` when nothing was ever projected."""

    statuses: Mapping[str, str] = msgspec.field(default_factory=dict)
    lines: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    earlier: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)

    def last(self, task: str | None) -> frozenset[bytes]:
        """The runtime's own lines of one task as last written, without line endings."""
        return _as_bytes(self.lines.get(task or "", ()))

    def ours(self, task: str | None) -> frozenset[bytes]:
        """Every line of one task that is known as the runtime's, without line endings."""
        return self.last(task) | _as_bytes(self.earlier.get(task or "", ()))

    def everything(self) -> frozenset[bytes]:
        """Every line of any task that is known as the runtime's."""
        return frozenset().union(*(self.ours(task) for task in {*self.lines, *self.earlier}))

    def also(self, names: Mapping[str, str]) -> Shown:
        """The same, where what was shown under the old id (a value) holds for the new (a key)."""
        if not names:
            return self
        return Shown(
            statuses={**self.statuses, **_moved(self.statuses, names)},
            lines={**self.lines, **_moved(self.lines, names)},
            earlier={**self.earlier, **_moved(self.earlier, names)},
        )


def _as_bytes(lines: tuple[str, ...]) -> frozenset[bytes]:
    return frozenset(line.encode("utf-8", "surrogateescape") for line in lines)


def _moved(known: Mapping[str, T], names: Mapping[str, str]) -> dict[str, T]:
    return {new: known[old] for new, old in names.items() if old in known}


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How a board is to be read: ``first`` import takes states as history; ``settling`` marks
    changed texts so that autosave cannot start half a prompt; ``arrived`` says that git brought
    other texts since the last look; ``new_ids`` are spare task ids."""

    shown: Shown
    first: bool
    settling: bool
    new_ids: tuple[str, ...]
    arrived: bool = False


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the text asks for. ``texts`` are the texts to keep first, by digest; ``tangled`` are
    ids over a text that is another known task's, from which no verb is read."""

    drafts: tuple[Draft, ...]
    texts: Mapping[str, bytes]
    presence: Presence
    tangled: tuple[str, ...] = ()


def reconcile(board: Board, world: World, reading: Reading) -> Asked:
    """Everything the board asks of the world, in board order."""
    names = name_items(board, world)
    moved = renames(board, world, reading.shown)
    shown = reading.shown.also({new: task.task for new, task in moved.items()})
    texts = [definition(board, i, shown.ours(names[n])) for n, i in enumerate(board.items)]
    everything = shown.everything()
    bare = [definition(board, item, everything) for item in board.items]
    tangled = tangled_ids(names, bare, world)
    silent = tangled | doubled_ids(board, world) | reused_ids(board, world)
    reader = _Reader(board, world, replaced(reading, shown=shown), names, moved)
    for index, item in enumerate(board.items):
        if names[index] not in silent:
            reader.read(index, item, texts[index])
    return Asked(
        drafts=tuple(reader.drafts),
        texts=reader.texts,
        presence=presence(
            board,
            world,
            reading.shown.statuses,
            names.values(),
            frozenset(task.task_id for task in moved.values()),
        ),
        tangled=tuple(sorted(tangled)),
    )


def field_lines(board: Board, item: Item) -> frozenset[bytes]:
    """The item's field lines as bytes, without their endings."""
    return frozenset(board.data[f.span.start : f.span.end].rstrip(b"\r\n") for f in item.fields)


class _Reader:
    """Collects drafts while the items are read in order."""

    def __init__(
        self,
        board: Board,
        world: World,
        reading: Reading,
        names: Mapping[int, str],
        moved: Mapping[str, Task],
    ) -> None:
        self.board, self.world, self.reading, self.names = board, world, reading, names
        self.moved = moved
        self.drafts: list[Draft] = []
        self.texts: dict[str, bytes] = {}
        self._ids = iter(reading.new_ids)
        self._task_ids: dict[int, str] = {}

    def read(self, index: int, item: Item, text: bytes) -> None:
        name = self.names[index]
        task = self.moved.get(name) or self.world.named(name)
        if task is None:
            self._create(index, item, name, text)
            return
        self._task_ids[index] = task.task_id
        if task.kind is Kind.WITHDRAWN:
            task = self._restore(task)
        self._edit(item, task, name, text)
        self.drafts += verb(
            item, replaced(task, task=name), self.reading.shown, field_lines(self.board, item)
        )

    def _create(self, index: int, item: Item, name: str, text: bytes) -> None:
        task_id = next(self._ids)
        self._task_ids[index] = task_id
        self._keep(text)
        start = first_status(item, first=self.reading.first)
        facts = self._facts(item, name, text)
        data = {
            **facts,
            "origin": "board",
            **self._arrival(str(facts["work"]), None),
            **start.data,
            **({"assigned": True} if item.task is None else {}),
            **({"settle": True} if self.reading.settling else {}),
        }
        actor = "import" if self.reading.first else "board"
        self._add(E.CREATED, task_id, name, to=start.status.text, data=data, actor=actor)
        if start.then:
            self._add(start.then, task_id, name, to=start.to, data=start.then_data)

    def _restore(self, task: Task) -> Task:
        """The section of a withdrawn task is back: so is the task, as it was."""
        before = task.before or OPEN
        self._add(E.RESTORED, task.task_id, task.task, to=before.text)
        return replaced(task, status=before, written=False)

    def _edit(self, item: Item, task: Task, name: str, text: bytes) -> None:
        facts = self._facts(item, name, text)
        data: dict[str, object] = {"hidden": False} if task.hidden else {}
        if name != task.task:
            data["renamed_from"] = task.task
        changed = facts["text"] != task.text
        if not changed and not data and facts["parent"] == task.parent:
            return
        self._keep(text)
        if changed and self.reading.settling and task.kind is not Kind.RUNNING:
            data["settle"] = True
        if changed and self._only_answers(item, task, text):
            data["answered"] = True
        if not same_work(item, work := str(facts["work"]), task.work, task.fields):
            data |= self._arrival(work, task)
        self._add(E.EDITED, task.task_id, name, data={**facts, **data})
        self._answer(item, task, name)

    def _only_answers(self, item: Item, task: Task, text: bytes) -> bool:
        """Whether the text is as before but for its ``answer:``, so that no step is undone."""
        field = next((f for f in item.fields if f.key == "answer"), None)
        if field is None:
            return False
        data, old = self.board.data, task.fields.get("answer", "").encode()
        line = data[field.span.start : field.span.end]
        value = data[field.value_span.start : field.value_span.end]
        head, _, rest = text.partition(line)
        ending = b"\r\n" if rest.startswith(b"\r\n") else b"\n"
        without = head + rest.removeprefix(ending)
        before = head + line.replace(value, old, 1) + rest
        alike = (without, without.rstrip(), head + rest, before)
        return task.text in [digest_of(one) for one in alike]

    def _answer(self, item: Item, task: Task, name: str) -> None:
        """A new ``answer:`` is one to what the task asked, as by command."""
        typed = clean(item.values().get("answer", ""))
        if typed and typed != task.fields.get("answer"):
            digest = self._keep(typed.encode())
            data = {"answer": digest, "characters": len(typed)}
            self._add(E.QUESTION_ANSWERED, task.task_id, name, data=data)

    def _arrival(self, work: str, task: Task | None) -> dict[str, object]:
        """Whether what it would execute was brought by git and has to be approved first."""
        known = work in self.world.vouched
        if self.reading.arrived and not known:
            return {"origin": "git", "approved": False}
        if known and task is not None and not task.approved:
            return {"origin": "board", "approved": True}
        return {}

    def _add(
        self,
        event: E,
        task_id: str,
        name: str,
        *,
        to: str | None = None,
        data: Mapping[str, object] | None = None,
        actor: str = "board",
    ) -> None:
        self.drafts.append(
            Draft(
                type=event, task_id=task_id, task=name, to=to, actor=actor, data=dict(data or {})
            )
        )

    def _facts(self, item: Item, name: str, text: bytes) -> dict[str, object]:
        return {
            "title": title_of(item),
            "text": digest_of(text),
            "line": item.line,
            "fields": fields_of(item),
            "work": work_of(self.board, item, self.reading.shown.ours(name)),
            "parent": self._parent(item),
        }

    def _keep(self, text: bytes) -> str:
        digest = digest_of(text)
        self.texts[digest] = text
        return digest

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
