"""``gc``: old logs and texts go, and what went is said."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from taskboard.app import App
from taskboard.cli.call import Call
from taskboard.cli.text import Screen
from taskboard.cli.turn import actor
from taskboard.errors import Usage
from taskboard.loop.context import Context
from taskboard.loop.space import AT_MOST, Freed, free

if TYPE_CHECKING:
    import typer

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE)
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def gc(
    ctx: typer.Context,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be removed.")
    ] = False,
    at_most: Annotated[
        str | None,
        typer.Option(
            "--at-most", metavar="SIZE", help="Room for old logs and texts, like 200M; else 1G."
        ),
    ] = None,
) -> None:
    """Remove what is older than setting `retain` and needed by nobody: logs of runs whose task has
    ended, and texts that stood on the board before. Never a task's definition or receipts, a run
    that goes on, what failed, or anything in conflicts/ and quarantine/."""
    call = Call.of(ctx)
    room = AT_MOST if at_most is None else _bytes(at_most)

    async def work(app: App) -> dict[str, Any]:
        freed = await free(app.ctx, at_most=room, dry=dry_run, actor=actor())
        seq = (await app.ctx.ledger.look()).seq
        return {"dry_run": dry_run, "seq": seq, **_shape(freed), "left": _left(app.ctx)}

    document = call.run(work, writable=not dry_run)
    call.answer("gc", document, lambda screen: _lines(screen, document))


def _bytes(text: str) -> int:
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise Usage(f"`{text}` is no size.", hint="taskboard gc --at-most 200M")
    return int(float(found[1]) * _UNITS[found[2].upper()])


def _shape(freed: Freed) -> dict[str, Any]:
    return {
        "older_than": freed.limits.cutoff,
        "at_most": freed.limits.at_most,
        "runs": list(freed.runs),
        "objects": list(freed.objects),
        "bytes": freed.size,
    }


def _left(ctx: Context) -> list[dict[str, Any]]:
    """What only a person can decide about: how many files, and their bytes."""
    found = []
    for folder in (ctx.workspace.conflicts, ctx.workspace.quarantine):
        stats = [ctx.files.stat(folder / name) for name in ctx.files.names(folder)]
        sizes = [one.size for one in stats if one is not None]
        if sizes:
            place = folder.relative_to(ctx.workspace.root).as_posix()
            found.append({"folder": place, "files": len(sizes), "bytes": sum(sizes)})
    return found


def _lines(screen: Screen, document: Mapping[str, Any]) -> Iterator[str]:
    parts = [
        _count(len(document["runs"]), "run's logs", "runs' logs"),
        _count(len(document["objects"]), "old text", "old texts"),
    ]
    if document["runs"] or document["objects"]:
        deed = "Would remove" if document["dry_run"] else "Removed"
        said = " and ".join(filter(None, parts))
        yield f"{screen.paint(deed, 'done')} {said}: {_size(document['bytes'])}."
    else:
        yield "Nothing is old enough to go."
    for left in document["left"]:
        files = _count(left["files"], "file", "files")
        yield f"Left for you: {files} in {left['folder']}/ ({_size(left['bytes'])})."


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}" if number else ""


def _size(count: int) -> str:
    size, unit = float(count), "B"
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if size < 1024 or unit == "TB":
            break
        size /= 1024
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
