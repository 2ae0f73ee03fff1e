"""Boards too large or too broken to keep as files, made when they are needed."""

from __future__ import annotations

import os
from pathlib import Path

_BOARDS = Path(__file__).resolve().parents[2] / "boards"
_TASK = "## TASK-{0:03} REAL work\n- status: {1}\n\nDo it.\n\n"


def own() -> dict[str, bytes]:
    """Boards of this repository, kept and generated, by name."""
    kept = {path.name: path.read_bytes() for path in sorted(_BOARDS.glob("*.md"))}
    return kept | {make.__name__.strip("_"): make() for make in _GENERATED}


def found() -> dict[str, bytes]:
    """Other people's boards: the files of the folder that ``TASKBOARD_CORPUS`` names."""
    folder = os.environ.get("TASKBOARD_CORPUS")
    files = sorted(p for p in Path(folder).rglob("*") if p.is_file()) if folder else []
    return {path.name: path.read_bytes() for path in files}


def _archive_of_255_trailers() -> bytes:
    trailer = '## Archive\n\n%% kanban:settings\n```\n{"kanban-plugin":"basic"}\n```\n%%\n\n'
    monday = "## **Monday**\n\n- [x] something\n\n"
    return (_TASK.format(1, "todo") + (monday + trailer) * 255 + _TASK.format(2, "done")).encode()


def _progress_of_360_kb() -> bytes:
    day = "### 2026-04-{0:02} **step {1}**\n\n- [x] box {1} of many ✅ " + "x" * 280 + "\n\n"
    log = "".join(day.format(n % 28 + 1, n) for n in range(1113))
    return ("# Progress\n\n" + _TASK.format(1, "running:bot:2026-11-19T10:00Z") + log).encode()


def _chat_of_479_fences() -> bytes:
    turn = "```\n## TASK-777 TRAP quoted\n- status: ready\n" + "talk " * 120 + "\n"
    return (_TASK.format(1, "todo") + turn * 479).encode()


def _lines_of_2416_characters() -> bytes:
    long = "wörter " * 345 + "\n"
    return ("# Road\n\n" + long * 40 + _TASK.format(1, "ready") + long * 4).encode()


def _tasks_of_a_year() -> bytes:
    words = ["done"] * 200 + ["running:bot:2026-11-19T10:00Z", "running:kim:2026-11-18T09:00Z"]
    words += ["✅ Done", "WIP", "In review", "Ready?", "n/a"]
    return ("# Year\n\n" + "".join(_TASK.format(n, w) for n, w in enumerate(words, 1))).encode()


def _utf_16() -> bytes:
    return ("# Plan\r\n\r\n" + _TASK.format(1, "ready")).encode("utf-16")


def _utf_16_read_as_utf_8() -> bytes:
    return _utf_16().decode("utf-8", "replace").encode()


def _nothing() -> bytes:
    return b""


def _only_a_byte_order_mark() -> bytes:
    return b"\xef\xbb\xbf\n\n"


def _cut_in_a_character() -> bytes:
    return _TASK.format(1, "todo").encode() + "é".encode()[:1]


def _conflict() -> bytes:
    task = _TASK.format(1, "ready")
    return f"<<<<<<< ours\n{task}=======\n{task}>>>>>>> theirs\n".encode()


_GENERATED = (
    _archive_of_255_trailers,
    _progress_of_360_kb,
    _chat_of_479_fences,
    _lines_of_2416_characters,
    _tasks_of_a_year,
    _utf_16,
    _utf_16_read_as_utf_8,
    _nothing,
    _only_a_byte_order_mark,
    _cut_in_a_character,
    _conflict,
)
