"""Contract: an executor. It is given an order and answers with an outcome; it keeps nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from taskboard.core.outcome import Outcome
from taskboard.processes import Who


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
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
    prompt: str = ""
    fields: dict[str, str] = field(default_factory=dict)
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


class Executor(Protocol):
    """Does the work of one order."""

    async def execute(self, order: Order, watcher: Watcher) -> Outcome:
        """Answer an outcome for success, failure and timeout; never raise for what the work
        did. When the task that awaits it is cancelled, end the whole process tree first, then
        let ``CancelledError`` go on. Leave no process behind."""
        ...
