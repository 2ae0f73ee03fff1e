"""Errors, as people and programs read them on stderr."""

from __future__ import annotations

import errno
import sys

from taskboard.cli.text import json_text, paragraph
from taskboard.errors import Storage, TaskboardError, Usage, next_step

SCHEMA_VERSION = 1

_REFUSALS = frozenset(
    {errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EIO}
)
_NO_FILES = frozenset({errno.EINVAL, errno.EISDIR, errno.ENOTDIR, errno.ELOOP})
"""What is said of a folder, a pipe or a circle of links in a file's place: of a path, always."""


def explain(error: TaskboardError, *, as_json: bool) -> int:
    """Write one error to stderr and return its exit status."""
    if as_json:
        document = {
            "schema_version": SCHEMA_VERSION,
            "error": {
                "code": error.code,
                "message": error.message,
                "hint": error.hint,
                "task": error.task,
                "data": error.data,
            },
        }
        sys.stderr.write(json_text(document))
    else:
        sys.stderr.write(paragraph(f"taskboard: {error.message}") + "\n")
        if error.hint:
            sys.stderr.write(paragraph(f"  {error.hint}", indent="  ") + "\n")
    sys.stderr.flush()
    return error.exit_code


def usage(error: BaseException) -> Usage:
    """What the parser found wrong, in our words."""
    tell = getattr(error, "format_message", None)
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "taskboard"
    message = str(tell() if tell is not None else error).strip()
    return Usage(message or "The command's words are off.", hint=f"{command} --help")


def unexpected(error: Exception) -> TaskboardError:
    """A disk that refuses, or a fault of the program itself."""
    if isinstance(error, OSError) and (
        error.errno in _REFUSALS or (error.filename and error.errno in _NO_FILES)
    ):
        return Storage(
            f"{error.filename or 'The disk'}: {error.strerror}.",
            hint=next_step(error),
        )
    return TaskboardError(
        f"Something went wrong inside taskboard: {type(error).__name__}: {error}",
        hint="Set TASKBOARD_DEBUG=1 and repeat the command to see where, then report it with "
        "the output of `taskboard doctor`. What the ledger has acknowledged is safe.",
    )
