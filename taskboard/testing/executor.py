"""The conformance suite of an executor. Every executor has to pass all ``CHECKS``.

An executor is put under it with a ``Rig``, which says how to make one and how to ask it for a
deed. A deed is a piece of POSIX shell: a stub of the program or service behind the executor has
to do it. With pytest::

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_mine(check, tmp_path):
        check(Rig(make=lambda environ: Mine(environ=environ)), tmp_path)

A check returns when all is well and raises ``AssertionError`` otherwise.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from taskboard.core.outcome import Cancelled, Failed, Outcome, Succeeded
from taskboard.executor import Order
from taskboard.processes import SystemProcesses, Who
from taskboard.testing.rig import PATIENCE, Rig, Witness, environment, order_in, until

__all__ = ["CHECKS", "Check", "Rig", "Witness"]

CANARY = "canary-7f3a9c-do-not-print"
"""The secret that must not come out."""


async def _do(rig: Rig, order: Order, deed: str, witness: Witness | None = None) -> Outcome:
    work = rig.make(environment()).execute(rig.ask(order, deed), witness or Witness())
    return await asyncio.wait_for(work, 2 * PATIENCE)


def success_is_answered(rig: Rig, folder: Path) -> None:
    """A deed that ends well is ``Succeeded``."""
    outcome = asyncio.run(_do(rig, order_in(folder), "echo well"))
    assert isinstance(outcome, Succeeded), outcome


def failure_is_answered(rig: Rig, folder: Path) -> None:
    """A deed that fails is ``Failed``, with a sentence."""
    outcome = asyncio.run(_do(rig, order_in(folder), "echo badly >&2; exit 3"))
    assert isinstance(outcome, Failed), outcome
    assert outcome.reason, outcome
    assert outcome.error, outcome


def a_timeout_is_answered(rig: Rig, folder: Path) -> None:
    """A deed that takes too long is ``Failed("timeout")``."""
    outcome = asyncio.run(_do(rig, order_in(folder, timeout=0.3), "sleep 60"))
    assert isinstance(outcome, Failed), outcome
    assert outcome.reason == "timeout", outcome


def a_missing_project_is_answered(rig: Rig, folder: Path) -> None:
    """What cannot begin is an outcome too, not an exception."""
    order = order_in(folder, project=folder / "missing")
    outcome = asyncio.run(_do(rig, order, "echo nowhere"))
    assert isinstance(outcome, Failed), outcome
    assert outcome.error, outcome


def an_impossible_deed_is_answered(rig: Rig, folder: Path) -> None:
    """So is a deed that no system can be asked for."""
    outcome = asyncio.run(_do(rig, order_in(folder), "echo a\0b"))
    assert not isinstance(outcome, Succeeded | Cancelled), outcome


ESCAPE = """
setsid nohup sh -c 'echo $$ >escaped.tmp; mv escaped.tmp escaped1; exec sleep 60' >/dev/null 2>&1 &
(setsid sh -c 'echo $$ >other.tmp; mv other.tmp escaped2; exec sleep 60' &) &
sleep 60 &
echo $! >kept.tmp; mv kept.tmp escaped3
until [ -e escaped1 ] && [ -e escaped2 ]; do sleep 0.01; done
"""
"""Three ways to stay behind: a session of one's own, the same twice removed, the background.
Each leaves its pid in a file of the project."""


def _left(project: Path) -> list[int]:
    processes = SystemProcesses()
    pids = [int((project / f"escaped{n}").read_text()) for n in (1, 2, 3)]
    return [pid for pid in pids if processes.identify(pid)]


def nothing_stays_behind_after_success(rig: Rig, folder: Path) -> None:
    """When the first process ends, whatever it has started is ended."""
    order = order_in(folder)
    outcome = asyncio.run(_do(rig, order, ESCAPE))
    assert isinstance(outcome, Succeeded), outcome
    assert not _left(order.project)


def nothing_stays_behind_after_a_timeout(rig: Rig, folder: Path) -> None:
    """The same at a timeout, also when it wants to stay."""
    order = order_in(folder, timeout=1.0)
    outcome = asyncio.run(_do(rig, order, f"{ESCAPE}\nsleep 60"))
    assert isinstance(outcome, Failed), outcome
    assert outcome.reason == "timeout", outcome
    assert not _left(order.project)


def cancelling_ends_the_tree_first(rig: Rig, folder: Path) -> None:
    """``CancelledError`` comes out, after everything has ended."""
    order = order_in(folder)

    async def cancel() -> None:
        task = asyncio.create_task(_do(rig, order, f"{ESCAPE}\n>all; sleep 60"))
        await until(lambda: (order.project / "all").exists() or task.done(), "the deed's start")
        task.cancel()
        outcome = (await asyncio.gather(task, return_exceptions=True))[0]
        assert isinstance(outcome, asyncio.CancelledError), outcome

    asyncio.run(cancel())
    assert not _left(order.project)


def the_group_is_told_before_the_work_begins(rig: Rig, folder: Path) -> None:
    """When ``started`` is called the group lives and has done nothing yet."""
    order = order_in(folder)
    seen: list[bool] = []

    def look(group: Who) -> None:
        seen.append(SystemProcesses().alive(group))
        seen.append(not (order.project / "done").exists())

    outcome = asyncio.run(_do(rig, order, ">done", Witness(on_started=look)))
    assert isinstance(outcome, Succeeded), outcome
    assert seen == [True, True], seen
    assert (order.project / "done").exists()


def output_is_logged_as_it_comes(rig: Rig, folder: Path) -> None:
    """A line is in the log, readable by its owner only, while the work still goes on."""
    order = order_in(folder)
    log = order.folder / order.log

    async def watch() -> Outcome:
        deed = "echo working; until [ -e go ]; do sleep 0.01; done"
        task = asyncio.create_task(_do(rig, order, deed))
        await until(
            lambda: task.done() or (log.exists() and "working" in log.read_text()), "the line"
        )
        assert not task.done(), task
        (order.project / "go").touch()
        return await task

    assert isinstance(asyncio.run(watch()), Succeeded)
    assert log.stat().st_mode & 0o777 == 0o600


def much_output_without_a_newline_is_fine(rig: Rig, folder: Path) -> None:
    """A megabyte in one line neither blocks nor breaks anything."""
    deed = "head -c 1000000 /dev/zero | tr '\\0' x"
    outcome = asyncio.run(_do(rig, order_in(folder), deed))
    assert isinstance(outcome, Succeeded), outcome


def output_need_not_be_text(rig: Rig, folder: Path) -> None:
    """Bytes that are no UTF-8 are replaced."""
    witness = Witness()
    deed = "printf 'a\\377\\303b\\n'"
    outcome = asyncio.run(_do(rig, order_in(folder), deed, witness))
    assert isinstance(outcome, Succeeded), outcome
    "".join(witness.texts).encode()


def no_secret_comes_out(rig: Rig, folder: Path) -> None:
    """A secret that the deed was given is in no log, outcome or output, even in two writes."""
    order = order_in(folder, env=("X_TOKEN",))
    deed = (
        'echo "$X_TOKEN"; printf %s "${X_TOKEN%print}"; sleep 0.05; printf "print\\n";'
        ' printf %s "$X_TOKEN" | base64; env; ( set -x; : "$X_TOKEN" ); [ -z "$X_TOKEN" ]'
    )
    witness = Witness()
    executor = rig.make(environment(X_TOKEN=CANARY))
    outcome = asyncio.run(executor.execute(rig.ask(order, deed), witness))
    assert isinstance(outcome, Failed), f"the deed should have seen X_TOKEN: {outcome}"
    kept = [p.read_text(errors="replace") for p in order.folder.rglob("*") if p.is_file()]
    for text in (repr(outcome), "".join(witness.texts), *kept):
        assert CANARY not in text, text
        assert "Y2FuYXJ5LTdmM2E5Yy1kby1ub3QtcHJpbn" not in text, text


def the_environment_is_closed(rig: Rig, folder: Path) -> None:
    """A variable that the order does not name does not reach the work; the marks do."""
    order = order_in(folder)
    deed = (
        '[ -z "$X_OTHER" ] && [ "$TERM" = dumb ] && [ "$TASKBOARD_RUN" = TASK-001@1 ]'
        f' && [ "$TASKBOARD_RUN_ID" = {order.run} ] && [ -n "$TASKBOARD_BOARD" ]'
    )
    executor = rig.make(environment(X_OTHER="seen"))
    outcome = asyncio.run(executor.execute(rig.ask(order, deed), Witness()))
    assert isinstance(outcome, Succeeded), outcome


def nobody_waits_at_stdin(rig: Rig, folder: Path) -> None:
    """Whoever reads from stdin finds its end, and the work runs in its project."""
    order = order_in(folder)
    deed = f'! read line && [ "$(pwd -P)" = "{order.project.resolve()}" ]'
    assert isinstance(asyncio.run(_do(rig, order, deed)), Succeeded)


def sixteen_go_at_once(rig: Rig, folder: Path) -> None:
    """Sixteen orders side by side do not get into each other's way."""

    async def all_of_them() -> list[Outcome]:
        orders = [order_in(folder, name=f"TASK-{n:03}") for n in range(16)]
        return await asyncio.gather(*(_do(rig, order, "echo $$") for order in orders))

    for outcome in asyncio.run(all_of_them()):
        assert isinstance(outcome, Succeeded), outcome


