"""The composition root: the only module that knows concrete classes."""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from taskboard.anthropic_api import KEYS
from taskboard.clock import Clock, SystemClock
from taskboard.config import Configured, load
from taskboard.core.bill import Rates
from taskboard.core.event import Draft
from taskboard.core.prices import FREE, PRICES
from taskboard.core.redact import Redactor, secrets_of
from taskboard.core.setting_kinds import PRICE_SETTINGS
from taskboard.core.settings import Settings
from taskboard.core.task import World
from taskboard.decider import Decider, Desk
from taskboard.disk import DiskFiles
from taskboard.errors import BadSettings, TaskboardError, Untrusted
from taskboard.executor import Edges
from taskboard.git import FolderGit
from taskboard.heads import Heads, opened_as
from taskboard.ledgers.jsonl import JsonlLedger, Place
from taskboard.ledgers.leases import DirectoryLeases
from taskboard.loop.context import Context, Memory
from taskboard.loop.writeback import WriteBack
from taskboard.outside import Commits, Web
from taskboard.processes import SystemProcesses
from taskboard.registry import Executors, decider, names
from taskboard.trust import Trust
from taskboard.workspace import Workspace, find, user_state

if TYPE_CHECKING:
    from taskboard.confinement import Confiner
    from taskboard.ledgers.jsonl.fork import Forked
    from taskboard.ledgers.jsonl.salvage import Salvaged
    from taskboard.loop.bell import CommandBell


class App(msgspec.Struct, frozen=True):
    """One opened workspace: its edges, this process's memory, and where settings came from."""

    workspace: Workspace
    configured: Configured
    ctx: Context
    memory: Memory
    ledger: JsonlLedger
    trust: Trust
    heads: Heads
    place: Place

    def fork(self, carry: Callable[[World], list[Draft]]) -> Forked:
        """Put a fork in the ledger's place; see ``taskboard.ledgers.jsonl.fork``."""
        from taskboard.ledgers.jsonl.fork import fork

        return fork(self.ctx.files, self.ctx.clock, self.heads, self.place, carry)

    def salvage(self, carry: Callable[[World], list[Draft]]) -> Salvaged:
        """Put what can be rescued in the place of a damaged ledger; see
        ``taskboard.ledgers.jsonl.salvage``."""
        from taskboard.ledgers.jsonl.salvage import salvage

        return salvage(self.ctx.files, self.ctx.clock, self.heads, self.place, carry)

    @property
    def settings(self) -> Settings:
        return self.configured.settings


def open_app(
    start: Path,
    *,
    board: Path | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
    writable: bool = True,
) -> App:
    """Open the workspace of ``start`` (or of ``board``). ``writable`` False is for commands that
    only read: they make no file and repair nothing. Raises ``NotFound`` and ``BadSettings``."""
    environ = os.environ if environ is None else environ
    workspace = find(start, board)
    files, clock = DiskFiles(), SystemClock()
    trust = Trust.of(environ, files)
    configured = load(workspace, environ, flags, trusted=trust.trusted(workspace) is None)
    settings = configured.settings
    path = _ledger_path(workspace, settings)
    place = Place(path, workspace.state, workspace.board.name, _device())
    heads = Heads.of(environ, files, clock)
    redactor = Redactor(secrets_of(environ))
    ledger = JsonlLedger(
        files,
        clock,
        path=place.path,
        state=place.state,
        device=place.device,
        board=place.board,
        heads=heads,
        writable=writable,
        redact=redactor.redact_data,
    )
    edges = Edges(
        clock=clock,
        processes=SystemProcesses(),
        environ=environ,
        state=user_state(environ) / "agents",
        prices=_prices(settings, environ),
    )
    ctx = _context(
        workspace,
        settings=settings,
        files=files,
        edges=edges,
        ledger=ledger,
        place=place,
        trust=trust,
        redactor=redactor,
    )
    return App(workspace, configured, ctx, Memory(), ledger, trust, heads, place)


