"""``service``: the daemon starts by itself, and somebody looks after it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from taskboard.app import App
from taskboard.cli.call import Call
from taskboard.cli.options import Label
from taskboard.cli.service_text import installed_lines, planned_lines, removed_lines, status_lines
from taskboard.cli.text import one_line
from taskboard.clock import SystemClock
from taskboard.core.settings import Settings
from taskboard.core.units import second_up
from taskboard.errors import BadSettings, NotFound, Usage
from taskboard.heads import opened_as
from taskboard.loop.holder import holder
from taskboard.service.contract import Done, Installed, State, System
from taskboard.service.find import find_system
from taskboard.service.plan import THROTTLE, Plan, label_of, plan_of
from taskboard.service.sight import Sight, drift, environ_of, sight
from taskboard.trust import Trust
from taskboard.workspace import Workspace, find

FINDINGS = 1
_LINES = 50

app = typer.Typer(name="service", rich_markup_mode=None)


@app.callback(invoke_without_command=True)
def here(ctx: typer.Context) -> None:
    """Have the daemon of this board started by launchd or systemd, and look after it. Without a
    command: status."""
    if ctx.invoked_subcommand is None:
        status(ctx)


@app.command()
def install(
    ctx: typer.Context,
    show: Annotated[
        bool, typer.Option("--print", help="Only show what would be written and run.")
    ] = False,
) -> None:
    """Start the daemon of this board now and at every login, and catch up every hour. Again
    after an upgrade, or to renew what has changed."""
    call = Call.of(ctx)
    opened = call.open(writable=False)
    plan = plan_of(opened.workspace, opened.settings, os.environ, sys.executable)
    system = find_system(os.environ)
    if show:
        call.answer("service", _planned(system, plan), lambda _s: planned_lines(system, plan))
        return
    _require_trust(opened, plan)
    system.require()
    done = system.install(plan)
    state = system.state(plan.label)
    seen = sight(plan.environ, plan.env_file, opened.settings, os.environ)
    document = {
        "action": "install",
        "system": system.name,
        "label": plan.label,
        **_changed(done),
        "running": state.running,
        "warnings": [*system.warnings(plan), *_blind_spots(seen), *_rival(opened, state)],
    }
    call.answer("service", document, lambda screen: installed_lines(screen, plan, document))
    if not state.running and system.name == "systemd":
        raise typer.Exit(FINDINGS)


@app.command()
def uninstall(ctx: typer.Context, *, label: Label = None) -> None:
    """Stop the daemon and the hourly run, and remove the files that `install` wrote. The board,
    its ledger, the file of keys and the logs stay."""
    call = Call.of(ctx)
    system = find_system(os.environ)
    name = _label(call, label)
    if system.installed(name) is None:
        raise _none_here(system, name)
    done = system.uninstall(name)
    document = {
        "action": "uninstall",
        "system": system.name,
        "label": name,
        **_changed(done),
    }
    call.answer("service", document, lambda _screen: removed_lines(done))


@app.command()
def status(ctx: typer.Context) -> None:
    """How this board's service stands: whether it is installed, current and running. Exits 1
    when something about it is to be looked at."""
    call = Call.of(ctx)
    space, system = _workspace(call), find_system(os.environ)
    settings, trouble = _settings(call)
    label = label_of(space.root)
    there = system.installed(label)
    state = system.state(label) if there is not None else State()
    late, warnings = _looked_at(system, there, space, settings) if there is not None else ([], [])
    document = {
        "action": "status",
        "system": system.name,
        "label": label,
        "installed": there is not None,
        "outdated": late,
        "loaded": state.loaded,
        "running": state.running,
        "pid": state.pid,
        "last_exit": state.last_exit,
        "result": state.result,
        "next_hourly": second_up(_next_hour(SystemClock().now())) if state.hourly else None,
        "files": [str(path) for path in there.files] if there is not None else [],
        "warnings": [*trouble, *warnings],
        "strays": _strays(system),
    }
    call.answer("service", document, lambda screen: status_lines(screen, document))
    if there is not None and (document["outdated"] or not state.running):
        raise typer.Exit(FINDINGS)


@app.command()
def logs(
    ctx: typer.Context,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come.")] = False,
    lines: Annotated[
        int, typer.Option("-n", metavar="N", min=1, help="How many of the last lines.")
    ] = _LINES,
    label: Label = None,
) -> None:
    """What the service has said lately. What happened to tasks is in `taskboard tail`."""
    call = Call.of(ctx)
    if follow and call.json:
        raise Usage("--follow has no end, so it cannot be one document.", hint="Leave out --json.")
    system = find_system(os.environ)
    name = _label(call, label)
    if system.installed(name) is None:
        raise _none_here(system, name)
    command = system.log_command(name, lines, follow=follow)
    if follow and command:
        raise typer.Exit(_passed_through(command))
    said = _last_lines(command)
    document = {"action": "logs", "system": system.name, "label": name, "lines": said}
    call.answer("service", document, lambda _screen: said or ["It has said nothing yet."])


def _label(call: Call, named: str | None) -> str:
    return named if named is not None else label_of(_workspace(call).root)


def _workspace(call: Call) -> Workspace:
    """The one that is meant; its settings may be wrong."""
    named = os.environ.get("TASKBOARD_BOARD")
    return find(call.here(), call.board or (Path(named) if named else None))


def _settings(call: Call) -> tuple[Settings, list[str]]:
    """The settings, or the usual ones and why these do not count."""
    try:
        return call.open(writable=False).settings, []
    except BadSettings as error:
        return Settings(), [error.message]


def _looked_at(
    system: System, there: Installed, space: Workspace, settings: Settings
) -> tuple[list[str], list[str]]:
    """Why what is installed is out of date, and what keeps it from working well. Only what is
    installed is planned again: a folder that no service can name has none."""
    plan = plan_of(space, settings, os.environ, sys.executable)
    return drift(there, system, plan.home, settings, plan.python), system.warnings(plan)


def _none_here(system: System, label: str) -> NotFound:
    others = ", ".join(system.labels())
    hint = "taskboard service install"
    if others:
        hint += f"; installed are {others} (`--label` names one)"
    return NotFound(f"No service {label} is installed.", hint=hint, code="no_service")


def _require_trust(opened: App, plan: Plan) -> None:
    """Raise ``Untrusted`` unless the service itself will find the workspace trusted: what lifts
    trust in this shell does not reach it."""
    environ = environ_of(plan.home, plan.environ, plan.env_file)
    trust = Trust.of(environ, opened.ctx.files)
    trust.require(opened.workspace, opened_as(opened.ctx.files, opened.place.path))


def _changed(done: Done) -> dict[str, Any]:
    return {
        "files": [str(path) for path in done.files],
        "commands": [list(command) for command in done.commands],
    }


def _planned(system: System, plan: Plan) -> dict[str, Any]:
    return {
        "action": "print",
        "system": system.name,
        "label": plan.label,
        "files": [
            {"path": str(path), "text": data.decode()} for path, data in system.files(plan).items()
        ],
        "commands": system.steps(plan),
    }


def _blind_spots(seen: Sight) -> Iterator[str]:
    """What the installing shell has and the service will not have."""
    if seen.trouble is not None:
        yield f"{seen.trouble.message} {seen.trouble.hint}"
    if seen.shell_only:
        names = ", ".join(seen.shell_only)
        yield f"Only this shell has {names}: what the service is to have goes to {seen.env_file}."


def _rival(opened: App, state: State) -> Iterator[str]:
    """The daemon that somebody has started by hand has the board's place."""
    works = holder(opened.ctx)
    if works is not None and works.who.pid != state.pid:
        yield (
            f"A daemon that is not the service's works here: process {works.who.pid}. End it, with"
            f" Ctrl-C where it runs; the service takes over within {THROTTLE} s."
        )


