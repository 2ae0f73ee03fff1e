"""A week of one board: the service's own command lines, real processes, time that runs faster.

``python3 dev.py soak week [--factor 1500] [--days 7] [--folder PATH]``. The daemon and its hourly
job are started as launchd's files say, with exactly those arguments. A person adds tasks, mends
what failed, says what may go on, and sleeps. The daemon is killed and comes back, the lid is shut
for a night, a newer version takes over, the workspace is copied and restored elsewhere. It fails
when anything is lost, done twice, left running or left undone.
"""

from __future__ import annotations

import argparse
import json
import os
import plistlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from taskboard.core.settings import Settings
from taskboard.disk import DiskFiles
from taskboard.service.contract import Ran
from taskboard.service.launchd import Launchd
from taskboard.service.plan import plan_of
from taskboard.workspace import Workspace

FAST = Path(__file__).parent / "fast"
SETTINGS = """\
slots = 3
debounce = "5m"
debounce_max = "30m"
poll = "10m"
settle = "10m"
lease_ttl = "3h"
timeout = "1d"
verify_timeout = "1d"
backoff = "20m"
backoff_max = "2h"
executor = "shell"
decider = "priority"
"""
"""Waits that are long enough for a real machine at this speed: 5 min are 0.15 s."""
HOUR = 3600.0


