"""The same gate for agents outside the daemon: ``claim heartbeat complete fail release``."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from taskboard.app import App
from taskboard.cli.call import Call
from taskboard.cli.look import Look
from taskboard.cli.shapes import change_shape
from taskboard.cli.text import one_line
from taskboard.cli.turn import actor, require_agent, require_trust_to_verify, turn
from taskboard.core.gate import Verdict
from taskboard.core.lines import proof_word
from taskboard.core.task import Task
from taskboard.errors import Usage
from taskboard.ledger import Lease
from taskboard.loop import agents, find
from taskboard.loop.agents import Evidence
from taskboard.loop.record import require_trust

if TYPE_CHECKING:
    import typer

    from taskboard.cli.options import RunName


def claim(
    ctx: typer.Context,
    agent: Annotated[str, typer.Option(metavar="A", help="Who claims it.")],
    name: Annotated[str | None, typer.Argument(metavar="[ID]", help="A task.")] = None,
    next_: Annotated[bool, typer.Option("--next", help="Whichever is first.")] = False,
) -> None:
    """Take a task to work on. Keep it with `heartbeat`, end it with `complete` or `fail`."""
    if (name is None) != next_:
        raise Usage("Name one task, or say --next.", hint="taskboard claim --next --agent me")
    require_agent(agent)
    call = Call.of(ctx)

    async def work(app: App) -> tuple[Task, Lease]:
        require_trust(app.ctx)

        async def act() -> tuple[Task, Lease]:
            return await agents.take(app.ctx, app.memory, name, agent, agent)

        return await turn(app, act, whole_board=True)

    task, lease = call.run(work)
    document = {
        "task": task.task,
        "task_id": task.task_id,
        "run": lease.run,
        "attempt": lease.attempt,
        "label": lease.label,
        "state": task.status.text,
        "agent": lease.agent,
        "lease": {"ttl_s": lease.ttl_s, "expires": lease.expires},
    }
    call.answer(
        "claim",
        document,
        lambda screen: [
            f"{lease.label} is yours until {lease.expires}: {one_line(task.title)}",
            *screen.table(
                [
                    [f"taskboard show {task.task}", "what is to be done"],
                    [f"taskboard heartbeat {lease.label}", "keeps it"],
                    [f"taskboard complete {lease.label} --artifact PATH", "ends it"],
                ],
                indent="  ",
            ),
        ],
    )


def heartbeat(ctx: typer.Context, name: RunName) -> None:
    """Keep a claim for another `claim_ttl`. Leaves the board alone."""
    call = Call.of(ctx)

    async def work(app: App) -> tuple[dict[str, Any], str | None]:
        task, lease = await agents.beat(app.ctx, name)
        world = await app.ctx.ledger.look()
        return change_shape(world, task, lease.run, lease.attempt), lease.expires

    document, expires = call.run(work)
    label = f"{document['task']}@{document['attempt']}"
    call.answer("heartbeat", document, lambda _screen: [f"{label} is yours until {expires}"])


def complete(
    ctx: typer.Context,
    name: RunName,
    *,
    output: Annotated[
        str | None,
        typer.Option(metavar="T", help="What came out, in words; `-` reads standard input."),
    ] = None,
    commit: Annotated[
        str | None, typer.Option(metavar="H", help="A commit made for it; 7 digits at least.")
    ] = None,
    url: Annotated[
        str | None, typer.Option(metavar="U", help="A public https address; it is fetched.")
    ] = None,
    artifact: Annotated[
        list[str] | None, typer.Option(metavar="P", help="A file that was made; repeatable.")
    ] = None,
) -> None:
    """Finish a run. The gate judges the evidence; when it refuses, the run stays yours."""
    call = Call.of(ctx)
    words = sys.stdin.read() if output == "-" else output
    offered = Evidence(output=words, commit=commit, url=url, artifacts=tuple(artifact or ()))

    async def work(app: App) -> tuple[Task, str, Verdict]:
        if commit is not None:
            require_trust(app.ctx)  # git is started to look for it
        await require_trust_to_verify(call, app, lambda seen: _frozen_fields(seen, name))

        async def act() -> tuple[Task, str, Verdict]:
            task = await find.find_run(app.ctx, name)
            run = find.current_run(task, name)
            by = run.agent if run is not None else actor()
            verdict = await agents.finish(app.ctx, task, name, offered, by)
            return task, run.run if run is not None else name, verdict

        return await turn(app, act)

    task, run, verdict = call.run(work)
    document = {
        "success": True,
        "task": task.task,
        "task_id": task.task_id,
        "run": run,
        "state": "done",
        "evidence_type": verdict.evidence_type,
        "evidence_count": verdict.evidence_count,
        "tier": verdict.tier,
        "verified": verdict.verified,
    }
    word = proof_word(verdict.tier, verified=verdict.verified)
    call.answer(
        "complete",
        document,
        lambda screen: [f"{task.task} is {screen.paint('done', 'done')}, {word} ({verdict.tier})"],
    )


def fail(
    ctx: typer.Context,
    name: RunName,
    reason: Annotated[str, typer.Option(metavar="R", help="What went wrong.")],
    final: Annotated[bool, typer.Option("--final", help="Do not try again.")] = False,
) -> None:
    """Give a run up: tried again later while attempts are left, unless --final."""

    async def say(app: App, task: Task, by: str) -> object:
        return await agents.give_up(app.ctx, task, name, reason, by, final=final)

    _end(ctx, "fail", name, say)


def release(
    ctx: typer.Context,
    name: RunName,
    to: Annotated[
        str | None, typer.Option("--to", metavar="EXECUTOR", help="Who is to go on with it.")
    ] = None,
) -> None:
    """Hand a run back unspent: the task is ready again, for anybody or for one executor."""

    async def say(app: App, task: Task, by: str) -> object:
        return await agents.hand_back(app.ctx, task, name, by, to=to)

    _end(ctx, "release", name, say)


def _end(
    ctx: typer.Context, kind: str, name: str, say: Callable[[App, Task, str], Awaitable[object]]
) -> None:
    call = Call.of(ctx)

    async def work(app: App) -> dict[str, Any]:
        async def act() -> Task:
            task = await find.find_run(app.ctx, name)
            run = find.current_run(task, name)
            await say(app, task, run.agent if run is not None else actor())
            return task

        before = await turn(app, act)
        world = await app.ctx.ledger.look()
        run, attempt = before.run, before.attempt
        after = world.tasks[before.task_id]
        return change_shape(world, after, run.run if run else None, attempt)

    document = call.run(work)
    call.answer(
        kind,
        document,
        lambda screen: [f"{document['task']} is {screen.state(document['state'])}"],
    )


def _frozen_fields(seen: Look, name: str) -> Mapping[str, str]:
    """The fields that this run is judged by; none when it is no current run."""
    for task in seen.world.tasks.values():
        run = find.current_run(task, name)
        if run is not None:
            return run.fields
    return {}
