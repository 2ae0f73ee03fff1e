"""What may keep a task from running: one rule each, which says what it is and what clears it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from taskboard.core.needs import needs_of
from taskboard.core.scene import Scene, Why
from taskboard.core.state import CLOSED, Kind
from taskboard.core.task import Task, World
from taskboard.core.units import minute, read_time, second_up

_TIMED = frozenset({"task", "until", "retry", "quota", "children"})
"""Waiting that is for no person."""


def _terminal(task: Task, scene: Scene) -> Why | None:
    if task.kind is Kind.DONE:
        return Why(rule="terminal", text=f"{task.task} is done, for ever.")
    if task.kind is Kind.FAILED:
        return Why(
            rule="terminal",
            text=f"{task.task} is {task.status.text}.",
            clear=(f"taskboard ready {task.task}",),
        )
    if task.kind is Kind.WITHDRAWN and task.task in scene.broken:
        return _invalid(task, scene)
    if task.kind is Kind.WITHDRAWN:
        return Why(
            rule="terminal",
            text=f"{task.task} was withdrawn: its section is gone.",
            clear=(f"put a section `{task.task} {task.title}` back",),
        )
    return None


def _running(task: Task, _scene: Scene) -> Why | None:
    if task.kind is Kind.RUNNING and task.run:
        return Why(
            rule="running",
            text=f"{task.run.agent} runs it as {task.task}@{task.attempt}.",
            clear=("the run ends", f"taskboard cancel {task.task}"),
        )
    return None


def _unknown(task: Task, scene: Scene) -> Why | None:
    word = scene.words.get(task.task_id)
    on_board = word is not None and word.kind is Kind.UNKNOWN
    if task.kind is Kind.UNKNOWN or on_board:
        return Why(
            rule="unknown",
            text=f"The board's status of {task.task} is no state.",
            clear=(f"taskboard ready {task.task}", "type `ready` as its status"),
        )
    return None


def _open(task: Task, _scene: Scene) -> Why | None:
    if task.kind is Kind.OPEN:
        return Why(
            rule="open",
            text=f"{task.task} is open: nobody has said `ready` yet.",
            clear=(f"taskboard ready {task.task}", "type `ready` as its status"),
        )
    return None


def _duplicate(task: Task, scene: Scene) -> Why | None:
    if task.task in scene.doubled:
        return Why(
            rule="duplicate",
            text=f"{task.task} stands on the board more than once, or over another task's text.",
            clear=(
                "put the ids back over their own texts"
                if task.task in scene.world.tangled
                else "give each text its own id",
            ),
        )
    return None


def _invalid(task: Task, scene: Scene) -> Why | None:
    text = scene.broken.get(task.task)
    return Why(rule="invalid", text=text, clear=("taskboard check",)) if text else None


def _untrusted(_task: Task, scene: Scene) -> Why | None:
    return scene.untrusted


def _held(task: Task, scene: Scene) -> Why | None:
    if scene.held:
        return Why(rule="held", text=scene.held, clear=("taskboard check",))
    if task.requested:
        return Why(
            rule="held",
            text=f"`{task.requested}` was typed; the gate has not answered yet.",
            clear=("the gate answers",),
        )
    if task.doubted:
        return Why(
            rule="held",
            text="Another status was typed in what looks like an old copy of the board (TB301).",
            clear=(f"taskboard ready {task.task}", "type the other status again"),
        )
    if not task.approved:
        return Why(
            rule="held",
            text="What it would run arrived by git, and nobody has approved it.",
            clear=(f"taskboard approve {task.task}",),
        )
    if task.missing_since:
        return Why(
            rule="held",
            text="Its section is gone from the board.",
            clear=("put the section back",),
        )
    return None


def _paused(_task: Task, scene: Scene) -> Why | None:
    return scene.paused


def _blocked(task: Task, scene: Scene) -> Why | None:
    if task.kind is not Kind.BLOCKED:
        return None
    return Why(
        rule="blocked",
        text=f"{task.task} is {task.status.text}.",
        clear=tuple(_what_clears(task, scene.world)),
    )


def _what_clears(task: Task, world: World) -> Iterator[str]:
    who, what = task.status.who, task.status.what
    if who == "task":
        blocker = world.named(what)
        now = f" (now: {blocker.status.text})" if blocker else ""
        yield f"{_done_at_last(blocker)}{now}" if blocker else _instead_of(what)
    elif who in ("until", "retry", "quota"):
        yield f"the time passes {what}"
    elif who == "children":
        yield "its open children end"
    if what == "answer":
        yield f"taskboard answer {task.task} TEXT"
    yield f"taskboard ready {task.task}"
    if who not in _TIMED:
        yield f"taskboard done {task.task}"


def _done_at_last(task: Task) -> str:
    """What failed has to be tried again first."""
    again = f"taskboard ready {task.task}, and " if task.kind is Kind.FAILED else ""
    return f"{again}{task.task} is done"


def _instead_of(name: str) -> str:
    return f"name a task that exists instead of {name}"


def _cycle(task: Task, scene: Scene) -> Why | None:
    path = scene.cyclic.get(task.task)
    return (
        Why(rule="cycle", text=f"It waits for itself: {path}.", clear=("break the circle",))
        if path
        else None
    )


def needs(task: Task, scene: Scene) -> Why | None:
    """It needs tasks that are not done."""
    open_ones = [n for n in needs_of(task.fields) if not _is_done(scene.world.named(n))]
    if not open_ones:
        return None
    states = []
    for name in open_ones:
        found = scene.world.named(name)
        states.append(f"{name} ({found.status.text if found else 'not on the board'})")
    return Why(
        rule="needs",
        text=f"It needs {', '.join(states)}.",
        clear=tuple(
            _done_at_last(found) if (found := scene.world.named(name)) else _instead_of(name)
            for name in open_ones
        ),
    )


def _is_done(task: Task | None) -> bool:
    return task is not None and task.kind is Kind.DONE


def open_children(task: Task, children: list[Task]) -> Why | None:
    """The loop starts a parent when every child is done or withdrawn; a failed child has made
    its parent ``blocked:<owner>:child-failed``, and a person's ``ready`` starts it as it is."""
    open_ones = [c.task for c in children if c.kind not in CLOSED]
    if not open_ones or task.fields.get("role", "").casefold() == "team_lead":
        return None
    return Why(
        rule="children",
        text=f"Open children: {', '.join(open_ones)}.",
        clear=tuple(f"{name} ends" for name in open_ones),
    )


