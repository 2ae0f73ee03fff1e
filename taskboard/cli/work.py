"""``run`` and ``once``: what works on the board."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Annotated, Any

from taskboard.app import App
from taskboard.cli.background import pulse_of, settle_in
from taskboard.cli.call import Call
from taskboard.cli.display import Display
from taskboard.cli.hold import board_held
from taskboard.cli.holder import held_by_us
from taskboard.cli.offline import offline_model
from taskboard.cli.text import Screen, one_line
from taskboard.core.scene import Scene
from taskboard.core.state import Kind
from taskboard.core.task import World
from taskboard.core.units import read_duration
from taskboard.errors import Usage
from taskboard.loop.context import Memory
from taskboard.loop.holder import holder
from taskboard.loop.once import once as work_off
from taskboard.loop.once import waiting
from taskboard.loop.project import project
from taskboard.loop.record import require_trust
from taskboard.loop.scene import set_scene
from taskboard.processes import SystemProcesses

if TYPE_CHECKING:
    import typer

    from taskboard.cli.options import EnvFile, LogFile, Offline

FAILED = 1


def run(
    ctx: typer.Context,
    *,
    offline: Offline = False,
    env_file: EnvFile = None,
    log: LogFile = None,
) -> None:
    """Work on the board until stopped: notice every save, run what is ready, write results
    back. One daemon per board."""
    call = Call.of(ctx)
    settle_in(call, env_file, log)

    async def work(app: App) -> dict[str, Any]:
        require_trust(app.ctx)
        with held_by_us(app.ctx):
            return await _serve(call, app)

    with offline_model(offline):
        document = call.run(work)
    call.answer("run", document, lambda _screen: ["Stopped."])


async def _serve(call: Call, app: App) -> dict[str, Any]:
    from taskboard.loop.daemon import Daemon  # `once` needs none of it
    from taskboard.loop.watch import FolderWatch

    processes = SystemProcesses()
    processes.become_subreaper()
    async with _shown(call, app) as tell:
        progress = _reaping(app.memory, processes, tell)
        daemon = Daemon(app.ctx, app.memory, FolderWatch(), progress, pulse_of(app))
        with _on_signals(daemon.stop):
            if not call.json:
                Screen().say(
                    [
                        f"taskboard works on {one_line(str(app.workspace.board))}",
                        "Edit it and save; Ctrl-C stops.",
                    ]
                )
            await daemon.run()
    return _tally(app.memory, await app.ctx.ledger.look())


def once(
    ctx: typer.Context,
    wait: Annotated[
        str, typer.Option(metavar="D", help="How long to wait for what becomes runnable.")
    ] = "60s",
    unless: Annotated[
        bool,
        typer.Option("--unless-running", help="Leave it to the daemon where one works here."),
    ] = False,
    *,
    offline: Offline = False,
    env_file: EnvFile = None,
    log: LogFile = None,
) -> int:
    """Run everything that can run now, to the end: chains, parents, retries due within --wait.
    Exits 1 when a task it ran has failed."""
    call = Call.of(ctx)
    settle_in(call, env_file, log)
    seconds = read_duration(wait)
    if seconds is None:
        raise Usage(f"`{wait}` is no duration.", hint="taskboard once --wait 5m")

    async def work(app: App) -> tuple[dict[str, Any], list[str]]:
        works = holder(app.ctx) if unless else None
        if works is not None:
            return _nothing_done(), [f"A daemon works here: process {works.who.pid}."]
        require_trust(app.ctx)
        async with _shown(call, app) as tell:
            world = await _until_done(app, seconds, tell)
        held = app.memory.sight.held
        if held is not None and not app.memory.tally.started:
            raise board_held(app.ctx, world, "Nothing was started", held)
        document = {
            **_tally(app.memory, world),
            "waiting": waiting(world, app.settings, app.ctx.clock.now()),
        }
        return document, list(_what_keeps(set_scene(app.ctx, app.memory, world)))

    with offline_model(offline):
        document, ways = call.run(work)
    call.answer("once", document, lambda screen: _once_lines(screen, document, ways))
    return FAILED if document["failed"] else 0


async def _until_done(app: App, seconds: float, tell: Callable[[], None]) -> World:
    """Work it off; a signal hands back what runs, then counts as an interruption."""
    processes = SystemProcesses()
    processes.become_subreaper()
    progress = _reaping(app.memory, processes, tell)
    job = asyncio.create_task(work_off(app.ctx, app.memory, wait=seconds, progress=progress))
    with _on_signals(job.cancel):
        try:
            return await job
        except asyncio.CancelledError:
            await _hand_back(app)
            raise KeyboardInterrupt from None


async def _hand_back(app: App) -> None:
    """Release every run, unspent, and write the board."""
    memory = app.memory
    memory.stopping = True
    jobs: list[asyncio.Task[Any]] = [a.job for a in memory.active.values()]
    jobs += memory.judged.values()
    jobs += [memory.thought.job] if memory.thought is not None else []
    for active in list(memory.active.values()):
        active.stop = "release"
    for job in jobs:
        job.cancel()
    await asyncio.gather(*jobs, return_exceptions=True)
    await project(app.ctx, memory)


def _nothing_done() -> dict[str, Any]:
    return {key: [] for key in ("started", "completed", "failed", "blocked", "waiting")}


def _tally(memory: Memory, world: World) -> dict[str, Any]:
    """What was started here, and how it stands now."""
    memory.tally.sort(world)
    return {
        "started": memory.tally.started,
        "completed": memory.tally.completed,
        "failed": memory.tally.failed,
        "blocked": memory.tally.blocked,
    }


def _what_keeps(scene: Scene) -> Iterator[str]:
    """What a person can do for tasks that would run otherwise: one line each."""
    if scene.paused is not None:
        yield f"Paused: {'; '.join(scene.paused.clear)}"
    stopped = [t for t in scene.world.tasks.values() if t.kind is Kind.READY and not t.approved]
    if stopped:
        wait = "1 task waits" if len(stopped) == 1 else f"{len(stopped)} tasks wait"
        names = " ".join(t.task for t in stopped)
        yield f"{wait} for approval: taskboard approve {names}"


def _once_lines(screen: Screen, document: dict[str, Any], ways: list[str]) -> Iterator[str]:
    if not document["started"]:
        ask = "" if ways else " `taskboard list` shows what each task waits for."
        yield f"Nothing could be started.{ask}"
    else:
        words = (("completed", "done"), ("failed", "failed"), ("blocked", "blocked"))
        told = [
            screen.paint(f"{len(document[key])} {word}", word)
            for key, word in words
            if document[key]
        ]
        yield f"Started {len(document['started'])}: {', '.join(told) or 'none has ended'}."
    yield from ways
    for task in document["waiting"]:
        yield f"  {task['task']} waits until {task['until']}"


@asynccontextmanager
async def _shown(call: Call, app: App) -> AsyncIterator[Callable[[], None]]:
    """Work that is told of on stdout; the callback says that there may be news."""
    if call.json:
        yield lambda: None
        return
    display = Display(app, Screen())
    await display.begin()
    follower = asyncio.create_task(display.follow())
    try:
        yield display.news
    finally:
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)
        with suppress(Exception):  # the trouble that ended the work is what counts
            await display.catch_up()
        display.close()


def _reaping(
    memory: Memory, processes: SystemProcesses, tell: Callable[[], None]
) -> Callable[[], None]:
    """A progress callback that also collects dead orphans when a run has ended."""
    busy = 0

    def progress() -> None:
        nonlocal busy
        if len(memory.active) < busy:
            processes.reap()
        busy = len(memory.active)
        tell()

    return progress


@contextmanager
def _on_signals(stop: Callable[[], object]) -> Iterator[None]:
    """The first SIGINT or SIGTERM stops cleanly; a second SIGINT interrupts at once."""
    loop = asyncio.get_running_loop()

    def first(number: int) -> None:
        if number == signal.SIGINT:
            loop.remove_signal_handler(number)
        stop()

    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, first, number)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
