"""``status`` and ``list``: what goes on, and what there is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from taskboard.app import App
from taskboard.cli.call import Call
from taskboard.cli.holder import Holder, holder
from taskboard.cli.look import Look, look
from taskboard.cli.shapes import diagnosis_shape, file_name, inbox_shape, owner_of, task_shape
from taskboard.cli.text import Screen, one_line
from taskboard.core.board import InboxItem
from taskboard.core.state import CLOSED, Kind
from taskboard.core.task import Task
from taskboard.core.units import brief, read_time
from taskboard.errors import Usage
from taskboard.loop.inbox import boxes

_TIMED = frozenset({"until", "retry", "quota", "children", "task"})
"""Waiting that ends by itself."""
_AT_MOST = 10
"""Lines of one part of ``status``."""
_DEEPEST = 5
"""Levels by which ``list`` indents a title: headings have six."""
_COST = re.compile(rb'"cost_usd":([0-9][0-9.eE+-]*)')


def status(ctx: typer.Context) -> None:
    """What goes on now: the daemon, what runs, what waits for you, what is next, what is wrong."""
    call = Call.of(ctx)

    async def work(app: App) -> tuple[Look, Holder | None, float]:
        return await look(app), holder(app.ctx), _cost_today(app)

    seen, daemon, cost = call.run(work, writable=False)
    call.answer(
        "status",
        lambda: _status_shape(seen, daemon, cost),
        lambda screen: _status_lines(screen, seen, daemon, cost),
    )


def list_(
    ctx: typer.Context,
    next_: Annotated[
        bool, typer.Option("--next", help="Only what may run now, in the order it would.")
    ] = False,
    state: Annotated[
        str | None,
        typer.Option("--status", metavar="S", help="Only this kind (`blocked`) or exact state."),
    ] = None,
) -> None:
    """The tasks of the board, in its order."""
    call = Call.of(ctx)
    seen = call.run(look, writable=False)
    tasks = list(_chosen(seen, next_=next_, state=state))
    inbox = [] if next_ else _open_boxes(seen, state)
    call.answer(
        "list",
        lambda: _list_shape(seen, tasks, inbox),
        lambda screen: _list_lines(screen, seen, tasks, inbox, state),
    )


def _status_shape(seen: Look, daemon: Holder | None, cost: float) -> dict[str, Any]:
    return {
        "daemon": daemon.shape() if daemon else None,
        "held": seen.sight.held,
        "paused": seen.scene.paused is not None,
        "counts": _counts(seen),
        "running": [task_shape(seen, t) for t in _of(seen, Kind.RUNNING)],
        "yours": [task_shape(seen, t) for t in _yours(seen)],
        "next": [task_shape(seen, t) for t in seen.next_up()],
        "cost_usd_today": cost,
    }


def _list_shape(seen: Look, tasks: list[Task], inbox: list[InboxItem]) -> dict[str, Any]:
    file = file_name(seen.ctx.workspace.board)
    return {
        "seq": seen.world.seq,
        "tasks": [
            *(task_shape(seen, t) for t in tasks),
            *(inbox_shape(seen, item) for item in inbox),
        ],
        "diagnoses": [diagnosis_shape(file, d) for d in seen.diagnoses],
    }


def _chosen(seen: Look, *, next_: bool, state: str | None) -> Iterator[Task]:
    tasks = seen.next_up() if next_ else seen.in_order()
    wanted = state.strip().casefold() if state else None
    if wanted and ":" not in wanted and wanted not in set(Kind):
        raise Usage(
            f"{state} is no state.",
            hint=f"One of {', '.join(Kind)}, or a whole state.",
        )
    for task in tasks:
        if wanted is None:
            if task.kind is not Kind.WITHDRAWN and not task.hidden:
                yield task
        elif wanted in (task.kind.value, task.status.text.casefold()):
            yield task


def _open_boxes(seen: Look, state: str | None) -> list[InboxItem]:
    """What stands in the inbox and is no task yet."""
    board = seen.sight.board
    if board is None or seen.sight.held or (state or "open").strip().casefold() != "open":
        return []
    return [box.item for box in boxes(board, seen.world) if box.task is None]


def _of(seen: Look, kind: Kind) -> list[Task]:
    return [t for t in seen.in_order() if t.kind is kind and not t.hidden]


def _yours(seen: Look) -> list[Task]:
    """What waits for a person, and that person is this user: named in the state, or the owner."""
    me = seen.ctx.owner.casefold()
    return [
        t
        for t in seen.in_order()
        if not t.hidden
        and me in (t.status.who.casefold(), owner_of(seen.ctx, t).casefold())
        and (_is_asked(t) or (not t.approved and t.kind not in CLOSED))
    ]


def _asks(task: Task) -> str:
    return task.status.text if task.approved else f"{task.status.text}, to be approved"


def _is_asked(task: Task) -> bool:
    return task.kind is Kind.BLOCKED and task.status.who not in _TIMED


def _counts(seen: Look) -> dict[str, int]:
    found = Counter(t.kind.value for t in seen.world.tasks.values() if not t.hidden)
    return {kind.value: found[kind.value] for kind in Kind}


def _cost_today(app: App) -> float:
    """What today's events (UTC) say they cost. Read from the lines as they stand: of a long
    ledger only those that carry a cost are looked at."""
    try:
        data = app.ctx.files.read(app.workspace.root / app.settings.ledger)
    except OSError:
        return 0.0
    today = app.ctx.clock.now().strftime('"ts":"%Y-%m-%dT').encode()
    cost = 0.0
    for found in _COST.finditer(data):
        start = data.rfind(b"\n", 0, found.start()) + 1
        if data.find(today, start, found.start()) >= 0:
            cost += float(found[1])
    return round(cost, 6)


# For people


def _status_lines(screen: Screen, seen: Look, daemon: Holder | None, cost: float) -> Iterator[str]:
    yield from _head(screen, seen, daemon)
    running = [[t.task, one_line(t.title), _since(seen, t)] for t in _of(seen, Kind.RUNNING)]
    yield from _part(screen, "Running", running, "running")
    yours = [[t.task, one_line(t.title), _asks(t)] for t in _yours(seen)]
    yield from _part(screen, "Waits for you", yours, "blocked")
    ahead = [[t.task, one_line(t.title), _will(t)] for t in seen.next_up()]
    yield from _part(screen, "Next", ahead, "dim")
    yield from _part(screen, "Trouble", list(_trouble(seen)), "failed")
    if cost:
        yield f"\nCost today: ${cost:.2f}"


def _head(screen: Screen, seen: Look, daemon: Holder | None) -> Iterator[str]:
    counts = [(n, kind) for kind, n in _counts(seen).items() if n and kind != "withdrawn"]
    told = ", ".join(screen.paint(f"{n} {kind}", kind) for n, kind in counts)
    yield f"{screen.paint(file_name(seen.ctx.workspace.board), 'bold')}  {told or 'no tasks yet'}"
    if daemon is None:
        yield "No daemon works here. `taskboard run` starts one."
    else:
        since = read_time(daemon.since)
        now = seen.ctx.clock.now()
        age = f" for {brief((now - since).total_seconds())}" if since else ""
        yield f"A daemon works here{age} (process {daemon.who.pid})."
    if seen.sight.held:
        yield screen.paint(f"Held: {seen.sight.held} Nothing new starts.", "warning")
    if seen.scene.paused:
        yield screen.paint(f"Paused: {seen.scene.paused}", "warning")
    if seen.scene.untrusted:
        yield screen.paint(f"Untrusted: {one_line(seen.scene.untrusted.text)}", "warning")
        yield "  `taskboard trust` shows what would run here, and allows it."
    if seen.glance.pending:
        names = ", ".join(sorted(seen.glance.pending)[:5])
        more = "" if len(seen.glance.pending) <= 5 else " ..."
        yield f"Not absorbed yet: {names}{more}"


def _part(screen: Screen, title: str, rows: list[list[str]], colour: str) -> Iterator[str]:
    if not rows:
        return
    yield f"\n{screen.paint(title, 'bold')}"
    shown = rows[:_AT_MOST]
    yield from screen.table(
        shown, [colour] * len(shown), indent="  ", flexible=1, paint=len(rows[0]) - 1
    )
    if len(rows) > _AT_MOST:
        yield f"  and {len(rows) - _AT_MOST} more: taskboard list"


def _since(seen: Look, task: Task) -> str:
    """Who runs it, and for how long."""
    if task.run is None:
        return task.status.text
    started = read_time(task.run.started)
    age = (seen.ctx.clock.now() - started).total_seconds() if started else 0.0
    return f"{task.run.agent} as {task.task}@{task.run.attempt}, {brief(max(age, 0.0))}"


def _will(task: Task) -> str:
    return one_line(task.fields.get("priority", ""))


def _trouble(seen: Look) -> Iterator[list[str]]:
    for task in _of(seen, Kind.FAILED):
        if task.status.text != "failed:cancelled":
            yield [task.task, one_line(task.title), task.status.text]
    file = file_name(seen.ctx.workspace.board)
    for found in seen.diagnoses:
        if found.severity == "error":
            yield [found.task or "", one_line(found.message), f"{found.code} {file}:{found.line}"]


def _list_lines(
    screen: Screen, seen: Look, tasks: list[Task], inbox: list[InboxItem], state: str | None
) -> Iterator[str]:
    if not tasks and not inbox:
        yield _nothing(seen, state)
        return
    rows, colours = [], []
    for task in tasks:
        title = "  " * _depth(seen, task) + one_line(task.title)
        rows.append([task.task, task.status.text, title, _remark(seen, task)])
        colours.append(task.kind.value)
    for item in inbox:
        rows.append(["Inbox", "open", one_line(item.text), f"ready --line {item.line}"])
        colours.append("open")
    yield from screen.table(rows, colours, flexible=2, paint=1)
    grave = sum(1 for d in seen.diagnoses if d.severity == "error")
    if grave:
        yield f"\n{grave} {'error' if grave == 1 else 'errors'} on the board: taskboard check"


def _depth(seen: Look, task: Task) -> int:
    """How many parents stand above it; a chain that a broken ledger closes ends somewhere."""
    depth = 0
    above = seen.world.tasks.get(task.parent or "")
    while above is not None and depth < _DEEPEST:
        depth += 1
        above = seen.world.tasks.get(above.parent or "")
    return depth


def _nothing(seen: Look, state: str | None) -> str:
    if state:
        return f"No task is {one_line(state)}."
    if seen.world.tasks:
        return "Nothing may run now. `taskboard why ID` says what a task waits for."
    return "No tasks yet. `taskboard add TITLE` makes one; so does a heading with a status."


def _remark(seen: Look, task: Task) -> str:
    """The one thing worth knowing that the state does not say."""
    if task.task in seen.glance.pending:
        return "pending"
    if task.kind is Kind.DONE:
        return _proof(task)
    if task.kind is Kind.READY:
        why = seen.why(task)
        return f"waits: {why.rule.replace('_', ' ')}" if why else "may run"
    if task.kind is Kind.FAILED and task.spent:
        return f"{task.spent} spent"
    return ""


def _proof(task: Task) -> str:
    if task.tier is None:
        return ""
    return f"verified by {task.tier}" if task.verified else f"on the word of {task.tier}"
