"""``init`` and ``trust``: a workspace begins, and its user allows it to run commands."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from taskboard.app import App
from taskboard.cli.call import Call
from taskboard.cli.hold import lost_board
from taskboard.cli.look import Look, look
from taskboard.cli.text import Screen, file_name, one_line
from taskboard.cli.turn import turn
from taskboard.config import Source, load
from taskboard.core.setting_kinds import spell_value
from taskboard.core.state import TERMINAL
from taskboard.errors import BoardHeld, Usage
from taskboard.log import log
from taskboard.ownership import require_own
from taskboard.workspace import BOARD, Workspace, near_misses

if TYPE_CHECKING:
    import typer

EXAMPLE = """\
# Task board

- A heading with an id and a status is a task; the status `ready` lets it run.
- `run:` is a shell command. Without one an agent takes the text as its prompt, if one is
  installed; or anybody with `taskboard claim ID --agent NAME`.
- `done` is written here when the work is proven. Everything else on this board is yours.

## TASK-001 Say hello
- status: ready
- run: echo "Hello from $TASKBOARD_RUN" > hello.txt
- artifacts: hello.txt

The file named under `artifacts` is the proof that this was done.
"""

AGENTS_MD = """\
## Work comes from task-board.md

Tasks stand in `task-board.md`, run by `taskboard`. Act on them by command and do not edit the
board: a person may be typing in it.

- Take one: `taskboard claim --next --agent NAME --json` (exit 66: there is none now). Keep the
  `label` it prints, such as `TASK-015@3`; `taskboard show TASK-015` is the whole text.
- Keep it while you work: `taskboard heartbeat TASK-015@3` every five minutes.
- Prove it: `taskboard complete TASK-015@3 --artifact PATH` (or `--commit`, `--url`, `--output`).
  Exit 3 means that the evidence did not do; the message says what is missing. Done is what the
  command accepts, not what you believe.
- Or say why not: `taskboard fail TASK-015@3 --reason TEXT`; `taskboard release TASK-015@3` hands
  it back unspent.
- New work: `taskboard add TITLE --status todo --body TEXT`. You wait for a person:
  `taskboard block TASK-015 ada which-colour`, which ends your run.
- Never change `events.jsonl`, `.taskboard/` or `deadletter/`.
"""
"""What other agents should know, for a project's AGENTS.md."""

_IGNORED = ("events.jsonl", ".taskboard/")
_PROGRAMS = frozenset({"notify", "env", "ledger", "executor", "decider"})
"""Settings that start programs or choose what is handed to them."""


def init(
    ctx: typer.Context,
    path: Annotated[
        Path | None, typer.Argument(metavar="[PATH]", help="A folder; the present one if none.")
    ] = None,
    agents_md: Annotated[
        bool,
        typer.Option("--agents-md", help="Only print a paragraph for AGENTS.md; make nothing."),
    ] = False,
) -> None:
    """Start a workspace: a small board, a ledger, and lines in .gitignore. A board that is there
    already is kept as it is."""
    call = Call.of(ctx)
    if agents_md:
        call.answer("init", {"agents_md": AGENTS_MD}, lambda _screen: AGENTS_MD.splitlines())
        return
    space = _new_workspace(call, path)
    found = _Found.at(space)
    if not found.board:
        _require_no_lost_board(call, space)
    try:
        space.root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Usage(
            f"The folder {space.root} cannot be made: {error.strerror}.",
            hint="Name a folder that is there, or one in a place that you may write to.",
        ) from error
    require_own(space)
    if not found.board:
        with space.board.open("x", encoding="utf-8") as board:
            board.write(EXAMPLE)
    call.board = space.board

    async def work(app: App) -> dict[str, Any]:
        await turn(app, _nothing)
        world = await app.ctx.ledger.look()
        if found.nothing:
            app.trust.record(app.workspace, world.ledger_id, app.ctx.clock.now())
        return {
            "board": os.fspath(space.board),
            "created": not found.board,
            "ledger_id": world.ledger_id,
            "trusted": app.ctx.untrusted() is None,
            "ignored": _ignore(space.root / ".gitignore"),
            "tasks": len(world.tasks),
        }

    document = call.run(work)
    call.answer("init", document, lambda screen: _init_lines(screen, space, document))


def _require_no_lost_board(call: Call, space: Workspace) -> None:
    """Raise ``BoardHeld`` where a ledger has tasks and only the board is missing: a new board
    would withdraw them all."""
    if os.path.lexists(space.ledger):
        space.state.mkdir(exist_ok=True)  # a ledger by itself makes no workspace
    elif not (space.state.is_dir() or space.settings.is_file()):
        return
    reader = Call(board=space.board, json=call.json)

    async def work(app: App) -> BoardHeld | None:
        return lost_board(app.ctx, await app.ctx.ledger.look())

    lost = reader.read(work)
    if lost is not None:
        raise lost


async def _nothing() -> None:
    """The turn itself is what is wanted."""


class _Found:
    """What was there before. Only what ``init`` makes itself is trusted by it."""

    def __init__(self, board: bool, other: bool) -> None:
        self.board = board
        self.nothing = not board and not other

    @classmethod
    def at(cls, space: Workspace) -> _Found:
        """Look at a folder that may not be there."""
        other = (space.settings, space.ledger, space.state)
        return cls(os.path.lexists(space.board), any(os.path.lexists(p) for p in other))


