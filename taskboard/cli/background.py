"""What ``run`` and ``once`` need where no shell has started them: keys, a log, somebody to tell
that all is well. See ``taskboard.service``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from taskboard.cli.text import one_line

if TYPE_CHECKING:
    from taskboard.app import App
    from taskboard.loop.pulse import Pulse

EnvFile = Annotated[
    str | None,
    typer.Option(
        "--env-file", metavar="PATH", help="Keys: NAME=value lines in a file only you may read."
    ),
]
LogFile = Annotated[
    str | None,
    typer.Option("--log", metavar="PATH", help="Tell of it in this file, 1 MiB at most."),
]


def settle_in(env_file: str | None, log_file: str | None) -> None:
    """From now on this process has these keys and speaks into this log. Raises ``BadSettings``
    for a file of keys that others may read; the log, which is begun first, tells of it."""
    if log_file is None and env_file is None:
        return
    from taskboard.core.redact import Redactor, secrets_of
    from taskboard.service.bounded_log import open_log

    log = open_log(Path(log_file)) if log_file is not None else None
    if env_file is not None:
        from taskboard.service.env_file import read_env_file

        os.environ.update(read_env_file(Path(env_file)))
    if log is not None:
        log.clean = Redactor(secrets_of(os.environ)).redact


def pulse_of(app: App) -> Pulse:
    """The systemd that started this process hears that it lives; else nobody does."""
    from taskboard.loop.pulse import NO_PULSE
    from taskboard.service.notify import notifier

    board = one_line(str(app.workspace.board))

    def status() -> str:
        count = len(app.memory.active)
        runs = "idle" if not count else "1 task runs" if count == 1 else f"{count} tasks run"
        return f"{board}: {runs}"

    return notifier(os.environ, app.ctx.clock.awake, status) or NO_PULSE
