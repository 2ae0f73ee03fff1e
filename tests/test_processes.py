from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import pytest

from taskboard.processes import SystemProcesses, Who
from taskboard.proctable import ProcTable, PsTable, system_table

PROCESSES = SystemProcesses()


@contextmanager
def shell(script: str, *, marker: str | None = None, **how) -> Iterator[tuple[Who, list[int]]]:
    """A group that prints the pids it has started and ends with 'ready'; its leader and they."""
    environ = {"PATH": os.environ["PATH"]}
    if marker:
        environ["TASKBOARD_RUN_ID"] = marker
    popen = subprocess.Popen(
        ["/bin/sh", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environ,
        text=True,
        start_new_session=True,
        **how,
    )
    started = system_table().row(popen.pid).started  # it may have ended by now
    who = Who(pid=popen.pid, started=started, boot=PROCESSES.me().boot)
    pids = []
    for line in popen.stdout:
        if line == "ready\n":
            break
        pids.append(int(line))
    try:
        yield who, pids
    finally:
        for pid in (popen.pid, *pids):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        popen.stdin.close()
        popen.stdout.close()
        popen.wait()


def end(leader: Who, marker: str, grace: float = 0.1) -> None:
    asyncio.run(PROCESSES.end_group(leader, marker, grace=grace))


def lives(pid: int) -> bool:
    return PROCESSES.identify(pid) is not None


def gone(*pids: int) -> bool:
    return not any(map(lives, pids))


@pytest.fixture
def marker() -> str:
    return str(uuid.uuid4())


def test_i_am_alive_and_cannot_be_mistaken():
    me = PROCESSES.me()
    assert me.pid == os.getpid()
    assert PROCESSES.alive(me)
    assert not PROCESSES.alive(msgspec.structs.replace(me, started=me.started - 1))
    assert not PROCESSES.alive(msgspec.structs.replace(me, boot="another"))


def test_a_zombie_is_not_alive():
    popen = subprocess.Popen(["/bin/sh", "-c", "exec sleep 60"], start_new_session=True)
    who = PROCESSES.identify(popen.pid)
    assert PROCESSES.alive(who)
    popen.kill()
    os.waitid(os.P_PID, popen.pid, os.WEXITED | os.WNOWAIT)
    assert not PROCESSES.alive(who)
    assert PROCESSES.identify(popen.pid) is None
    popen.wait()


def test_a_program_whose_name_looks_like_a_row_is_read_right(tmp_path):
    program = tmp_path / "a) Z 1 1 ("
    program.symlink_to("/bin/sleep")
    popen = subprocess.Popen([program, "60"], start_new_session=True)
    row = ProcTable().row(popen.pid)
    assert (row.parent, row.group, row.zombie) == (os.getpid(), popen.pid, False)
    popen.kill()
    popen.wait()


def test_a_group_is_ended(marker):
    with shell("sleep 60 & echo $!; echo ready; wait") as (leader, pids):
        end(leader, marker)
        assert gone(leader.pid, *pids)


def test_a_group_that_ignores_term_is_killed_after_the_grace(marker):
    with shell("trap '' TERM; sleep 60 & echo $!; echo ready; wait") as (leader, pids):
        end(leader, marker)
        assert gone(leader.pid, *pids)


def test_a_group_may_use_its_grace(marker, tmp_path):
    script = f"trap 'echo bye >{tmp_path}/said; exit' TERM; echo ready; read x"
    with shell(script) as (leader, _):
        end(leader, marker, grace=10)
        assert gone(leader.pid)
    assert (tmp_path / "said").read_text() == "bye\n"


def test_a_stopped_group_is_ended_with_its_grace(marker, tmp_path):
    script = f"trap 'echo bye >{tmp_path}/said; exit' TERM; echo ready; read x"
    with shell(script) as (leader, _):
        os.kill(leader.pid, signal.SIGSTOP)
        end(leader, marker, grace=10)
        assert gone(leader.pid)
    assert (tmp_path / "said").read_text() == "bye\n"


ESCAPE = """
setsid nohup sh -c '
    echo $$
    (setsid sh -c "echo \\$\\$; sleep 60 & echo \\$!; echo ready; wait" &)
    exec sleep 60
' 2>&1 &
wait
"""


def test_escaped_sessions_are_ended_by_their_marker(marker):
    with shell(ESCAPE, marker=marker) as (leader, pids):
        end(leader, marker)
        assert gone(leader.pid, *pids)


def test_a_descendant_that_wiped_its_environment_is_ended(marker):
    script = "env -i setsid sh -c 'echo $$; echo ready; sleep 60; :' & wait"
    with shell(script, marker=marker) as (leader, pids):
        end(leader, marker)
        assert gone(leader.pid, *pids)


ORPHAN = """
import os, sys
if os.fork():
    sys.exit()
os.setpgid(0, 0)
print(os.getpid(), "ready", sep="\\n", flush=True)
os.execve("/bin/sleep", ["sleep", "60"], {})
"""


def test_an_orphan_with_a_group_and_an_environment_of_its_own_is_ended_with_its_session(marker):
    with shell(f"exec {sys.executable} -c '{ORPHAN}'", marker=marker) as (leader, pids):
        os.waitid(os.P_PID, leader.pid, os.WEXITED | os.WNOWAIT)
        end(leader, marker)
        assert gone(*pids)


def test_members_are_ended_though_their_leader_is_dead_and_reaped(marker):
    with shell("sleep 60 & echo $!; echo ready; exit", marker=marker) as (leader, pids):
        os.waitpid(leader.pid, 0)
        end(leader, marker)
        assert gone(*pids)


def test_a_group_without_the_marker_is_spared_when_its_leader_is_gone(marker):
    with shell("sleep 60 & echo $!; echo ready; exit", marker="other") as (leader, pids):
        os.waitpid(leader.pid, 0)
        end(leader, marker)
        assert not gone(*pids)


@pytest.mark.parametrize("change", [{"boot": "another"}, {"started": 1 << 60}])
def test_a_process_of_another_time_is_spared(marker, change):
    with shell("echo ready; read x", marker=marker) as (leader, _):
        end(msgspec.structs.replace(leader, **change), marker)
        assert lives(leader.pid)


def test_a_process_that_got_the_leaders_pid_is_spared(marker):
    with shell("sleep 60 & echo $!; echo ready; wait") as (now, pids):
        end(msgspec.structs.replace(now, started=now.started - 1), marker)
        assert not gone(now.pid, *pids)


def test_other_runs_are_spared(marker):
    with (
        shell("echo ready; read x", marker=marker + "0") as (other, _),
        shell("echo ready; read x", marker=marker) as (leader, _),
    ):
        end(leader, marker)
        assert lives(other.pid)
        assert gone(leader.pid)


SELF = """
import asyncio, os, subprocess, sys
from taskboard.processes import SystemProcesses, Who
processes = SystemProcesses()
leader = processes.identify(os.getpgrp())
sleeper = subprocess.Popen(["sleep", "60"])
asyncio.run(processes.end_group(leader, os.environ["TASKBOARD_RUN_ID"], grace=0.1))
print(processes.alive(leader), sleeper.wait())
"""


def test_whoever_ends_its_own_run_spares_itself_and_its_ancestors(marker):
    environ = {**os.environ, "TASKBOARD_RUN_ID": marker, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        ["/bin/sh", "-c", f"'{sys.executable}' -c '{SELF}'; :"],
        env=environ,
        start_new_session=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == (f"True {-signal.SIGTERM}\n", "")


SUPERVISOR = """
import os, subprocess, sys
subprocess.Popen(["/bin/sh", "-c", "echo $$;" + sys.argv[1]], start_new_session=True).wait()
"""


def test_the_next_incarnation_ends_what_a_killed_supervisor_left(marker):
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, ESCAPE],
        stdout=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"], "TASKBOARD_RUN_ID": marker},
    )
    pids = []
    for line in supervisor.stdout:
        if line == "ready\n":
            break
        pids.append(int(line))
    leader = PROCESSES.identify(pids[0])
    supervisor.kill()
    supervisor.wait()
    supervisor.stdout.close()
    assert not gone(*pids)
    end(leader, marker)
    assert gone(*pids)


