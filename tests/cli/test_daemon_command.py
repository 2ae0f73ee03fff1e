"""``run`` as its own process: one per board, stopped by signals, taken over from the dead."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

PATIENCE = 30.0


class Daemon:
    """A ``taskboard run`` whose lines are read as they come."""

    def __init__(self, folder, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "taskboard", "run", *words],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.text = ""

    def until(self, words: str) -> str:
        """Read until these words have come."""
        end = time.monotonic() + PATIENCE
        out = self.process.stdout
        while words not in self.text:
            left = end - time.monotonic()
            found, _, _ = select.select([out], [], [], max(left, 0))
            piece = os.read(out.fileno(), 65536) if found else b""
            assert piece, f"no {words!r} in: {self.text}"
            self.text += piece.decode()
        return self.text

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        self.text += self.process.communicate(timeout=PATIENCE)[0].decode()
        return self.process.returncode


@contextmanager
def running(folder, *words: str):
    daemon = Daemon(folder, *words)
    try:
        yield daemon
    finally:
        if daemon.process.poll() is None:
            daemon.process.kill()
        daemon.process.communicate()


def test_it_says_where_the_board_is_and_how_to_stop(board):
    with running(board.folder) as daemon:
        text = daemon.until("Ctrl-C stops")
    assert str(board.board) in text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(board, number):
    with running(board.folder) as daemon:
        daemon.until("Ctrl-C stops")
        assert board.ok("status")["daemon"] is not None
        assert daemon.stop(number) == 0
    assert "Stopped." in daemon.text
    assert board.ok("status")["daemon"] is None
    types = [
        e.split('"type":"')[1].split('"')[0] for e in board("tail", "--json").out.splitlines()
    ]
    assert types[-1] == "daemon_stopped"


def test_a_saved_task_runs_and_its_lines_are_plain_where_nobody_looks(board):
    with running(board.folder) as daemon:
        daemon.until("Ctrl-C stops")
        board.write("# Board\n\n## TASK-001 Say it\n- status: ready\n- run: echo hello\n")
        daemon.until("TASK-001  done, ran (exit)")
        assert daemon.stop() == 0
    assert "TASK-001  started by shell-" in daemon.text
    assert "Say it" in daemon.text
    assert "\x1b" not in daemon.text
    assert "- status: done" in board.board.read_text()


def test_a_failure_and_its_reason_are_told_in_one_line(board):
    board.ok("add", "Bad", "--run", "echo the reason; exit 7", "--field", "max-attempts=1")
    with running(board.folder) as daemon:
        daemon.until("failed:exhausted_retries")
    line = next(li for li in daemon.text.splitlines() if "failed:exhausted" in li)
    assert "exit status 7, the reason" in line


def test_a_second_one_says_who_works_and_ends_with_4(board):
    with running(board.folder) as daemon:
        daemon.until("Ctrl-C stops")
        assert board.ok("status")["daemon"] is not None
        said = board("run", "--json")
        assert (said.code, said.error["code"]) == (4, "held")
        assert said.error["data"]["pid"] == daemon.process.pid
        assert str(daemon.process.pid) in board("doctor").out


def test_the_place_of_a_killed_one_is_taken_over(board):
    with running(board.folder) as first:
        first.until("Ctrl-C stops")
        assert board.ok("status")["daemon"] is not None
        first.process.kill()
        first.process.wait()
    assert board.ok("status")["daemon"] is None
    with running(board.folder) as second:
        second.until("Ctrl-C stops")
        assert second.stop() == 0


def test_a_held_board_is_told_of(board):
    board.ok("add", "Work", "--status", "todo")
    with running(board.folder) as daemon:
        daemon.until("Ctrl-C stops")
        whole = board.board.read_text()
        board.write("")
        daemon.until("The board is held")
        board.write(whole)
        daemon.until("whole again")
    lines = [li for li in daemon.text.splitlines() if "held:" in li or "whole again" in li]
    assert all(re.match(r"[0-9]{2}:[0-9]{2}:[0-9]{2}  The board is ", line) for line in lines)
    assert len(lines) == 2


def test_running_work_is_handed_back_when_it_stops(board):
    board.ok("add", "Long", "--run", "sleep 60")
    with running(board.folder) as daemon:
        daemon.until("started by")
        assert daemon.stop() == 0
    task = board.task("TASK-001")
    assert (task["state"], task["spent"], task["attempt"]) == ("ready", 0, 1)


def test_changed_settings_start_nothing_until_they_are_trusted_and_the_old_ones_hold_on(
    board, monkeypatch
):
    monkeypatch.setenv("TASKBOARD_POLL", "0.2s")
    board.ok("add", "Long", "--run", "until [ -e go ]; do sleep 0.02; done")
    with running(board.folder) as daemon:
        daemon.until("TASK-001  started by")
        (board.folder / "taskboard.toml").write_text("slots = 1\n")
        meet = "touch {}; until [ -e {} ]; do sleep 0.02; done"  # they wait for each other
        board.ok("add", "Two", "--run", meet.format("a", "b"))
        board.ok("add", "Three", "--run", meet.format("b", "a"))
        (board.folder / "go").touch()
        daemon.until("TASK-001  done")
        board.ok("add", "Four", "--status", "todo")  # what the daemon has read is on the board
        assert "taskboard trust" in board("why", "TASK-002").out
        assert [t["state"] for t in board.ok("list")["tasks"]] == [
            "done",
            "ready",
            "ready",
            "open",
        ]
        assert board("trust").code == 0
        daemon.until("TASK-002  done")
        daemon.until("TASK-003  done")
        assert daemon.stop() == 0
    assert "TASK-002  started" not in daemon.text.split("TASK-001  done")[0]


def test_an_interrupted_once_hands_back_what_ran(board):
    board.ok("add", "Long", "--run", "echo begun > begun; sleep 60")
    once = subprocess.Popen(
        [sys.executable, "-m", "taskboard", "once"],
        cwd=board.folder,
        stdout=subprocess.DEVNULL,
    )
    end = time.monotonic() + PATIENCE
    while not (board.folder / "begun").exists():
        assert time.monotonic() < end
    once.send_signal(signal.SIGINT)
    assert once.wait(timeout=PATIENCE) == 130
    task = board.task("TASK-001")
    assert (task["state"], task["spent"]) == ("ready", 0)
    assert "- status: ready" in board.board.read_text()
