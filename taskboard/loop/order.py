"""What an executor is told: the order for one step of one run."""

from __future__ import annotations

from pathlib import Path

from taskboard.confiners.repository import repository
from taskboard.core.prompt import Assignment, first_prompt, news
from taskboard.core.rights import rights_of
from taskboard.core.steps import GENERATE, VALIDATE, is_step
from taskboard.core.task import Run, Task
from taskboard.core.units import read_duration
from taskboard.errors import NotFound
from taskboard.executor import Order
from taskboard.loop.choice import SHELL
from taskboard.loop.context import Context


async def order_of(
    ctx: Context,
    task: Task,
    run: Run,
    label: str,
    *,
    step: str = GENERATE,
    after: str | None = None,
    budget: float | None = None,
) -> Order:
    """The order for ``step``, which comes ``after`` another one of the same run or is the first.
    ``budget`` is what it may cost, in US dollars."""
    fields = run.fields
    shell = run.executor == SHELL
    work = None if shell else await _assignment(ctx, task, run, label, step, after)
    return Order(
        task=task.task,
        run=run.run,
        label=label,
        attempt=run.attempt,
        project=ctx.project(fields),
        board=ctx.workspace.board,
        folder=step_folder(ctx, run.run, step),
        command=fields.get("run", "") if shell else "",
        prompt="" if work is None else first_prompt(work),
        news="" if work is None else news(work),
        previous=None if shell else _previous(ctx, task, run, after),
        model=run.model or fields.get("model", "").strip(),
        budget_usd=budget,
        rights=rights_of(task.origin),
        control=control_files(ctx, ctx.project(fields)),
        fields=dict(fields),
        env=ctx.settings.env,
        refusal=task.refusal,
        timeout=read_duration(fields.get("timeout", "")) or ctx.settings.timeout,
        stall=None if shell else ctx.settings.stall,
    )


def step_folder(ctx: Context, run: str, step: str) -> Path:
    """Where a step's files lie: the run's own folder, and one beneath ``steps`` in it for every
    other step. Raises ``ValueError`` for what cannot be a step's name."""
    folder = ctx.run_folder(run)
    if step in (GENERATE, VALIDATE):
        return folder
    if not is_step(step):
        raise ValueError(f"{step!r} is no name for a step, so it has no folder")
    return folder / "steps" / step


def control_files(ctx: Context, project: Path) -> tuple[Path, ...]:
    """What steers us: no agent may change it, wherever it works. By the names we have for it and,
    where links lead to these, by those that lead nowhere else: a project has its real path."""
    space = ctx.workspace
    prompts = (table.get("prompt") for table in ctx.settings.deciders.values())
    named = (
        space.board,
        space.ledger,
        space.settings,
        space.state,
        space.deadletter,
        space.root / ".git" / "hooks",
        *repository(project).control,
        *(space.root / str(prompt) for prompt in prompts if prompt),
    )
    real = (ctx.files.resolve(path.parent) / path.name for path in named)
    return tuple(dict.fromkeys((*named, *real)))


def _previous(ctx: Context, task: Task, run: Run, after: str | None) -> Path | None:
    if after is not None:
        return step_folder(ctx, run.run, after)
    before = task.previous
    if before is None or before.executor != run.executor:
        return None
    known = is_step(before.step)  # what a ledger says is looked at, too
    return step_folder(ctx, before.run, before.step) if known else None


async def _assignment(  # noqa: PLR0917
    ctx: Context, task: Task, run: Run, label: str, step: str, after: str | None
) -> Assignment:
    before = task.previous
    heard = before.heard if before is not None and after is None else run.heard
    return Assignment(
        task=task.task,
        title=task.title,
        text=await text_of(ctx, run.text),
        fields=run.fields,
        step=step,
        label=label,
        refusal=task.refusal,
        said=[(asked, await text_of(ctx, answer)) for asked, answer in task.said],
        unheard=run.heard - heard,
        edited=before is not None and before.text != run.text,
    )


async def text_of(ctx: Context, digest: str | None) -> str:
    """A stored text by its digest; what is no longer stored is said to be so."""
    try:
        return (await ctx.ledger.fetch(digest or "")).decode("utf-8", "replace")
    except NotFound:
        return "(this text is no longer stored)"
