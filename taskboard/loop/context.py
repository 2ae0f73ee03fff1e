"""What a turn works with: the edges, the settings, and what this process remembers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from taskboard.clock import Clock
from taskboard.core.board import Board
from taskboard.core.decision import Decision, Question
from taskboard.core.settings import Settings
from taskboard.core.state import Kind
from taskboard.core.task import Uptime, World
from taskboard.decider import Decider
from taskboard.errors import Untrusted
from taskboard.executor import Executor, Fitness
from taskboard.files import Files, Stat
from taskboard.git import Git
from taskboard.ledger import History, Lease, Leases, Ledger
from taskboard.loop.writeback import WriteBack
from taskboard.outside import Commits, NoCommits, NoWeb, Web
from taskboard.processes import Processes
from taskboard.workspace import Workspace

if TYPE_CHECKING:
    import asyncio

    from taskboard.loop.bell import Bell


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """The edges, put together by ``taskboard.app``. ``device`` names this machine, ``mark`` this
    process among its agents, ``owner`` the person asked when a task names none; ``untrusted``
    says why nothing may start here and what
    cures it, or None."""

    workspace: Workspace
    settings: Settings
    files: Files
    clock: Clock
    processes: Processes
    ledger: Ledger
    history: History
    leases: Leases
    writeback: WriteBack
    executors: Mapping[str, Executor]
    decider: Decider
    fallback: Decider
    """Decides without a model."""
    device: str
    mark: str
    owner: str
    untrusted: Callable[[], Untrusted | None]
    git: Git
    commits: Callable[[], Commits] = NoCommits
    web: Callable[[], Web] = NoWeb
    keep_awake: Callable[[], AbstractContextManager[object]] = nullcontext
    """Around work: the machine does not fall asleep over it, where that was asked for."""
    bell: Bell | None = None
    """Tells people what happened, where that was asked for (setting ``notify``)."""

    def project(self, fields: Mapping[str, str]) -> Path:
        """The folder a task works in, by its real path, which nobody can lead elsewhere later:
        who opens it follows no link. One outside of the workspace and its roots stays as it is
        spelled, and is not opened where a link is on the way."""
        space, resolve = self.workspace, self.files.resolve
        spelled = space.root / fields.get("project", ".")
        real = resolve(spelled)
        homes = (space.root, *map(Path, self.settings.roots))
        inside = any(real.is_relative_to(resolve(home)) for home in homes)
        return real if inside else spelled

    def uptime(self) -> Uptime:
        """Now, by the machine's running time."""
        return Uptime(self.processes.me().boot, self.clock.boot())

    def run_folder(self, run: str) -> Path:
        """Where a run's logs lie."""
        return self.workspace.runs / run


class Active(msgspec.Struct):
    """One run this process supervises."""

    lease: Lease
    title: str
    job: asyncio.Task[None]
    since: float
    heard: float
    tail: str = ""
    stop: str | None = None
    """Why it is being ended by us: ``lost`` or ``release``; None while it may go on."""


class Watch(msgspec.Struct, frozen=True):
    """A foreign lease as this process has seen it: its ``renewals`` at the last look, for how
    many ``seconds`` they have not changed, and when that look was (awake clock)."""

    renewals: int
    seconds: float
    looked: float


class Sight(msgspec.Struct):
    """The board as last read by this process. ``held`` says why it is not obeyed now."""

    data: bytes | None = None
    digest: str | None = None
    absorbed: int = 0
    """Sequence of the save the ledger had absorbed last at that moment."""
    board: Board | None = None
    shown: bytes | None = None
    """What was last projected when it was read."""
    stat: Stat | None = None
    """The file as it was just before it was read."""
    held: str | None = None


class Tally(msgspec.Struct):
    """What this process has started and seen end, for ``once`` and the terminal."""

    started: list[str] = msgspec.field(default_factory=list)
    completed: list[str] = msgspec.field(default_factory=list)
    failed: list[str] = msgspec.field(default_factory=list)
    blocked: list[str] = msgspec.field(default_factory=list)

    def sort(self, world: World) -> None:
        """Sort what was started by how it stands now. A task that ran twice is named once."""
        self.started = list(dict.fromkeys(self.started))
        ends = {Kind.DONE: self.completed, Kind.FAILED: self.failed, Kind.BLOCKED: self.blocked}
        for name in sorted(self.started):
            task = world.named(name)
            if task is not None and task.kind in ends:
                ends[task.kind].append(name)


class Thought(msgspec.Struct):
    """A question the decision layer was asked, by the digest of what it is the same by, with what
    each proposal depends on (``marks``, by task id), and the one who thinks about it. ``told``:
    the answer stands in the ledger; it ``holds`` so many seconds, ``until`` a moment of the awake
    clock. ``begins`` are the ids of the tasks that it would begin, None while nobody knows."""

    digest: str
    question: Question
    marks: Mapping[str, str]
    job: asyncio.Task[Decision]
    holds: float
    until: float = math.inf
    told: bool = False
    begins: frozenset[str] | None = None


class Memory(msgspec.Struct):
    """What one process remembers between turns. Losing it costs time and nothing else."""

    sight: Sight = msgspec.field(default_factory=Sight)
    parsed: tuple[str, Board] | None = None
    """The board read last, by the digest of its bytes."""
    active: dict[str, Active] = msgspec.field(default_factory=dict)
    """Supervised runs by run id."""
    judged: dict[str, asyncio.Task[None]] = msgspec.field(default_factory=dict)
    """Gates being asked for typed ``done`` and waiting parents, by task id."""
    thought: Thought | None = None
    unable: dict[str, tuple[Fitness, float]] = msgspec.field(default_factory=dict)
    """Executors that have refused their service, and until when nobody asks them (awake)."""
    awaited: tuple[Path, ...] = ()
    """Inputs that were missing in the last turn: nothing tells when they come."""
    watched: dict[str, Watch] = msgspec.field(default_factory=dict)
    """Foreign leases under observation, by run."""
    letters: dict[str, int] = msgspec.field(default_factory=dict)
    """Dead letters written, by task id: the event sequence they show."""
    wrote: float | None = None
    """When this process last wrote the board (awake clock)."""
    tidied: float | None = None
    """When this process last looked whether something is old (clock of the boot)."""
    settling: bool = False
    """A daemon watches the board: texts that change now may be half typed."""
    patient: bool = False
    """This process waits until a save is quiet, also one that came while it wrote."""
    noticed: bool = False
    """A save was noticed and is not absorbed: until it is, nothing is claimed."""
    stopping: bool = False
    due: bool = True
    """A turn has something to do: a run or a gate ended, or the ledger moved."""
    _news: asyncio.Event | None = None
    tally: Tally = msgspec.field(default_factory=Tally)

    @property
    def news(self) -> asyncio.Event:
        """Set to end a wait early. Made when somebody first asks: who only reads waits for nothing
        and does without ``asyncio``."""
        if self._news is None:
            import asyncio

            self._news = asyncio.Event()
        return self._news

    def tell(self) -> None:
        """Something ended: the next turn is due now."""
        self.due = True
        self.news.set()
