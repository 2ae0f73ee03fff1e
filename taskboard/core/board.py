"""The board as understood: byte spans, tasks, fields, diagnoses. Made by ``core.parse``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from taskboard.core.state import Status, read_status


class Span(NamedTuple):
    """Bytes ``start`` up to and without ``end`` of the board."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """A problem on a line. ``severity`` is ``error`` (its task does not start), ``warning`` or
    ``info``; ``line`` and ``column`` count from 1, columns in characters."""

    code: str
    severity: str
    line: int
    column: int = 1
    task: str | None = None
    message: str
    hint: str = ""


class Field(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One field line. ``key`` is canonical and lower-case (``max-attempts``), ``value`` is the
    text with one enclosing code span removed, ``value_span`` the bytes of the value as typed
    (code span marks included), ``form`` is ``list`` or ``plain`` (only list items may carry
    executable keys)."""

    key: str
    value: str
    line: int
    span: Span
    value_span: Span
    form: str = "list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One task on the board. ``section`` is everything from its heading to its end, child
    tasks included; ``prompt`` is its text without heading, fields and child sections."""

    task: str | None
    title: str
    level: int
    line: int
    heading: Span
    title_start: int
    """Where the heading's text begins: an id given to it is inserted here."""
    section: Span
    pieces: tuple[Span, ...]
    """The section without its child task sections, in order."""
    fields: tuple[Field, ...]
    fields_end: int
    """Just after the last field line: the runtime's own lines go here."""
    prompt: str
    parent: int | None = None
    """Index of the enclosing task in ``Board.items``."""

    @property
    def status_field(self) -> Field | None:
        return next((f for f in self.fields if f.key == "status"), None)

    @property
    def status(self) -> Status:
        found = self.status_field
        return read_status(found.value if found else "")

    def values(self) -> dict[str, str]:
        """Field values by key, without ``status``, ``result`` and ``note``; the first wins,
        except that a task waits for all that any ``needs`` says (``depends on``, ``blocked
        by``)."""
        out: dict[str, str] = {}
        for f in self.fields:
            if f.key == "needs" and out.get("needs"):
                out["needs"] += f", {f.value}"
            elif f.key not in ("status", "result", "note"):
                out.setdefault(f.key, f.value)
        return out


class InboxItem(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A checkbox item under a heading ``Inbox``: no task, until somebody makes it one. ``text``
    is what stands behind the box, ``body`` what is indented under it, outdented."""

    line: int
    text: str
    ticked: bool
    body: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A whole board. ``held`` says why it must not be read as intent (``empty utf16 nul size
    conflict``) or is None; ``cut`` says in what it ends too early (``fence comment utf8``) or is
    None: whether that holds the board depends on the last whole read."""

    data: bytes
    items: tuple[Item, ...] = ()
    diagnoses: tuple[Diagnosis, ...] = ()
    held: str | None = None
    cut: str | None = None
    paused: bool = False
    newline: bytes = b"\n"
    loose: tuple[tuple[int, str], ...] = ()
    """Headings with a status that are no tasks, for want of an id: where each starts, and its
    title."""
    ids: frozenset[str] = frozenset()
    """Every id-shaped token at the start of any heading: never given again."""
    inbox: tuple[InboxItem, ...] = ()
    """The inbox's items in order, ticked ones included."""

    def item(self, task: str) -> Item | None:
        """The first item called ``task``."""
        return next((i for i in self.items if i.task == task), None)

    def own_bytes(self, item: Item) -> bytes:
        """The item's own bytes: its section with child sections cut out."""
        return b"".join(self.data[span.start : span.end] for span in item.pieces)
