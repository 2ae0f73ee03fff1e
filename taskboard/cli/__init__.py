"""The command line: one module per group of commands. It prints and never decides.

``program`` is the entry point, ``main`` the same without a process of its own. Every command is
found by name in ``taskboard.cli.commands`` and its module imported only then, so that ``--help``
costs little more than Python's own start; so is the parser, when there is something to parse.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from taskboard.cli.bare import bare
from taskboard.cli.call import Call
from taskboard.errors import TaskboardError

__all__ = ["main", "program"]

INTERRUPTED = 130


def program() -> NoReturn:
    """The command line as a process. A tenth of a short command would go into looking for garbage
    and into giving back, piece by piece, memory that the system takes back at once: so the
    collector rests until work goes on for longer (``Call.run``), and the process just ends."""
    gc.disable()
    status = main()
    sys.stderr.flush()
    os._exit(status)


def main(args: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status. ``args`` are those of the process by default."""
    words = list(sys.argv[1:] if args is None else args)
    _mend_streams()
    call = Call(json=_wants_json(words))
    try:
        status = _run(words, call)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read has gone; what was done is done. Python's own flush at exit must not fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def _mend_streams() -> None:
    """A stream that was closed swallows what is said to it; one that cannot spell a character
    spells its code."""
    if sys.stdout is None or sys.stderr is None:
        nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115  for good
        sys.stdout, sys.stderr = sys.stdout or nowhere, sys.stderr or nowhere
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")


def _run(words: list[str], call: Call) -> int:
    try:
        command = bare(words, call)
        found = command(call) if command is not None else _parsed(words, call)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:
        from taskboard.cli import trouble

        known = error if isinstance(error, TaskboardError) else None
        if known is None and os.environ.get("TASKBOARD_DEBUG") == "1":
            raise
        return trouble.explain(known or trouble.unexpected(error), as_json=call.json)
    return found if isinstance(found, int) else 0


def _parsed(words: list[str], call: Call) -> object:
    """What comes of a command that has words of its own."""
    from taskboard.cli.root import run

    return run(words, call)


def _wants_json(words: list[str]) -> bool:
    """Whether ``--json`` stands among the options: an error in the words before it must know."""
    options = words[: words.index("--")] if "--" in words else words
    return "--json" in options
