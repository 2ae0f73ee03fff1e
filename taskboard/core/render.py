"""A board's next bytes: what the runtime owns is replaced, every other byte stays."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from taskboard.core.board import Board, Item, Span
from taskboard.core.definition import essence, own_line_spans
from taskboard.core.fields import text_of
from taskboard.core.state import Kind, read_status

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Wish:
    """What one item shall show. ``status`` None leaves the word, ``give_id`` None gives no id;
    ``lines`` are the runtime's own lines (``- result: ...``, ``- note: ...``) as they shall
    stand, and ``ours`` the lines it wrote before, without line ends."""

    item_index: int
    status: str | None = None
    give_id: str | None = None
    lines: tuple[str, ...] = ()
    ours: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class _Splice:
    """Bytes ``start`` up to ``end`` become ``text``."""

    start: int
    end: int
    text: bytes


def render(board: Board, wishes: Sequence[Wish], appended: Sequence[str] = ()) -> bytes:
    """The board with every wish granted and the sections ``appended`` at its end. Wishes that
    are true already change nothing."""
    splices = [splice for wish in wishes for splice in _granted(board, wish)]
    splices.sort(key=lambda splice: (splice.start, splice.end))
    out: list[bytes] = []
    at = 0
    for splice in splices:
        out += [board.data[at : splice.start], splice.text]
        at = splice.end
    out.append(board.data[at:])
    return _with_sections(b"".join(out), appended, board.newline)


def one_line(text: str) -> str:
    """Text that can forge no structure: line ends and control characters become one blank."""
    return _UNSAFE.sub(" ", text).strip()


def _granted(board: Board, wish: Wish) -> Iterator[_Splice]:
    item = board.items[wish.item_index]
    if wish.give_id is not None and item.task is None:
        yield _id_given(board, item, wish.give_id)
    if wish.status is not None:
        yield from _status_set(board, item, wish.status)
    yield from _lines_set(board, item, wish)


def _id_given(board: Board, item: Item, name: str) -> _Splice:
    glued = board.data[item.title_start - 1 : item.title_start] == b"#"
    text = f"{' ' if glued else ''}{one_line(name)} "
    return _Splice(item.title_start, item.title_start, _bytes(text))


def _status_set(board: Board, item: Item, status: str) -> Iterator[_Splice]:
    field = item.status_field
    word = one_line(status)
    if field is None or field.value == word or _same(field.value, word):
        return
    start, end = field.value_span
    old = board.data[start:end]
    text = _bytes(word)
    if field.value != text_of(old):  # the word stands in a code span
        marks = old[: len(old) - len(old.lstrip(b"`"))]
        text = marks + text + marks
    elif not old and board.data[start - 1 : start] not in (b" ", b"\t"):
        text = b" " + text
    yield _Splice(start, end, text)


def _same(typed: str, word: str) -> bool:
    """Another spelling of the same state is the person's, and stays."""
    status = read_status(typed)
    return status.kind is not Kind.UNKNOWN and status == read_status(word)


def _lines_set(board: Board, item: Item, wish: Wish) -> Iterator[_Splice]:
    """Make the runtime's own lines stand after the last field, in order."""
    spans = list(own_line_spans(board, item, wish.ours))
    wanted = [_bytes(one_line(line)) for line in wish.lines]
    present = [board.data[span.start : span.end].rstrip(b"\r\n").strip(b" \t") for span in spans]
    if present == wanted and _stand_last(item, spans):
        return
    if sorted(present) != sorted(wanted) and _only_respelled(board, item, wish, spans):
        return
    for span in spans:
        yield _Splice(span.start, span.end, b"")
    kept = [field for field in item.fields if field.span not in spans]
    if not wanted:
        return
    indent, ending = _manner(board, item, kept[-1].span if kept else None)
    text = b"".join(indent + line + ending for line in wanted)
    at = item.fields_end
    before = kept[-1].span if kept else item.heading
    if board.data[before.end - 1 : before.end] not in (b"\n", b"\r"):  # the board ends here
        text = ending + text[: -len(ending)]
    yield _Splice(at, at, text)


def _only_respelled(board: Board, item: Item, wish: Wish, spans: list[Span]) -> bool:
    """Whether the lines were shown before and a formatter has spelled them anew, or pulled them
    out of the fields. To set them right would only call it again, and never end."""
    wanted = [_bytes(one_line(line)) for line in wish.lines]
    says = [essence(line) for line in wanted]
    found = [essence(board.data[span.start : span.end]) for span in spans]
    if not wish.ours.issuperset(wanted) or any(found.count(f) > says.count(f) for f in found):
        return False
    text = essence(board.own_bytes(item))
    return all(said in text for said in says)


def _stand_last(item: Item, spans: list[Span]) -> bool:
    last = [field.span for field in item.fields[len(item.fields) - len(spans) :]]
    return last == spans


def _manner(board: Board, item: Item, previous: Span | None) -> tuple[bytes, bytes]:
    """Indentation and line end of the line before, to be copied."""
    span = previous or item.heading
    line = board.data[span.start : span.end]
    body = line.rstrip(b"\r\n")
    indent = body[: len(body) - len(body.lstrip(b" \t"))] if previous else b""
    return indent, line[len(body) :] or board.newline


def _with_sections(data: bytes, sections: Sequence[str], newline: bytes) -> bytes:
    for section in sections:
        filled = bool(data.removeprefix(b"\xef\xbb\xbf").strip())
        text = _bytes(section.replace("\r\n", "\n").replace("\r", "\n").strip("\n"))
        if filled and not data.endswith((b"\n", b"\r")):
            data += newline
        if filled and not _ends_blank(data):
            data += newline
        data += text.replace(b"\n", newline) + newline
    return data


def _ends_blank(data: bytes) -> bool:
    flat = data[-4096:].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return not flat.removesuffix(b"\n").rpartition(b"\n")[2].strip(b" \t")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
