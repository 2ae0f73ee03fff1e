"""Holding sleep off while work runs: setting ``keep_awake``.

Linux asks ``systemd-inhibit``, macOS ``caffeinate``. Both hold sleep off for as long as a child
process lives; neither outlives us, however we end.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence

from taskboard.log import log

_PATIENCE = 1.0
"""Seconds that the program may take to end when it is told to."""


def program() -> tuple[str, ...]:
    """What holds sleep off on this system, as arguments. On Linux it ends with its stdin, which
    is a pipe of ours; on macOS it watches our pid."""
    if sys.platform == "darwin":
        return ("caffeinate", "-i", "-w", str(os.getpid()))
    what = ("--what=idle:sleep", "--mode=block", "--who=taskboard", "--why=tasks are running")
    return ("systemd-inhibit", *what, "cat")


class Wakefulness:
    """Keeps the machine awake from the first ``hold`` entered to the last one left. Where that
    cannot be done the log says so, once, and work goes on."""

    def __init__(self, argv: Sequence[str] | None = None) -> None:
        self._argv = tuple(argv or program())
        self._holding = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._told = False

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """While inside, the machine does not fall asleep by itself."""
        self._holding += 1
        if self._holding == 1:
            self._begin()
        try:
            yield
        finally:
            self._holding -= 1
            if self._holding == 0:
                self._end()

    def _begin(self) -> None:
        try:
            self._process = subprocess.Popen(  # noqa: S603
                self._argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                process_group=0,  # Ctrl-C is for us, and runs may still have to finish
            )
        except OSError as trouble:
            self._tell(trouble.strerror or str(trouble))

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is not None:
            self._tell(f"it ended by itself with status {process.returncode}")
        process.terminate()
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _tell(self, why: str) -> None:
        if not self._told:
            self._told = True
            log.warning("keep_awake: %s does not hold sleep off: %s", self._argv[0], why)
