"""What a person can also type: ``add ready block cancel done answer pause resume``."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from taskboard.app import App
from taskboard.cli.call import Call
from taskboard.cli.look import Look
from taskboard.cli.shapes import change_shape
from taskboard.cli.text import Screen
from taskboard.cli.turn import actor, require_trust_to_verify, turn
from taskboard.core.task import Task
from taskboard.errors import Usage
from taskboard.log import log
from taskboard.loop import command, find, people
from taskboard.loop.inbox import promote

if TYPE_CHECKING:
    import typer

    from taskboard.cli.options import TaskId


def add(
    ctx: typer.Context,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What is to be done.")],
    *,
    run: Annotated[str | None, typer.Option(metavar="CMD", help="A shell command.")] = None,
    agent: Annotated[str | None, typer.Option(metavar="A", help="Who works on it.")] = None,
    needs: Annotated[
        str | None, typer.Option(metavar="IDS", help="What must be done before.")
    ] = None,
    status: Annotated[
        str, typer.Option(metavar="S", help="`todo` keeps it from running.")
    ] = "ready",
    verify: Annotated[
        str | None, typer.Option(metavar="CMD", help="Proves it with exit 0.")
    ] = None,
    artifacts: Annotated[str | None, typer.Option(metavar="PATHS", help="What it makes.")] = None,
    inputs: Annotated[
        str | None, typer.Option(metavar="PATHS", help="What must be there.")
    ] = None,
    measure: Annotated[str | None, typer.Option(metavar="T", help="What done means.")] = None,
    priority: Annotated[str | None, typer.Option(metavar="P", help="critical, high, low.")] = None,
    owner: Annotated[str | None, typer.Option(metavar="WHO", help="Whom it asks.")] = None,
    field: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="Any other field; repeatable.")
    ] = None,
    body: Annotated[
        str, typer.Option(metavar="T", help="The prompt; `-` reads it from standard input.")
    ] = "",
) -> None:
    """Add a task at the end of the board and print its id."""
    call = Call.of(ctx)
    named = {
        "run": run,
        "agent": agent,
        "inputs": inputs,
        "measure": measure,
        "verify": verify,
        "artifacts": artifacts,
        "needs": needs,
        "owner": owner,
        "priority": priority,
    }
    fields = [(key, value) for key, value in named.items() if value] + _pairs(field or [])
    text = sys.stdin.read() if body == "-" else body

    task = call.run(lambda app: _add(app, title, status, fields, text))
    document = {"task": task.task, "task_id": task.task_id, "state": task.status.text}
    call.answer("add", document, lambda _screen: [task.task])


async def _add(
    app: App, title: str, status: str, fields: list[tuple[str, str]], text: str
) -> Task:
    async def act() -> Task:
        return await command.add(
            app.ctx, app.memory, title, status=status, fields=fields, body=text, actor=actor()
        )

    made = await turn(app, act, whole_board=True)
    return (await app.ctx.ledger.look()).tasks[made.task_id]


def ready(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[ID]", help="A task, like TASK-015.")] = "",
    *,
    line: Annotated[
        int | None,
        typer.Option(metavar="N", help="Make a task of the Inbox's box on this line."),
    ] = None,
) -> None:
    """Let a task run: whatever it waited for, and also when it has failed."""
    if (line is None) == (not name):
        raise Usage("`ready` wants either an ID or --line N.", hint="taskboard ready TASK-015")
    if line is not None:
        _say(ctx, "ready", lambda app: promote(app.ctx, app.memory, line, actor()))
        return
    _change(
        ctx,
        "ready",
        name,
        lambda app, task: people.say_ready(app.ctx, task, actor()),
        whole_board=True,
    )


def block(
    ctx: typer.Context,
    name: TaskId,
    who: Annotated[str, typer.Argument(metavar="WHO", help="A person, `task` or `until`.")],
    what: Annotated[str, typer.Argument(metavar="WHAT", help="What from them: send-brief.")],
) -> None:
    """Hold a task until somebody or something is there. Over a running task it ends the run."""

    async def say(app: App, task: Task) -> None:
        await people.say_block(app.ctx, task, who, what, actor())
        if who == "task" and (await app.ctx.ledger.look()).named(what) is None:
            log.warning(
                "there is no task %s, so %s waits until somebody says `taskboard ready %s`",
                what,
                task.task,
                task.task,
            )

    _change(ctx, "block", name, say, whole_board=True)


def cancel(ctx: typer.Context, name: TaskId) -> None:
    """End a task for good, and its run if it has one. Receipts are kept."""
    _change(ctx, "cancel", name, lambda app, task: people.say_cancel(app.ctx, task, actor()))


def answer(
    ctx: typer.Context,
    name: TaskId,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What you say to its question.")],
) -> None:
    """Answer what a task asks; the next run is told. `taskboard ready ID` lets it go on."""
    _change(
        ctx,
        "answer",
        name,
        lambda app, task: people.say_answer(app.ctx, task, text, actor()),
        told=_answered,
    )


def _answered(screen: Screen, document: Mapping[str, Any]) -> Iterator[str]:
    """An answer lets nothing run by itself, so it says what does."""
    task, state = document["task"], document["state"]
    waits = state.startswith("blocked:")
    yield f"Answered {task}; it {'still ' if waits else ''}is {screen.state(state)}."
    if waits:
        yield f"  taskboard ready {task}   lets it go on"


def done(ctx: typer.Context, name: TaskId) -> None:
    """Say that a task is done: through the gate, as a person's word."""

    def fields(seen: Look) -> Mapping[str, str]:
        task = seen.task(name)
        board = seen.sight.board
        item = board.item(task.task) if board is not None else None
        return {**task.fields, **(item.values() if item is not None else {})}

    _change(
        ctx,
        "done",
        name,
        lambda app, task: people.say_done(app.ctx, task, actor()),
        declares=fields,
    )


