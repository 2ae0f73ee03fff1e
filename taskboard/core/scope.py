"""What a diagnosis rule may look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from taskboard.core.board import Board, Diagnosis, Field, Item, Part
from taskboard.core.codes import finding
from taskboard.core.fields import text_of
from taskboard.core.state import CLOSED, Status


def fields_of_part(part: Part, *keys: str) -> Iterator[Field]:
    """The fields of a part with one of ``keys``."""
    return (field for field in part.fields if field.key in keys)


def typed(part: Part, field: Field) -> str:
    """A value as it stands on the board, code span marks included."""
    return text_of(part.raw[slice(*field.value_span)])


def at(code: str, part: Part, field: Field, message: str = "") -> Diagnosis:
    """A finding on the value of a part's field, on the line of the part; columns count
    characters."""
    column = len(text_of(part.raw[field.span.start : field.value_span.start])) + 1
    return finding(code, message, line=field.line, column=column, task=part.task)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The board, the time, the ledger's states by human id, the permitted project roots, by
    ids of before the ids that tasks were ``renamed`` to, and the tasks that are not over."""

    board: Board
    now: datetime
    known: Mapping[str, Status]
    roots: tuple[str, ...] = ()
    renamed: Mapping[str, str]
    open_items: Sequence[Item]

    def at(self, code: str, item: Item, field: Field, message: str = "") -> Diagnosis:
        """A finding on the value of a field of the item's part."""
        return on_board(at(code, item.part, field, message), item)

    def present_id(self, task: str) -> str:
        """What a task is called now."""
        return self.renamed.get(task, task)

    def status(self, item: Item) -> Status:
        """What the ledger says of an item, else what the board says."""
        return self.known.get(item.task or "", item.status)


def on_board(found: Diagnosis, item: Item) -> Diagnosis:
    """A finding in a part, at the place of that part on the board."""
    return found if not item.line else replace(found, line=found.line + item.line)


def scope_of(
    board: Board,
    now: datetime,
    known: Mapping[str, Status],
    roots: Sequence[str],
    renamed: Mapping[str, str],
) -> Scope:
    """The scope of one look at a board."""
    parts = ((item, item.first.part) for item in board.items)
    still = [
        item
        for item, part in parts
        if (known.get(part.task or "") or part.status).kind not in CLOSED
    ]
    return Scope(
        board=board, now=now, known=known, roots=tuple(roots), renamed=renamed, open_items=still
    )
