"""What ``doctor`` says of the service: what it sees, which is not what this shell sees."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from taskboard.app import App
from taskboard.cli.fitness import Told
from taskboard.service.contract import State
from taskboard.service.find import find_system
from taskboard.service.plan import label_of
from taskboard.service.sight import Sight, drift, sight
from taskboard.workspace import home

_AGAIN = "taskboard service install"


def service_told(app: App) -> Iterator[Told]:
    """Whether there is one, how it stands, where it finds programs, and which keys it has."""
    system, user = find_system(os.environ), home(os.environ)
    there = system.installed(label_of(app.workspace.root))
    if there is None:
        yield Told("service", f"not installed; this machine has {system.name}", _AGAIN)
        return
    state = system.state(there.label)
    late = drift(there, system, user, app.settings, Path(sys.executable))
    how = _how(state)
    yield Told(
        "service",
        "; ".join([f"{there.label} ({system.name}) {how}", *late]),
        _AGAIN if late else "taskboard service status",
        warn=bool(late) or not state.running,
    )
    given = {"HOME": str(user), **there.environ}
    yield from _seen(sight(given, there.env_file, app.settings, os.environ))


def _how(state: State) -> str:
    if state.running:
        return f"runs as process {state.pid}"
    ended = f", last exit {state.last_exit}" if state.last_exit is not None else ""
    return f"does not run{ended}"


def _seen(seen: Sight) -> Iterator[Told]:
    yield Told("service PATH", seen.path or "none: it finds nothing")
    found = [f"{name} {path}" for name, path in seen.programs.items() if path]
    missing = [name for name, path in seen.programs.items() if not path]
    told = [*found, *([f"not found: {', '.join(missing)}"] if missing else [])]
    shell = ", ".join(f"{name} {path}" for name, path in seen.lost.items())
    yield Told(
        "service programs",
        "; ".join(told),
        f"This shell finds {shell}; to have the service find it there: {_AGAIN}" if shell else "",
        warn=bool(shell),
    )
    yield _keys(seen)


def _keys(seen: Sight) -> Told:
    if seen.trouble is not None:
        return Told("service keys", seen.trouble.message, seen.trouble.hint, ok=False)
    names = ", ".join(seen.names) or "no variable in it"
    said = names if seen.present else "it is not there, so there are no keys"
    only = ", ".join(seen.shell_only)
    hint = f"Only this shell has {only}: what the service is to have goes to {seen.env_file}."
    return Told("service keys", f"{seen.env_file}: {said}", hint if only else "", warn=bool(only))
