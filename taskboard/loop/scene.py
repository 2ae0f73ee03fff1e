"""The scene that readiness is judged in: the ledger, the board and the world's edges, now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from taskboard.core.board import Board, Diagnosis
from taskboard.core.codes import finding
from taskboard.core.diagnose import diagnose
from taskboard.core.identity import doubled_ids, name_items, reused_ids
from taskboard.core.scene import Scene, Why
from taskboard.core.spending import Limit, smallest
from taskboard.core.state import UNKNOWN, Kind, Status
from taskboard.core.task import World, is_in_slot
from taskboard.core.units import stamp
from taskboard.loop.choice import SHELL, Choice, First, Usable
from taskboard.loop.context import Context, Memory, Sight
from taskboard.loop.evidence import paths_of

CYCLE = "TB201"
"""The diagnosis of tasks that wait for each other."""

OUTSIDE = "TB121"
"""The diagnosis of projects outside the workspace."""


def set_scene(
    ctx: Context,
    memory: Memory,
    world: World,
    found: Sequence[Diagnosis] | None = None,
    choice: Choice | None = None,
) -> Scene:
    """Everything readiness depends on, at this moment. ``found`` are the board's diagnoses and
    ``choice`` the executors as they are, where the caller has them already."""
    sight = memory.sight
    board = sight.board
    names = name_items(board, world) if board is not None else {}
    by_name = {names[i]: i for i in reversed(range(len(names)))}
    found = diagnoses(ctx, sight, world) if found is None else found
    broken = {
        d.task: f"{d.code} {d.message}"
        for d in reversed(found)
        if d.task and d.severity == "error" and d.code != CYCLE
    }
    choice = Choice.of(ctx, memory) if choice is None else choice
    choices = Usable(choice, world.tasks)
    executors = First(choices)
    return Scene(
        world=world,
        now=ctx.clock.now(),
        settle=ctx.settings.settle,
        untrusted=_untrusted(ctx),
        held=sight.held,
        paused=_paused(world, board),
        words=_words(board, world, names),
        places=_places(world, by_name),
        broken=broken,
        doubled=world.tangled | (_doubled(board, world) if board is not None else frozenset()),
        cyclic={d.task: d.message for d in found if d.task and d.code == CYCLE},
        missing=_missing(ctx, world),
        executors=executors,
        choices=choices,
        spent=_spent(ctx, world, executors),
        texts=_texts(board, world, names),
        diagnoses=tuple(f"{d.task}: {d.code} {d.message}" for d in found if d.task),
        slots=ctx.settings.slots - _taken(memory, world),
    )


def _taken(memory: Memory, world: World) -> int:
    """Runs that go on on this board, whoever supervises them, and those that are just ending."""
    going = {t.run.run for t in world.open_tasks() if t.run is not None and is_in_slot(t)}
    return len(going | memory.active.keys())


def diagnoses(ctx: Context, sight: Sight, world: World) -> tuple[Diagnosis, ...]:
    """Every diagnosis of the board as last read."""
    if sight.board is None:
        return ()
    known: dict[str, Status] = {t.task: t.status for t in world.tasks.values()}
    present = {name: world.tasks[task_id].task for name, task_id in world.names.items()}
    renamed = {name: task for name, task in present.items() if task != name}
    read = diagnose(
        sight.board, now=ctx.clock.now(), known=known, roots=ctx.settings.roots, renamed=renamed
    )
    outside = frozenset(d.task for d in read if d.code == OUTSIDE)
    return (*_placed(ctx, sight.board, world, outside), *read)


def _placed(
    ctx: Context, board: Board, world: World, outside: frozenset[str | None]
) -> Iterator[Diagnosis]:
    """What only the ledger and the disk can tell: texts under another task's id, and projects
    that a link leads out of the workspace (but for tasks whose project is spelled ``outside``)."""
    for name in ctx.files.names(ctx.workspace.conflicts):
        said = f"Another version of the board lies in .taskboard/conflicts/{name}."
        yield finding("TB310", said, line=1)
    reused, aliases = reused_ids(board, world), doubled_ids(board, world) - world.tangled
    for item in board.items:
        if item.task in reused:
            said = f"{item.task} was the id of another task, which has left the board."
            yield finding("TB110", said, line=item.line, task=item.task)
        known = world.named(item.task) if item.task in aliases else None
        if known is not None and known.task != item.task:
            said = f"{item.task} is called {known.task} now, and that stands here too."
            yield finding("TB111", said, line=item.line, task=known.task)
        if item.task in world.tangled:
            said = f"{item.task} stands over the text of another task; nothing is read from it."
            hint = "Put the two ids back, each over its own text."
            yield finding("TB110", said, line=item.line, task=item.task, hint=hint)
        if not item.task or item.task in outside or "project" not in item.values():
            continue
        if not _is_inside(ctx, item.values()):
            said = "The project lies outside the workspace and its roots."
            yield finding(OUTSIDE, said, line=item.line, task=item.task)


def _doubled(board: Board, world: World) -> frozenset[str]:
    """Doubled ids, each with the id that its task has now."""
    names = doubled_ids(board, world)
    return names | {task.task for name in names if (task := world.named(name)) is not None}


def _is_inside(ctx: Context, fields: Mapping[str, str]) -> bool:
    files, space = ctx.files, ctx.workspace
    folder = files.resolve(ctx.project(fields))
    homes = [files.resolve(space.root), *(files.resolve(Path(r)) for r in ctx.settings.roots)]
    within = any(folder.is_relative_to(home) for home in homes)
    return within and not folder.is_relative_to(files.resolve(space.state))


def _spent(ctx: Context, world: World, executors: Mapping[str, str | None]) -> dict[str, Limit]:
    """Limits that are reached, by the ids of ready tasks that only an agent can run."""
    if not (ctx.settings.budget_usd_day is not None or ctx.settings.origins or world.costs):
        return {}
    day = stamp(ctx.clock.now())[:10]
    found = {}
    for task in world.open_tasks():
        if task.kind is Kind.READY and executors.get(task.task_id) not in (None, SHELL):
            limit = smallest(task, world, ctx.settings, day)
            if limit is not None and limit.left <= 0:
                found[task.task_id] = limit
    return found


def _texts(board: Board | None, world: World, names: Mapping[int, str]) -> dict[str, str]:
    """The sections of ready tasks, for the decision layer."""
    found: dict[str, str] = {}
    if board is None:
        return found
    for index, item in enumerate(board.items):
        task_id = world.names.get(names[index], "")
        if task_id not in world.unclosed or world.tasks[task_id].kind is not Kind.READY:
            continue
        pieces = (board.data[piece.start : piece.end] for piece in item.pieces)
        found[task_id] = b"".join(pieces).decode("utf-8", "replace")
    return found


def _missing(ctx: Context, world: World) -> dict[str, tuple[str, ...]]:
    found = {}
    for task in world.open_tasks():
        if task.kind is not Kind.READY or "inputs" not in task.fields:
            continue
        folder = ctx.project(task.fields)
        paths = paths_of(task.fields, "inputs")
        gone = tuple(p for p in paths if ctx.files.stat(folder / p) is None)
        if gone:
            found[task.task_id] = gone
    return found


def awaited(ctx: Context, scene: Scene) -> tuple[Path, ...]:
    """Where the inputs would lie that ready tasks lack."""
    tasks = scene.world.tasks
    return tuple(
        ctx.project(tasks[task_id].fields) / path
        for task_id, paths in scene.missing.items()
        for path in paths
    )


def _words(board: Board | None, world: World, names: Mapping[int, str]) -> dict[str, Status]:
    found = {}
    for index, item in enumerate(board.items if board is not None else ()):
        task_id = world.names.get(names[index])
        if task_id is not None:
            found[task_id] = item.status
    for name in board.ids if board is not None else ():
        task_id = world.names.get(name)  # a heading whose status line is gone asks for nothing
        if task_id is not None:
            found.setdefault(task_id, UNKNOWN)
    return found


def _places(world: World, by_name: Mapping[str, int]) -> dict[str, int]:
    return {t.task_id: by_name[t.task] for t in world.tasks.values() if t.task in by_name}


def _untrusted(ctx: Context) -> Why | None:
    reason = ctx.untrusted()
    if reason is None:
        return None
    return Why(rule="untrusted", text=reason.message, clear=tuple(reason.hint.splitlines()))


def _paused(world: World, board: Board | None) -> Why | None:
    if world.paused:
        return Why(rule="paused", text="Paused by command.", clear=("taskboard resume",))
    if board is not None and board.paused:
        return Why(
            rule="paused",
            text="`pause: all` stands under the board's title.",
            clear=("remove the line `pause: all`",),
        )
    return None
