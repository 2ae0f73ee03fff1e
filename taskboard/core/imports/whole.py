"""From files to one board: everything an import does, without touching a disk."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from taskboard.core.ids import ids_in
from taskboard.core.imports.canonical import Imported, write_board
from taskboard.core.imports.choose import Shape, read_as
from taskboard.core.imports.naming import every
from taskboard.core.imports.nouns import LEFT_OUT, UNCLEAR, Draft, Finding, Reading
from taskboard.core.imports.pointers import follow
from taskboard.core.imports.source import Source, read_source
from taskboard.core.parse import MAX_BOARD
from taskboard.core.visible import deceiving


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
    board = replace(board, findings=(*board.findings, *_deceiving(readings)))
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


def _deceiving(readings: Sequence[Reading]) -> Iterator[Finding]:
    """Where a text is not what it looks like: it is taken over as it is, and said."""
    for group in (group for reading in readings for group in reading.groups):
        texts = [(group.file, group.line, "", "\n".join([group.heading, *group.prose]))]
        texts += [(d.file, d.line, f"{d.task}: ", _text(d)) for d in every(group.tasks)]
        for file, line, who, text in texts:
            if found := deceiving(text):
                said = f"{who}{', '.join(found)} in it: what is seen is not what stands there."
                yield Finding(kind=UNCLEAR, file=file, line=line, message=said)


def _text(draft: Draft) -> str:
    fields = (f"{key}: {value}" for key, value in draft.fields)
    return "\n".join([draft.title, draft.owner, draft.word, *draft.needs, *fields, *draft.body])
