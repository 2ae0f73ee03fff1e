"""A crash, a failed sync and a failed operation at every step."""

from contextlib import suppress

import pytest

from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.fold import fold
from taskboard.core.task import World
from taskboard.errors import Storage
from taskboard.ledgers.jsonl import JsonlLedger
from taskboard.testing.clock import ManualClock
from taskboard.testing.facts import about, claimed, created
from taskboard.testing.files import SimFiles
from taskboard.testing.ledger import history, same
from taskboard.testing.steps import Crashed
from tests.ledgers.conftest import FOLDER, run


def start(files, clock=None, **more):
    files.make_folder(FOLDER)
    return JsonlLedger(
        files,
        clock or ManualClock(),
        path=FOLDER / "events.jsonl",
        state=FOLDER / ".taskboard",
        device="here",
        board="task-board.md",
        threads=False,
        **more,
    )


STORY = [
    [created(1), created(2)],
    [claimed(1), about(E.STEP_STARTED, 1, run="agent-1", step="analyze")],
    [about(E.DECIDED, 2, data={"reason": "x" * 300})],
    [about(E.FAILED, 1, "failed:final", run="agent-1"), about(E.DEADLETTERED, 1)],
    [about(E.REQUEUED, 1, "ready"), Draft(type=E.PAUSED)],
]


async def tell(files, heard):
    """The story, each commit noted in ``heard`` once it is acknowledged."""
    ledger = start(files)
    for drafts in STORY:
        heard.append(await ledger.append(drafts))
        await ledger.keep(repr(drafts).encode())


def steps_of(story):
    files = SimFiles()
    files.make_folder(FOLDER)
    before = files.count
    run(story(files, []))
    return files.count - before


@pytest.mark.parametrize("power", [True, False], ids=["power fails", "program is killed"])
@pytest.mark.parametrize("seed", range(4))
def test_a_crash_at_any_step_loses_nothing_acknowledged_and_leaves_no_half_commit(power, seed):
    for step in range(1, steps_of(tell) + 1):
        files, heard = SimFiles(seed=seed * 1000 + step), []
        files.make_folder(FOLDER)
        files.crash_at(step)
        with pytest.raises(Crashed):
            run(tell(files, heard))
        files.crash() if power else files.restart()
        run(survive(files, heard))


async def survive(files, heard):
    fresh = start(files)
    world = await fresh.look()
    events = [e for e in await history(fresh) if e.type != E.LEDGER_REPAIRED]
    told = [e for commit in heard for e in commit]
    shown = [e for e in events if e.type != E.LEDGER_OPENED]
    assert shown[: len(told)] == told, "what was acknowledged is in the next fold"
    extra = len(shown) - len(told)
    assert extra in (0, len(STORY[len(heard)]) if len(heard) < len(STORY) else 0)
    assert same(fold(World(), await history(fresh)), world)
    await fresh.append([created(9)])
    assert (await fresh.verify()).ok


@pytest.mark.parametrize("seed", range(3))
def test_a_sync_that_fails_anywhere_and_then_a_power_cut_lose_nothing_acknowledged(seed):
    for nth in range(1, 40):
        files, heard = SimFiles(seed=seed * 100 + nth), []
        files.make_folder(FOLDER)
        files.fail_sync_at(nth)
        try:
            run(tell(files, heard))
        except Storage:
            pass
        else:
            break
        files.restart()
        run(survive_once(files, heard))
        files.crash()
        run(survive_once(files, heard))
    assert nth > 5


async def survive_once(files, heard):
    fresh = start(files)
    await fresh.look()
    told = [e for commit in heard for e in commit]
    ignored = (E.LEDGER_REPAIRED, E.LEDGER_OPENED)
    shown = [e for e in await history(fresh) if e.type not in ignored]
    assert shown[: len(told)] == told


@pytest.mark.parametrize("seed", range(2))
def test_any_operation_that_fails_once_is_reported_and_nothing_false_is_acknowledged(seed):
    for nth in range(1, steps_of(tell) + 1):
        files, heard = SimFiles(seed=seed), []
        files.make_folder(FOLDER)
        files.fail_at(nth)
        with suppress(Storage):  # a damaged object is written again, and all is well
            run(tell(files, heard))
        files.restart()
        run(survive_once(files, heard))
        files.crash()
        run(survive_once(files, heard))
