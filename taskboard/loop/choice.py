"""Which executor a task goes to, and which others it may be given instead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from taskboard.core.settings import Settings
from taskboard.core.state import Kind
from taskboard.core.task import Task
from taskboard.executor import Executor, Fitness
from taskboard.loop.context import Context, Memory

SHELL = "shell"
"""The executor of ``run`` and of ``verify``: a check is just another order."""

AGENTS = ("claude-code", "codex", "gemini", "claude")
"""Who is asked when neither task nor settings name an executor: the first that is usable."""

_MAY_ASK = (Kind.READY, Kind.OPEN, Kind.BLOCKED)


class Choice(msgspec.Struct):
    """The executors as they are in this turn. Each is looked at once."""

    executors: Mapping[str, Executor]
    settings: Settings
    unable: Mapping[str, Fitness] = msgspec.field(default_factory=dict)
    _seen: dict[str, Fitness] = msgspec.field(default_factory=dict)

    @classmethod
    def of(cls, ctx: Context, memory: Memory) -> Choice:
        """As this process knows them: what has refused its service to us stays out for a while."""
        now = ctx.clock.awake()
        unable = {name: fit for name, (fit, until) in memory.unable.items() if now < until}
        return cls(ctx.executors, ctx.settings, unable)

    def fitness(self, name: str) -> Fitness:
        """Whether an executor can be used now."""
        if name not in self._seen:
            known = name in self.executors
            missing = Fitness(usable=False, problem=f"There is no executor {name}.")
            fit = self.executors[name].fitness() if known else missing
            self._seen[name] = self.unable.get(name, fit)
        return self._seen[name]

    def wanted(self, task: Task) -> tuple[str, ...]:
        """The executors that may do a task, the preferred first, usable or not."""
        if task.fields.get("run", "").strip():
            return (SHELL,)
        if task.relay_to:
            return (task.relay_to,)
        named = task.fields.get("agent", "").strip() or self.settings.executor
        if named:
            return (named,) if named != SHELL else ()
        return AGENTS

    def usable(self, task: Task) -> tuple[str, ...]:
        """Those of them that can be used now; where none can, who takes over from them."""
        wanted = self.wanted(task)
        found = tuple(name for name in wanted if self.fitness(name).usable)
        heirs = () if found else (self.fallback(task, name) for name in wanted)
        return found or tuple(dict.fromkeys(heir for heir in heirs if heir is not None))

    def fallback(self, task: Task, name: str) -> str | None:
        """Who takes over from an executor that cannot go on with this task: the first usable one
        of its ``fallback`` that has not had the task in this round. A command is nobody else's,
        and a task without one is not the shell's."""
        if name == SHELL:
            return None
        listed = self.settings.executors.get(name, {}).get("fallback", ())
        had = {SHELL, name, *task.relayed}
        return next((n for n in listed if n not in had and self.fitness(n).usable), None)

    def models(self, name: str) -> tuple[str, ...]:
        """The models the decision layer may choose for an executor."""
        return tuple(self.settings.executors.get(name, {}).get("models", ()))


def load_agents(ctx: Context, memory: Memory) -> None:
    """Look at every agent, as a daemon does when it starts: an upgrade beneath it must not hand it
    modules of another version later, when the first task wants one."""
    choice = Choice.of(ctx, memory)
    for name in AGENTS:
        choice.fitness(name)


class Usable(Mapping[str, tuple[str, ...]]):
    """By the id of every task that may be asked about, the executors that can be used for it.
    Each is looked at when somebody wants to know: most boards need only some of the programs that
    there are, and to look at one means to load what drives it."""

    def __init__(self, choice: Choice, tasks: Mapping[str, Task]) -> None:
        self._choice = choice
        self._tasks = tasks
        self._found: dict[str, tuple[str, ...]] = {}

    def __getitem__(self, key: str) -> tuple[str, ...]:
        if key not in self._found:
            task = self._tasks[key]
            if task.kind not in _MAY_ASK:
                raise KeyError(key)
            self._found[key] = self._choice.usable(task)
        return self._found[key]

    def __iter__(self) -> Iterator[str]:
        return (task.task_id for task in self._tasks.values() if task.kind in _MAY_ASK)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class First(Mapping[str, str | None]):
    """The preferred one of those that can be used, or None."""

    def __init__(self, usable: Usable) -> None:
        self._usable = usable

    def __getitem__(self, key: str) -> str | None:
        return next(iter(self._usable[key]), None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._usable)

    def __len__(self) -> int:
        return len(self._usable)
