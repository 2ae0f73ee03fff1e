"""Noticing that a child has ended, without reaping it, and reaping it when its time has come."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import sys
import threading


def reap_child(pid: int) -> int | None:
    """Reap it: its exit status, or minus the signal; None when somebody else has reaped it, or
    when it does not die (it hangs in the kernel, and ``end_group`` has given up on it)."""
    try:
        done, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return None
    return os.waitstatus_to_exitcode(status) if done else None


class Exit:
    """A future that is done when a child has ended. The child is not reaped."""

    def __init__(self, pid: int) -> None:
        self._loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = self._loop.create_future()
        self._handle = _pidfd(pid)
        if self._handle >= 0:
            self._loop.add_reader(self._handle, self._note)
        else:
            threading.Thread(target=self._watch, args=(pid,), daemon=True).start()

    def insist(self) -> None:
        """Ended in a hurry (no time was given to ``end_group``): it is killed, so a moment is
        enough, and blocking for it beats leaving a zombie."""
        if self._handle >= 0 and not self.done.done():
            poll = select.poll()
            poll.register(self._handle, select.POLLIN)
            poll.poll(1000)

    def close(self) -> None:
        """Stop looking."""
        if self._handle >= 0:
            self._loop.remove_reader(self._handle)
            os.close(self._handle)
            self._handle = -1
        self.done.cancel()

    def _note(self) -> None:
        if self._handle >= 0:
            self._loop.remove_reader(self._handle)
        if not self.done.done():
            self.done.set_result(None)

    def _watch(self, pid: int) -> None:
        _await_exit(pid)
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._note)


def _pidfd(pid: int) -> int:
    """A file that is readable when the process has ended; -1 where there is no such thing."""
    if sys.platform != "linux":
        return -1
    try:
        return os.pidfd_open(pid)
    except OSError:
        return -1


def _await_exit(pid: int) -> None:
    """Block until a child has ended, without reaping it."""
    if sys.platform == "darwin":
        queue = select.kqueue()
        exits = select.kevent(
            pid, select.KQ_FILTER_PROC, select.KQ_EV_ADD, fflags=select.KQ_NOTE_EXIT
        )
        with contextlib.closing(queue), contextlib.suppress(ProcessLookupError):
            queue.control([exits], 1)  # no such process: it has ended already
    else:
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
