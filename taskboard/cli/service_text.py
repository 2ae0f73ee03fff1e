"""What ``service`` says to people."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import join, quote
from typing import Any

from taskboard.cli.text import Screen, one_line
from taskboard.service.contract import Done, System
from taskboard.service.plan import Plan


def planned_lines(system: System, plan: Plan) -> Iterator[str]:
    """Every file that would be written, and every command that would be run."""
    for path, data in system.files(plan).items():
        yield f"# {path}"
        yield data.decode().rstrip("\n")
        yield ""
    yield "# Then:"
    for step in system.steps(plan):
        yield join(step)


def installed_lines(screen: Screen, plan: Plan, document: dict[str, Any]) -> Iterator[str]:
    """What an installation has done, and what is left to do."""
    if document["running"]:
        yield f"The daemon of {one_line(str(plan.board))} runs, and starts again at every login."
    else:
        yield f"Installed for {one_line(str(plan.board))}; the daemon does not run yet."
        yield "  taskboard service logs      says why, if it does not come"
    for path in document["files"]:
        yield f"  wrote {one_line(path)}"
    if not document["files"]:
        yield "  nothing had changed; it was started again"
    yield f"Keys for it go to {one_line(str(plan.env_file))} (NAME=value lines, chmod 600)."
    yield from _warned(screen, document["warnings"])
    yield "Next: taskboard service status"


def removed_lines(done: Done) -> Iterator[str]:
    """What is gone, and what is not."""
    for path in done.files:
        yield f"Removed {one_line(str(path))}"
    yield "The board, its ledger, keys and logs are as they were. By hand: taskboard run"


def status_lines(screen: Screen, document: dict[str, Any]) -> Iterator[str]:
    """How a service stands, and what cures what is wrong."""
    if not document["installed"]:
        yield f"Not installed ({document['system']}, {document['label']})."
        yield "  taskboard service install"
    else:
        yield f"{document['label']} ({document['system']}): {_how(screen, document)}"
        hourly = document["next_hourly"]
        yield f"  hourly run: {f'next {hourly}' if hourly else 'off'}"
        yield from (f"  {one_line(path)}" for path in document["files"])
        for reason in document["outdated"]:
            yield screen.paint(f"  out of date: {one_line(reason)}", "warning")
        if document["outdated"] or not document["running"]:
            yield "  taskboard service install   renews it and starts it again"
            yield "  taskboard service logs      what it has said"
        yield from _warned(screen, document["warnings"])
    for stray in document["strays"]:
        gone = f"The board of {one_line(stray['label'])} is gone: {one_line(stray['board'])}"
        yield screen.paint(gone, "warning")
        yield f"  taskboard service uninstall --label {quote(stray['label'])}"


def _how(screen: Screen, document: dict[str, Any]) -> str:
    if document["running"]:
        return screen.paint(f"running as process {document['pid']}", "done")
    if not document["loaded"]:
        return screen.paint("not loaded", "warning")
    ended = document["last_exit"]
    how = f", last exit {ended}" if ended is not None else ""
    word = f" ({one_line(document['result'])})" if document["result"] else ""
    return screen.paint(f"not running{how}{word}", "warning")


def _warned(screen: Screen, warnings: list[str]) -> Iterator[str]:
    for warning in warnings:
        yield screen.paint("! ", "warning") + one_line(warning)
