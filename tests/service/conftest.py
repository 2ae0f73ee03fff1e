"""A user of a scratch home, a plan for a board of theirs, and a launchctl that lives in memory."""

from __future__ import annotations

import os
import plistlib
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from taskboard.cli import main
from taskboard.core.settings import Settings
from taskboard.disk import DiskFiles
from taskboard.service.contract import Ran
from taskboard.service.launchd import Launchd
from taskboard.service.plan import Plan, plan_of
from taskboard.workspace import Workspace


class User:
    """Somebody with a home in a scratch folder, a trusted board in it, and a shell."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.root = home / "boards" / "launch week"
        self.root.parent.mkdir(parents=True, mode=0o755)
        self.shell = {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}

    @property
    def board(self) -> Path:
        return self.root / "task-board.md"

    @property
    def env_file(self) -> Path:
        return self.home / ".config" / "taskboard" / "env"

    def keys(self, text: str, mode: int = 0o600) -> Path:
        self.env_file.parent.mkdir(parents=True, exist_ok=True)
        self.env_file.write_text(text)
        self.env_file.chmod(mode)
        return self.env_file

    def plan(self, **changes: Any) -> Plan:
        plan = plan_of(Workspace(self.board), Settings(), self.shell, sys.executable)
        return replace(plan, **changes)


@pytest.fixture
def user(tmp_path):
    return User(tmp_path / "home")


@pytest.fixture
def owner(user, monkeypatch, capsys):
    """The same, with a board that `init` has made and trusts."""
    for name in list(os.environ):
        if name.startswith(("TASKBOARD_", "XDG_")):
            monkeypatch.delenv(name)
    for name, value in user.shell.items():
        monkeypatch.setenv(name, value)
    assert main(["init", str(user.root)]) == 0
    capsys.readouterr()
    return user


class Launchctl:
    """What launchd remembers, and how its program answers: ``bootout`` returns before the job is
    gone (``lingers`` looks later), and a ``bootstrap`` in that time fails with error 5."""

    def __init__(self, uid: int, *, desktop: bool = True, lingers: int = 3) -> None:
        self.domains = {f"user/{uid}"} | ({f"gui/{uid}"} if desktop else set())
        self.jobs: dict[str, dict[str, Any]] = {}
        self.leaving: dict[str, int] = {}
        self.disabled: set[str] = set()
        self.typed: list[str] = []
        self.lingers, self.pids = lingers, 500
        self.busy = 0
        """So many more times ``bootstrap`` fails with error 5 although the job is gone."""

    def __call__(self, *argv: str) -> Ran:
        assert argv[0] == "launchctl"
        self.typed.append(" ".join(argv[1:]))
        return getattr(self, f"_{argv[1]}")(*argv[2:])

    def pause(self, _seconds: float) -> None:
        """Time passes: what leaves is nearer to being gone."""
        for job in list(self.leaving):
            self.leaving[job] -= 1
            if self.leaving[job] <= 0:
                del self.leaving[job], self.jobs[job]

    def _print(self, name: str) -> Ran:
        if name in self.domains:
            return Ran(0, f"{name} = {{\n}}\n")
        job = self.jobs.get(name)
        if job is None:
            return Ran(113, err=f'Could not find service "{name}"')
        ended = job.get("ended", "(never exited)")
        running = (
            f"\tstate = running\n\tpid = {job['pid']}\n" if job["pid"] else "\tstate = waiting\n"
        )
        return Ran(
            0, f"{name} = {{\n\tactive count = 1\n{running}\tlast exit code = {ended}\n}}\n"
        )

    def _enable(self, name: str) -> Ran:
        self.disabled.discard(name)
        return Ran(0)

    def _bootstrap(self, domain: str, path: str) -> Ran:
        keys = plistlib.loads(Path(path).read_bytes())
        name = f"{domain}/{keys['Label']}"
        if domain not in self.domains:
            return Ran(125, err="Bootstrap failed: 125: Domain does not support specified action")
        self.busy -= 1
        if name in self.jobs or self.busy >= 0:
            return Ran(5, err="Bootstrap failed: 5: Input/output error")
        if name in self.disabled:
            return Ran(119, err="Bootstrap failed: 119: Service is disabled")
        self.pids += 1
        self.jobs[name] = {"keys": keys, "pid": self.pids if keys.get("RunAtLoad") else 0}
        return Ran(0)

    def _bootout(self, name: str) -> Ran:
        if name not in self.jobs:
            return Ran(3, err="Boot-out failed: 3: No such process")
        self.leaving[name] = self.lingers
        return Ran(36, err="Boot-out failed: 36: Operation now in progress")

    def _kickstart(self, flag: str, name: str) -> Ran:
        assert flag == "-k"
        if name not in self.jobs:
            return Ran(113, err=f'Could not find service "{name}"')
        self.pids += 1
        self.jobs[name]["pid"] = self.pids
        return Ran(0)


@pytest.fixture
def launchctl():
    return Launchctl(501)


@pytest.fixture
def launchd(user, launchctl):
    return Launchd(user.home, 501, DiskFiles(), launchctl, launchctl.pause)


def unit_of(text: str) -> tuple[list[str], dict[str, str]]:
    """A unit file as systemd reads it: what it starts, and what it gives it."""
    argv: list[str] = []
    environ: dict[str, str] = {}
    for line in text.splitlines():
        key, _, value = line.partition("=")
        alone = value.replace("%%", "").replace("$$", "")
        assert "%" not in alone or line == "WorkingDirectory=%h", f"systemd would expand: {line}"
        assert key != "ExecStart" or "$" not in alone, f"systemd would expand: {line}"
        if key == "ExecStart":
            argv = [w.replace("%%", "%").replace("$$", "$") for w in shlex.split(value)]
        elif key == "Environment":
            for word in shlex.split(value):
                name, _, given = word.replace("%%", "%").partition("=")
                environ[name] = given
        elif key == "EnvironmentFile":
            path = Path(value.removeprefix("-").replace("%%", "%"))
            lines = path.read_text().splitlines() if path.exists() else []
            environ |= dict(entry.split("=", 1) for entry in lines if entry)
    return argv, environ


@pytest.fixture
def read_unit():
    return unit_of


@pytest.fixture
def make_launchctl():
    return Launchctl
