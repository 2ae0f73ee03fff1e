"""``gc``: what nobody needs any more is removed, and the ledger says so first.

Safe beside a daemon and against a crash at any step. A text is put aside before it is removed, and
put back when an event that names it has come meanwhile: whoever names a text keeps it once more
after the event is recorded (``taskboard.loop.keep``), so one of the two sees the other.
"""

from __future__ import annotations

import asyncio
import re
import stat as kinds
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from msgspec.structs import replace

from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.space import YOUNGEST, Limits, Plan, Stored, Survey
from taskboard.core.units import stamp
from taskboard.errors import Conflict, TaskboardError
from taskboard.files import Stat
from taskboard.log import log
from taskboard.loop.context import Context, Memory

AT_MOST = 1 << 30
"""Bytes that removable logs and texts may have together, unless told otherwise."""
OFTEN = 86400.0
"""Seconds between two looks of a daemon."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_RUN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAMES = 300
"""Names that one event lists."""
_TRIES = 16
_BREATH = 2000
"""Events after which other work has a turn."""


class Freed(msgspec.Struct, frozen=True, kw_only=True):
    """What was removed (or would be): runs and texts by name, and their bytes."""

    runs: tuple[str, ...]
    objects: tuple[str, ...]
    size: int
    limits: Limits


async def free(ctx: Context, *, at_most: int = AT_MOST, dry: bool = False, actor: str) -> Freed:
    """Remove what is older than ``retain`` and, beyond ``at_most`` bytes, the oldest of what is
    older than a day. ``dry`` removes and records nothing. Raises ``Storage``."""
    limits = _limits(ctx, at_most)
    texts = [*ctx.files.names(ctx.workspace.objects), *ctx.files.names(_aside(ctx))]
    survey = Survey(
        objects=frozenset(filter(_DIGEST.fullmatch, texts)),
        runs=frozenset(filter(_RUN.fullmatch, ctx.files.names(ctx.workspace.runs))),
    )
    plan = await _plan(ctx, survey, limits)
    if dry:
        return _freed([plan], limits)
    await _put_back(ctx, survey)
    return _freed([await _remove(ctx, survey, p, limits, actor) for p in _parts(plan)], limits)


async def tidy(ctx: Context, memory: Memory) -> None:
    """What a daemon does for ``retain``, once a day at most, in a turn that something else called
    for and while nothing runs. Where nothing is old it writes nothing."""
    mark = ctx.workspace.state / "tidied"
    if memory.active or memory.stopping or not _is_due(ctx, memory, mark):
        return
    try:
        freed = await free(ctx, actor="daemon")
        ctx.files.write(mark, f"{stamp(ctx.clock.now())}\n".encode(), durable=False)
    except (TaskboardError, OSError) as error:
        log.warning("old records were not removed: %s", error)
        return
    if freed.runs or freed.objects:
        log.info("removed %d old logs and %d old texts", len(freed.runs), len(freed.objects))


def _is_due(ctx: Context, memory: Memory, mark: Path) -> bool:
    """Whether something is old, or was a day ago: looked at that often and no more, for it costs
    a look at every file there is."""
    if memory.tidied is not None and ctx.clock.boot() - memory.tidied < OFTEN:
        return False
    memory.tidied = ctx.clock.boot()
    now = ctx.clock.now().timestamp()
    found = ctx.files.stat(mark)
    if found is not None:
        return now - found.mtime_ns / 1e9 >= OFTEN
    old = now - ctx.settings.retain
    return any(
        one is not None and one.mtime_ns / 1e9 < old
        for folder in (ctx.workspace.runs, ctx.workspace.objects)
        for one in (ctx.files.stat(folder / name) for name in ctx.files.names(folder))
    )


def _limits(ctx: Context, at_most: int) -> Limits:
    now = ctx.clock.now()
    return Limits(
        cutoff=stamp(now - timedelta(seconds=ctx.settings.retain)),
        young=stamp(now - timedelta(seconds=YOUNGEST)),
        at_most=at_most,
    )


async def _plan(ctx: Context, survey: Survey, limits: Limits) -> Plan:
    await _follow(ctx, survey)
    world = await ctx.ledger.look()
    objects = (_stored(ctx, ctx.workspace.objects / name) for name in survey.objects)
    runs = (_stored(ctx, ctx.workspace.runs / name) for name in survey.runs)
    return survey.plan(world, filter(None, objects), filter(None, runs), limits)


async def _follow(ctx: Context, survey: Survey) -> None:
    """Read what the ledger says since the survey's last event."""
    count = 0
    async for event, line in ctx.history.read(survey.seq):
        survey.note(event, line)
        count += 1
        if count % _BREATH == 0:
            await asyncio.sleep(0)


