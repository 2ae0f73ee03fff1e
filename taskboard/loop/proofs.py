"""Evidence that lies outside of the project's files: commits and pages. The host looks itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from taskboard.core.facts import digest_of
from taskboard.core.finding import Nothing, Refs
from taskboard.core.gate import commit_problem, commit_receipt, is_passing, url_receipt
from taskboard.core.outcome import Receipt, Tier
from taskboard.core.rights import rights_of
from taskboard.core.task import Run, Task
from taskboard.core.urls import read_url
from taskboard.errors import NotFound
from taskboard.loop.choice import SHELL
from taskboard.loop.context import Context
from taskboard.loop.evidence import demand_of

_INLINE = 16
"""Lines about refs that an event carries itself; more of them are an object of their own."""
_WAITS = (5.0, 20.0)
"""Seconds before a run looks once more for what was not to be had for the moment."""


async def note_refs(
    ctx: Context, task: Task, executor: str, fields: Mapping[str, str]
) -> tuple[dict[str, Any] | None, list[bytes]]:
    """What the project's repository leads to, as the event of a claim carries it, and the texts
    that it names, to be kept with it. None when that is noted already, or when nothing that this
    claim ends with could be a commit."""
    unasked = executor == SHELL and Tier.COMMIT not in demand_of(fields).tiers
    if task.refs is not None or unasked:
        return None, []
    noted = await ctx.commits().note(ctx.project(fields))
    found: dict[str, Any] = {"repository": noted.repository}
    if noted.problem:
        found["problem"] = noted.problem
    elif len(noted.lines) <= _INLINE:
        found["lines"] = list(noted.lines)
    else:
        text = "\n".join(noted.lines).encode("ascii")
        found["kept"] = digest_of(text)
        return found, [text]
    return found, []


async def _noted(ctx: Context, task: Task) -> Refs:
    found = task.refs
    if found is None:
        return Refs(problem="its refs were not noted when the task was first claimed")
    lines = found.get("lines", ())
    if "kept" in found:
        try:
            lines = (await ctx.ledger.fetch(found["kept"])).decode("ascii", "replace").split("\n")
        except (NotFound, OSError):
            return Refs(problem="what was noted of its refs is gone")
    return Refs(
        repository=found.get("repository"),
        lines=tuple(lines),
        problem=found.get("problem", ""),
    )


async def commit_receipts(
    ctx: Context, task: Task, run: Run | None, commits: Iterable[str]
) -> list[Receipt]:
    """A receipt for each commit that somebody names; where none is and one is demanded, for the
    one that is checked out."""
    fields = run.fields if run is not None else task.fields
    project, git = ctx.project(fields), ctx.commits()
    named = list(commits)
    if not named and task.refs is not None and Tier.COMMIT in demand_of(fields).tiers:
        head = await git.head(project)
        named = [head] if head is not None else []
    noted = await _noted(ctx, task) if named else Refs()
    receipts = []
    for commit in named:
        problem = commit_problem(commit)
        found = Nothing(problem=problem) if problem else await git.find(project, commit, noted)
        receipts.append(commit_receipt(commit, _id(run), found))
    return receipts


async def url_receipts(ctx: Context, run: Run | None, urls: Iterable[str]) -> list[Receipt]:
    """A receipt for each URL that somebody names."""
    receipts = []
    for url in urls:
        target = read_url(url)
        found = Nothing(problem=target) if isinstance(target, str) else await ctx.web().fetch(url)
        receipts.append(url_receipt(url, _id(run), found))
    return receipts


async def agent_receipts(
    ctx: Context, task: Task, run: Run, *, commits: Sequence[str], urls: Sequence[str]
) -> list[Receipt]:
    """Receipts for what an agent of ours says it has made. What is not to be had for the moment
    is looked for again some seconds later. What an agent may not reach itself is not fetched for
    it either: an address can carry words out."""
    found = await commit_receipts(ctx, task, run, commits) if commits else []
    if urls and not rights_of(task.origin).network:
        refused = Nothing(
            problem=f"a task that came from {task.origin} has nothing fetched for it"
        )
        return found + [url_receipt(url, run.run, refused) for url in urls]
    found += await url_receipts(ctx, run, urls)
    return await patiently(ctx, task, run, found)


async def patiently(
    ctx: Context, task: Task, run: Run, receipts: Sequence[Receipt]
) -> list[Receipt]:
    """The receipts, those looked for again that may hold by now. Waits a little in between."""
    found = list(receipts)
    for wait in _WAITS:
        if not any(is_passing(receipt) for receipt in found):
            break
        await asyncio.sleep(wait)
        found = await again(ctx, task, run, found)
    return found


async def again(ctx: Context, task: Task, run: Run, receipts: Sequence[Receipt]) -> list[Receipt]:
    """The receipts, with a second look at what could not be looked at."""
    return [await _again(ctx, task, run, r) if is_passing(r) else r for r in receipts]


async def _again(ctx: Context, task: Task, run: Run, receipt: Receipt) -> Receipt:
    if receipt.tier is Tier.URL:
        return (await url_receipts(ctx, run, [str(receipt.detail.get("url"))]))[0]
    if receipt.tier is Tier.COMMIT:
        commit = str(receipt.detail.get("commit"))
        return (await commit_receipts(ctx, task, run, [commit]))[0]
    return receipt


def _id(run: Run | None) -> str | None:
    return run.run if run is not None else None
