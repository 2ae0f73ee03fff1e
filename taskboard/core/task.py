"""What the ledger says: of one task (``Task``), and of everything (``World``)."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

import msgspec

from taskboard.core.lazy import LazyMap, LazySet
from taskboard.core.state import CLOSED, Kind, Status


class Run(msgspec.Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """The claim a task is under. ``text`` is the digest of the frozen definition and ``fields``
    its fields: the run is judged by them, whatever the board says later."""

    run: str
    attempt: int
    agent: str
    executor: str
    device: str
    started: str
    text: str | None
    fields: dict[str, str]
    actor: str
    model: str = ""
    expires: str | None = None
    step: str | None = None
    reached: str = ""
    """The last step that an executor has begun; empty before the first."""
    budget_usd: float | None = None
    """What it may cost; None without a limit."""
    began_usd: float = 0.0
    """What its task had cost when it began."""
    heard: int = 0
    """How many answers its task had been given when it began: it is told those."""


class Uptime(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A moment that no clock change moves: ``seconds`` since the boot named ``boot``, sleep
    counted."""

    boot: str
    seconds: float


class Previous(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The run before: its id, who did it, the digest of the text it was given, and the step it
    came to. What an agent needs to go on from it lies in that step's folder."""

    run: str
    executor: str
    text: str | None
    step: str = "generate"
    heard: int = 0
    """How many answers of its owner it has heard."""


class Owed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The step of an ended run in which models may have worked, and nobody has said what that
    cost: it stands in that step's folder."""

    run: str
    attempt: int
    step: str


class Task(msgspec.Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """One task, folded. Frozen: ``core.fold`` makes the next one, or changes one that nobody else
    has seen yet. It holds JSON, which has no cycles: nothing for the collector to look at."""

    task_id: str
    task: str
    title: str
    status: Status
    created: str
    updated: str
    seq: int
    since: int = 0
    """Sequence of the event that brought the present status."""
    text: str | None = None
    fields: dict[str, str] = {}
    parent: str | None = None
    origin: str = "board"
    run: Run | None = None
    attempt: int = 0
    spent: int = 0
    round: int = 1
    baseline: dict[str, Any] | None = None
    """Artifact facts noted at this round's first claim."""
    refs: dict[str, Any] | None = None
    """What its repository led to at this round's first claim that can end with a commit."""
    finished_steps: dict[str, list[dict[str, Any]]] = {}
    """Receipts of the steps that the next run of this round need not repeat, by step."""
    receipts: tuple[dict[str, Any], ...] = ()
    """Receipts kept for a gate that is asked again (a parent that waits for children)."""
    previous: Previous | None = None
    """The last run of this round that has ended."""
    silent: int = 0
    """Runs of this round that ended without saying how."""
    relay_to: str | None = None
    """The executor it was passed on to; it is that one's until the round is over."""
    relayed: tuple[str, ...] = ()
    """Executors that have passed it on in this round."""
    asked: str | None = None
    """What it asked its owner last."""
    said: tuple[tuple[str, str], ...] = ()
    """Questions, and the digests of their answers, oldest first: the last of them."""
    answers: int = 0
    """How many there have been."""
    cost_usd: float = 0.0
    """What models have cost for it, as far as prices were known."""
    refusal: str | None = None
    """Why the gate refused the last run: context for the next one."""
    tier: str | None = None
    verified: bool = False
    note: str | None = None
    """The runtime's ``note:`` line, without its key; None for no line."""
    result: str | None = None
    """The runtime's ``result:`` line, likewise."""
    shown: tuple[str, ...] = ()
    """Statuses an earlier board may have shown, newest last: how a stale copy is recognised."""
    written: bool = False
    """The present status was last set by the runtime or a command, not typed on the board."""
    missing_since: str | None = None
    missing_at: Uptime | None = None
    """The same moment by the machine's running time."""
    titles: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    """Titles and digests of texts it had before, the newest first: an old buffer has them."""
    before: Status | None = None
    """The state it was withdrawn in, and is restored to."""
    work: str | None = None
    """Digest of what who executes it would be told (``core.facts.work_of``)."""
    approved: bool = True
    """False while what it would execute has arrived by git and nobody has approved it."""
    claimed_as: str | None = None
    """Its human id at the last claim: leases and labels of its runs carry that one."""
    requested: str | None = None
    """``done`` while a person's typed ``done`` waits for the gate's answer."""
    doubted: bool = False
    """Ready, and a text that may be an old copy said otherwise: it starts when somebody has said
    which of the two is meant."""
    section: str | None = None
    """Digest of the section that was added for a command, until a save has contained it."""
    dropped: bool = False
    """A save made on an older text has dropped that section; it is added once more, once."""
    hidden: bool = False
    withdrawing: bool = False
    """The section is gone while a run goes on: withdrawn when that run ends."""
    assigned: bool = False
    """The runtime chose the id, so the heading may still stand without it."""
    owed: Owed | None = None
    """The last run whose cost is not in the ledger yet, or may not be."""
    settle_from: str | None = None
    """When the text last changed under a watching daemon; None when nothing must settle."""

    @property
    def kind(self) -> Kind:
        return self.status.kind

    @property
    def lock(self) -> str:
        """The id that the label and the lease of its last run carry."""
        return self.claimed_as or self.task


OUTSIDE, IMPORTED = "outside", "imported"
"""``Run.executor`` of a claim by command, and of a run that a board without a ledger showed."""


def is_in_slot(task: Task) -> bool:
    """Whether its run is one that some process here supervises: those take the slots."""
    return task.run is not None and task.run.executor not in (OUTSIDE, IMPORTED)


_NO_WORD = re.compile(r"[^A-Za-z0-9._@/-]+")


def owner_of(fields: Mapping[str, str], default: str) -> str:
    """Whom a task asks, as a word that can stand in a status: its ``owner`` (the first of
    several), else ``default``."""
    named = fields.get("owner", "").partition(",")[0].strip()
    return _NO_WORD.sub("-", named).strip("-") or default


class World:
    """Everything the ledger says, folded up to ``seq``. Changed only by ``core.fold``."""

    def __init__(self) -> None:
        self.seq = 0
        self.head = "0" * 64
        self.ledger_id: str | None = None
        self.forked_from: str | None = None
        """Id of the ledger that this one goes on from."""
        self.daemon_version: str | None = None
        """The version of the daemon that has started here and not stopped since: empty when it did
        not say, None without one. It may have died: whoever tells of it looks if it lives."""
        self.paused = False
        self.digest: str | None = None
        """Digest of the board bytes last absorbed."""
        self.absorbed = 0
        """Sequence of the event that absorbed them."""
        self.held: str | None = None
        """Why the last absorbed bytes were held, or None."""
        self.tangled: frozenset[str] = frozenset()
        """Ids over another known task's text on the board last absorbed."""
        self.read: str | None = None
        """Digest of the board that was last read as intent."""
        self.read_at = 0
        """Sequence of the event that read it."""
        self.board: str | None = None
        """Digest of what stands on the board as far as the ledger knows: a save that was absorbed,
        or what the runtime has written since."""
        self.board_from = 0
        """Sequence of the last event whose whole text was kept for that."""
        self.board_edits = 0
        """Writes since, which the ledger knows by their splices."""
        self.cut: str | None = None
        """What the last whole board ended inside of (a fence), or None."""
        self.tasks: MutableMapping[str, Task] = {}
        """By task id, in order of creation. Whoever needs only some asks ``open_tasks``,
        ``children`` or ``named``: after a start from a checkpoint the others are packed."""
        self.unclosed: dict[str, None] = {}
        """Ids of the tasks that are neither done nor failed nor withdrawn."""
        self.parents: dict[str, str] = {}
        """Task id of the parent by that of the child."""
        self.names: dict[str, str] = {}
        """Human id -> task id, ids that a task had before it was renamed too. A name, once given,
        is never given to another task."""
        self.git_head: str | None = None
        """The commit that was checked out when the board was absorbed last."""
        self.withheld = False
        """Deletions were seen and not read, because git was in the middle of something."""
        self.costs: dict[str, dict[str, float]] = {}
        """US dollars by day (UTC) and origin; decisions have the origin ``decider``."""
        self.unpriced: dict[str, int] = {}
        """Tokens by day that models have used whose prices are not known."""
        self.vouched = LazySet()
        """Digests of work that did not arrive by git, or was approved."""

    def other_version(self, own: str) -> str | None:
        """The version of a daemon that is not ``own``, the version that asks; None otherwise."""
        there = self.daemon_version
        return (there or "unknown") if there is not None and there != own else None

    def named(self, task: str) -> Task | None:
        """The task people call ``task``, or None."""
        task_id = self.names.get(task)
        return self.tasks[task_id] if task_id is not None else None

    def put(self, task: Task) -> None:
        """Set what a task is now. Only ``core.fold`` does this to a ledger's own world."""
        task_id, parent = task.task_id, task.parent
        self.tasks[task_id] = task
        self.names[task.task] = task_id
        if task.status.kind in CLOSED:
            self.unclosed.pop(task_id, None)
        elif task_id not in self.unclosed:
            self.unclosed[task_id] = None
        if parent is not None:
            self.parents[task_id] = parent
        elif task_id in self.parents:
            del self.parents[task_id]

    def copy(self) -> World:
        """Another world that says the same. What happens to its tasks and names does not happen
        to this one's."""
        made = World()
        vars(made).update(vars(self))
        tasks = self.tasks
        made.tasks = tasks.copy() if isinstance(tasks, LazyMap) else dict(tasks)
        made.names, made.unclosed = self.names.copy(), self.unclosed.copy()
        made.parents = self.parents.copy()
        return made

    def open_tasks(self) -> list[Task]:
        """The tasks that are neither done nor failed nor withdrawn."""
        return [self.tasks[task_id] for task_id in self.unclosed]

    def children(self) -> dict[str, list[Task]]:
        """Child tasks by the task id of their parent, as they became its children."""
        found: dict[str, list[Task]] = {}
        for task_id, parent in self.parents.items():
            found.setdefault(parent, []).append(self.tasks[task_id])
        return found
