"""What ``doctor`` says of those who decide and do: programs, logins, keys, and the cage."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import NamedTuple

from taskboard.app import App
from taskboard.executor import Fitness
from taskboard.registry import names


class Told(NamedTuple):
    """One line: its name, what there is to say, what cures it, and whether that is needed
    (``warn``) or nothing works without (not ``ok``)."""

    name: str
    message: str
    hint: str = ""
    warn: bool = False
    ok: bool = True


async def examined(app: App) -> list[Told]:
    """Everybody, asked closely and side by side."""
    listed = list(app.ctx.executors)
    found = await asyncio.gather(*(app.ctx.executors[name].examine() for name in listed))
    wanted = app.settings.executor
    told = [
        _executor(name, fit, wanted=name == wanted)
        for name, fit in zip(listed, found, strict=True)
    ]
    return [_decider(app), *told, await asyncio.to_thread(_confinement)]


def _executor(name: str, fit: Fitness, *, wanted: bool) -> Told:
    return Told(
        f"executor {name}", "; ".join(_said(fit)), fit.hint, warn=wanted and not fit.usable
    )


def _said(fit: Fitness) -> Iterator[str]:
    if fit.version:
        yield fit.version
    if fit.logged_in is not None:
        yield "logged in" if fit.logged_in else "not logged in"
    if fit.problem:
        yield fit.problem
    elif not fit.version:
        yield "usable" if fit.usable else "not usable"


def _decider(app: App) -> Told:
    asked = app.settings.decider
    used = type(app.ctx.decider).__module__.split(".")[2]
    others = ", ".join(name for name in names("deciders") if name != used)
    said = f"{used} (decider = {asked!r}; there is also {others})"
    return Told("decider", said)


def _confinement() -> Told:
    import os

    from taskboard.confiners.find import find_confiner

    found = find_confiner(os.environ)
    troubles = [f"{name}: {why}" for name, why in found.troubles.items()]
    if found.confiner is None:
        said = "nothing here can confine what agents start, so they get no shell"
        return Told("cage", said, "\n".join(troubles), warn=True)
    lacks = f"It cannot hold {', '.join(found.confiner.lacks)}." if found.confiner.lacks else ""
    return Told("cage", f"{found.confiner.name} confines what agents start", lacks)
