"""What a diagnosis rule may look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from taskboard.core.board import Board, Diagnosis, Field, Item, Part, once
from taskboard.core.codes import finding
from taskboard.core.fields import text_of
from taskboard.core.needs import needs_of
from taskboard.core.state import CLOSED, Kind, Status


def fields_of_part(part: Part, *keys: str) -> Iterator[Field]:
    """The fields of a part with one of ``keys``."""
    return (field for field in part.fields if field.key in keys)


def typed(part: Part, field: Field) -> str:
    """A value as it stands on the board, code span marks included."""
    return text_of(part.raw[slice(*field.value_span)])


@once
def waits_for(part: Part) -> tuple[tuple[Field, str], ...]:
    """Every word that says what the task waits for, in ``needs`` and ``blocked:task``, with the
    field that says it."""
    fields = fields_of_part(part, "needs")
    named = tuple((field, word) for field in fields for word in needs_of({"needs": field.value}))
    status, field = part.status, part.status_field
    if field is not None and status.kind is Kind.BLOCKED and status.who.casefold() == "task":
        return (*named, (field, status.what))
    return named


def at(code: str, part: Part, field: Field, message: str = "") -> Diagnosis:
    """A finding on the value of a part's field, on the line of the part; columns count
    characters."""
    column = len(text_of(part.raw[field.span.start : field.value_span.start])) + 1
    return finding(code, message, line=field.line, column=column, task=part.task)


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """The board, the time, the ledger's states by human id, the permitted project roots, and
    by ids of before the ids that tasks were ``renamed`` to."""

    board: Board
    now: datetime
    known: Mapping[str, Status]
    roots: tuple[str, ...] = ()
    renamed: Mapping[str, str]
    by_name: Mapping[str, Item]
    """The first item of every id."""
    waiting: Sequence[Item]
    """Those that are not over and wait for something."""

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
    return found if not item.line else msgspec.structs.replace(found, line=found.line + item.line)


def scope_of(
    board: Board,
    now: datetime,
    known: Mapping[str, Status],
    roots: Sequence[str],
    renamed: Mapping[str, str],
) -> Scope:
    """The scope of one look at a board."""
    by_name: dict[str, Item] = {}
    waiting = []
    for item in board.items:
        part = item.first.part
        if part.task is not None:
            by_name.setdefault(part.task, item)
        if waits_for(part) and known.get(part.task or "", part.status).kind not in CLOSED:
            waiting.append(item)
    return Scope(
        board=board,
        now=now,
        known=known,
        roots=tuple(roots),
        renamed=renamed,
        by_name=by_name,
        waiting=waiting,
    )
