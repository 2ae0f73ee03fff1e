"""Collecting receipts: the host looks itself, so that anybody's word stays a weaker tier."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from taskboard.core.gate import Demand
from taskboard.core.outcome import Receipt, Succeeded, Tier
from taskboard.core.task import Run
from taskboard.core.units import read_time
from taskboard.executor import Executor, Order, Watcher
from taskboard.loop.context import Context

_TRUSTED_ORIGINS = frozenset({"board", "command"})
"""Origins whose own ``run`` command proves something by ending with 0."""

_TICK_NS = 10_000_000
"""A kernel stamps files with the time of its last tick: up to 10 ms in the past (HZ=100)."""

_SHOWN = 6000
"""Bytes of a file's beginning that somebody is shown who judges it."""

CHECKER = "shell"
"""The executor that runs ``verify`` commands: a check is just another order."""


def demand_of(fields: Mapping[str, str]) -> Demand:
    """What a definition declares that done means."""
    tiers = (w.strip().casefold() for w in fields.get("evidence", "").split(","))
    return Demand(
        verify=bool(fields.get("verify", "").strip()),
        artifacts=tuple(paths_of(fields, "artifacts")),
        tiers=frozenset(Tier(t) for t in tiers if t in set(Tier)),
    )


def starts_process(fields: Mapping[str, str]) -> bool:
    """Whether judging a completion starts a program: a check, or git to look for a commit."""
    demand = demand_of(fields)
    return demand.verify or Tier.COMMIT in demand.tiers


def paths_of(fields: Mapping[str, str], key: str) -> list[str]:
    """The paths in a comma-separated field."""
    return [p for p in (w.strip() for w in fields.get(key, "").split(",")) if p]


def keep_exit(receipts: Iterable[Receipt], origin: str) -> list[Receipt]:
    """Without the exit receipts of a command that no person of this workspace wrote."""
    return [r for r in receipts if r.tier is not Tier.EXIT or origin in _TRUSTED_ORIGINS]


def note_artifacts(ctx: Context, fields: Mapping[str, str]) -> dict[str, list[Any] | None]:
    """What lies at the declared artifact paths before a round starts: digest and ctime, or
    None. Freshness is judged against it."""
    project = ctx.project(fields)
    noted: dict[str, list[Any] | None] = {}
    for path in paths_of(fields, "artifacts"):
        found = ctx.files.inspect(project, path)
        noted[path] = None if isinstance(found, str) else [found.sha256, found.ctime_ns]
    return noted


def artifact_receipts(
    ctx: Context,
    fields: Mapping[str, str],
    *,
    run: Run | None,
    baseline: Mapping[str, Any] | None,
    offered: Iterable[str] = (),
) -> list[Receipt]:
    """A receipt for every declared path, then for every other path that was offered."""
    project = ctx.project(fields)
    declared = paths_of(fields, "artifacts")
    found = [_declared(ctx, project, p, run, baseline) for p in declared]
    extra = [p for p in offered if p not in declared]
    return found + [_offered(ctx, project, p, run) for p in extra]


def offered_receipts(ctx: Context, run: Run, paths: Iterable[str]) -> list[Receipt]:
    """A receipt for each path that somebody says they have made."""
    project = ctx.project(run.fields)
    return [_offered(ctx, project, path, run) for path in paths]


def described(ctx: Context, run: Run, artifacts: Iterable[Receipt]) -> str:
    """What the host has found, in words, for somebody who judges it: each file with its size and
    its beginning."""
    project = ctx.project(run.fields)
    return "\n\n".join(_described(ctx, project, receipt) for receipt in artifacts)


def _described(ctx: Context, project: Path, receipt: Receipt) -> str:
    path = str(receipt.detail.get("path", ""))
    if not receipt.ok:
        return f"{path}: {receipt.problem}"
    try:
        data = ctx.files.read(project / path, _SHOWN)
    except OSError as error:
        return f"{path}: {error.strerror}"
    text = data.decode("utf-8", "replace")
    return f"{path}, {receipt.detail.get('bytes')} bytes, begins:\n{text}"


def weighed(receipts: Sequence[Receipt]) -> list[Receipt]:
    """Without what an agent has said of its work in too few words, where anything else holds: it
    was not asked for an account, and only what it shows would count."""
    better = any(r.ok for r in receipts)
    return [r for r in receipts if r.ok or "text" not in r.detail or not better]


