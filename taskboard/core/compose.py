"""One canonical section from values that may hold anything: what ``taskboard add`` appends."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from taskboard.core.blocks import find_blocks
from taskboard.core.board import Board
from taskboard.core.fields import canonical_key, span_content
from taskboard.core.headings import heading_id
from taskboard.core.markdown import Heading
from taskboard.core.parse import parse
from taskboard.core.render import one_line

_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
_ROUNDS = 50
"""Escaping a line may turn the next into a heading; more often than this nobody writes by
accident."""


def section_text(
    task: str,
    title: str,
    level: int,
    fields: Sequence[tuple[str, str]],
    body: str,
    *,
    newline: str = "\n",
) -> str:
    """A task's section, ready to be appended. In ``title`` line ends become blanks; headings in
    ``body`` that would end the section or start another task are escaped with a backslash.
    Raises ValueError, naming why, for anything that could not be read back as it was meant."""
    head = _heading(task, title, level) + "".join(_field_lines(fields))
    text = f"{head}\n{_body(head, body, level)}"
    board = _reread(text)
    _must_be_one(board, task, [(canonical_key(k), v.strip(" \t")) for k, v in fields])
    return text.rstrip("\n").replace("\n", newline) + newline


def _heading(task: str, title: str, level: int) -> str:
    if not 1 <= level <= 6:
        raise ValueError(f"heading level {level} is not between 1 and 6")
    known = heading_id(task)
    if known is None or known["id"] != task:
        raise ValueError(f"{task!r} is no task id; write one like TASK-001")
    text = one_line(_whole(title, "the title"))
    while (match := heading_id(f"{task} {text}")) and match.end() > len(task) + 1:
        text = f"{task} {text}"[match.end() :]  # a separator before the title is no title
    if not text:
        raise ValueError("the title is empty")
    close = f" {'#' * level}" if text.endswith("#") else ""
    return f"{'#' * level} {task} {text}{close}\n"


def _field_lines(fields: Sequence[tuple[str, str]]) -> Iterator[str]:
    seen: set[str] = set()
    for key, value in fields:
        name = canonical_key(key)
        if name is None:
            raise ValueError(f"{key!r} is no field name: 1 to 30 letters, digits, blanks, _ or -")
        if name in seen:
            raise ValueError(f"the field {name!r} is given twice")
        seen.add(name)
        text = _whole(value, f"the field {key!r}").strip(" \t")
        if not text:
            raise ValueError(f"the field {key!r} has no value")
        if _CONTROL.search(text):
            raise ValueError(f"the field {key!r} must be a single line without control characters")
        yield f"- {key.strip(' ')}: {_typed(text)}\n"
    if "status" not in seen:
        raise ValueError("a task needs a status field")


def _typed(value: str) -> str:
    """A value as it must be typed to be read back: one that is itself a code span is wrapped."""
    if span_content(value) == value:
        return value
    marks = "`" * (max(len(run) for run in re.findall("`+", value)) + 1)
    return f"{marks} {value} {marks}"


def _body(head: str, body: str, level: int) -> str:
    text = _whole(body, "the text").replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    if "\0" in text:
        raise ValueError("the text holds a NUL character")
    for _ in range(_ROUNDS):
        raw = f"{head}\n{text}\n".encode()
        inner = _forged(raw, level)
        if not inner:
            return f"{text}\n" if text else ""
        text = _escaped(raw, inner)[len(f"{head}\n".encode()) :].decode().removesuffix("\n")
    raise ValueError("the text holds too many lines that read as headings")


def _forged(raw: bytes, level: int) -> list[Heading]:
    """Headings after the first that would end the section or be a task."""
    headings = find_blocks(raw).headings[1:]
    tasks = {item.heading.start for item in parse(raw).items}
    return [h for h in headings if h.level <= level or h.start in tasks]


def _escaped(raw: bytes, headings: list[Heading]) -> bytes:
    out, at = [], 0
    for heading in headings:
        text = raw[heading.start : heading.end].rstrip(b"\n")
        line = heading.start + text.rfind(b"\n") + 1  # of an underlined heading the last
        mark = line + len(raw[line:]) - len(raw[line:].lstrip(b" "))
        out += [raw[at:mark], b"\\"]
        at = mark
    return b"".join([*out, raw[at:]])


def _reread(text: str) -> Board:
    return parse(f"{text}\n# -\n".encode())


def _must_be_one(board: Board, task: str, fields: list[tuple[str | None, str]]) -> None:
    if board.held is not None:
        raise ValueError(f"the text would make the board unreadable ({board.held})")
    whole = len(board.data) - len(b"# -\n")
    items = board.items
    if len(items) != 1 or items[0].section.end != whole:
        raise ValueError("the text has a fence, comment or HTML block that it does not close")
    if items[0].task != task or [(f.key, f.value) for f in items[0].fields] != fields:
        raise ValueError("the fields could not be read back as they were given")


def _whole(text: str, what: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{what} is not valid UTF-8") from None
    return text
