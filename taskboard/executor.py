"""Contract: an executor. It is given an order and answers with an outcome; it keeps nothing.

An implementation is one module in ``taskboard.executors``, found by its name (``claude-code`` is
``claude_code.py``), with two names of its own besides its class: ``OPTIONS``, the settings it
takes in ``[executors.NAME]``, and ``make(edges)``, which makes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec

from taskboard.clock import Clock
from taskboard.confinement import Confiner
from taskboard.core.bill import Rates
from taskboard.core.outcome import Outcome
from taskboard.core.rights import Rights
from taskboard.processes import Processes, Who


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of work. ``run`` is the durable id and the marker in the environment, ``label``
    ``TASK-015@3``; ``folder`` is the run's own folder for logs, ``log`` the file in it that
    output is streamed to; times are seconds awake."""

    task: str
    run: str
    label: str
    attempt: int
    project: Path
    board: Path
    folder: Path
    log: str = "output.log"
    command: str = ""
    """For the shell; agents have a prompt."""
    prompt: str = ""
    """Everything an agent has to know, as for the first time."""
    news: str = ""
    """What an agent that goes on with its earlier session has not heard yet."""
    previous: Path | None = None
    """The folder of the run that this one goes on from: the same task, round and executor. What
    the executor needs for it (a session's name, a transcript) it has left there itself; it takes
    it over into ``folder``. None, or nothing of use there: begin anew with ``prompt``."""
    model: str = ""
    """Empty for the executor's own default."""
    budget_usd: float | None = None
    """What this run may cost; the work stops when it is spent."""
    rights: Rights = msgspec.field(default_factory=Rights)
    control: tuple[Path, ...] = ()
    """Files and folders that nothing an agent does may change: board, ledger, settings, hooks."""
    fields: dict[str, str] = msgspec.field(default_factory=dict)
    env: tuple[str, ...] = ()
    """Names of variables passed through besides the standard ones."""
    timeout: float = 3600.0
    stall: float | None = None
    refusal: str | None = None


class Watcher(Protocol):
    """Told what happens while an order is executed. Must not block."""

    def started(self, group: Who) -> None:
        """The process group that does the work, before it can do anything that matters. It
        may raise: then the work ends before it has begun, and what was raised goes on."""
        ...

    def output(self, text: str) -> None:
        """A piece of redacted output, as it comes."""
        ...


class Fitness(msgspec.Struct, frozen=True, kw_only=True):
    """Whether an executor can be used here: ``problem`` says in a sentence why not, ``hint``
    what cures it. ``logged_in`` None means that it could not be told without asking its service;
    ``version`` is empty where nobody has asked the program."""

    usable: bool
    version: str = ""
    logged_in: bool | None = None
    problem: str = ""
    hint: str = ""


class Edges(msgspec.Struct, frozen=True, kw_only=True):
    """What an executor is made from. ``options`` are its own settings, ``state`` a folder of this
    user's outside the workspace, ``confiner`` None where nothing here can confine."""

    clock: Clock
    processes: Processes
    environ: Mapping[str, str]
    state: Path
    confiner: Confiner | None = None
    options: Mapping[str, Any] = msgspec.field(default_factory=dict)
    prices: Mapping[str, Rates] = msgspec.field(default_factory=dict)


class Executor(Protocol):
    """Does the work of orders."""

    def fitness(self) -> Fitness:
        """A quick look, with no process and no network: is the program there, is there a key.
        Asked in every turn."""
        ...

    async def examine(self) -> Fitness:
        """A closer look for ``doctor``: may start the program to ask its version and login. Never
        asks the service; never raises."""
        ...

    async def execute(self, order: Order, watcher: Watcher) -> Outcome:
        """Answer an outcome for success, failure and timeout; never raise for what the work
        did. When the task that awaits it is cancelled, end the whole process tree first, then
        let ``CancelledError`` go on. Leave no process behind. Who uses models keeps what they
        have used in ``order.folder`` while it works (``taskboard.run_bill``): a run may be ended
        by others."""
        ...
