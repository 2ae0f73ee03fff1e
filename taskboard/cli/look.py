"""What a command that only reads sees: board and ledger side by side, and readiness judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

import msgspec
from msgspec.structs import replace

from taskboard.app import App
from taskboard.cli.hold import lost_board
from taskboard.core.board import Diagnosis
from taskboard.core.codes import finding
from taskboard.core.hold import ways_out
from taskboard.core.ready import ready, reasons
from taskboard.core.scene import Scene, Why
from taskboard.core.state import Kind
from taskboard.core.task import Task, World
from taskboard.core.units import second_up
from taskboard.core.wake import GONE_FOR, gone_for
from taskboard.errors import BoardHeld, Corrupt, NotFound
from taskboard.loop.context import Context, Memory, Sight
from taskboard.loop.glance import Glance, glance
from taskboard.loop.scene import diagnoses, set_scene


class Look(msgspec.Struct, frozen=True):
    """One moment of one workspace. ``children`` are by their parent's task id, ``lines`` the
    board's line of a task by its human id; ``doubt`` is why the ledger may not be written to,
    ``lost`` that the board of its tasks is gone."""

    ctx: Context
    scene: Scene
    glance: Glance
    diagnoses: tuple[Diagnosis, ...]
    children: Mapping[str, list[Task]]
    lines: Mapping[str, int]
    doubt: Corrupt | None = None
    lost: BoardHeld | None = None

    @property
    def world(self) -> World:
        return self.scene.world

    @property
    def sight(self) -> Sight:
        return self.glance.sight

    def why(self, task: Task) -> Why | None:
        """The first rule that keeps a task from running, or None."""
        first = next(reasons(task, self.scene, self.children), None)
        if first is None and self.scene.slots < 1:
            return Why(rule="slots", text="Every slot is taken.", clear=("a run ends",))
        if first is not None and first.rule == "held":
            return self._why_held(task, first)
        return first

    def word(self, task: Task, why: Why) -> str:
        """The rule in people's words: what the contract calls ``held`` is four things."""
        if why.rule != "held":
            return why.rule.replace("_", " ")
        if self.scene.held:
            return "board held"
        if task.requested:
            return "the gate"
        return "section gone" if task.approved else "approval"

    @property
    def ways_out(self) -> tuple[str, ...]:
        """What ends the hold that the board is in; nothing when it is in none."""
        trouble = self.doubt or self.lost
        if trouble is not None:
            return tuple(trouble.hint.splitlines())
        return ways_out(self.scene.held) if self.scene.held else ()

    def _why_held(self, task: Task, why: Why) -> Why:
        """With what ends it: the board's hold, or the moment that withdraws the task."""
        if self.scene.held:
            return replace(why, clear=self.ways_out)
        if task.requested or not task.approved:
            return why
        now = self.scene.now
        left = GONE_FOR - gone_for(task, now, self.ctx.uptime())
        when = f"at {second_up(now + timedelta(seconds=left))}" if left > 0 else "by the next turn"
        text = f"Its section is gone from the board: withdrawn {when} unless it comes back."
        return replace(why, text=text)

    def task(self, name: str) -> Task:
        """The task of this human id (case-blind), also one that only the board knows. Raises
        ``NotFound``."""
        found = self.world.named(name) or self.world.named(name.upper())
        if found is None:
            raise NotFound(
                f"There is no task {name} on this board or in its ledger.",
                hint="taskboard list",
                task=name,
            )
        return found

    def in_order(self) -> list[Task]:
        """Every task: those on the board in its order, then the rest as they were made."""
        far = len(self.lines)
        places = self.scene.places
        return sorted(
            self.world.tasks.values(), key=lambda t: (places.get(t.task_id, far), t.created)
        )

    def next_up(self) -> list[Task]:
        """The tasks that may run now, in the order in which they would."""
        order = sorted(ready(self.scene), key=lambda c: (c.priority, c.place, c.task_id))
        return [self.world.tasks[c.task_id] for c in order]


async def look(app: App) -> Look:
    """Look at a workspace. Writes nothing."""
    seen = await glance(app.ctx)
    doubt = app.ledger.doubt()
    lost = lost_board(app.ctx, seen.world) if doubt is None else None
    if (trouble := doubt or lost) is not None:
        seen.sight.held = trouble.message
    memory = Memory(sight=seen.sight)
    found = diagnoses(app.ctx, seen.sight, seen.world)
    scene = set_scene(app.ctx, memory, seen.world, found)
    busy = sum(1 for _ in _supervised(seen.world))
    return Look(
        ctx=app.ctx,
        scene=replace(scene, slots=app.settings.slots - busy),
        glance=seen,
        diagnoses=_with_held(found, seen, lost) if doubt is None else (_doubted(doubt), *found),
        children=seen.world.children(),
        lines=_lines(scene, seen),
        doubt=doubt,
        lost=lost,
    )


def _supervised(world: World) -> Iterator[Task]:
    """Running tasks that take a slot: those a daemon or ``once`` has started."""
    return (
        t
        for t in world.tasks.values()
        if t.kind is Kind.RUNNING and t.run is not None and t.run.actor == "daemon"
    )


def _lines(scene: Scene, seen: Glance) -> dict[str, int]:
    items: Sequence[int] = [i.line for i in seen.sight.board.items] if seen.sight.board else []
    return {
        scene.world.tasks[task_id].task: items[place] for task_id, place in scene.places.items()
    }


def _doubted(doubt: Corrupt) -> Diagnosis:
    """Why the ledger may not be written to, as a diagnosis of the board that depends on it."""
    code = "TB407" if doubt.code == "ledger_rollback" else "TB408"
    return finding(code, doubt.message, line=1, hint=doubt.hint)


def _with_held(
    found: tuple[Diagnosis, ...], seen: Glance, lost: BoardHeld | None
) -> tuple[Diagnosis, ...]:
    """The diagnoses, and one that says why the board is held unless one of them does."""
    if seen.sight.held is None or any(d.severity == "error" and d.task is None for d in found):
        return found
    hint = lost.hint if lost is not None else None
    return (finding("TB405", seen.sight.held, line=1, hint=hint), *found)
