"""The frame of every command that changes something: absorb, act, write back."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from taskboard.app import App, login_name
from taskboard.cli.call import Call
from taskboard.cli.hold import board_held
from taskboard.cli.look import Look, look
from taskboard.core.state import Kind, read_status
from taskboard.errors import TaskboardError, Usage
from taskboard.log import log
from taskboard.loop.command import begin, end
from taskboard.loop.evidence import starts_process
from taskboard.loop.record import require_trust

T = TypeVar("T")


async def turn(app: App, act: Callable[[], Awaitable[T]], *, whole_board: bool = False) -> T:
    """One turn around ``act``. The board is written back also when ``act`` was refused: what was
    absorbed before it counts. ``whole_board`` refuses a held board (``BoardHeld``)."""
    ctx, memory = app.ctx, app.memory
    await begin(ctx, memory)
    try:
        if whole_board and memory.sight.held is not None:
            raise board_held(ctx, await ctx.ledger.look(), "Not now", memory.sight.held)
        result = await act()
    except TaskboardError:
        with contextlib.suppress(TaskboardError):
            await end(ctx, memory)
        raise
    await end(ctx, memory)
    if memory.sight.held is not None:
        log.warning("recorded, and the board was left alone: %s", memory.sight.held)
    return result


def actor() -> str:
    """Whose act a command is: the login name, or inside a run ``agent:TASK-015@3``. Nobody is
    authenticated."""
    run = os.environ.get("TASKBOARD_RUN")
    return f"agent:{run}" if run else login_name()


def require_agent(name: str) -> str:
    """An agent's name, or ``Usage`` when it could not stand in a status."""
    if read_status(f"running:{name}:2000-01-01T00:00Z").kind is not Kind.RUNNING:
        raise Usage(
            f"`{name}` cannot stand in a status: an agent's name is letters, digits and ._@/-.",
            hint="taskboard claim --next --agent claude-1",
        )
    return name


async def require_trust_to_verify(
    call: Call, app: App, declares: Callable[[Look], Mapping[str, str]]
) -> None:
    """Raise ``Untrusted`` before anything is appended, when judging the task would start a
    program and nothing may be executed here. ``declares`` finds its fields."""
    if app.ctx.untrusted() is None:
        return
    reader = call.open(writable=False)
    try:
        fields = declares(await look(reader))
    finally:
        reader.ledger.close()
    if starts_process(fields):
        require_trust(app.ctx)