def _new_workspace(call: Call, path: Path | None) -> Workspace:
    if path is not None and call.board is not None:
        raise Usage("Name one place: a path or --board.", hint="taskboard init PATH")
    named = path or call.board or Path()
    here = call.here()
    place = Path(os.path.abspath(here / named.expanduser()))  # noqa: PTH100  a linked board
    board = place if place.suffix == ".md" and not place.is_dir() else place / BOARD
    if board.name != BOARD and os.path.lexists(board.with_name(BOARD)):
        raise Usage(
            f"{board.parent} has a board already, {BOARD}: one folder holds one board.",
            hint=f"Start {board.name} in a folder of its own.",
        )
    if place.is_file() and place.suffix != ".md":
        raise Usage(f"{place} is a file.", hint="Name a folder, or a board that ends in .md.")
    return Workspace(board)


def _ignore(path: Path) -> list[str]:
    """Add what is missing to .gitignore; the lines that were added. Git takes no link for one, and
    what a link leads to is not ours to write."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        file = os.open(path, flags, 0o666)
    except OSError as error:
        return _not_ignored(path, error.strerror or "it cannot be opened")
    with os.fdopen(file, "r+b", buffering=0) as lines:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            return _not_ignored(path, "it is no regular file")
        text = lines.read() or b""
        have = {line.strip().strip(b"/") for line in text.splitlines()}
        missing = [line for line in _IGNORED if line.strip("/").encode() not in have]
        gap = b"\n" if text and not text.endswith(b"\n") else b""
        if missing:
            lines.write(gap + "".join(f"{line}\n" for line in missing).encode())
    return missing


def _not_ignored(path: Path, why: str) -> list[str]:
    told = ", ".join(_IGNORED)
    log.warning("%s was left as it is: %s. Have git ignore %s.", path, why, told)
    return []


def _init_lines(screen: Screen, space: Workspace, document: Mapping[str, Any]) -> Iterator[str]:
    board = file_name(space.board)
    if document["created"]:
        named = screen.paint(board, "bold")
        yield f"Made {named} with one example task. Three of its lines matter:"
        yield "  ## TASK-001 Say hello    a heading that begins with an id is a task"
        yield "  - status: ready          this word alone lets it run; here `done` will stand"
        yield "  - run: echo ...          what runs; without it an agent is given the text below"
    else:
        yield f"Kept {screen.paint(board, 'bold')} as it is; it has {_tasks(document)}."
    near = near_misses(space.root) if document["created"] else []
    if near:
        yield f"  {', '.join(near)} looks like a board too; only {space.board.name} is read."
    yield "Next:"
    if not document["trusted"]:
        yield "  taskboard trust     shows what would run here, and allows it"
    yield "  taskboard once      runs what is ready, to the end"
    yield "  taskboard run       keeps working while you edit the board"
    yield "  taskboard status    tells how it stands"


def _tasks(document: Mapping[str, Any]) -> str:
    return "1 task" if document["tasks"] == 1 else f"{document['tasks']} tasks"


def trust(ctx: typer.Context) -> None:
    """Show every command that this workspace would run, and record that you allow it. Trust
    ends when taskboard.toml changes."""
    call = Call.of(ctx)

    async def work(app: App) -> tuple[Look, list[Source]]:
        require_own(app.workspace)
        seen = await look(app)
        app.trust.record(app.workspace, seen.world.ledger_id, app.ctx.clock.now())
        return seen, _programs(app)

    seen, programs = call.read(work)
    document = {
        "path": os.fspath(seen.ctx.workspace.root),
        "ledger_id": seen.world.ledger_id,
        "tasks": [
            {
                "task": t.task,
                "state": t.status.text,
                "run": t.fields.get("run"),
                "verify": t.fields.get("verify"),
                "agent": t.fields.get("agent"),
            }
            for t in _runnable(seen)
        ],
        "settings": [{"name": s.name, "value": s.value, "where": s.where} for s in programs],
        "trusted": True,
    }
    call.answer("trust", document, lambda screen: _trust_lines(screen, document))


def _runnable(seen: Look) -> list[Any]:
    """The tasks that would start something: now, or once they are ready."""
    named = ("run", "verify", "agent")
    return [
        t
        for t in seen.in_order()
        if t.kind not in TERMINAL and any(t.fields.get(key) for key in named)
    ]


def _programs(app: App) -> list[Source]:
    """The workspace's own settings that start programs, as they count once it is trusted."""
    whole = load(app.workspace, os.environ, trusted=True)
    return [
        source
        for source in whole.sources
        if source.source == "workspace" and (source.name in _PROGRAMS or "." in source.name)
    ]


def _trust_lines(screen: Screen, document: Mapping[str, Any]) -> Iterator[str]:
    tasks, programs = document["tasks"], document["settings"]
    if tasks:
        yield screen.paint("Its tasks would run:", "bold")
    for task in tasks:
        for key in ("run", "verify", "agent"):
            if task[key]:
                yield f"  {one_line(task['task']):<9} {key + ':':<8} {one_line(task[key])}"
    if programs:
        yield screen.paint("Its settings name:", "bold")
    for setting in programs:
        yield f"  {one_line(setting['name'])} = {one_line(spell_value(setting['value']))}"
    if not tasks and not programs:
        yield "Nothing here would start a program yet."
    yield f"Trusted: {one_line(document['path'])}, until taskboard.toml changes."
