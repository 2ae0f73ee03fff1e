"""The program exactly as the files start it: these arguments, this environment and no other."""

from __future__ import annotations

import os
import plistlib
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from taskboard.clock import SystemClock
from taskboard.disk import DiskFiles
from taskboard.service.contract import Ran
from taskboard.service.launchd import Launchd
from taskboard.service.systemd import Systemd

PATIENCE = 30.0
SECRET = "sk-ant-this-is-nobodys-business"
TASK = (
    "# Board\n\n## TASK-001 Show it\n- status: ready\n- run: echo $MY_API_KEY; env > env.txt\n"
    "- artifacts: env.txt\n"
)
QUICK = "TASKBOARD_DEBOUNCE=0.1s\nTASKBOARD_SETTLE=0s\nTASKBOARD_POLL=0.2s\n"
KEYS = f"{QUICK}TASKBOARD_EXECUTOR=shell\nTASKBOARD_DECIDER=priority\nMY_API_KEY={SECRET}\n"


def given(owner) -> dict[str, str]:
    """What a user's systemd or launchd gives to everything that it starts."""
    return {"USER": "siyao", "LOGNAME": "siyao", "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"} | {
        "HOME": str(owner.home)
    }


class Started:
    """A process that is ended whatever happens."""

    def __init__(self, argv, environ, cwd, out) -> None:
        self.process = subprocess.Popen(
            argv, env=environ, cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )

    def __enter__(self):
        return self.process

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


class Listener:
    """systemd's end of the socket."""

    def __init__(self, path: Path) -> None:
        self.door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.door.bind(str(path))
        self.door.settimeout(PATIENCE)
        self.heard: list[str] = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.door.close()

    def until(self, condition) -> None:
        end = SystemClock().awake() + PATIENCE
        while not condition():
            assert SystemClock().awake() < end, self.heard
            self.heard += self.door.recv(4096).decode().split("\n")


@pytest.fixture
def units(owner):
    """The texts of the units, by what they are for."""
    owner.keys(KEYS)
    system = Systemd(owner.home / ".config/systemd/user", DiskFiles(), lambda *_: Ran(0))
    name = f"taskboard-{owner.plan().label}"
    texts = {path.name: data.decode() for path, data in system.files(owner.plan()).items()}
    return {"daemon": texts[f"{name}.service"], "hourly": texts[f"{name}-hourly.service"]}


@pytest.fixture
def lists(owner):
    """The property lists, by what they are for; their log folder is there."""
    owner.keys(KEYS)
    found = Launchd(owner.home, 501, DiskFiles(), lambda *_: Ran(0), lambda _: None).files(
        owner.plan()
    )
    daemon, hourly = (plistlib.loads(data) for data in found.values())
    Path(daemon["StandardOutPath"]).parent.mkdir(parents=True)
    return {"daemon": daemon, "hourly": hourly}


def started_by_launchd(keys, owner) -> Started:
    out = os.open(keys["StandardOutPath"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    environ = given(owner) | keys["EnvironmentVariables"]
    try:
        return Started(keys["ProgramArguments"], environ, keys["WorkingDirectory"], out)
    finally:
        os.close(out)


def is_done(owner) -> bool:
    return "- status: done" in owner.board.read_text()


def see_done(owner, process) -> None:
    end = SystemClock().awake() + PATIENCE
    while not is_done(owner):
        assert process.poll() is None
        assert SystemClock().awake() < end, owner.board.read_text()
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.02)


def test_as_systemd_starts_it_the_daemon_is_ready_alive_and_ends_cleanly(
    owner, units, read_unit, tmp_path
):
    owner.board.write_text(TASK)
    argv, environ = read_unit(units["daemon"])
    environ = given(owner) | environ
    environ |= {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"}
    with (
        Listener(tmp_path / "notify") as listener,
        Started(argv, environ, owner.home, subprocess.PIPE) as process,
    ):
        listener.until(lambda: "READY=1" in listener.heard)
        # Not before the start turn was made: the board was taken in.
        assert "TASK-001" in (owner.root / "events.jsonl").read_text()
        listener.until(lambda: is_done(owner) and listener.heard.count("WATCHDOG=1") >= 3)
        assert "STATUS" in " ".join(listener.heard)
        process.send_signal(signal.SIGTERM)
        listener.until(lambda: "STOPPING=1" in listener.heard)
        said = process.communicate(timeout=PATIENCE)[0].decode()
    assert process.returncode == 0, said
    assert "TASK-001  done" in said
    assert SECRET not in said + (owner.root / "events.jsonl").read_text()
    seen = (owner.root / "env.txt").read_text()
    assert "NOTIFY_SOCKET" not in seen
    assert SECRET not in seen


def test_as_systemd_starts_it_the_hourly_run_works_where_no_daemon_does(owner, units, read_unit):
    owner.board.write_text(TASK)
    argv, environ = read_unit(units["hourly"])
    done = subprocess.run(
        argv,
        env=given(owner) | environ,
        cwd=owner.home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert is_done(owner)


def test_as_launchd_starts_it_the_daemon_works_and_keeps_its_own_log(owner, lists):
    owner.board.write_text(TASK)
    log = Path(lists["daemon"]["StandardOutPath"])
    with started_by_launchd(lists["daemon"], owner) as process:
        see_done(owner, process)
        with started_by_launchd(lists["hourly"], owner) as hourly:
            assert hourly.wait(PATIENCE) == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    told = Path(lists["hourly"]["StandardOutPath"]).read_text()
    assert f"A daemon works here: process {process.pid}." in told
    lines = log.read_text().splitlines()
    assert all(line[10] == "T" and line[19] == "Z" for line in lines), lines
    assert any("TASK-001  done" in line for line in lines)
    assert lines[-1].endswith("Stopped.")
    assert SECRET not in log.read_text()


def test_keys_that_others_may_read_keep_it_from_starting_and_the_log_says_the_cure(owner, lists):
    owner.keys(KEYS, 0o644)
    with started_by_launchd(lists["daemon"], owner) as process:
        assert process.wait(PATIENCE) == 78
    text = Path(lists["daemon"]["StandardOutPath"]).read_text()
    assert f"chmod 600 {owner.env_file}" in text
    assert SECRET not in text


def test_a_file_beside_the_board_is_never_taken_for_the_program(owner, lists):
    for folder in (owner.home, owner.root):
        (folder / "taskboard.py").write_text("raise SystemExit('not ours')\n")
        (folder / "typer.py").write_text("raise SystemExit('not ours')\n")
    with started_by_launchd(lists["hourly"], owner) as process:
        assert process.wait(PATIENCE) == 0


def test_the_file_of_keys_counts_for_run_and_once_by_hand_too(owner):
    owner.keys(KEYS + "TASKBOARD_SLOTS=x\n")
    words = [sys.executable, "-m", "taskboard", "once", "--env-file", str(owner.env_file)]
    done = subprocess.run(words, cwd=owner.root, capture_output=True, text=True, check=False)
    assert done.returncode == 78
    assert "TASKBOARD_SLOTS" in done.stderr
