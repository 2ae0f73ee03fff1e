"""One call of the command line: what every command shares, and the one place that runs asyncio."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from taskboard.errors import NotFound

if TYPE_CHECKING:
    import typer

    from taskboard.app import App
    from taskboard.cli.text import Screen

T = TypeVar("T")

SCHEMA_VERSION = 1


class Call:
    """What stood before and after the command: ``--board`` and ``--json``."""

    __slots__ = ("board", "json")

    def __init__(self, *, board: Path | None = None, json: bool = False) -> None:
        self.board, self.json = board, json

    @classmethod
    def of(cls, ctx: typer.Context | Call) -> Call:
        """The call a command is part of."""
        call = ctx if isinstance(ctx, Call) else ctx.find_root().obj
        assert isinstance(call, cls), "main makes it"
        return call

    def open(self, *, writable: bool = True) -> App:
        """The workspace that is meant: ``--board``, ``TASKBOARD_BOARD`` (which runs are given),
        or the nearest one upward. Raises ``NotFound`` and ``BadSettings``."""
        from taskboard.app import open_app

        self._quiet_log()
        named = os.environ.get("TASKBOARD_BOARD")
        board = self.board or (Path(named) if named else None)
        return open_app(self.here(), board=board, writable=writable)

    def here(self) -> Path:
        """The present folder. Raises ``NotFound`` when it was removed."""
        try:
            return Path.cwd()
        except FileNotFoundError:
            raise NotFound(
                "The present folder is gone.",
                hint="cd to one that is there.",
                code="no_workspace",
            ) from None

    def run(self, work: Callable[[App], Awaitable[T]], *, writable: bool = True) -> T:
        """Open the workspace and do the work in an event loop of its own. Raises ``Corrupt``
        before a ledger is written to that was rolled back or came from elsewhere; work that only
        reads goes on and says it."""
        import asyncio

        gc.enable()
        return self._do(work, asyncio.run, writable=writable)

    def read(self, work: Callable[[App], Awaitable[T]]) -> T:
        """Open the workspace to read it, and do work that waits for nothing."""
        return self._do(work, _at_once, writable=False)

    def _do(
        self,
        work: Callable[[App], Awaitable[T]],
        run: Callable[[Coroutine[Any, Any, None]], object],
        *,
        writable: bool,
    ) -> T:
        from taskboard.log import log

        app = self.open(writable=writable)
        done: list[T] = []

        async def whole() -> None:
            # What it found is not its result: asyncio would put that, at whatever length, into
            # the text of an error that ``signal`` raises and drops when the loop ends.
            try:
                doubt = app.ledger.doubt()
                if doubt is not None and writable:
                    await app.ledger.look()  # what is damaged besides says so first
                    raise doubt
                if doubt is not None:
                    log.warning("%s", doubt.message)
                done.append(await work(app))
            finally:
                app.ledger.close()

        run(whole())
        return done[0]

    def answer(
        self,
        kind: str,
        document: Mapping[str, Any] | Callable[[], Mapping[str, Any]],
        text: Callable[[Screen], Iterable[str]],
    ) -> None:
        """Print the answer: one JSON document (made only when it is wanted, if it can be
        called), or the lines for people."""
        from taskboard.cli.text import Screen, json_text

        if self.json:
            facts = document() if callable(document) else document
            whole = {"schema_version": SCHEMA_VERSION, "kind": kind, **facts}
            sys.stdout.write(json_text(whole))
        else:
            screen = Screen(sys.stdout)
            screen.say(text(screen))
        sys.stdout.flush()

    def _quiet_log(self) -> None:
        """What the modules log goes to stderr as ours, from warnings upward; in JSON nowhere."""
        import logging

        from taskboard.log import log

        log.handlers.clear()
        log.propagate = False
        if self.json:
            log.addHandler(logging.NullHandler())
        else:
            lines = logging.StreamHandler(sys.stderr)
            lines.setFormatter(logging.Formatter("taskboard: %(message)s"))
            log.addHandler(lines)


def _at_once(work: Coroutine[Any, Any, None]) -> None:
    """Do what waits for nothing, as reading files does: ``asyncio``, with all that it imports,
    takes longer than most reading."""
    try:
        work.send(None)
    except StopIteration:
        return
    work.close()
    raise RuntimeError("reading waited for something, and nobody is there to wait")
