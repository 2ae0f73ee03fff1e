"""``list``: what there is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from taskboard.cli.call import Call
from taskboard.cli.look import Look, look
from taskboard.cli.shapes import diagnosis_shape, inbox_shape, task_shape
from taskboard.cli.text import Screen, file_name, one_line
from taskboard.core.board import InboxItem
from taskboard.core.lines import proof_word
from taskboard.core.state import Kind
from taskboard.core.task import Task
from taskboard.errors import Usage
from taskboard.loop.boxes import boxes

if TYPE_CHECKING:
    import typer

_DEEPEST = 5
"""Levels by which ``list`` indents a title: headings have six."""


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
    seen = call.read(look)
    tasks = list(_chosen(seen, next_=next_, state=state))
    inbox = [] if next_ else _open_boxes(seen, state)
    call.answer(
        "list",
        lambda: _list_shape(seen, tasks, inbox),
        lambda screen: _list_lines(screen, seen, tasks, inbox, state),
    )


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


# For people


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
        return f"waits: {seen.word(task, why)}" if why else "may run"
    if task.kind is Kind.FAILED and task.spent:
        return f"{task.spent} spent"
    return ""


def _proof(task: Task) -> str:
    if task.tier is None:
        return ""
    return f"{proof_word(task.tier, verified=task.verified)} ({task.tier})"
