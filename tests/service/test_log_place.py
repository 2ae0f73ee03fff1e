"""A log is appended to and renamed, so it is a file of its own and never one of the workspace."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from taskboard.cli import main
from taskboard.errors import Usage
from taskboard.service import bounded_log
from taskboard.service.bounded_log import BoundedLog, open_log


@pytest.fixture
def typed(owner, monkeypatch):
    """`taskboard once` in the workspace, in a process of its own: a log takes stdout over."""
    monkeypatch.chdir(owner.root)
    assert main(["trust"]) == 0
    assert main(["add", "One"]) == 0

    def once(*words: object) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "taskboard", "once", *map(str, words)]
        return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)

    return once


def contents(root: Path) -> dict[str, bytes]:
    paths = (p for p in root.rglob("*") if p.is_file() and "locks" not in p.parts)
    return {str(p): p.read_bytes() for p in paths}


@pytest.mark.parametrize(
    "name",
    [
        *("task-board.md", "events.jsonl", "taskboard.toml", ".taskboard/x.log"),
        *("deadletter/TASK-001.md", "./.taskboard/../events.jsonl", "other name", "new.jsonl"),
        "new",
    ],
)
def test_no_file_of_the_workspace_is_a_log(owner, typed, monkeypatch, name):
    os.link(owner.root / "task-board.md", owner.root / "other name")
    monkeypatch.setenv("TASKBOARD_LEDGER", "new.jsonl" if name == "new.jsonl" else "new.1")
    before = contents(owner.root)
    done = typed("--log", owner.root / name)
    assert (done.returncode, done.stdout) == (2, "")
    assert "The log cannot be" in done.stderr
    assert contents(owner.root) == before


def test_neither_the_keys_nor_the_users_settings_are_a_log(owner, typed):
    keys = owner.keys("A=a-long-secret-value\n")
    settings = keys.with_name("config.toml")
    for path in (keys, settings):
        done = typed("--env-file", keys, "--log", path)
        assert (done.returncode, "The log cannot be" in done.stderr) == (2, True)
    assert keys.read_text() == "A=a-long-secret-value\n"
    assert not settings.exists()


def test_a_log_beside_the_board_is_one(owner, typed):
    done = typed("--log", owner.root / "x.log")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "Started 1: 1 done." in (owner.root / "x.log").read_text()


def test_wrong_keys_are_told_in_the_log(owner, typed):
    keys = owner.keys("A=1\n", 0o644)
    done = typed("--env-file", keys, "--log", owner.root / "x.log")
    assert (done.returncode, done.stdout, done.stderr) == (78, "", "")
    assert "others may read" in (owner.root / "x.log").read_text()


@pytest.mark.parametrize("way", ["pipe", "folder", "link", "device"])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path, way):
    path = Path("/dev/null") if way == "device" else tmp_path / "x.log"
    if way == "pipe":
        os.mkfifo(path)
    elif way == "folder":
        path.mkdir()
    elif way == "link":
        path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Usage, match="no regular file"):
        open_log(path)
    assert not (tmp_path / "elsewhere").exists()


def test_a_pipe_that_somebody_reads_is_no_log_either(tmp_path):
    path = tmp_path / "x.log"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(Usage, match="no regular file"):
            open_log(path)
    finally:
        os.close(reader)


def test_a_pipe_put_in_its_place_costs_lines_and_blocks_nothing(tmp_path, monkeypatch):
    path = tmp_path / "x.log"
    log = BoundedLog(path, bounded_log.SystemClock().now, limit=100)
    log.write("a" * 60 + "\n")
    readers: list[int] = []
    replace = Path.replace

    def swapped(self: Path, target: Path) -> Path:
        moved = replace(self, target)
        os.mkfifo(self)
        readers.append(os.open(self, os.O_RDONLY | os.O_NONBLOCK))
        return moved

    monkeypatch.setattr(Path, "replace", swapped)
    assert log.write("b" * 60 + "\n") == 61
    assert stat.S_ISREG(os.fstat(log.fileno()).st_mode)
    os.close(*readers)