def pause(ctx: typer.Context) -> None:
    """Start nothing new; what runs goes on."""
    _pause(ctx, "pause", paused=True)


def resume(ctx: typer.Context) -> None:
    """Start things again after `pause`."""
    _pause(ctx, "resume", paused=False)


def _pause(ctx: typer.Context, kind: str, *, paused: bool) -> None:
    call = Call.of(ctx)

    async def work(app: App) -> tuple[int, bool]:
        await turn(app, lambda: people.say_pause(app.ctx, actor(), paused=paused))
        board = app.memory.sight.board
        return (await app.ctx.ledger.look()).seq, board is not None and board.paused

    seq, typed = call.run(work)
    if paused:
        said = "Paused: nothing new starts until `taskboard resume`."
    elif typed:
        said = "Still paused: `pause: all` stands under the board's title. Remove that line."
    else:
        said = "Resumed."
    call.answer(kind, {"paused": paused or typed, "seq": seq}, lambda _screen: [said])


def _change(
    ctx: typer.Context,
    kind: str,
    name: str,
    say: Callable[[App, Task], Awaitable[Any]],
    *,
    whole_board: bool = False,
    declares: Callable[[Look], Mapping[str, str]] | None = None,
    told: Callable[[Screen, Mapping[str, Any]], Iterable[str]] | None = None,
) -> None:
    """Let ``say`` change the task called ``name``, and show how it stands then."""

    async def act(app: App) -> Task:
        task = await find.find_task(app.ctx, name)
        await say(app, task)
        return task

    _say(ctx, kind, act, whole_board=whole_board, declares=declares, told=told)


def _say(
    ctx: typer.Context,
    kind: str,
    act: Callable[[App], Awaitable[Task]],
    *,
    whole_board: bool = True,
    declares: Callable[[Look], Mapping[str, str]] | None = None,
    told: Callable[[Screen, Mapping[str, Any]], Iterable[str]] | None = None,
) -> None:
    """One turn around ``act``, which answers with the task it is about."""
    call = Call.of(ctx)

    async def work(app: App) -> dict[str, Any]:
        if declares is not None:
            await require_trust_to_verify(call, app, declares)
        before = await turn(app, lambda: act(app), whole_board=whole_board)
        world = await app.ctx.ledger.look()
        after = world.tasks[before.task_id]
        run = before.run or after.run
        return change_shape(world, after, run.run if run else None, after.attempt)

    document = call.run(work)
    call.answer(kind, document, lambda screen: (told or _now_is)(screen, document))


def _now_is(screen: Screen, document: Mapping[str, Any]) -> list[str]:
    return [f"{document['task']} is {screen.state(document['state'])}"]


def _pairs(texts: list[str]) -> list[tuple[str, str]]:
    pairs = []
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise Usage(f"`{text}` is no field.", hint="--field timeout=30m")
        pairs.append((key.strip(), value.strip()))
    return pairs
