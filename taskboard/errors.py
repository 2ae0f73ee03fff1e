"""Every error raised on purpose: what it is, its code, its exit status and the next step.

An error names the thing, the place and what to do next. Codes are stable: they stand in the
JSON that commands print on stderr and in ``docs/diagnoses.md``.
"""

from __future__ import annotations

import errno
from typing import Any


class TaskboardError(Exception):
    """Base of all: ``code`` is stable, ``exit_code`` follows the command line contract."""

    code = "internal"
    exit_code = 70

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        task: str | None = None,
        data: dict[str, Any] | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.task = task
        self.data = data or {}
        if code is not None:
            self.code = code


class Refused(TaskboardError):
    """The state machine or the gate says no. ``code`` is the refusal event's type."""

    code = "transition_blocked"
    exit_code = 3


class StaleRun(Refused):
    """A run that is no longer the task's current run tried to act."""

    code = "stale_run"


class Untrusted(TaskboardError):
    """The workspace may not start processes until its user trusts it."""

    code = "untrusted"
    exit_code = 3


class BoardHeld(TaskboardError):
    """The board cannot be read as intent now, so it is neither obeyed nor written."""

    code = "board_held"
    exit_code = 3


class Held(TaskboardError):
    """Somebody else holds what was asked for: a run, or the daemon's lock."""

    code = "held"
    exit_code = 4


class Conflict(TaskboardError):
    """The ledger moved on since the caller looked. Look again and retry; nothing was written."""

    code = "storage"
    exit_code = 75


class Corrupt(TaskboardError):
    """The ledger has a bad record with good ones after it. Nothing is written."""

    code = "corrupt"
    exit_code = 65


class NotFound(TaskboardError):
    """No such workspace, board, task or run: code ``no_workspace`` or ``no_task``."""

    code = "no_task"
    exit_code = 66


class Storage(TaskboardError):
    """The disk refused: full, read-only, or a failed sync. Nothing was acknowledged."""

    code = "storage"
    exit_code = 75


class NoService(TaskboardError):
    """launchd or systemd does not answer, or did not take what it was given."""

    code = "no_service"
    exit_code = 75


class BadSettings(TaskboardError):
    """Settings that cannot be used; all mistakes of all files are in the message."""

    code = "settings"
    exit_code = 78


class Usage(TaskboardError):
    """The command's words are off."""

    code = "usage"
    exit_code = 2


def next_step(trouble: OSError) -> str:
    """What cures a file that the system refuses, for a hint: by its reason, not by guess."""
    if trouble.errno in (errno.EACCES, errno.EPERM):
        return "Look at its owner and permissions, and at its folder's: it has to be yours."
    if trouble.errno == errno.EROFS:
        return "The disk is mounted read-only: mount it writable, or use one that is."
    if trouble.errno in (errno.EINVAL, errno.EISDIR, errno.ENOTDIR, errno.ELOOP):
        return "Look at what lies there: it has to be a plain file in a plain folder."
    return "Make room or mend the disk, then try again."
