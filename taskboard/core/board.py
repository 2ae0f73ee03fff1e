"""The board as understood: byte spans, tasks, fields, diagnoses. Made by ``core.parse``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import msgspec

from taskboard.core.state import Status

T = TypeVar("T")


class Span(NamedTuple):
    """Bytes ``start`` up to and without ``end`` of the board."""

    start: int
    end: int


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
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

    def moved(self, offset: int, lines: int) -> Field:
        """The same field further down."""
        return Field(
            key=self.key,
            value=self.value,
            line=self.line + lines,
            span=Span(self.span.start + offset, self.span.end + offset),
            value_span=Span(self.value_span.start + offset, self.value_span.end + offset),
            form=self.form,
        )


class Part(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A heading and what stands under it up to the next one, wherever on a board that is: offsets
    count from its first byte, and lines from its own, which is 0. Parts are made once for the
    same bytes, so an edit elsewhere leaves them as they are."""

    raw: bytes
    level: int
    task: str | None
    title: str
    title_start: int
    heading_end: int
    fields: tuple[Field, ...]
    fields_end: int
    lines: int
    """How many line ends it has."""
    is_task: bool
    """Whether it makes a task by itself: an id and a status, or a status that may stand alone."""
    status: Status
    """What it says of itself; unknown without a status field."""
    memo: dict[object, Any] = msgspec.field(default_factory=dict)
    """What pure functions have found out about it, by function: each looks once."""

    @property
    def status_field(self) -> Field | None:
        return next((f for f in self.fields if f.key == "status"), None)

    @property
    def prose(self) -> bytes:
        """What is neither heading nor field."""
        at, out = self.heading_end, []
        for known in self.fields:
            out.append(self.raw[at : known.span.start])
            at = known.span.end
        return b"".join([*out, self.raw[at:]])


def once(look: Callable[[Part], T]) -> Callable[[Part], T]:
    """A pure function of a part that looks once and remembers."""

    def remembered(part: Part) -> T:
        try:
            found: T = part.memo[look]
        except KeyError:
            found = part.memo[look] = look(part)
        return found

    return remembered


class Stretch(msgspec.Struct, frozen=True, gc=False):
    """A part in its place: where it starts, and the number of its first line."""

    start: int
    line: int
    part: Part

    @property
    def end(self) -> int:
        return self.start + len(self.part.raw)


class Item(msgspec.Struct, frozen=True, gc=False):
    """One task on the board: its first stretch, the end of its section, the index of the
    enclosing task in ``Board.items`` if there is one, and what else is its own: stretches under
    further headings that are no tasks."""

    first: Stretch
    end: int
    parent: int | None
    more: tuple[Stretch, ...] = ()

    @property
    def part(self) -> Part:
        return self.first.part

    @property
    def start(self) -> int:
        return self.first.start

    @property
    def line(self) -> int:
        return self.first.line

    @property
    def task(self) -> str | None:
        return self.first.part.task

    @property
    def title(self) -> str:
        return self.first.part.title

    @property
    def level(self) -> int:
        return self.part.level

    @property
    def heading(self) -> Span:
        return Span(self.start, self.start + self.part.heading_end)

    @property
    def title_start(self) -> int:
        """Where the heading's text begins: an id given to it is inserted here."""
        return self.start + self.part.title_start

    @property
    def section(self) -> Span:
        """Everything from its heading to its end, child tasks included."""
        return Span(self.start, self.end)

    @property
    def pieces(self) -> tuple[Span, ...]:
        """The section without its child task sections, in order."""
        spans: list[Span] = []
        for stretch in (self.first, *self.more):
            start = stretch.start
            if spans and spans[-1].end == start:
                start = spans.pop().start
            spans.append(Span(start, stretch.end))
        return tuple(spans)

    @property
    def fields(self) -> tuple[Field, ...]:
        start, line = self.start, self.line
        return tuple([field.moved(start, line) for field in self.part.fields])

    @property
    def fields_end(self) -> int:
        """Just after the last field line: the runtime's own lines go here."""
        return self.start + self.part.fields_end

    @property
    def prompt(self) -> str:
        """Its text without heading, fields and child sections."""
        more = [stretch.part.raw for stretch in self.more]
        return b"".join([self.part.prose, *more]).decode("utf-8", "surrogateescape")

    @property
    def status_field(self) -> Field | None:
        found = self.part.status_field
        return None if found is None else found.moved(self.start, self.line)

    @property
    def status(self) -> Status:
        return self.first.part.status

    def values(self) -> dict[str, str]:
        """Field values by key, without ``status``, ``result`` and ``note``; the first wins,
        except that a task waits for all that any ``needs`` says (``depends on``, ``blocked
        by``)."""
        out: dict[str, str] = {}
        for f in self.part.fields:
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


class Layout(NamedTuple):
    """A board cut at its headings: its stretches in order, the spans that hold no tasks, in what
    it ends too early and where that began, where its front matter ends, and the starts of the
    headings that were taken for tasks although they lack what makes them one."""

    stretches: tuple[Stretch, ...] = ()
    hidden: tuple[Span, ...] = ()
    open: tuple[str, int] | None = None
    front: int = 0
    also: frozenset[int] = frozenset()


_NO_LAYOUT = Layout()


class Board(msgspec.Struct, frozen=True, kw_only=True):
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
    layout: Layout = _NO_LAYOUT
    """How it is cut into parts: what the next look need not read again."""

    def item(self, task: str) -> Item | None:
        """The first item called ``task``."""
        return next((i for i in self.items if i.task == task), None)

    def own_bytes(self, item: Item) -> bytes:
        """The item's own bytes: its section with child sections cut out."""
        return b"".join(self.data[span.start : span.end] for span in item.pieces)
