"""Completions, asked of the shells themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from taskboard.cli.commands import COMMANDS

BOARD = """# B

## TASK-001 One: 'the' first
- status: ready

### 🔥 X

## AB-7 Two
- status: todo
"""
FISH = pytest.mark.skipif(not shutil.which("fish"), reason="fish is not installed")
ZSH = pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")


@pytest.fixture
def ask(desk, tmp_path):
    """Run a shell with a script in which completions are loaded and our command is found."""
    desk.write(BOARD)
    program = tmp_path / "bin" / "taskboard"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m taskboard "$@"\n')
    program.chmod(0o755)
    environ = os.environ | {
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
    }

    def run(shell, script):
        loaded = tmp_path / f"completions.{shell}"
        loaded.write_text(desk("completions", shell).out)
        words = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
        said = subprocess.run(
            [shell, *words, "-c", script.replace("LOADED", str(loaded))],
            capture_output=True,
            text=True,
            check=False,
            cwd=desk.folder,
            env=environ,
            timeout=60,
        )
        assert said.stderr == ""
        return said.stdout.split()

    return run


def bash(*words):
    listed = " ".join(f'"{word}"' for word in words)
    return (
        f"source LOADED; COMP_WORDS=({listed}); COMP_CWORD={len(words) - 1}; _taskboard; "
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )


def test_bash_finishes_commands(ask):
    assert ask("bash", bash("taskboard", "ca")) == ["cancel"]
    assert set(COMMANDS) < set(ask("bash", bash("taskboard", "")))


def test_bash_finishes_options_and_the_ids_of_this_board(ask):
    assert ask("bash", bash("taskboard", "tail", "--fo")) == ["--follow"]
    assert ask("bash", bash("taskboard", "why", "")) == ["--board", "--json", "TASK-001", "AB-7"]
    assert ask("bash", bash("taskboard", "--json", "show", "TA")) == ["TASK-001"]
    assert ask("bash", bash("taskboard", "service", "un")) == ["uninstall"]


def test_bash_offers_files_with_blanks_as_one_word_and_asks_the_board_that_is_named(ask, desk):
    (desk.folder / "other one").mkdir()
    (desk.folder / "other one" / "task-board.md").write_text("## XY-1 There\n- status: todo\n")
    script = bash("taskboard", "list", "--board", "oth").replace("COMP_CWORD", "IFS=,; COMP_CWORD")
    assert ask("bash", script.replace('printf "%s', 'printf "<%s>')) == ["<other", "one>"]
    assert "XY-1" in ask("bash", bash("taskboard", "--board", "other one", "why", ""))


def test_commands_about_runs_are_offered_the_runs_that_go_on(ask, desk):
    desk.write(BOARD.replace("- status: ready", "- status: ready\n- agent: me"))
    desk("trust")
    desk.ok("claim", "TASK-001", "--agent", "me")
    assert "TASK-001@1" in ask("bash", bash("taskboard", "complete", ""))
    assert desk("completions", "runs").out == "TASK-001@1\tOne: 'the' first\n"


@FISH
def test_fish_offers_files_where_files_are_meant(ask):
    assert "task-board.md" in ask("fish", "source LOADED; complete -C 'taskboard import task-'")
    assert "task-board.md" in ask(
        "fish", "source LOADED; complete -C 'taskboard list --board task-'"
    )


@FISH
def test_fish_finishes_commands_options_and_ids(ask):
    assert ask("fish", "source LOADED; complete -C 'taskboard ca'")[0] == "cancel"
    assert "--follow" in ask("fish", "source LOADED; complete -C 'taskboard tail --fo'")
    assert "AB-7" in ask("fish", "source LOADED; complete -C 'taskboard why A'")


@ZSH
def test_zsh_reads_its_script_and_finds_the_ids(ask):
    script = (
        "_describe() { eval 'print -l \"${'$3'[@]}\"'; }; _arguments() { print -l -- \"$@\"; }\n"
        "compdef() { :; }; source LOADED; {}"
    )
    listed = ask(
        "zsh",
        script.replace(
            "{}",
            "CURRENT=2; words=(taskboard ''); _describe() "
            '{ print -l "${commands[@]}"; }; _taskboard',
        ),
    )
    assert {f"{name}:" + COMMANDS[name].summary.split()[0] for name in ("why", "tail")} <= set(
        listed
    )
    words = ask("zsh", script.replace("{}", "CURRENT=3; words=(taskboard why ''); _taskboard"))
    assert "*:task:_taskboard_ids" in words
    found = ask(
        "zsh", script.replace("{}", '_describe() { print -rl "${ids[@]}"; }; _taskboard_ids')
    )
    assert found[0] == "TASK-001:One\\:"
    assert "AB-7:Two" in found


def test_ids_are_given_with_titles_also_where_no_ledger_is_yet(desk):
    desk.write(BOARD)
    assert desk("completions", "ids").out == "TASK-001\tOne: 'the' first\nAB-7\tTwo\n"
    assert not (desk.folder / "events.jsonl").exists()


def test_where_no_board_is_there_are_no_ids_and_no_complaint(desk, tmp_path):
    said = desk("completions", "ids", "--board", str(tmp_path / "none.md"))
    assert (said.code, said.out, said.err) == (0, "", "")


def test_another_shell_is_told_which_there_are(desk):
    said = desk("completions", "tcsh")
    assert said.code == 2
    assert "bash, zsh, fish" in said.err


def test_the_package_holds_the_shells_own_parts():
    import taskboard.cli

    folder = Path(taskboard.cli.__file__).parent / "shells"
    assert {path.stem for path in folder.iterdir()} == {"bash", "zsh", "fish"}
