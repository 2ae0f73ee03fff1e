"""Real processes, stopped as a closed lid or a frozen machine stops them, and let go again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from taskboard.disk import DiskFiles
from taskboard.processes import SystemProcesses

TTL = 1.0
PATIENCE = 30.0
WAITS = (
    'echo "start $TASKBOARD_RUN $$" >> effect.txt; until [ -e {go} ]; do sleep 0.02; done;'
    ' echo "end $TASKBOARD_RUN" >> effect.txt'
)


class Place:
    """A trusted workspace whose leases are short."""

    def __init__(self, root: Path, home: Path) -> None:
        self.root = root
        self.environ = {
            **os.environ,
            "HOME": str(home),
            "XDG_STATE_HOME": str(home / "state"),
            "XDG_CONFIG_HOME": str(home / "config"),
            "TASKBOARD_TRUST": "1",
            "TASKBOARD_LEASE_TTL": f"{TTL}s",
            "TASKBOARD_DEBOUNCE": "0.1s",
            "TASKBOARD_POLL": "0.5s",
        }

    def argv(self, *words: str) -> list[str]:
        board = str(self.root / "task-board.md")
        return [sys.executable, "-m", "taskboard", "--board", board, *words]

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.argv(*words),
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def call(self, *words: str) -> dict[str, Any]:
        done = subprocess.run(
            self.argv(*words, "--json"),
            env=self.environ,
            capture_output=True,
            check=True,
            timeout=PATIENCE,
        )
        return json.loads(done.stdout)

    def board(self, text: str) -> None:
        (self.root / "task-board.md").write_text(text)

    def events(self, task: str) -> list[dict[str, Any]]:
        with suppress(FileNotFoundError):
            lines = (self.root / "events.jsonl").read_bytes().splitlines()
            return [e for e in map(json.loads, lines) if e["task"] == task]
        return []

    def types(self, task: str) -> list[str]:
        return [e["type"] for e in self.events(task)]

    def effect(self) -> list[list[str]]:
        with suppress(FileNotFoundError):
            return [line.split() for line in (self.root / "effect.txt").read_text().splitlines()]
        return []

    def group(self, label: str) -> int:
        lease = json.loads((self.root / ".taskboard" / "locks" / label / "lease.json").read_text())
        return lease["group"]["pid"]


def until(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.02)


@contextmanager
def running(place: Place, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    process = place.start(*words)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture
def place(tmp_path):
    root, home = tmp_path / "place", tmp_path / "home"
    root.mkdir()
    home.mkdir()
    return Place(root, home)


def at_work(place: Place, label: str) -> None:
    """The run is on the board."""
    until(lambda: [label] == [w[1] for w in place.effect() if w[1] == label], f"{label} starts")
    until(lambda: "status: running:" in (place.root / "task-board.md").read_text(), "the board")


def stop(place: Place, daemon: subprocess.Popen[bytes]) -> None:
    """Stop it where it holds no lock: it would hold everybody up."""
    files, state = DiskFiles(), place.root / ".taskboard"
    with files.lock(state / "board.lock"), files.lock(state / "events.lock"):
        daemon.send_signal(signal.SIGSTOP)
        _, status = os.waitpid(daemon.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)


def test_a_group_stopped_for_three_ttls_goes_on_as_the_same_run(place):
    place.board(
        "## TASK-001 Long\n- status: ready\n- timeout: 2s\n- run: " + WAITS.format(go="go") + "\n"
    )
    with running(place, "run") as daemon:
        at_work(place, "TASK-001@1")
        group = place.group("TASK-001@1")
        stop(place, daemon)
        os.killpg(group, signal.SIGSTOP)
        stopped = time.monotonic()
        # Commands do a turn, and with it take dead runs back: this one is not dead.
        place.call("add", "Later", "--status", "todo")
        listed = place.call("list")["tasks"]
        time.sleep(max(0.0, 3.5 * TTL - (time.monotonic() - stopped)))
        place.call("list")
        os.killpg(group, signal.SIGCONT)
        daemon.send_signal(signal.SIGCONT)
        (place.root / "go").touch()
        until(lambda: "completed" in place.types("TASK-001"), "the end")
    assert next(t for t in listed if t["task"] == "TASK-001")["kind"] == "running"
    types = place.types("TASK-001")
    assert types.count("claimed") == 1
    assert not {"reclaimed", "failed", "released"} & set(types)
    assert place.effect() == [["start", "TASK-001@1", str(group)], ["end", "TASK-001@1"]]
    task = place.call("show", "TASK-001")["task"]
    assert (task["state"], task["attempt"], task["spent"]) == ("done", 1, 0)


def test_who_watched_a_stopped_holder_for_a_ttl_takes_its_run_and_it_wakes_up_fenced(place):
    place.board("## TASK-001 Long\n- status: ready\n- run: " + WAITS.format(go="go") + "\n")
    with running(place, "run") as daemon:
        at_work(place, "TASK-001@1")
        group = place.group("TASK-001@1")
        stop(place, daemon)
        place.call("add", "Second", "--run", "until [ -e go2 ]; do sleep 0.02; done")
        with running(place, "once") as observer:
            until(lambda: "claimed" in place.types("TASK-002"), "somebody else at work")
            claimed = time.monotonic()
            until(lambda: "reclaimed" in place.types("TASK-001"), "the reclaim")
            watched = time.monotonic() - claimed
            until(lambda: ["start", "TASK-001@2"] in [w[:2] for w in place.effect()], "a new run")
            assert SystemProcesses().identify(group) is None  # at most a zombie of the stopped one
            daemon.send_signal(signal.SIGCONT)
            (place.root / "go").touch()
            (place.root / "go2").touch()
            assert observer.wait(PATIENCE) == 0
        assert daemon.poll() is None
        daemon.terminate()
        assert daemon.wait(PATIENCE) == 0
    assert watched >= TTL * 0.9
    types = place.types("TASK-001")
    assert [types.count(t) for t in ("claimed", "reclaimed", "completed")] == [2, 1, 1]
    ended = next(e for e in place.events("TASK-001") if e["type"] == "completed")
    assert ended["attempt"] == 2
    assert [w for w in place.effect() if w[0] == "end"] == [["end", "TASK-001@2"]]
    assert place.call("verify")["ok"]
