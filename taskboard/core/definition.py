"""A task's text as a person wrote it: what is left when the runtime's own words are cut out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from taskboard.core.board import Board, Item, Span
from taskboard.core.fields import text_of
from taskboard.core.headings import heading_id

_KEYS = ("result", "note")
_WORDS = re.compile(r"[^\W_]+")


def definition(
    board: Board, item: Item, ours: frozenset[bytes] = frozenset(), also: Iterable[Span] = ()
) -> bytes:
    """What a person says of the task: its own bytes without the id, the status value and the
    runtime's own lines. Its digest changes when the task's text does, and not when the runtime
    writes, gives an id, or adds a section next to this one. ``also`` is left out, too."""
    cuts = [*own_line_spans(board, item, ours), *also]
    if (field := item.status_field) is not None:
        raw = board.data[field.span.start : field.value_span.start]
        cuts.append(Span(field.span.start + len(raw.rstrip(b" \t")), field.value_span.end))
    cuts += _id_span(board, item)
    pieces = (_without(board.data, piece, cuts).rstrip() for piece in item.pieces)
    return b"\n".join(piece for piece in pieces if piece)


def _without(data: bytes, piece: Span, cuts: Iterable[Span]) -> bytes:
    out, at = [], piece.start
    for cut in sorted(cuts):
        if piece.start <= cut.start and cut.end <= piece.end:
            out.append(data[at : cut.start])
            at = max(at, cut.end)  # one may lie in another
    return b"".join([*out, data[at : piece.end]])


def _id_span(board: Board, item: Item) -> list[Span]:
    if item.task is None:
        return []
    text = text_of(board.data[item.title_start : item.heading.end])
    match = heading_id(text)
    if match is None:
        return []
    before = text[: match.start("id")].encode("utf-8", "surrogateescape")
    end = match.end("id")
    blank = text[end : end + 1] == " "
    start = item.title_start + len(before)
    return [Span(start, start + len(match["id"]) + blank)]


def own_line_spans(board: Board, item: Item, ours: frozenset[bytes]) -> Iterator[Span]:
    """The field lines that are the runtime's, one span for each. A formatter may have changed how
    they are spelled, but not what they say: see ``essence``."""
    if not ours or not any(field.key in _KEYS for field in item.part.fields):
        return
    known = _essences(ours)
    for field in item.fields:
        if field.key in _KEYS and essence(board.data[field.span.start : field.span.end]) in known:
            yield field.span


@lru_cache(maxsize=16)  # asked about one task after the other
def _essences(lines: frozenset[bytes]) -> frozenset[str]:
    return frozenset(essence(line) for line in lines)


def essence(text: bytes) -> str:
    """Letters and digits alone, caseless: what stays of a text whatever a formatter does to its
    bullets, emphasis, escapes, quotes, blanks and line breaks."""
    return "".join(_WORDS.findall(text_of(text))).casefold()
