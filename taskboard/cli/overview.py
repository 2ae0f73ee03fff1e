"""``status``: what goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from taskboard import __version__
from taskboard.app import App
from taskboard.cli.call import Call
from taskboard.cli.look import Look, look
from taskboard.cli.shapes import task_shape
from taskboard.cli.text import NARROW, Screen, clipped, file_name, one_line, width_of
from taskboard.cli.yours import asks, steps, yours, yours_shape
from taskboard.core.scene import Why
from taskboard.core.spending import spent_on
from taskboard.core.state import Kind
from taskboard.core.task import Task
from taskboard.core.units import brief, read_time, stamp
from taskboard.loop.holder import Holder, holder

if TYPE_CHECKING:
    import typer

_AT_MOST = 10
"""Tasks of one part of ``status``."""


def status(ctx: typer.Context) -> None:
    """What goes on now: the daemon, what runs, what waits for you, what is next, what is wrong."""
    call = Call.of(ctx)

    async def work(app: App) -> tuple[Look, Holder | None]:
        return await look(app), holder(app.ctx)

    seen, daemon = call.read(work)
    call.answer(
        "status",
        lambda: _status_shape(seen, daemon),
        lambda screen: _status_lines(screen, seen, daemon),
    )


def _status_shape(seen: Look, daemon: Holder | None) -> dict[str, Any]:
    return {
        "daemon": _daemon_shape(seen, daemon) if daemon else None,
        "held": seen.sight.held,
        "paused": seen.scene.paused is not None,
        "counts": _counts(seen),
        "running": [task_shape(seen, t) for t in _of(seen, Kind.RUNNING)],
        "yours": [yours_shape(seen, t) for t in yours(seen)],
        "next": [task_shape(seen, t) for t in seen.next_up()],
        "cost_usd_today": _cost_today(seen),
        "unpriced_tokens_today": _unpriced_today(seen),
    }


def _daemon_shape(seen: Look, daemon: Holder) -> dict[str, Any]:
    """Who works here, and the version it said it is; null when it did not say."""
    return {**daemon.shape(), "version": seen.world.daemon_version or None}


def _of(seen: Look, kind: Kind) -> list[Task]:
    return [t for t in seen.in_order() if t.kind is kind and not t.hidden]


def _for_agents(seen: Look) -> list[Task]:
    """Ready tasks that only lack somebody to run them: no executor here can."""
    found = ((t, seen.why(t)) for t in _of(seen, Kind.READY))
    return [t for t, why in found if why is not None and why.rule == "no_executor"]


def _claim(task: Task) -> str:
    return f"taskboard claim {task.task} --agent NAME"


def _counts(seen: Look) -> dict[str, int]:
    found = Counter(t.kind.value for t in seen.world.tasks.values() if not t.hidden)
    return {kind.value: found[kind.value] for kind in Kind}


def _cost_today(seen: Look) -> float | None:
    """What models have cost today (UTC), in US dollars, as far as prices are known; None when
    something was used and no price is."""
    paid = round(spent_on(seen.world, stamp(seen.ctx.clock.now())[:10]), 6)
    return None if not paid and _unpriced_today(seen) else paid


def _unpriced_today(seen: Look) -> int:
    """Tokens that were used today (UTC) and whose price is not known."""
    return seen.world.unpriced.get(stamp(seen.ctx.clock.now())[:10], 0)


# For people


def _status_lines(screen: Screen, seen: Look, daemon: Holder | None) -> Iterator[str]:
    yield from _head(screen, seen, daemon)
    running = [[t.task, one_line(t.title), _since(seen, t)] for t in _of(seen, Kind.RUNNING)]
    yield from _part(screen, "Running", running, "running")
    yield from _your_lines(screen, seen)
    ahead = [[t.task, one_line(t.title), _will(t)] for t in seen.next_up()]
    yield from _part(screen, "Next", ahead, "dim")
    yield from _agent_lines(screen, seen)
    yield from _part(screen, "Trouble", list(_trouble(seen)), "failed")
    yield from _money(seen)


def _money(seen: Look) -> Iterator[str]:
    cost, more = _cost_today(seen), _unpriced_today(seen)
    most = seen.ctx.settings.budget_usd_day
    if not cost and not more and most is None:
        return
    known = "unknown" if cost is None else f"${cost:.2f}"
    limit = f" of ${most:.2f}" if most is not None else ""
    unknown = f", and {more:,} tokens of models without a known price" if more else ""
    yield f"\nCost today: {known}{limit}{unknown}"


def _your_lines(screen: Screen, seen: Look) -> Iterator[str]:
    """Each with what it asks, and beneath it what answers that."""
    found = yours(seen)
    if not found:
        return
    yield f"\n{screen.paint('Waits for you', 'bold')}"
    rows = [[t.task, one_line(t.title), asks(t)] for t in found[:_AT_MOST]]
    wide = screen.wide or 0
    if wide:  # a question is worth as much room as a title
        rows = [[name, clipped(title, max(wide // 3, 12)), said] for name, title, said in rows]
    colours = ["blocked"] * len(rows)
    table = screen.table(rows, colours, indent="  ", flexible=2, paint=2, fits=True)
    for task, line in zip(found, table, strict=False):
        yield line
        yield from _commands(screen, steps(seen, task))
    if len(found) > _AT_MOST:
        yield f"  and {len(found) - _AT_MOST} more: taskboard list --status blocked"


def _commands(screen: Screen, found: list[str]) -> Iterator[str]:
    """Commands to be copied: beside one another, or where the window is too narrow for that each
    on a line of its own; never cut."""
    line = f"    {'   '.join(found)}"
    whole = screen.wide is None or width_of(line) < screen.wide
    for one in [line] if whole else [f"    {command}" for command in found]:
        yield screen.paint(one, "dim")


def _agent_lines(screen: Screen, seen: Look) -> Iterator[str]:
    """What an agent could take, with the command that does; beneath it in a narrow window."""
    found = _for_agents(seen)
    if screen.wide is None or screen.wide >= NARROW:
        rows = [[t.task, one_line(t.title), _claim(t)] for t in found]
        yield from _part(screen, "Waits for an agent", rows, "ready")
        return
    lines = list(
        _part(screen, "Waits for an agent", [[t.task, one_line(t.title)] for t in found], "")
    )
    for number, line in enumerate(lines):
        yield line
        if 0 < number <= len(found[:_AT_MOST]):
            yield from _commands(screen, [_claim(found[number - 1])])


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
        other = seen.world.other_version(__version__)
        if other is not None:
            said = f"It is taskboard {one_line(other)}, and this is {__version__}."
            yield screen.paint(f"{said} Start it anew to have one version.", "warning")
    if seen.sight.held:
        text = f"Held: {one_line(seen.sight.held)} Nothing new starts."
        yield from _with_ways(screen, text, seen.ways_out)
    if seen.scene.paused:
        yield from _with_ways(screen, _paused(seen.scene.paused), seen.scene.paused.clear)
    if seen.scene.untrusted:
        yield screen.paint(f"Untrusted: {one_line(seen.scene.untrusted.text)}", "warning")
        yield "  `taskboard trust` shows what would run here, and allows it."
    if seen.glance.pending:
        names = ", ".join(sorted(seen.glance.pending)[:5])
        more = "" if len(seen.glance.pending) <= 5 else " ..."
        yield f"Pending, for the next turn to take in: {names}{more}"


def _with_ways(screen: Screen, text: str, ways: Iterable[str]) -> Iterator[str]:
    """What holds everything up, and what ends that."""
    yield screen.paint(text, "warning")
    for step in ways:
        yield f"  clears it: {one_line(step)}"


def _paused(why: Why) -> str:
    text = one_line(why.text)
    return text if text.startswith("Paused") else f"Paused: {text}"


def _part(screen: Screen, title: str, rows: list[list[str]], colour: str) -> Iterator[str]:
    if not rows:
        return
    yield f"\n{screen.paint(title, 'bold')}"
    shown = rows[:_AT_MOST]
    yield from screen.table(
        shown, [colour] * len(shown), indent="  ", flexible=1, paint=len(rows[0]) - 1, fits=True
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
