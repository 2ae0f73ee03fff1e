from __future__ import annotations

import asyncio
import hashlib
import os
import select
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from taskboard.clock import SystemClock
from taskboard.core.outcome import Failed, Succeeded, Tier
from taskboard.executors.shell import Executor
from taskboard.processes import SystemProcesses
from taskboard.testing.rig import Witness, environment, order_in


@dataclass
class Frozen:
    """A clock that stands still unless told."""

    time: float = 0.0

    def now(self):
        return datetime(2026, 11, 20, tzinfo=UTC)

    def boot(self):
        return self.time

    def awake(self):
        return self.time

    def uuid(self):
        return "0"

    def random(self):
        return 0.0


def executor(clock=None, **environ):
    return Executor(
        clock=clock or SystemClock(),
        processes=SystemProcesses(),
        environ=environment(**environ),
        grace=0.2,
    )


def run(order, witness=None, **environ):
    return asyncio.run(executor(**environ).execute(order, witness or Witness()))


def test_success_carries_a_receipt_that_names_and_digests_the_log(tmp_path):
    order = order_in(tmp_path, command="echo one; echo two >&2; echo three")
    outcome = run(order)
    log = (order.folder / order.log).read_bytes()
    assert log == b"one\ntwo\nthree\n"
    assert outcome.output == "one\ntwo\nthree\n"
    receipt = outcome.receipts[0]
    assert (receipt.tier, receipt.ok, receipt.run) == (Tier.EXIT, True, order.run)
    assert receipt.sha256 == hashlib.sha256(log).hexdigest()
    assert receipt.detail["exit_code"] == 0
    assert receipt.detail["log"] == order.log
    assert 0 <= receipt.detail["duration_s"] < 20


def test_failure_names_the_status_and_the_last_lines(tmp_path):
    order = order_in(tmp_path, command="echo no such luck >&2; exit 7")
    outcome = run(order)
    assert outcome == Failed(
        reason="exit",
        exit_code=7,
        error="exit status 7\nno such luck",
    )


def test_a_signal_is_named(tmp_path):
    outcome = run(order_in(tmp_path, command="kill -KILL $$"))
    assert (outcome.reason, outcome.exit_code) == ("signal", None)
    assert "SIGKILL" in outcome.error


def test_a_project_that_is_a_file_is_a_failed_start(tmp_path):
    (tmp_path / "file").touch()
    outcome = run(order_in(tmp_path, command="true", project=tmp_path / "file"))
    assert outcome.reason == "start"
    assert str(tmp_path / "file") in outcome.error


@pytest.mark.parametrize("command", ["a\0b", "x" * 5_000_000])
def test_a_command_no_system_takes_is_a_failed_start(tmp_path, command):
    witness = Witness()
    outcome = run(order_in(tmp_path, command=command), witness)
    assert outcome.reason == "start"
    assert witness.groups == []


def test_a_log_that_cannot_be_written_is_a_failed_start(tmp_path):
    (tmp_path / "runs").touch()
    outcome = run(order_in(tmp_path, command="true"))
    assert outcome.reason == "start"
    assert "log" in outcome.error


def test_only_the_named_variables_get_through(tmp_path):
    order = order_in(tmp_path, command="env | cut -d= -f1 | sort", env=("MINE", "MISSING"))
    outcome = run(order, HOME="/h", LC_ALL="C", MINE="1", OTHER="2", TASKBOARD_RUN="forged")
    names = set(outcome.output.split()) - {"PWD", "OLDPWD", "SHLVL", "_"}  # the shell's own
    marks = {"TASKBOARD_RUN", "TASKBOARD_RUN_ID", "TASKBOARD_BOARD"}
    assert names == {"PATH", "HOME", "LC_ALL", "TERM", "MINE"} | marks


def test_a_command_is_one_argument_and_nothing_in_it_is_the_gates(tmp_path):
    order = order_in(tmp_path, command="printf '%s|' \"$0\" \"$@\" 'a b' '$HOME' \"it's\"")
    assert run(order).output == "/bin/sh|a b|$HOME|it's|"


def test_silence_is_ended_at_the_stall(tmp_path):
    order = order_in(tmp_path, command="echo working; sleep 60", stall=0.2)
    outcome = run(order)
    assert outcome.reason == "stall"
    assert "working" in outcome.error


