"""The product opened on a real folder, without trust and settings files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from taskboard.clock import SystemClock
from taskboard.core.settings import Settings
from taskboard.deciders.priority import Decider
from taskboard.executors import shell
from taskboard.ledgers.jsonl import JsonlLedger
from taskboard.ledgers.leases import DirectoryLeases
from taskboard.loop.context import Context
from taskboard.loop.writeback import WriteBack
from taskboard.processes import SystemProcesses
from taskboard.testing.git import FakeGit
from taskboard.workspace import Workspace

SETTINGS = Settings(
    max_attempts=9,
    debounce=0.0,
    backoff=0.05,
    backoff_max=0.05,
    lease_ttl=5.0,
    claim_ttl=5.0,
    settle=0.0,
)


def open_context(root: Path, files: Any, settings: Settings = SETTINGS) -> Context:
    space = Workspace(root / "task-board.md")
    clock, processes = SystemClock(), SystemProcesses()
    ledger = JsonlLedger(
        files, clock, path=space.ledger, state=space.state, device="here", board="task-board.md"
    )
    return Context(
        workspace=space,
        settings=settings,
        files=files,
        clock=clock,
        processes=processes,
        ledger=ledger,
        history=ledger,
        leases=DirectoryLeases(files, space.locks),
        writeback=WriteBack(
            files, clock, board=space.board, state=space.state, boot=processes.me().boot
        ),
        executors={
            "shell": shell.Executor(
                clock=clock, processes=processes, environ={"PATH": os.environ["PATH"]}, grace=0.2
            )
        },
        decider=Decider(),
        fallback=Decider(),
        device="here",
        mark="abc",
        owner="ada",
        untrusted=lambda: None,
        git=FakeGit(),
    )
