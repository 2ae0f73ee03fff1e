"""The recipes for editors do what the page says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from taskboard.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "editors.md"
BOARD = """# B

## TASK-001 One
- status: todo

words

## TASK-002 Two
- agent: me
- **Status:** todo

- status: of the world

## TASK-003 Three
- status: Ready for review
"""


def block(language):
    return re.search(rf"```{language}[^\n]*\n(.*?)```", PAGE.read_text(), re.DOTALL)[1]


@pytest.fixture
def vim(tmp_path):
    """Run keys in a real vim that has the recipe; the board afterwards."""
    if shutil.which("vim") is None:
        pytest.skip("vim is not installed")
    board = tmp_path / "task-board.md"
    board.write_text(BOARD)
    (tmp_path / "vimrc").write_text("let mapleader = '\\'\n" + block("vim"))

    def run(*commands):
        asked = [word for command in commands for word in ("-c", command)]
        subprocess.run(
            ["vim", "-N", "-n", "-es", "-u", "vimrc", "task-board.md", *asked, "-c", "qa!"],
            cwd=tmp_path,
            check=False,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )
        return board.read_text()

    return run


@pytest.mark.parametrize(
    ("line", "key", "old", "new"),
    [
        (6, "\\r", "- status: todo\n\nwords", "- status: ready\n\nwords"),
        (8, "\\d", "- **Status:** todo", "- **Status:** done"),
        (12, "\\r", "- **Status:** todo", "- **Status:** ready"),
        (1, "\\r", "", ""),
    ],
)
def test_a_key_in_vim_sets_the_status_of_the_task_under_the_cursor(vim, line, key, old, new):
    assert vim(f"{line}", f"normal {key}", "w") == BOARD.replace(old, new, 1)


def test_make_in_vim_lists_the_diagnoses(vim, tmp_path):
    program = tmp_path / "taskboard"
    program.write_text(
        "#!/bin/sh\necho 'task-board.md:15: TB112 no status word'\necho '    hint'\n"
    )
    program.chmod(0o755)
    vim(
        "let $PATH = getcwd() . ':' . $PATH",
        "silent make",
        "call writefile(map(getqflist(), 'v:val.lnum . \" \" . v:val.text'), 'found')",
    )
    assert (tmp_path / "found").read_text() == "15 TB112 no status word\n"


def test_what_check_prints_is_what_the_problem_matcher_reads(tmp_path, monkeypatch, capsys):
    (tmp_path / "task-board.md").write_text(BOARD)
    monkeypatch.chdir(tmp_path)
    main(["check"])
    pattern = json.loads(block("json"))["tasks"][0]["problemMatcher"]["pattern"]
    found = [
        match
        for line in capsys.readouterr().out.splitlines()
        if (match := re.match(pattern["regexp"], line))
    ]
    assert ("task-board.md", "15", "TB112") in [
        (m[pattern["file"]], m[pattern["line"]], m[pattern["code"]]) for m in found
    ]
