"""A board's next bytes: what the runtime owns is replaced, every other byte stays."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from taskboard.core.blocks import find_blocks, flatten
from taskboard.core.board import Board, Item, Span
from taskboard.core.definition import essence, own_line_spans
from taskboard.core.fields import text_of
from taskboard.core.state import Kind, read_status

_NEXT_HEADING = 1000
"""Bytes behind a section in which a heading begins that ends it."""
_WIDE_COLON = "：".encode()
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class Wish(msgspec.Struct, frozen=True):
    """What one item shall show. ``status`` None leaves the word, ``give_id`` None gives no id;
    ``lines`` are the runtime's own lines (``- result: ...``, ``- note: ...``) as they shall
    stand, and ``ours`` the lines it wrote before, without line ends."""

    item_index: int
    status: str | None = None
    give_id: str | None = None
    lines: tuple[str, ...] = ()
    ours: frozenset[bytes] = frozenset()


class _Splice(msgspec.Struct, frozen=True):
    """Bytes ``start`` up to ``end`` become ``text``."""

    start: int
    end: int
    text: bytes


def render(board: Board, wishes: Sequence[Wish], appended: Sequence[str] = ()) -> bytes:
    """The board with every wish granted and the sections ``appended`` at its end. Wishes that
    are true already change nothing."""
    splices = [splice for wish in wishes for splice in _granted(board, wish)]
    whole = _spliced(board.data, splices, 0, len(board.data))
    return _with_sections(whole, appended, board.newline)


def one_line(text: str) -> str:
    """Text that can forge no structure: line ends and control characters become one blank."""
    return _UNSAFE.sub(" ", text).strip()


def _granted(board: Board, wish: Wish) -> Iterator[_Splice]:
    item = board.items[wish.item_index]
    if wish.give_id is not None and item.task is None:
        yield _id_given(board, item, wish.give_id)
    if wish.status is not None:
        yield from _status_set(board, item, wish.status)
    lines = list(_lines_set(board, item, wish))
    listed = all(field.form == "list" for field in item.fields)
    if not lines or listed or _keeps_shape(board, item, lines):
        yield from lines


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
    elif not old and _wants_blank(board.data[field.span.start : start]):
        text = b" " + text
    yield _Splice(start, end, text)


def _wants_blank(before: bytes) -> bool:
    """Whether a blank belongs before a first value: nobody writes one behind ``：``."""
    return not before.endswith((b" ", b"\t")) and not before.rstrip(b"*").endswith(_WIDE_COLON)


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
        yield _Splice(span.start, span.end - _keeps_apart(board.data, span), b"")
    kept = [field for field in item.fields if field.span not in spans]
    if not wanted:
        return
    indent, ending = _manner(board, item, kept[-1].span if kept else None)
    at = item.fields_end
    if ending == b"\r" and board.data[at : at + 1] == b"\n":
        ending = b"\n"  # of a blank line: behind a \r it would be the other half of one line end
    text = b"".join(indent + line + ending for line in wanted)
    before = kept[-1].span if kept else item.heading
    if board.data[before.end - 1 : before.end] not in (b"\n", b"\r"):  # the board ends here
        text = ending + text[: -len(ending)]
    yield _Splice(at, at, text)


def _keeps_apart(data: bytes, span: Span) -> bool:
    r"""Whether the line's own ``\n`` has to stay when the line goes: it then ends the line before,
    which a ``\r`` ended. Else that and the ``\n`` of a blank line behind would be one line end."""
    ends = data[span.end - 1 : span.end + 1] == b"\n\n"
    return ends and data[span.start - 1 : span.start] == b"\r"


def _keeps_shape(board: Board, item: Item, splices: list[_Splice]) -> bool:
    """Whether the same headings stand in and behind the section afterwards. A list item under
    plain lines may swallow an indented heading, and without it a rule may turn the lines into
    a heading: then the runtime's lines stay as they are."""
    start, end = item.section.start, item.section.end + _NEXT_HEADING
    after = _spliced(board.data, splices, start, end)
    shapes = (_shape(text) for text in (board.data[start:end], after))
    return next(shapes) == next(shapes)


def _shape(section: bytes) -> list[tuple[int, bytes]]:
    flat = flatten(section)
    return [(h.level, flat[h.title_start : h.title_end]) for h in find_blocks(flat).headings]


def _spliced(data: bytes, splices: list[_Splice], start: int, end: int) -> bytes:
    out: list[bytes] = []
    for splice in sorted(splices, key=lambda splice: (splice.start, splice.end)):
        out += [data[start : splice.start], splice.text]
        start = splice.end
    return b"".join([*out, data[start:end]])


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
    """The indentation of the fields and the line end of the line before, to be copied."""
    span = previous or item.heading
    line = board.data[span.start : span.end]
    first = board.data[item.fields[0].span.start : item.fields[0].span.end]
    indent = first[: len(first) - len(first.lstrip(b" \t"))]
    return indent, line[len(line.rstrip(b"\r\n")) :] or board.newline


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
