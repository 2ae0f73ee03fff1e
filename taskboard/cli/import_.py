"""``import``: boards of other shapes to one of ours, and a report of what it says otherwise."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from taskboard.cli.call import Call
from taskboard.cli.text import Screen, one_line
from taskboard.errors import NotFound, Storage, Usage

if TYPE_CHECKING:
    import typer

    from taskboard.core.imports.choose import Shape
    from taskboard.core.imports.whole import Whole

INCOMPLETE = 1
_MOST_FILES = 10_000
_STDIN = "-"


def import_(
    ctx: typer.Context,
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="Boards, or folders of task files; `-` for stdin."),
    ],
    *,
    shape: Annotated[
        str, typer.Option("--from", metavar="SHAPE", help="Its shape, if it is taken for another.")
    ] = "",
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", metavar="FILE", help="A new file; none is overwritten."),
    ] = None,
    title: Annotated[
        str, typer.Option("--title", metavar="T", help="The board's title, where it has none.")
    ] = "",
) -> int:
    """Print a board made of other people's: tables, checkbox lists, Obsidian Kanban and Tasks,
    lanes, TASKS.md, front-matter files, beads, task-master. Nothing imported starts by itself.
    What it had to say in another way stands on standard error. Exits 1 if something is missing."""
    from taskboard.core.imports.whole import import_files

    call = Call.of(ctx)
    known = shapes()
    if shape and shape not in known:
        raise Usage(f"There is no shape {shape!r}.", hint=f"--from is one of: {', '.join(known)}")
    target = _target(output)
    found = list(_read_all(files))
    whole = import_files(
        found, known, wanted=shape, title=title or _title(files), taken=_taken(call)
    )
    if whole.left_out and not whole.board.tasks:
        target = None  # there is nothing to give out
    elif target is not None:
        _write_new(target, whole.board.text)
    if call.json:
        call.answer("import", lambda: _document(whole, target), lambda _screen: ())
    else:
        if target is None and (whole.board.tasks or not whole.left_out):
            _print(whole.board.text)
        Screen(sys.stderr).say(_report(whole, target))
    return INCOMPLETE if whole.left_out else 0


def other_shape(data: bytes) -> str:
    """The shape of a board that is none of ours, as somebody may have saved it; empty for none."""
    from taskboard.core.imports.choose import seen_as
    from taskboard.core.imports.source import Source, read_source

    source = read_source("board", data)
    return seen_as(source, shapes()) if isinstance(source, Source) else ""


def shapes() -> dict[str, Shape]:
    """Every shape by its name: the modules of ``taskboard.core.imports.shapes``."""
    import pkgutil
    from importlib import import_module

    from taskboard.core.imports import shapes as package

    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    found: Any = {n.replace("_", "-"): import_module(f"{package.__name__}.{n}") for n in names}
    shaped: dict[str, Shape] = found
    return shaped


def _title(files: Sequence[str]) -> str:
    name = Path(files[0]).resolve().stem if len(files) == 1 and files[0] != _STDIN else ""
    return name or "Imported"


def _taken(call: Call) -> frozenset[str]:
    """The ids of the board that ``--board`` names, and of its ledger: it will stand there."""
    if call.board is None:
        return frozenset()
    from taskboard.cli.look import look
    from taskboard.core.ids import ids_in

    seen = call.read(look)
    board = seen.sight.board
    return frozenset(seen.world.names) | (ids_in(board.data) if board is not None else frozenset())


def _target(output: str | None) -> Path | None:
    if output is None:
        return None
    target = Path(output)
    if target.exists() or target.is_symlink():
        raise Usage(
            f"{one_line(output)} is there already, and import never overwrites.",
            hint="Name a new file with -o.",
        )
    return target


def _read_all(names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    for name in names:
        path = Path(name)
        if name == _STDIN:
            yield "stdin", _stdin()
        elif path.is_dir():
            yield from ((os.fspath(file), _read(file)) for file in _task_files(path))
        else:
            yield name, _read(path)


def _stdin() -> bytes:
    from taskboard.core.parse import MAX_BOARD

    raw = getattr(sys.stdin, "buffer", None)
    data = raw.read(MAX_BOARD + 1) if raw is not None else sys.stdin.read().encode()
    return bytes(data)


def _task_files(folder: Path) -> list[Path]:
    """The Markdown files in a folder and beneath it, and issues of beads; hidden ones not."""
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [
            Path(place, name)
            for name in sorted(names)
            if not name.startswith(".") and (name.endswith(".md") or name == "issues.jsonl")
        ]
        if len(found) > _MOST_FILES:
            raise Usage(
                f"{one_line(str(folder))} holds more than {_MOST_FILES} files.",
                hint="Name the folder of the tasks itself.",
            )
    regular = [path for path in found if path.is_file()]
    if not regular:
        raise NotFound(
            f"There is no Markdown file in {one_line(str(folder))}.",
            hint="Name the files of the board themselves.",
            code="no_workspace",
        )
    return regular


def _read(path: Path) -> bytes:
    from taskboard.core.parse import MAX_BOARD

    if path.is_fifo() and not path.is_relative_to("/dev"):  # there: what the shell pipes in
        raise Usage(
            f"{one_line(str(path))} is a pipe, and reading it could take for ever.",
            hint="Give it on standard input: taskboard import - < PIPE",
        )
    try:
        with path.open("rb") as file:
            return file.read(MAX_BOARD + 1)
    except FileNotFoundError:
        raise NotFound(
            f"There is no file {one_line(str(path))}.",
            hint="Look at the name.",
            code="no_workspace",
        ) from None
    except OSError as error:
        raise Storage(
            f"{one_line(str(path))} cannot be read: {error.strerror}.", hint="Look at its rights."
        ) from None


def _write_new(target: Path, text: str) -> None:
    try:
        with target.open("xb") as file:
            file.write(text.encode())
    except OSError as error:
        raise Storage(
            f"{one_line(str(target))} cannot be written: {error.strerror}.",
            hint="Name another file with -o; nothing was replaced.",
        ) from None


def _print(text: str) -> None:
    """The board: as it is to a file or a program, without what acts on a terminal to one."""
    from taskboard.core.plain import plain

    sys.stdout.write(plain(text) if sys.stdout.isatty() else text)
    sys.stdout.flush()


def _report(whole: Whole, target: Path | None) -> Iterator[str]:
    for finding in whole.board.findings:
        place = (
            f"{one_line(finding.file)}:{finding.line}" if finding.line else one_line(finding.file)
        )
        yield f"{place}: {finding.kind}: {one_line(finding.message)}"
    for name, shape, count in whole.shapes[:20]:
        if shape:
            yield f"{one_line(name)}: {_tasks(count)}, read as {shape}."
    if len(whole.shapes) > 20:
        yield f"... and {len(whole.shapes) - 20} more files."
    kinds = ", ".join(f"{count} {kind}" for kind, count in _kinds(whole).items() if count)
    yield f"{_tasks(len(whole.board.tasks))}{f': {kinds}' if kinds else ''}."
    if whole.left_out:
        yield f"{whole.left_out} left out, named above."
    if target is not None:
        yield f"Written to {one_line(str(target))}."
    if whole.board.tasks:
        yield "Nothing starts by itself: `taskboard ready ID` lets a task run."


def _tasks(count: int) -> str:
    return f"{count} task{'' if count == 1 else 's'}"


def _kinds(whole: Whole) -> Mapping[str, int]:
    from taskboard.core.state import read_status

    counts = Counter(read_status(state.status).kind.value for _, state in whole.board.tasks)
    return {kind: counts.get(kind, 0) for kind in ("open", "blocked", "done", "failed")}


def _document(whole: Whole, target: Path | None) -> Mapping[str, Any]:
    return {
        "board": whole.board.text,
        "output": os.fspath(target) if target is not None else None,
        "files": [{"file": n, "shape": s or None, "tasks": c} for n, s, c in whole.shapes],
        "tasks": [
            {
                "task": draft.task,
                "title": draft.title,
                "status": state.status,
                "source_status": draft.word or None,
                "source_id": draft.old_id or None,
                "file": draft.file,
                "line": draft.line,
            }
            for draft, state in whole.board.tasks
        ],
        "findings": [
            {"kind": f.kind, "file": f.file, "line": f.line or None, "message": f.message}
            for f in whole.board.findings
        ],
        "counts": {"tasks": len(whole.board.tasks), "left_out": whole.left_out, **_kinds(whole)},
    }
