"""Sleep is held off while work runs, by a program that never outlives it."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from taskboard.testing.rig import until
from taskboard.wakefulness import Wakefulness, program

NAME = program()[0]


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """A program of the right name on PATH: it notes its arguments, and its end."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / NAME
    script.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/began\ntrap "exit 0" TERM\n'
        f"cat > /dev/null\necho . >> {tmp_path}/ended\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.defpath}")
    return script


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def test_one_program_runs_from_the_first_run_to_the_last(fake, tmp_path):
    awake = Wakefulness()

    async def scene() -> subprocess.Popen[bytes]:
        with awake.hold():
            with awake.hold():
                pass
            await until(lambda: bool(lines(tmp_path / "began")), "the program")
            process = awake._process
            assert process is not None
            assert process.poll() is None
            return process

    process = asyncio.run(scene())
    assert process.returncode is not None
    assert len(lines(tmp_path / "began")) == 1
    with awake.hold():
        asyncio.run(until(lambda: len(lines(tmp_path / "began")) == 2, "the program again"))


def test_it_asks_for_no_more_than_is_needed(fake, tmp_path):
    with Wakefulness().hold():
        asyncio.run(until(lambda: bool(lines(tmp_path / "began")), "the program"))
    asked = lines(tmp_path / "began")[0].split()
    assert ("-i" in asked) if sys.platform == "darwin" else ("--what=idle:sleep" in asked)


def test_no_program_is_told_once_and_work_goes_on(monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("PATH", str(tmp_path))
    awake, done = Wakefulness(), []
    with caplog.at_level(logging.WARNING):
        for n in range(3):
            with awake.hold():
                done.append(n)
    assert done == [0, 1, 2]
    assert [NAME in r.getMessage() for r in caplog.records] == [True]


def test_a_program_that_cannot_do_it_is_told_once(fake, tmp_path, caplog):
    fake.write_text("#!/bin/sh\nexit 3\n")
    awake = Wakefulness()
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            with awake.hold():
                process = awake._process
                assert process is not None
                asyncio.run(until(lambda p=process: p.poll() is not None, "its end"))
    assert ["status 3" in r.getMessage() for r in caplog.records] == [True]


def test_it_ends_with_us_however_we_end(fake, tmp_path):
    """Killed, we can tell nobody; the pipe we held does."""
    code = (
        "import os, signal, sys, time; from pathlib import Path\n"
        "from taskboard.wakefulness import Wakefulness\n"
        f"began = Path({str(tmp_path / 'began')!r})\n"
        "with Wakefulness().hold():\n"
        "    while not began.exists(): time.sleep(0.005)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=False, timeout=20)
    asyncio.run(until(lambda: bool(lines(tmp_path / "ended")), "its end"))


def test_a_run_holds_it_and_only_where_it_is_asked_for(fake, tmp_path, monkeypatch):
    monkeypatch.setenv("TASKBOARD_TRUST", "1")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    board = tmp_path / "task-board.md"
    board.write_text("## TASK-001 One\n- status: ready\n- run: true\n")
    command = [sys.executable, "-m", "taskboard", "once", "--json"]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))

    subprocess.run(command, cwd=tmp_path, check=True, timeout=60, capture_output=True)
    assert lines(tmp_path / "began") == []

    waits = f"until [ -s {tmp_path}/began ]; do sleep 0.01; done"
    with board.open("a") as file:
        file.write(f"\n## TASK-002 Two\n- status: ready\n- run: {waits}\n- timeout: 20s\n")
    monkeypatch.setenv("TASKBOARD_KEEP_AWAKE", "true")
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60, capture_output=True)
    assert len(lines(tmp_path / "began")) == 1
