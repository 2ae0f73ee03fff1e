"""The command of setting ``notify``: how people hear of what happened. The one way out."""

from __future__ import annotations

import codecs
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from taskboard.child import Child, Ending, run_environment, start
from taskboard.clock import Clock
from taskboard.core.plain import plain
from taskboard.core.redact import Redactor
from taskboard.core.units import brief
from taskboard.files import Files
from taskboard.processes import Processes
from taskboard.workspace import Workspace

if TYPE_CHECKING:
    from filelock import FileLock

PATIENCE = 30.0
"""Seconds awake that the command may take."""

_GRACE = 2.0
_KEPT = 2000
"""Characters of what it says that are looked at; ``_SAID`` of them are recorded."""
_SAID = 500


class Rung(NamedTuple):
    """How it went: nothing in ``problem`` means well."""

    problem: str = ""
    said: str = ""


class Bell(Protocol):
    """Somebody who can be told."""

    def take(self) -> bool:
        """Whether it is ours to ring: one process of a workspace at a time tells people."""
        ...

    def leave(self) -> None:
        """Let another have it."""
        ...

    async def ring(self, variables: Mapping[str, str], document: Mapping[str, Any]) -> Rung:
        """Tell, and wait until that is over. Cancelled, it ends what it has started."""
        ...


class CommandBell:
    """Runs ``/bin/sh -c command`` in the board's folder, in a group of its own, with the
    environment of a run. What it is about comes in ``TASKBOARD_*`` variables and as JSON on its
    standard input; no word of it becomes part of the command."""

    def __init__(
        self,
        command: str,
        *,
        workspace: Workspace,
        environ: Mapping[str, str],
        names: tuple[str, ...],
        files: Files,
        clock: Clock,
        processes: Processes,
        redactor: Redactor,
        patience: float = PATIENCE,
    ) -> None:
        self._command = command
        self._space = workspace
        self._environ, self._names = environ, names
        self._files, self._clock, self._processes = files, clock, processes
        self._redactor = redactor
        self._patience = patience
        self._lock: FileLock | None = None

    def take(self) -> bool:
        """See ``Bell``. A dead holder's lock has gone with it."""
        if self._lock is not None:
            return True
        from filelock import FileLock, Timeout

        self._files.make_folder(self._space.state)
        lock = FileLock(self._space.state / "notify.lock", timeout=0)
        with suppress(Timeout):
            lock.acquire()
            self._lock = lock
        return self._lock is not None

    def leave(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    async def ring(self, variables: Mapping[str, str], document: Mapping[str, Any]) -> Rung:
        """See ``Bell``."""
        heard = _Heard(self._redactor.fresh())
        marker = self._clock.uuid()
        try:
            child = self._start(variables, document, marker, heard.feed)
        except (OSError, ValueError) as error:
            return Rung(f"it cannot be started: {error}")
        ending = await child.perform(
            lambda _who: None, marker=marker, timeout=self._patience, grace=_GRACE
        )
        return Rung(self._problem(ending), heard.text())

    def _start(
        self,
        variables: Mapping[str, str],
        document: Mapping[str, Any],
        marker: str,
        out: Callable[[bytes], None],
    ) -> Child:
        path = self._space.state / "notify.json"
        self._files.make_folder(path.parent)
        data = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        self._files.write(path, data.encode("utf-8", "replace") + b"\n", durable=False)
        environ = run_environment(
            self._environ, self._names, label="", run=marker, board=self._space.board
        )
        del environ["TASKBOARD_RUN"]  # it is no run: its commands are not an agent's
        return start(
            ["/bin/sh", "-c", self._command],
            cwd=self._space.root,
            environ=environ | {name: _clean(value) for name, value in variables.items()},
            out=out,
            clock=self._clock,
            processes=self._processes,
            stdin=path,
        )

    def _problem(self, ending: Ending) -> str:
        if ending == ("exit", 0):
            return ""
        if ending.cause == "timeout":
            return f"it was ended after {brief(self._patience)}"
        if ending.cause == "exit":
            return f"exit status {ending.code}"
        return f"{ending.cause} {ending.code}" if ending.code is not None else ending.cause


class _Heard:
    """The end of what a command says, without secrets and bounded."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._tail = ""

    def feed(self, data: bytes) -> None:
        self._tail = (self._tail + self._redactor.feed(self._decode(data)))[-_KEPT:]

    def text(self) -> str:
        self._tail += self._redactor.feed(self._decode(b"", final=True)) + self._redactor.flush()
        return plain(self._tail).strip()[-_SAID:]


def _clean(value: str) -> str:
    """As a variable can hold it."""
    return os.fsdecode(value.replace("\0", "").encode("utf-8", "replace"))
