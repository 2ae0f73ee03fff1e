"""Agents' command-line programs: found, and run headless, with the JSON lines they print read as
they come."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from taskboard.beneath import identity_of
from taskboard.child import Child, Ending, in_folder, start
from taskboard.clock import Clock
from taskboard.confinement import Cage
from taskboard.core.agent_turn import JsonLines, Lines, Stream
from taskboard.core.redact import Redactor
from taskboard.executor import Edges, Order, Watcher
from taskboard.processes import Processes, Who
from taskboard.runlog import Transcript
from taskboard.waiting import end
from taskboard.workspace import home

_LOG_LINE = 1 << 13
"""Bytes of a line of stderr that are looked at: a program may print anything there."""

NETWORK = (
    *("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("https_proxy", "http_proxy", "all_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS"),
)
"""Variables that say how this machine reaches the network: a program's model is out there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What one program is called and what cures its absence: ``name`` the executor's, ``program``
    the command's, ``package`` npm's, ``tested`` the version that taskboard was tried with,
    ``login`` sentences for people, ``keys`` variables that its tools must never see. One that
    ``names_session`` tells us what it calls a new session; the others are told by us."""

    name: str
    program: str
    package: str
    tested: tuple[int, int, int]
    login: str
    keys: tuple[str, ...]
    names_session: bool

    @property
    def install(self) -> str:
        """A sentence for people."""
        how = f"Install it with `npm install -g {self.package}`"
        return f"{how}, or name it in `[executors.{self.name}] command`."


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """One start of a program: its command, what it is given besides the run's own environment,
    and where it writes to when it is confined (``Cage``). Not ``caged``: it confines its tools
    itself. ``postscript`` follows what it is asked."""

    argv: tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=dict)
    writable: tuple[Path, ...] = ()
    caged: bool = True
    postscript: str = ""


def find_program(command: str, environ: Mapping[str, str]) -> Path | None:
    """Where a program is: a path as it stands, a name on the search path. Entries that are
    relative to wherever we are do not count: a project could put a program of its own there."""
    if "/" in command:
        at = Path(command.replace("~", str(home(environ)), 1) if command[0] == "~" else command)
        return at if at.is_absolute() and os.access(at, os.X_OK) and at.is_file() else None
    folders = environ.get("PATH", os.defpath).split(os.pathsep)
    found = shutil.which(command, path=os.pathsep.join(f for f in folders if f.startswith("/")))
    return Path(found) if found else None


def installed_in(program: Path, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The files and folders that a program needs to run, as far as they can be told from where
    it lies: its link, its package and, for a script, its interpreter."""
    real = program.resolve()
    parts = real.parts
    at = parts.index("node_modules") if "node_modules" in parts else 0
    package = Path(*parts[:at], "node_modules") if at else real.parent
    places = [program, package]
    if (node := find_program("node", environ)) is not None:
        places += [node, node.resolve().parent.parent]
    root = Path("/")
    return tuple(dict.fromkeys(p for p in places if p not in (root, Path("/usr"))))


def caged(
    edges: Edges, order: Order, launch: Launch, readable: tuple[Path, ...]
) -> tuple[str, ...]:
    """The command, in a cage where this machine has one and the order wants it. Raises
    ``ValueError`` where the project is no folder of its own, or holds the home folder."""
    identity = identity_of(order.project)
    if identity is None:
        raise ValueError(f"its project folder {order.project} is a link, or gone")
    argv = tuple(in_folder(identity[1], launch.argv))
    confiner = edges.confiner
    if confiner is None or not order.rights.confined or not launch.caged:
        return argv
    cage = Cage(
        project=order.project,
        home=home(edges.environ),
        hidden=(edges.state,),  # what other tasks' programs keep
        writable=launch.writable,
        readable=(*readable, order.folder),
        control=order.control,
        closed=order.rights.closed,
        network=True,  # its model is out there; what its tools may reach is each program's own
    )
    return tuple(confiner.wrap(argv, cage))


def has_shell(edges: Edges, order: Order, wish: str) -> bool:
    """Whether an agent may run commands with this program. ``wish`` is the user's option:
    ``confined`` (only in a cage), ``always``, ``never``. Text that no person wrote never gets a
    shell that could reach the network or leave a cage."""
    if wish == "never" or not order.rights.shell or not order.rights.network:
        return False
    in_cage = edges.confiner is not None and order.rights.confined
    return in_cage or not order.rights.confined or wish == "always"


def network_secret(environ: Mapping[str, str]) -> bool:
    """Whether a program is told a password by the way it reaches the network: then whatever it
    starts can read that, too."""
    return any("@" in environ.get(name, "") for name in NETWORK if name.lower().endswith("proxy"))


@dataclass(slots=True, kw_only=True)
class Listener:
    """Where a program's output goes: its lines to the log as they are and to the stream as
    objects; what a person would read of them to the watcher, redacted. Its stderr goes to ``err``
    and, line by line, to the stream too."""

    log: Transcript
    err: Callable[[bytes], None]
    redactor: Redactor
    watcher: Watcher
    stream: Stream
    over: asyncio.Event = field(default_factory=asyncio.Event)
    lines: JsonLines = field(default_factory=JsonLines)
    errors: Lines = field(default_factory=Lines)

    def feed(self, data: bytes) -> None:
        """The next bytes of its stdout."""
        self.log.feed(data)
        self._hear(data)

    def complain(self, data: bytes) -> None:
        """The next bytes of its stderr."""
        self.err(data)
        for line in self.errors.feed(data):
            self.stream.overhear(line[:_LOG_LINE].decode("utf-8", "replace"))
        self._look()

    def finish(self) -> None:
        """There is no more."""
        self._hear(b"\n")

    def _hear(self, data: bytes) -> None:
        for found in self.lines.feed(data):
            if said := self.stream.hear(found):
                self.watcher.output(self.redactor.redact(said) + "\n")
        self._look()

    def _look(self) -> None:
        if self.stream.over is not None:
            self.over.set()


class Limits(NamedTuple):
    """Seconds awake: see ``Child.perform``."""

    marker: str
    timeout: float
    stall: float | None
    grace: float


def start_program(
    argv: Sequence[str],
    *,
    cwd: Path,
    environ: Mapping[str, str],
    stdin: Path,
    listener: Listener,
    clock: Clock,
    processes: Processes,
) -> Child:
    """The program at its gate. Raises as ``taskboard.child.start`` does."""
    return start(
        argv,
        cwd=cwd,
        environ=environ,
        out=listener.feed,
        err=listener.complain,
        stdin=stdin,
        clock=clock,
        processes=processes,
    )


async def listen(
    child: Child, started: Callable[[Who], None], listener: Listener, limits: Limits
) -> Ending:
    """Let it work to its end. One that goes on after its closing line is ended, and that is
    cause ``closed``. As with ``Child.perform`` nothing is left when this is over."""
    work = asyncio.ensure_future(
        child.perform(
            started,
            marker=limits.marker,
            timeout=limits.timeout,
            stall=limits.stall,
            grace=limits.grace,
        )
    )
    closing = asyncio.ensure_future(listener.over.wait())
    try:
        await asyncio.wait({work, closing}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            await asyncio.wait({work}, timeout=listener.stream.over or 0.0)
        closed = not work.done()
    finally:
        closing.cancel()
        await end(work)
    listener.finish()
    return Ending("closed", None) if closed and work.cancelled() else work.result()