def test_time_asleep_does_not_count(tmp_path):
    clock = Frozen()
    order = order_in(tmp_path, command="until [ -e go ]; do sleep 0.01; done", timeout=0.05)

    async def sleep_through() -> object:
        task = asyncio.create_task(executor(clock).execute(order, Witness()))
        await asyncio.sleep(0.3)  # longer than the timeout by the loop's clock, not by ours
        assert not task.done()
        (order.project / "go").touch()
        return await task

    assert isinstance(asyncio.run(sleep_through()), Succeeded)


class Stopped(SystemClock):
    """The awake clock of a process that is stopped for an hour, without the hour."""

    skipped = 0.0

    def awake(self):
        return super().awake() + self.skipped


@pytest.mark.parametrize("limit", ["timeout", "stall"])
def test_time_in_which_we_were_stopped_ourselves_does_not_count(tmp_path, limit):
    clock = Stopped()
    command = "until [ -e go ]; do sleep 0.01; done"
    order = order_in(tmp_path, command=command, **{limit: 600.0})

    async def stopped_once() -> object:
        task = asyncio.create_task(executor(clock).execute(order, Witness()))
        await asyncio.sleep(0.1)
        clock.skipped += 3600
        await asyncio.sleep(1.1)
        assert not task.done()
        (order.project / "go").touch()
        return await task

    assert isinstance(asyncio.run(stopped_once()), Succeeded)


def test_a_watcher_that_cannot_record_the_group_stops_the_command_from_starting(tmp_path):
    order = order_in(tmp_path, command="touch started")

    def refuse(_group):
        raise RuntimeError("the lease is gone")

    with pytest.raises(RuntimeError, match="lease"):
        run(order, Witness(on_started=refuse))
    assert not (order.project / "started").exists()


def test_a_second_cancellation_does_not_leave_the_tree_behind(tmp_path):
    order = order_in(tmp_path, command="trap '' TERM; echo ready; while :; do sleep 1; done")
    witness = Witness()

    async def cancel_twice() -> None:
        ready = asyncio.Event()
        witness.on_output = lambda _: ready.set()
        task = asyncio.create_task(executor().execute(order, witness))
        await ready.wait()
        task.cancel()
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not SystemProcesses().alive(witness.groups[0])

    asyncio.run(cancel_twice())


def test_a_last_word_after_term_is_in_the_log(tmp_path):
    command = "trap 'echo cleaned up; exit 0' TERM; while :; do sleep 0.01; done"
    order = order_in(tmp_path, command=command, timeout=0.3)
    outcome = run(order)
    assert outcome.reason == "timeout"
    assert "cleaned up" in outcome.error


def test_a_background_writer_does_not_hold_the_run_up(tmp_path):
    order = order_in(tmp_path, command="yes & echo mine; exit 0")
    assert isinstance(run(order), Succeeded)


def test_a_loop_that_is_torn_down_leaves_nothing(tmp_path):
    order = order_in(tmp_path, command="trap '' TERM; echo ready; while :; do sleep 1; done")
    witness = Witness()

    async def walk_away() -> None:
        ready = asyncio.Event()
        witness.on_output = lambda _: ready.set()
        task = asyncio.create_task(executor().execute(order, witness))
        await ready.wait()
        assert not task.done()

    asyncio.run(walk_away())
    assert not SystemProcesses().alive(witness.groups[0])


SUPERVISOR = """
import asyncio, os, signal, sys
from pathlib import Path
sys.path[:0] = sys.argv[2].split(os.pathsep)
from taskboard.clock import SystemClock
from taskboard.executors.shell import Executor
from taskboard.processes import SystemProcesses
from taskboard.testing.rig import Witness, order_in

def started(group):
    print(group.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

order = order_in(Path(sys.argv[1]), command="touch started; sleep 60")
shell = Executor(clock=SystemClock(), processes=SystemProcesses(), environ=dict(os.environ))
asyncio.run(shell.execute(order, Witness(on_started=started)))
"""


def test_a_command_whose_supervisor_dies_before_it_is_recorded_never_starts(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SUPERVISOR, str(tmp_path), os.pathsep.join(sys.path)],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert _until_gone(int(done.stdout))
    assert not (tmp_path / "project" / "started").exists()


def _until_gone(pid: int) -> bool:
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], 10)[0])
    finally:
        os.close(handle)


def test_the_projects_path_may_hold_anything(tmp_path):
    strange = tmp_path / "a 'b' $(touch x) \"c\" -n"
    strange.mkdir()
    outcome = run(order_in(tmp_path, command="pwd", project=strange))
    assert outcome.output == f"{strange}\n"
    assert not list(Path.cwd().glob("x"))
