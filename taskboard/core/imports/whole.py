"""From files to one board: everything an import does, without touching a disk."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from taskboard.core.ids import ids_in
from taskboard.core.imports.canonical import Imported, write_board
from taskboard.core.imports.choose import Shape, read_as
from taskboard.core.imports.nouns import LEFT_OUT, Finding, Reading
from taskboard.core.imports.pointers import follow
from taskboard.core.imports.source import Source, read_source
from taskboard.core.parse import MAX_BOARD


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """The board, the shape that each file was read as (empty: none), and how many tasks it had."""

    board: Imported
    shapes: tuple[tuple[str, str, int], ...]

    @property
    def left_out(self) -> int:
        """How many findings say that something of a person's is missing."""
        return sum(finding.kind == LEFT_OUT for finding in self.board.findings)


def import_files(
    files: Sequence[tuple[str, bytes]],
    shapes: Mapping[str, Shape],
    *,
    wanted: str = "",
    title: str = "",
    taken: Collection[str] = (),
) -> Whole:
    """One board of all ``files`` (name and bytes). ``wanted`` is the shape they have, if it is not
    to be recognised; ``title`` the board's where they have none; ``taken`` are ids that belong to
    others."""
    readings: list[Reading] = []
    read: list[tuple[str, str, int]] = []
    spoken: set[str] = set()
    for name, data in files:
        source = read_source(name, data)
        if not isinstance(source, Source):
            readings.append(Reading(findings=[source]))
            read.append((name, "", 0))
            continue
        spoken |= ids_in(data)
        chosen = read_as(source, shapes, wanted)
        readings.append(chosen.reading)
        read.append((name, chosen.name, 0))
    follow(readings)
    spoken |= set(taken)
    board = write_board(readings, title or "Imported", taken=taken, spoken=spoken)
    counts: dict[str, int] = {}
    for draft, _ in board.tasks:
        counts[draft.file] = counts.get(draft.file, 0) + 1
    if len(board.text.encode()) > MAX_BOARD:
        said = (
            "The new board is larger than 16 MB, so it would be held; import fewer files at once."
        )
        found = Finding(kind=LEFT_OUT, file=read[0][0], line=0, message=said)
        board = replace(board, findings=(*board.findings, found))
    return Whole(
        board=board, shapes=tuple((name, shape, counts.get(name, 0)) for name, shape, _ in read)
    )