def _strays(system: System) -> list[dict[str, str]]:
    """Services of ours whose board is not there any more."""
    found = ((label, system.installed(label)) for label in system.labels())
    return [
        {"label": label, "board": str(one.board)}
        for label, one in found
        if one is not None and not one.board.parent.is_dir()
    ]


def _next_hour(now: datetime) -> datetime:
    """The next full hour of the clock on the wall."""
    local = now.astimezone()
    whole = local.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return whole.astimezone(now.tzinfo)


def _last_lines(command: list[str]) -> list[str]:
    from taskboard.service.contract import run_program

    ran = run_program(*command) if command else None
    if ran is None:
        return []
    if ran.status != 0:
        raise NotFound(
            f"Its log cannot be read: {one_line(ran.err) or ran.status}.",
            hint="taskboard service status",
            code="no_service",
        )
    return [one_line(line) for line in ran.out.splitlines() if not line.startswith("-- No entr")]


def _passed_through(command: list[str]) -> int:
    """Let the system's own program show it until it is interrupted."""
    try:
        return subprocess.call(command)  # noqa: S603
    except KeyboardInterrupt:
        return 0
    except OSError as error:
        raise NotFound(
            f"{command[0]} cannot be started: {error.strerror}.",
            hint="taskboard service status",
            code="no_service",
        ) from None
