"""One child process in a group of its own: gated, listened to, and ended with all it started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from taskboard.clock import Clock
from taskboard.exits import Exit, reap_child
from taskboard.processes import Processes, Who
from taskboard.waiting import Wait, whole

Sink = Callable[[bytes], None]

_GATE = 'IFS= read -r go && exec "$@" <"$0"'
"""The child's first program: a shell that waits for a line on stdin and then becomes the command.
When we die before we have written it the shell reads the end of file and leaves: a command that
nobody has recorded never starts. This needs no ``preexec_fn``, which is unsafe with threads."""

_STANDARD = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR", "XDG_STATE_HOME")
"""The last so that commands inside a run find what this machine remembers of the ledger."""
_BLOCK = 1 << 16
_DRAIN = 1 << 20
"""More than a pipe holds (at most 1 MiB): what was written before the end is read after it, and
somebody who keeps writing cannot keep us."""


def run_environment(
    environ: Mapping[str, str], names: Sequence[str], *, label: str, run: str, board: Path
) -> dict[str, str]:
    """The environment of a run: the standard variables, ``names``, and the run's own marks.
    Nothing else of ``environ`` gets through."""
    kept = {k: v for k, v in environ.items() if k in _STANDARD or k.startswith("LC_")}
    chosen = {name: environ[name] for name in names if name in environ}
    return {
        "PATH": os.defpath,
        **kept,
        "TERM": "dumb",
        **chosen,
        "TASKBOARD_RUN": label,
        "TASKBOARD_RUN_ID": run,
        "TASKBOARD_BOARD": str(board),
    }


class Ending(NamedTuple):
    """How it went: ``cause`` is ``exit signal timeout stall`` or ``lost`` (somebody else took
    the exit status); ``code`` the exit status or the signal's number."""

    cause: str
    code: int | None


_THERE = (
    'for inode in $(ls -di .); do [ "$inode" = "$0" ] && exec "$@";'
    " echo the project folder was replaced >&2; exit 126; done"
)


def in_folder(inode: int, argv: Sequence[str]) -> list[str]:
    """The command, which begins only where its working folder is the one with this ``inode``: it
    looks for itself, in whatever cage, after the last moment in which another could be put there.
    Else it ends with 126."""
    return ["/bin/sh", "-c", _THERE, str(inode), *argv]


class Child:
    """A started child that waits at its gate. Use ``start``; then ``perform`` exactly once."""

    def __init__(
        self,
        *,
        popen: subprocess.Popen[bytes],
        gate: int,
        pipes: Mapping[int, Sink],
        who: Who,
        clock: Clock,
        processes: Processes,
    ) -> None:
        self.who = who
        self._popen = popen
        self._gate = gate
        self._pipes = dict(pipes)
        self._processes = processes
        self._wait = Wait(clock)
        self._exit = Exit(popen.pid)
        for pipe in self._pipes:
            asyncio.get_running_loop().add_reader(pipe, self._listen, pipe)

    async def perform(
        self,
        started: Callable[[Who], None],
        *,
        marker: str,
        timeout: float,  # noqa: ASYNC109 - seconds awake, which asyncio cannot count
        stall: float | None = None,
        grace: float = 5.0,
    ) -> Ending:
        """Tell ``started``, open the gate, and wait for the end, ``timeout`` seconds awake at
        most, and ``stall`` without output. Returns, raises or is cancelled only when the whole
        tree has ended and every file is closed."""
        cause = ""
        try:
            started(self.who)
            self._open_gate()
            cause = await self._wait.within(self._exit.done, timeout, stall)
        finally:
            code = await self._end(marker, grace)
        if cause != "done":
            return Ending(cause, code)
        if code is None:
            return Ending("lost", None)
        return Ending("exit", code) if code >= 0 else Ending("signal", -code)

    def _open_gate(self) -> None:
        with contextlib.suppress(BrokenPipeError):  # ended already: the exit status tells
            os.write(self._gate, b"go\n")
        self._shut_gate()

    def _shut_gate(self) -> None:
        if self._gate >= 0:
            os.close(self._gate)
            self._gate = -1

    def _listen(self, pipe: int) -> None:
        """One block, as it comes."""
        try:
            data = os.read(pipe, _BLOCK)
        except BlockingIOError:
            return
        if not data:
            self._close_pipe(pipe)
            return
        self._wait.heard()
        self._pipes[pipe](data)

    def _drain(self) -> None:
        for pipe, sink in list(self._pipes.items()):
            left = _DRAIN
            with contextlib.suppress(BlockingIOError):
                while left > 0 and (data := os.read(pipe, _BLOCK)):
                    left -= len(data)
                    sink(data)

    def _close_pipe(self, pipe: int) -> None:
        asyncio.get_running_loop().remove_reader(pipe)
        del self._pipes[pipe]
        os.close(pipe)

    async def _end(self, marker: str, grace: float) -> int | None:
        """End the tree, however often we are cancelled meanwhile. The first process is reaped
        last: until then its pid cannot become another's, and so neither can the group's."""
        self._shut_gate()
        try:
            self._drain()
            ending = asyncio.ensure_future(
                self._processes.end_group(self.who, marker, grace=grace)
            )
            await whole(ending)
            ending.result()
        finally:
            try:
                self._drain()
            finally:
                code = self._close()
        return code

    def _close(self) -> int | None:
        for pipe in list(self._pipes):
            self._close_pipe(pipe)
        self._exit.insist()
        code = reap_child(self._popen.pid)
        self._popen.returncode = -255 if code is None else code  # it need not look for itself
        self._exit.close()
        return code


def start(
    argv: Sequence[str],
    *,
    cwd: Path,
    environ: Mapping[str, str],
    out: Sink,
    clock: Clock,
    processes: Processes,
    err: Sink | None = None,
    stdin: Path = Path(os.devnull),
) -> Child:
    """Start ``argv`` in a session and group of its own, held at its gate. stderr goes into
    stdout's pipe, in order, unless it has a sink of its own. Raises ``OSError`` (no such folder,
    no room for a process) or ``ValueError`` (a NUL in an argument)."""
    with contextlib.ExitStack() as ours, contextlib.ExitStack() as theirs:
        gate_in, gate = _pipe(theirs, ours)
        sinks = {}
        read, write_out = _pipe(ours, theirs)
        sinks[read] = out
        write_err = write_out
        if err is not None:
            read, write_err = _pipe(ours, theirs)
            sinks[read] = err
        popen = subprocess.Popen(  # noqa: S603
            ["/bin/sh", "-c", _GATE, str(stdin), *argv],
            stdin=gate_in,
            stdout=write_out,
            stderr=write_err,
            cwd=cwd,
            env=dict(environ),
            start_new_session=True,
        )
        ours.callback(_abandon, popen)
        who = processes.identify(popen.pid)
        if who is None:
            raise ProcessLookupError(f"process {popen.pid} ended before it had begun")
        for pipe in sinks:
            os.set_blocking(pipe, False)
        child = Child(
            popen=popen, gate=gate, pipes=sinks, who=who, clock=clock, processes=processes
        )
        ours.pop_all()
        return child


def _pipe(reader: contextlib.ExitStack, writer: contextlib.ExitStack) -> tuple[int, int]:
    read, write = os.pipe()
    reader.callback(os.close, read)
    writer.callback(os.close, write)
    return read, write


def _abandon(popen: subprocess.Popen[bytes]) -> None:
    popen.kill()
    popen.wait()
