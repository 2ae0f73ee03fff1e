"""One workspace in a folder of its own, and the command line run inside this process."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from taskboard.cli import main


@dataclass(frozen=True)
class Said:
    """What one command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        """The error document; stdout must be empty beside it."""
        assert self.out == ""
        document = json.loads(self.err)
        assert set(document) == {"schema_version", "error"}
        assert set(document["error"]) == {"code", "message", "hint", "task", "data"}
        return document["error"]


class Desk:
    """A folder, and somebody who types commands in it."""

    def __init__(self, folder: Path, capsys, monkeypatch) -> None:
        self.folder = folder
        self._capsys, self._monkeypatch = capsys, monkeypatch

    def __call__(self, *args: object, stdin: str = "") -> Said:
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        self._capsys.readouterr()
        code = main([str(a) for a in args])
        out, err = self._capsys.readouterr()
        return Said(code, out, err)

    def ok(self, *args: object, stdin: str = "") -> dict[str, Any]:
        """A command that must succeed, in JSON."""
        said = self(*args, "--json", stdin=stdin)
        assert said.code == 0, said.err
        assert said.err == ""
        assert said.json["schema_version"] == 1
        return said.json

    @property
    def board(self) -> Path:
        return self.folder / "task-board.md"

    def write(self, text: str) -> None:
        """Save the board as an editor would."""
        self.board.write_text(text, encoding="utf-8")

    def task(self, name: str) -> dict[str, Any]:
        """T of one task."""
        return self.ok("show", name)["task"]

    def files(self) -> dict[str, tuple[int, bytes]]:
        """Everything beneath the folder: what it is, when it changed and what it holds."""
        return {
            str(p.relative_to(self.folder)): (
                p.stat().st_mtime_ns,
                p.read_bytes() if p.is_file() else b"",
            )
            for p in sorted(self.folder.rglob("*"))
        }


@pytest.fixture
def desk(tmp_path, capsys, monkeypatch):
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("TASKBOARD_TRUST", raising=False)
    monkeypatch.delenv("TASKBOARD_BOARD", raising=False)
    monkeypatch.setenv("TASKBOARD_OWNER", "ada")
    monkeypatch.setenv("TASKBOARD_DEBOUNCE", "0.1s")
    return Desk(folder, capsys, monkeypatch)


@pytest.fixture
def board(desk):
    """A trusted workspace whose board has no task yet."""
    desk.write("# Board\n")
    assert desk("init").code == 0
    assert desk("trust").code == 0
    return desk