def no_file_stays_open(rig: Rig, folder: Path) -> None:
    """After any ending there are as many open files as before. A stub in this process may close
    its own a moment later."""

    def opened() -> int:
        return len(os.listdir("/dev/fd"))  # noqa: PTH208 - the folder's own handle counts too

    async def endings() -> None:
        await _do(rig, order_in(folder, name="TASK-000"), "echo warm")
        before = opened()
        await _do(rig, order_in(folder), "echo well")
        await _do(rig, order_in(folder, name="TASK-002"), "exit 1")
        await _do(rig, order_in(folder, name="TASK-003", timeout=0.1), "sleep 60 & sleep 60")
        await _do(rig, order_in(folder, name="TASK-004", project=folder / "missing"), "echo")
        await until(lambda: opened() <= before, "files to be closed")

    asyncio.run(endings())


Check = Callable[[Rig, Path], None]

CHECKS: tuple[Check, ...] = (
    success_is_answered,
    failure_is_answered,
    a_timeout_is_answered,
    a_missing_project_is_answered,
    an_impossible_deed_is_answered,
    nothing_stays_behind_after_success,
    nothing_stays_behind_after_a_timeout,
    cancelling_ends_the_tree_first,
    the_group_is_told_before_the_work_begins,
    output_is_logged_as_it_comes,
    much_output_without_a_newline_is_fine,
    output_need_not_be_text,
    no_secret_comes_out,
    the_environment_is_closed,
    nobody_waits_at_stdin,
    sixteen_go_at_once,
    no_file_stays_open,
)
"""What every executor has to hold; each takes a rig and an empty folder."""
