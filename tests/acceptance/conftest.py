"""A real workspace and the real program."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest


class Bench:
    """A real workspace and the real program."""

    def __init__(self, folder):
        self.folder = folder
        self.board = folder / "task-board.md"
        self.environ = {
            **os.environ,
            "TASKBOARD_TRUST": "1",
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
        }

    def run(self, *words, code=None):
        done = subprocess.run(
            [sys.executable, "-m", "taskboard", *words],
            cwd=self.folder,
            check=False,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=60,
        )
        if code is not None:
            assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        return done

    def json(self, *words, code=0):
        return json.loads(self.run(*words, "--json", code=code).stdout)

    def codes(self, code=0):
        return {d["code"] for d in self.json("check", code=code)["diagnoses"]}

    def states(self):
        return {t["task"]: t["state"] for t in self.json("list")["tasks"]}

    def events(self):
        ledger = self.folder / "events.jsonl"
        return [json.loads(line) for line in ledger.read_text().splitlines()]


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)