def _context(
    workspace: Workspace,
    *,
    settings: Settings,
    files: DiskFiles,
    edges: Edges,
    ledger: JsonlLedger,
    place: Place,
    trust: Trust,
    redactor: Redactor,
) -> Context:
    clock, environ, root = edges.clock, edges.environ, workspace.root
    priority = decider("priority", Desk(clock=clock, environ=environ, root=root))
    desk = Desk(clock=clock, environ=environ, root=root, fallback=priority, prices=edges.prices)
    boot = edges.processes.me().boot
    return Context(
        workspace=workspace,
        settings=settings,
        files=files,
        clock=clock,
        processes=edges.processes,
        ledger=ledger,
        history=ledger,
        leases=DirectoryLeases(files, workspace.locks),
        writeback=WriteBack(files, clock, board=workspace.board, state=workspace.state, boot=boot),
        executors=Executors(edges, settings.executors, cache(partial(_confiner, environ))),
        decider=_decider(settings, desk),
        fallback=priority,
        device=place.device,
        mark=_mark(clock),
        owner=settings.owner or login_name(),
        untrusted=lambda: _untrusted(trust, workspace, place.path),
        git=FolderGit(Path(os.path.realpath(workspace.board)).parent),
        commits=partial(_commits, environ, root),
        web=_web,
        keep_awake=_wakefulness() if settings.keep_awake else nullcontext,
        bell=_bell(settings, workspace, edges, files, redactor) if settings.notify else None,
    )


def _commits(environ: Mapping[str, str], root: Path) -> Commits:
    from taskboard.git_commits import GitCommits

    return GitCommits(environ, (root,))


def _web() -> Web:
    from taskboard.web import PublicWeb

    return PublicWeb()


def _wakefulness() -> Callable[[], AbstractContextManager[object]]:
    from taskboard.wakefulness import Wakefulness

    return Wakefulness().hold


def _bell(
    settings: Settings, workspace: Workspace, edges: Edges, files: DiskFiles, redactor: Redactor
) -> CommandBell:
    from taskboard.loop.bell import CommandBell

    return CommandBell(
        settings.notify,
        workspace=workspace,
        environ=edges.environ,
        names=settings.env,
        files=files,
        clock=edges.clock,
        processes=edges.processes,
        redactor=redactor,
    )


def _ledger_path(workspace: Workspace, settings: Settings) -> Path:
    if "://" in settings.ledger:
        raise BadSettings(
            f"ledger = {settings.ledger!r}: this version keeps its ledger in a file.",
            hint='Set ledger = "events.jsonl", or remove the line.',
        )
    return workspace.root / settings.ledger


def _confiner(environ: Mapping[str, str]) -> Confiner | None:
    from taskboard.confiners.find import find_confiner

    return find_confiner(environ).confiner


def _prices(settings: Settings, environ: Mapping[str, str]) -> dict[str, Rates]:
    """Published prices, and the user's own on top; what one leaves out is 0, and so is all that an
    offline model does."""
    zero = dict.fromkeys((s.name for s in PRICE_SETTINGS), 0.0)
    own = {model: Rates(**{**zero, **rates}) for model, rates in settings.prices.items()}
    known = {**PRICES, **own}
    return dict.fromkeys(known, Rates(0, 0, 0, 0, 0)) if environ.get(FREE) == "1" else known


def _decider(settings: Settings, desk: Desk) -> Decider:
    name = settings.decider
    if name == "auto":
        name = "claude" if any(desk.environ.get(key) for key in KEYS) else "priority"
    if name not in names("deciders"):
        raise BadSettings(
            f"decider = {settings.decider!r} is none of {', '.join(names('deciders'))}.",
            hint='Set decider = "auto", or one of these.',
        )
    if name == "priority":
        return desk.fallback or decider(name, desk)
    return decider(name, replace(desk, options=settings.deciders.get(name, {})))


def _untrusted(trust: Trust, workspace: Workspace, ledger: Path) -> Untrusted | None:
    """Why nothing may start now: never trusted, not this user's own, or settings that changed or
    another ledger since. A running process keeps the settings it started with."""
    try:
        trust.require(workspace, opened_as(trust.files, ledger))
    except Untrusted as reason:
        return reason
    except TaskboardError as error:
        return Untrusted(error.message, hint=error.hint)
    return None


def login_name() -> str:
    """Who this user is, as a word that can stand in a status."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = ""
    return re.sub(r"[^A-Za-z0-9._@/-]+", "-", name) or "owner"


def _device() -> str:
    name = os.uname().nodename.partition(".")[0]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name) or "device"


def _mark(clock: Clock) -> str:
    """Three hex digits that tell this process's agents from another's."""
    return f"{int(clock.random() * 0x1000):03x}"
