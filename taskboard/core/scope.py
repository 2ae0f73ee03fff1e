"""What a diagnosis rule may look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from taskboard.core.board import Board, Diagnosis, Field, Item
from taskboard.core.codes import finding
from taskboard.core.fields import text_of
from taskboard.core.state import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The board, the time, the ledger's states by human id, the permitted project roots, and by
    ids of before the ids that tasks were ``renamed`` to."""

    board: Board
    now: datetime
    known: Mapping[str, Status]
    roots: tuple[str, ...] = ()
    renamed: Mapping[str, str]
    by_key: Mapping[str, Sequence[tuple[Item, Field]]]
    """Every field with its item, by key: rules ask for few of many."""

    def fields(self, *keys: str) -> Iterator[tuple[Item, Field]]:
        """Every field with one of ``keys`` (none: every field) and its item."""
        for key in keys or self.by_key:
            yield from self.by_key.get(key, ())

    def at(self, code: str, item: Item, field: Field, message: str = "") -> Diagnosis:
        """A finding on the value of a field; columns count characters."""
        before = self.board.data[field.span.start : field.value_span.start]
        column = len(text_of(before)) + 1
        return finding(code, message, line=field.line, column=column, task=item.task)

    def present_id(self, task: str) -> str:
        """What a task is called now."""
        return self.renamed.get(task, task)

    def typed(self, field: Field) -> str:
        """A value as it stands on the board, code span marks included."""
        return text_of(self.board.data[slice(*field.value_span)])

    def status(self, item: Item) -> Status:
        """What the ledger says of an item, else what the board says."""
        return self.known.get(item.task or "", item.status)


def scope_of(
    board: Board,
    now: datetime,
    known: Mapping[str, Status],
    roots: Sequence[str],
    renamed: Mapping[str, str],
) -> Scope:
    """The scope of one look at a board."""
    by_key: dict[str, list[tuple[Item, Field]]] = {}
    for item in board.items:
        for field in item.fields:
            by_key.setdefault(field.key, []).append((item, field))
    return Scope(
        board=board, now=now, known=known, roots=tuple(roots), renamed=renamed, by_key=by_key
    )