class Week:
    """One board, its service, and the person who lives with it."""

    def __init__(self, folder: Path, factor: float) -> None:
        self.factor, self.began = factor, time.time()
        self.home = folder / "home"
        self.root = self.home / "boards" / "launch week"
        self.root.mkdir(parents=True, mode=0o700)
        self.board = self.root / "task-board.md"
        self.number = 0
        self.kinds: dict[str, str] = {}
        self.daemon: subprocess.Popen[bytes] | None = None
        self.version = ""
        self.starts = Counter[str]()
        (self.root / "taskboard.toml").write_text(SETTINGS)
        self.board.write_text("# Launch week\n\nNotes of a person.\n")
        self.say("init")
        self.say("trust")
        self.units = self._units()

    # Time

    def environ(self) -> dict[str, str]:
        """What launchd gives to everything, and the faster time."""
        return {
            "HOME": str(self.home),
            "USER": "siyao",
            "LOGNAME": "siyao",
            "SHELL": "/bin/sh",
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": f"{FAST}{os.pathsep}{Path(__file__).parents[2]}",
            "TASKBOARD_SOAK_FACTOR": str(self.factor),
            "TASKBOARD_SOAK_BEGAN": str(self.began),
            **({"TASKBOARD_SOAK_VERSION": self.version} if self.version else {}),
        }

    def hours(self) -> float:
        """Hours of the week that are over."""
        return (time.time() - self.began) * self.factor / HOUR

    def until(self, hour: float) -> None:
        """Wait until that hour of the week."""
        time.sleep(max((hour - self.hours()) * HOUR / self.factor, 0))

    # What runs

    def _units(self) -> dict[str, dict]:
        shell = {"HOME": str(self.home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        plan = plan_of(Workspace(self.board), Settings(), shell, sys.executable)
        made = Launchd(self.home, 501, DiskFiles(), lambda *_: Ran(0), lambda _: None).files(plan)
        daemon, hourly = (plistlib.loads(data) for data in made.values())
        Path(daemon["StandardOutPath"]).parent.mkdir(parents=True)
        return {"daemon": daemon, "hourly": hourly}

    def _start(self, unit: str) -> subprocess.Popen[bytes]:
        keys = self.units[unit]
        self.starts[unit] += 1
        with Path(keys["StandardOutPath"]).open("ab") as out:
            return subprocess.Popen(
                keys["ProgramArguments"],
                env=self.environ() | keys["EnvironmentVariables"],
                cwd=keys["WorkingDirectory"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )

    def keep_alive(self) -> None:
        """What launchd does: a daemon that did not end cleanly is started again."""
        if self.daemon is None or self.daemon.poll() not in (None, 0):
            self.daemon = self._start("daemon")

    def stop(self) -> None:
        assert self.daemon is not None
        self.daemon.send_signal(signal.SIGTERM)
        assert self.daemon.wait(60) == 0, "the daemon did not end cleanly"
        self.daemon = None

    def hourly(self) -> None:
        job = self._start("hourly")
        assert job.wait(120) in (0, 1), f"the hourly job ended with {job.returncode}"

    def say(self, *words: str, at: Path | None = None, code: int = 0) -> str:
        """A command of the person, in the same time."""
        done = subprocess.run(
            [sys.executable, "-P", "-m", "taskboard", *words],
            env=self.environ(),
            cwd=at or self.root,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    # What the person does

    def save(self, text: str) -> None:
        """As vim does: a new file takes the name."""
        spare = self.root / ".task-board.md.new"
        spare.write_text(text)
        spare.replace(self.board)

    def add(self, kind: str, *fields: str) -> str:
        """One more task at the end, typed by hand; its id."""
        self.number += 1
        name = f"TASK-{self.number:03}"
        self.kinds[name] = kind
        lines = "".join(f"- {field}\n" for field in fields)
        self.save(f"{self.board.read_text().rstrip()}\n\n## {name} A {kind} task\n{lines}")
        return name

    def morning(self, day: int) -> None:
        """A day's work: plain, proved, in a chain, for tomorrow, broken, and for a person."""
        self.add("plain", "status: ready", f"run: echo {day} >> plain.log")
        made = self.add(
            "proved",
            "status: ready",
            f"run: date > day-{day}.txt",
            f"artifacts: day-{day}.txt",
            f"verify: test -s day-{day}.txt",
        )
        self.add(
            "chained", "status: ready", f"needs: {made}", f"run: cp day-{day}.txt copy-{day}.txt"
        )
        tomorrow = datetime.fromtimestamp(self.began, UTC) + timedelta(hours=self.hours() + 20)
        self.add(
            "dated",
            f"status: blocked:until:{tomorrow:%Y-%m-%dT%H:%MZ}",
            "run: echo dated >> dated.log",
        )
        self.add(
            "broken",
            "status: ready",
            "max-attempts: 2",
            f"run: test -e mended-{day} && echo {day} >> mended.log",
        )
        self.add("asked", "status: blocked:siyao:brief", f"run: echo {day} >> asked.log")

    def evening(self, day: int) -> None:
        """Mend what failed, unblock what waited: on the board and by command."""
        (self.root / f"mended-{day}").touch()
        listed = json.loads(self.say("list", "--json"))["tasks"]
        for task in listed:
            kind, name = self.kinds[task["task"]], task["task"]
            if kind == "broken" and task["kind"] == "failed":
                self.say("ready", name)
            if kind == "asked" and task["kind"] == "blocked":
                self.save(
                    self.board.read_text().replace(
                        "- status: blocked:siyao:brief", "- status: ready"
                    )
                )

    # What is looked at

    def judge(self) -> dict:
        """Everything that was asked for is done, once, and proved; nothing is lost."""
        listed = {t["task"]: t for t in json.loads(self.say("list", "--json"))["tasks"]}
        assert set(listed) == set(self.kinds), set(self.kinds) ^ set(listed)
        undone = {n: (self.kinds[n], t["state"]) for n, t in listed.items() if t["kind"] != "done"}
        assert not undone, undone
        text = self.board.read_text()
        assert "Notes of a person." in text
        assert text.count("- status: done") == len(self.kinds)
        counts = Counter(self.kinds.values())
        for kind, log in (
            ("plain", "plain"),
            ("dated", "dated"),
            ("broken", "mended"),
            ("asked", "asked"),
        ):
            lines = (self.root / f"{log}.log").read_text().splitlines()
            assert len(lines) == counts[kind], (
                f"{kind}: {len(lines)} runs did their work, {counts[kind]} tasks"
            )
        proof = json.loads(self.say("verify", "--json"))
        assert proof["ok"], proof
        assert self.say("board") == text
        return json.loads(self.say("stats", "--json", "--since", "8d"))

    def restore_elsewhere(self) -> None:
        """A copy, made while the daemon works, proves itself and knows the same."""
        copy = self.home / "restored" / self.root.name
        shutil.copytree(self.root, copy, symlinks=True)
        shutil.rmtree(copy / ".taskboard" / "locks")
        proof = json.loads(self.say("verify", "--json", at=copy, code=0))
        assert proof["ok"], proof
        self.say("fork", at=copy)
        there = json.loads(self.say("list", "--json", at=copy))["tasks"]
        assert {t["task"] for t in there} == set(self.kinds)


def live(week: Week, days: int) -> None:
    """The week, hour by hour."""
    week.keep_alive()
    for hour in range(days * 24 + 24):
        week.until(hour)
        week.keep_alive()
        day, at = divmod(hour, 24)
        working = day < days
        if at == 9 and working:
            week.morning(day)
        if at == 18 and working:
            week.evening(day)
        if hour == 2 * 24 + 12:
            week.daemon.kill()
            week.daemon.wait()
        if hour == 3 * 24 + 12:
            week.stop()
            week.version = "9.9.9"
        if hour == 4 * 24 + 15:
            week.restore_elsewhere()
        if hour == 5 * 24 + 1:
            week.daemon.send_signal(signal.SIGSTOP)
        if hour == 5 * 24 + 7:
            week.daemon.send_signal(signal.SIGCONT)
        if week.hours() < hour + 1:
            week.hourly()
    week.stop()


def main() -> int:
    """Live the week and print what it was."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--factor", type=float, default=1500.0)
    words.add_argument("--days", type=int, default=7)
    words.add_argument("--folder", type=Path)
    asked = words.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="taskboard-week-"))
    folder.mkdir(exist_ok=True)
    week = Week(folder, asked.factor)
    try:
        live(week, asked.days)
        found = week.judge()
    finally:
        if week.daemon is not None and week.daemon.poll() is None:
            week.daemon.send_signal(signal.SIGCONT)
            week.daemon.kill()
    events = sum(1 for _ in (week.root / "events.jsonl").open())
    runs = found["runs"]
    figures = {
        "days": asked.days,
        "tasks": len(week.kinds),
        "runs": runs["count"],
        "failed runs": runs["failed"],
        "daemon starts": week.starts["daemon"],
        "hourly jobs": week.starts["hourly"],
        "events": events,
        "lost": 0,  # ``judge`` has looked
        "doubled": 0,
    }
    for row in (figures.keys(), ["---:"] * len(figures), figures.values()):
        print(f"| {' | '.join(map(str, row))} |")
    if asked.folder is None:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