def words_of(receipts: Iterable[Receipt]) -> str:
    """What somebody has said of their work, as far as its receipts keep it."""
    said = (r.detail.get("text") for r in receipts if r.tier is Tier.OUTPUT)
    return "\n".join(str(text) for text in said if text)


def _declared(
    ctx: Context, project: Path, path: str, run: Run | None, baseline: Mapping[str, Any] | None
) -> Receipt:
    receipt, ctime = _look(ctx, project, path, run)
    before = (baseline or {}).get(path)
    if receipt.ok and run is not None and before and [receipt.sha256, ctime] == list(before):
        return _bad(path, run, "is unchanged since before the task was first claimed")
    return receipt


def _offered(ctx: Context, project: Path, path: str, run: Run | None) -> Receipt:
    receipt, ctime = _look(ctx, project, path, run)
    since = read_time(run.started) if run else None
    if receipt.ok and since is not None and ctime + _TICK_NS < int(since.timestamp() * 1e9):
        return _bad(path, run, "was not changed since the run was claimed")
    return receipt


def _look(ctx: Context, project: Path, path: str, run: Run | None) -> tuple[Receipt, int]:
    if is_control_file(ctx, project, path):
        return _bad(path, run, "is a control file of the workspace, never evidence"), 0
    found = ctx.files.inspect(project, path)
    if isinstance(found, str):
        return _bad(path, run, found), 0
    receipt = Receipt(
        tier=Tier.ARTIFACT,
        ok=True,
        run=run.run if run else None,
        sha256=found.sha256,
        detail={"path": path, "bytes": found.size},
    )
    return receipt, found.ctime_ns


def _bad(path: str, run: Run | None, problem: str) -> Receipt:
    return Receipt(
        tier=Tier.ARTIFACT,
        ok=False,
        run=run.run if run else None,
        problem=problem,
        detail={"path": path},
    )


def is_control_file(ctx: Context, project: Path, path: str) -> bool:
    """Whether a path names the board, the ledger, settings or the machine's own folders."""
    space = ctx.workspace
    target = ctx.files.resolve(project / PurePosixPath(path))
    hooks = ctx.files.resolve(project / ".git" / "hooks")
    files = {space.board, space.ledger, space.settings}
    folders = (space.state, space.deadletter, hooks)
    named = {ctx.files.resolve(f) for f in files} | set(files)
    return target in named or any(target.is_relative_to(ctx.files.resolve(f)) for f in folders)


async def check_receipt(
    ctx: Context, fields: Mapping[str, str], order: Order, watcher: Watcher
) -> Receipt:
    """Run the ``verify`` command as the host and say whether it ended with 0."""
    checker: Executor = ctx.executors[CHECKER]
    with ctx.keep_awake():
        outcome = await checker.execute(order, watcher)
    command = fields.get("verify", "")
    detail = {"command": command[:500], "log": order.log}
    if isinstance(outcome, Succeeded):
        log = outcome.receipts[0].sha256 if outcome.receipts else None
        return Receipt(tier=Tier.CHECK, ok=True, run=order.run, sha256=log, detail=detail)
    error = getattr(outcome, "error", "it did not finish")
    return Receipt(
        tier=Tier.CHECK,
        ok=False,
        run=order.run,
        detail=detail,
        problem=f"verify did not hold: {error}",
    )


def check_order(ctx: Context, task: str, run: Run, fields: Mapping[str, str]) -> Order:
    """The order that runs ``verify`` beside a run's other logs."""
    return Order(
        task=task,
        run=run.run,
        label=f"{task}@{run.attempt}",
        attempt=run.attempt,
        project=ctx.project(fields),
        board=ctx.workspace.board,
        folder=ctx.run_folder(run.run),
        log="verify.log",
        command=fields.get("verify", ""),
        fields=dict(fields),
        env=ctx.settings.env,
        timeout=ctx.settings.verify_timeout,
    )


def human_receipt(by: str) -> Receipt:
    """Somebody typed ``done``. Nobody is authenticated; the name is as good as the login."""
    digest = hashlib.sha256(by.encode()).hexdigest()
    return Receipt(tier=Tier.HUMAN, ok=True, sha256=digest, detail={"by": by})