def _not_before(task: Task, scene: Scene) -> Why | None:
    moment = read_time(task.fields.get("not-before", ""))
    if moment is None or moment <= scene.now:
        return None
    return Why(
        rule="not_before",
        text=f"Not before {minute(moment)}.",
        clear=(f"the time passes {minute(moment)}",),
    )


def settles_at(task: Task, settle: float, now: datetime) -> datetime | None:
    """When a task whose text changed under a watching daemon may start; None when it need not
    wait, or when the clock was set back since."""
    since = read_time(task.settle_from or "")
    if since is None or since > now + timedelta(seconds=settle):
        return None
    return since + timedelta(seconds=settle)


def _settle(task: Task, scene: Scene) -> Why | None:
    moment = settles_at(task, scene.settle, scene.now)
    if moment is None or moment <= scene.now:
        return None
    return Why(
        rule="settle",
        text=f"Its text has just changed; it may start at {second_up(moment)}.",
        clear=(f"the time passes {second_up(moment)}",),
    )


def _inputs(task: Task, scene: Scene) -> Why | None:
    paths = scene.missing.get(task.task_id, ())
    if not paths:
        return None
    return Why(
        rule="inputs",
        text=f"Missing input: {', '.join(paths)}.",
        clear=tuple(f"{path} is there" for path in paths),
    )


def _no_executor(task: Task, scene: Scene) -> Why | None:
    if scene.executors.get(task.task_id, ""):
        return None
    wanted = task.fields.get("agent") or "an agent"
    return Why(
        rule="no_executor",
        text=f"Nothing here can run it: it asks for {wanted}.",
        clear=("give it a `run:` command", f"taskboard claim {task.task} --agent NAME"),
    )


def _budget(task: Task, scene: Scene) -> Why | None:
    limit = scene.spent.get(task.task_id)
    if limit is None:
        return None
    clear = f"the day ends (UTC), or a larger budget {limit.what}"
    if not limit.day:
        clear = f"a larger `budget:` on {task.task}"
    return Why(
        rule="budget",
        text=limit.told,
        clear=(clear,),
    )


RULES = (
    _terminal,
    _running,
    _unknown,
    _open,
    _duplicate,
    _invalid,
    _untrusted,
    _held,
    _paused,
    _blocked,
    _cycle,
    needs,
    _not_before,
    _settle,
    _inputs,
    _no_executor,
    _budget,
)
"""In the contract's order; ``open_children`` comes right behind ``needs``."""
