"""``check verify config``: diagnoses, the ledger's proof, settings."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from taskboard.app import App
from taskboard.cli.call import Call
from taskboard.cli.hold import lost_board
from taskboard.cli.look import Look, look
from taskboard.cli.shapes import diagnosis_shape
from taskboard.cli.text import Screen, file_name, one_line
from taskboard.config import Source
from taskboard.core.setting_kinds import SETTINGS, shown, spell_value
from taskboard.core.settings import Settings
from taskboard.errors import BadSettings, NotFound, Usage
from taskboard.ledger import Verified
from taskboard.ledgers.jsonl.verify import Expected
from taskboard.workspace import near_misses

if TYPE_CHECKING:
    import typer

FINDINGS = 1
CORRUPT = 65
_HASH = 64
"""Hex digits of a head."""


def check(ctx: typer.Context) -> int:
    """What is wrong with the board, as `file:line: CODE message`. Exits 1 only on errors."""
    call = Call.of(ctx)

    async def work(app: App) -> Look:
        await _require_board(app)
        return await look(app)

    seen = call.read(work)
    file = file_name(seen.ctx.workspace.board)
    found = [diagnosis_shape(file, d) for d in seen.diagnoses]
    call.answer(
        "check", {"diagnoses": found}, lambda screen: _check_lines(screen, found, seen, file)
    )
    return FINDINGS if any(d["severity"] == "error" for d in found) else 0


def verify(
    ctx: typer.Context,
    head: Annotated[
        bool, typer.Option("--head", help="Print sequence and head, to keep elsewhere.")
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="HEAD", help="Also prove that this earlier head is still in it."
        ),
    ] = None,
) -> int:
    """Prove the ledger from its first byte: chain, sequence, transitions, stored texts. With
    --since also that it goes on from a head that --head printed: that its end was not cut off."""
    call = Call.of(ctx)
    expected = _expected(since) if since is not None else None
    proof = call.read(lambda app: app.ledger.verify(expected))
    document = {
        "ok": proof.ok,
        "events": proof.events,
        "seq": proof.seq,
        "head": proof.head,
        "segments": proof.segments,
        "missing_objects": proof.missing_objects,
        "fault": _fault(proof),
    }
    call.answer("verify", document, lambda screen: _verify_lines(screen, proof, only_head=head))
    return 0 if proof.ok else CORRUPT


def _expected(text: str) -> Expected:
    """A head as ``--head`` prints it (sequence and hash), or the hash alone. Raises ``Usage``."""
    *number, digest = text.replace(":", " ").split() or [""]
    seq = number[0] if number else None
    whole = len(digest) == _HASH and not set(digest) - set("0123456789abcdef")
    if not whole or len(number) > 1 or (seq is not None and not seq.isdecimal()):
        raise Usage(
            f"`{one_line(text)[:80]}` is no head.",
            hint='taskboard verify --since "$(cat head.txt)", where `taskboard verify --head` '
            "wrote head.txt",
        )
    return Expected(digest, int(seq) if seq is not None else None)


def config(ctx: typer.Context) -> None:
    """Every setting with its value, where it was set, and in which of the five places. Where a
    mistake keeps them from counting: what each may be."""
    call = Call.of(ctx)
    try:
        sources = call.open(writable=False).configured.sources
    except BadSettings:
        if not call.json:
            screen = Screen()
            screen.say(_known_settings(screen))
        raise
    document = {
        "settings": [
            {"name": s.name, "value": s.value, "source": s.source, "where": s.where or None}
            for s in sources
        ]
    }
    call.answer("config", document, lambda screen: _config_lines(screen, sources))


async def _require_board(app: App) -> None:
    board = app.workspace.board
    if app.ctx.files.stat(board) is not None:
        return
    near = near_misses(board.parent)
    lost = lost_board(app.ctx, await app.ctx.ledger.look())
    if lost is not None:
        raise NotFound(
            lost.message, hint=lost.hint, code="no_workspace", data={"near": near, **lost.data}
        )
    raise NotFound(
        f"There is no board {board}.",
        hint=f"{', '.join(near)} looks like one: rename it." if near else "taskboard init",
        code="no_workspace",
        data={"near": near},
    )


def _check_lines(
    screen: Screen, found: list[dict[str, Any]], seen: Look, file: str
) -> Iterator[str]:
    for d in found:
        code = screen.paint(d["code"], d["severity"])
        yield f"{d['file']}:{d['line']}: {code} {one_line(d['message'])}"
        if d["hint"]:
            yield screen.paint(f"    {one_line(d['hint'])}", "dim")
    board = seen.sight.board
    if board is not None and not board.items and not board.inbox:
        from taskboard.cli.import_ import other_shape

        shape = other_shape(board.data)
        if shape:
            yield f"The board holds no task, but what looks like some ({shape})."
            named = shlex.quote(one_line(file))
            yield f"    taskboard import {named}   prints a board made of them"
            return
    if not found:
        yield "Nothing is wrong with the board."


def _fault(proof: Verified) -> Mapping[str, Any] | None:
    import msgspec

    return msgspec.structs.asdict(proof.fault) if proof.fault is not None else None


def _verify_lines(screen: Screen, proof: Verified, *, only_head: bool) -> Iterator[str]:
    if only_head and proof.ok:
        yield f"{proof.seq} {proof.head}"
        return
    if proof.ok:
        yield f"{screen.paint('The ledger is whole', 'done')}: {proof.events} events."
        yield f"Head: {proof.seq} {proof.head}"
        return
    yield screen.paint("The ledger is not whole.", "failed")
    if proof.fault is not None:
        f = proof.fault
        yield f"  {f.file}, line {f.line}, byte {f.byte}, event {f.seq}: {one_line(f.reason)}"
    for digest in proof.missing_objects:
        yield f"  missing or damaged: .taskboard/objects/{digest}"
    yield f"  {proof.events} events before it are good."


def _config_lines(screen: Screen, sources: tuple[Source, ...]) -> list[str]:
    rows = [[s.name, one_line(_value(s.value)), _where(s)] for s in sources]
    return screen.table(rows, flexible=2)


def _known_settings(screen: Screen) -> list[str]:
    """Every setting with its default and what it means: no file has to be read for that."""
    defaults = Settings()
    rows = [[s.name, _value(shown(s, getattr(defaults, s.name))), s.meaning] for s in SETTINGS]
    return screen.table(rows, flexible=2)


def _value(value: Any) -> str:
    if value is None or value in ("", []):
        return "-"
    return spell_value(value)


def _where(source: Source) -> str:
    return "" if source.source == "default" else f"{source.source}: {one_line(source.where)}"
