"""A real process, killed at every step of a turn by its own hand; then a fresh one goes on.

A warm parent forks the victims, which costs milliseconds where an interpreter would cost half a
second. The victim dies by SIGKILL at its n-th file operation, for n = 1, 2, ... until it lives.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import signal
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from doors import open_context

from taskboard.disk import DiskFiles
from taskboard.ledgers.jsonl import JsonlLedger
from taskboard.loop.command import begin, end
from taskboard.loop.context import Memory
from taskboard.loop.once import once

PROSE = "A sentence that only a person could have written."
BOARD = f"""# Launch

{PROSE}

## TASK-001 First
- status: ready
- run: echo "start $TASKBOARD_RUN" >> effect.txt; echo "end $TASKBOARD_RUN" >> effect.txt
- verify: grep -q end effect.txt
"""


class Deadly:
    """``DiskFiles`` that kills its own process before (or after) the n-th operation."""

    def __init__(self, n: int) -> None:
        self._files, self._left = DiskFiles(), n

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._files, name)

        def step(*given: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left == 0 and name not in _WRITES:
                os.kill(os.getpid(), signal.SIGKILL)
            result = method(*given, **named)
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            if name == "open_log":
                return _DeadlyLog(result, self)
            return result

        return step


class _DeadlyLog:
    def __init__(self, log: Any, files: Deadly) -> None:
        self._log, self._files = log, files

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._log, name)

        def step(*given: Any) -> Any:
            self._files._left -= 1
            dying = self._files._left == 0
            if dying and name == "append":
                method(given[0][: len(given[0]) // 2])  # torn
                os.kill(os.getpid(), signal.SIGKILL)
            result = method(*given)
            if dying:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return step


_WRITES = {"write", "exchange", "rename", "mkdir", "link"}
"""Killed after these took effect; before all others."""


def work(root: Path, files: Any) -> None:
    """What ``taskboard once`` does: everything that can run now, to the end."""

    async def all_of_it() -> None:
        ctx, memory = open_context(root, files), Memory()
        await begin(ctx, memory)
        await once(ctx, memory, wait=5.0)
        await end(ctx, memory)

    asyncio.run(all_of_it())


def forked(job: Callable[[], None]) -> int:
    """Run ``job`` in a fork of this process; how it ended (a negative number is a signal)."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.setsid()
            job()
            code = 0
        except BaseException:  # noqa: BLE001  a fork must not return
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def examine(root: Path, point: int) -> list[str]:
    """The invariants after recovery; the types of the task's events."""

    async def facts() -> tuple[list[Any], Any]:
        ledger = open_context(root, DiskFiles()).ledger
        assert isinstance(ledger, JsonlLedger)
        return [event async for event, _ in ledger.read()], await ledger.verify()

    events, proof = asyncio.run(facts())
    assert proof.ok, (point, proof)
    assert not proof.missing_objects, (point, proof)
    types = [event.type for event in events if event.task == "TASK-001"]
    assert types.count("completed") == 1, (point, types)
    ends = [e for e in events if e.type in ("completed", "reclaimed", "failed", "released")]
    claims = [e.run for e in events if e.type == "claimed"]
    assert sorted(e.run for e in ends) == sorted(claims), (point, types)
    board = (root / "task-board.md").read_text()
    assert PROSE in board, point
    assert re.search(r"- status: done\n", board), (point, board)
    return types


def no_overlap(root: Path, point: int) -> None:
    """Every run that began its work was over before the next one began; the last one ended."""
    lines = (root / "effect.txt").read_text().splitlines()
    open_run, ended = None, set()
    for line in lines:
        word, label = line.split()
        if word == "start":
            assert label not in ended, (point, lines)
            open_run = label
        else:
            assert label == open_run, (point, lines)
            ended.add(label)
    assert ended, (point, lines)


@pytest.mark.parametrize("part", range(4))
def test_a_run_killed_at_any_step_is_done_once_after_a_restart(tmp_path: Path, part: int) -> None:
    killed = reclaimed = 0
    for point in itertools.count(1 + part, 4):
        root = tmp_path / f"{point}"
        root.mkdir()
        (root / "task-board.md").write_text(BOARD)
        code = forked(lambda root=root, point=point: work(root, Deadly(point)))
        assert code in (0, -signal.SIGKILL), point
        killed += code != 0
        assert forked(lambda root=root: work(root, DiskFiles())) == 0, point
        reclaimed += "reclaimed" in examine(root, point)
        no_overlap(root, point)
        if code == 0:
            break
    assert killed >= 20
    assert reclaimed >= 1
