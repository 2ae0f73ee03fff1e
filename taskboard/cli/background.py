"""What ``run`` and ``once`` need where no shell has started them: keys, a log, somebody to tell
that all is well. See ``taskboard.service``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from taskboard.cli.text import one_line
from taskboard.errors import BadSettings, TaskboardError

if TYPE_CHECKING:
    from taskboard.app import App
    from taskboard.cli.call import Call
    from taskboard.loop.pulse import Pulse


def settle_in(call: Call, env_file: str | None, log_file: str | None) -> None:
    """From now on this process has these keys and speaks into this log. Raises ``Usage`` for a
    log that would be a file of this workspace, and ``BadSettings`` for a file of keys that others
    may read; the log, which is begun first, tells of that."""
    if log_file is None and env_file is None:
        return
    from taskboard.core.redact import Redactor, secrets_of
    from taskboard.service.bounded_log import open_log

    keys, trouble = _keys(env_file)
    log = None
    if log_file is not None:
        kept = [*_kept(call, {**os.environ, **keys}), *([Path(env_file)] if env_file else [])]
        log = open_log(Path(log_file), kept)
    if trouble is not None:
        raise trouble
    os.environ.update(keys)
    if log is not None:
        log.clean = Redactor(secrets_of(os.environ)).redact


def _keys(env_file: str | None) -> tuple[dict[str, str], BadSettings | None]:
    if env_file is None:
        return {}, None
    from taskboard.service.env_file import read_env_file

    try:
        return read_env_file(Path(env_file)), None
    except BadSettings as error:
        return {}, error


def _kept(call: Call, environ: Mapping[str, str]) -> Iterator[Path]:
    """The files and folders of this workspace and its user that no log may be. Where there is no
    workspace, or its settings are wrong, opening it will say so."""
    from taskboard.config import load
    from taskboard.workspace import find, user_settings

    yield user_settings(environ)
    named = environ.get("TASKBOARD_BOARD")
    try:
        space = find(call.here(), call.board or (Path(named) if named else None))
    except TaskboardError:
        return
    yield from (space.board, space.settings, space.ledger, space.state, space.deadletter)
    with suppress(BadSettings):
        yield space.root / load(space, environ).settings.ledger


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