def test_cancelling_kills_at_once(marker):
    async def impatient() -> None:
        task = asyncio.create_task(PROCESSES.end_group(leader, marker, grace=60))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with shell("trap '' TERM; echo ready; read x") as (leader, _):
        asyncio.run(impatient())
        os.waitid(os.P_PID, leader.pid, os.WEXITED | os.WNOWAIT)


REAPER = """
import os, subprocess, sys
from taskboard.processes import SystemProcesses
from taskboard.proctable import ProcTable
processes = SystemProcesses()
assert processes.become_subreaper()
own = subprocess.Popen(["/bin/sh", "-c", "exit 7"], start_new_session=True)
plain = subprocess.Popen(["/bin/sh", "-c", "exit 8"])
hold, release = os.pipe()  # the orphan outlives its parents, who would collect it
orphan = f"(setsid sh -c '(exec >&-; exec sh -c \\"read x; exit 9\\" <&{hold}) & echo $!' &)"
shell = ["/bin/sh", "-c", orphan]
asked = subprocess.run(shell, stdout=subprocess.PIPE, text=True, pass_fds=[hold])
while ProcTable().row(int(asked.stdout)).parent != os.getpid():
    os.sched_yield()
os.close(release)
for child in (own.pid, plain.pid):
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
while not ProcTable().row(int(asked.stdout)).zombie:
    os.sched_yield()
print(processes.reap(), own.wait(), plain.wait())
try:
    os.kill(int(asked.stdout), 0)
except ProcessLookupError:
    print("gone")
"""


def test_adopted_orphans_are_reaped_and_our_own_children_are_not():
    if sys.platform != "linux":  # subreapers are Linux's
        assert not PROCESSES.become_subreaper()
        return
    done = subprocess.run(
        [sys.executable, "-c", REAPER],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "1 7 8\ngone\n", done.stderr


def test_ps_tells_the_same_as_proc(marker):
    with shell("echo ready; read x", marker=marker) as (leader, _):
        ours, theirs = system_table().row(leader.pid), PsTable().row(leader.pid)
        assert theirs[:3] == ours[:3]
        assert theirs.zombie is False
        assert abs(theirs.started - Path(f"/proc/{leader.pid}").stat().st_ctime) < 60
        assert PsTable().rows().keys() >= {leader.pid, os.getpid()}