async def _remove(ctx: Context, survey: Survey, part: Plan, limits: Limits, actor: str) -> Plan:
    """Record a part, then remove it; what it came to. Another ``gc`` may be removing the same."""
    part, said = await _record(ctx, survey, part, replace(limits, at_most=0), actor)
    aside = _aside(ctx)
    if part.objects:
        ctx.files.make_folder(aside)
    for one in part.objects:
        with suppress(FileNotFoundError):
            ctx.files.rename(ctx.workspace.objects / one.name, aside / one.name)
    await _put_back(ctx, survey)
    for one in part.runs:
        ctx.files.remove_folder(ctx.workspace.runs / one.name)
    return said


async def _record(
    ctx: Context, survey: Survey, part: Plan, limits: Limits, actor: str
) -> tuple[Plan, Plan]:
    """What is left of a part by now, and what of that is recorded here: not what another ``gc``
    has recorded. What others record meanwhile may need some of it; where they do so all the time
    the next ``gc`` has its turn."""
    for _ in range(_TRIES):
        await _follow(ctx, survey)
        world = await ctx.ledger.look()
        part = survey.plan(world, part.objects, part.runs, limits)
        said = survey.unsaid(part)
        if not (said.objects or said.runs):
            return part, said
        try:
            await ctx.ledger.append([_said(said, actor)], after=survey.seq)
        except Conflict:
            continue
        return part, said
    return Plan(), Plan()


async def _put_back(ctx: Context, survey: Survey) -> None:
    """Deal with what was put aside, now or before a crash: what an event names goes back."""
    aside = _aside(ctx)
    names = list(filter(_DIGEST.fullmatch, ctx.files.names(aside)))
    if not names:
        return
    await _follow(ctx, survey)
    for name in names:
        there = ctx.files.stat(ctx.workspace.objects / name) is not None
        if not there and not survey.is_freed(name):
            with suppress(FileNotFoundError):  # another `gc` has put it back
                ctx.files.rename(aside / name, ctx.workspace.objects / name)
        else:
            ctx.files.remove(aside / name)
    ctx.files.sync_folder(ctx.workspace.objects)
    ctx.files.sync_folder(aside)


def _said(part: Plan, actor: str) -> Draft:
    data = {
        "runs": [one.name for one in part.runs],
        "objects": [one.name for one in part.objects],
        "bytes": part.size,
    }
    return Draft(type=E.SPACE_FREED, actor=actor, data=data)


def _parts(plan: Plan) -> Iterator[Plan]:
    for at in range(0, max(len(plan.objects), len(plan.runs)), _NAMES):
        yield Plan(objects=plan.objects[at : at + _NAMES], runs=plan.runs[at : at + _NAMES])


def _freed(parts: Sequence[Plan], limits: Limits) -> Freed:
    return Freed(
        runs=tuple(one.name for part in parts for one in part.runs),
        objects=tuple(one.name for part in parts for one in part.objects),
        size=sum(part.size for part in parts),
        limits=limits,
    )


def _stored(ctx: Context, path: Path) -> Stored | None:
    """A file, or a folder with all in it; None when it is gone."""
    found = list(_stats(ctx, path))
    if not found:
        return None
    last = max(one.mtime_ns for one in found)
    written = stamp(datetime.fromtimestamp(last / 1e9, UTC))
    return Stored(name=path.name, size=sum(one.size for one in found), written=written)


def _stats(ctx: Context, path: Path) -> Iterator[Stat]:
    found = ctx.files.stat(path, follow=False)
    if found is None:
        return
    yield found
    if kinds.S_ISDIR(found.mode):
        for name in ctx.files.names(path):
            yield from _stats(ctx, path / name)


def _aside(ctx: Context) -> Path:
    """Where texts lie for the moment between their record and their end."""
    return ctx.workspace.state / "leaving"
