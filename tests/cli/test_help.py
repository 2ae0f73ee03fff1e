"""Help, version and start-up: what a person meets first costs little more than Python itself."""

from __future__ import annotations

import subprocess
import sys

import pytest

from taskboard import __version__
from taskboard.cli.commands import COMMANDS

HEAVY = {"anthropic", "markdown_it", "watchdog", "msgspec", "asyncio", "pydantic", "rich"}


@pytest.mark.parametrize("words", ["--help", "--version"])
def test_nothing_heavy_is_imported_for(words):
    code = (
        "import sys\nfrom taskboard.cli import main\n"
        f"assert main([{words!r}]) == 0\n"
        "print(*sorted(m.partition('.')[0] for m in sys.modules), file=sys.stderr)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout
    assert not HEAVY & set(said.stderr.split())


def test_a_command_that_reads_does_not_import_what_calls_models(desk):
    desk.write("# Board\n")
    code = (
        "import sys\nfrom taskboard.cli import main\nassert main(['list']) == 0\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=desk.folder,
    )
    assert not {"anthropic", "pydantic", "rich", "watchdog"} & set(said.stderr.split())


def test_the_root_names_every_command_and_an_example(desk):
    said = desk("--help")
    assert said.code == 0
    for name, entry in COMMANDS.items():
        assert f"  {name} " in said.out
        assert entry.summary in " ".join(said.out.split())
    assert "Example: taskboard init" in said.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example_and_the_shared_options(desk, name):
    said = desk(name, "--help")
    assert said.code == 0
    assert f"Usage: taskboard {name}" in said.out
    assert f"Example: {COMMANDS[name].example}" in " ".join(said.out.split())
    assert "--board PATH" in said.out
    assert "--json" in said.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_example_names_its_own_command(name):
    assert COMMANDS[name].example.startswith(f"taskboard {name}")


def test_the_version_is_the_packages(desk):
    assert desk("--version").out == f"taskboard {__version__}\n"


def test_a_mistyped_command_is_answered_with_the_nearest(desk):
    said = desk("lst")
    assert said.code == 2
    assert "'list'" in said.err


def test_python_dash_m_is_the_same_program():
    said = subprocess.run(
        [sys.executable, "-m", "taskboard", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == f"taskboard {__version__}\n"


def test_a_reader_that_goes_away_is_no_trouble(desk):
    desk.write("# Board\n\n## TASK-001 Work\n- status: todo\n")
    said = subprocess.run(
        f"{sys.executable} -m taskboard config | true",
        shell=True,
        capture_output=True,
        text=True,
        check=True,
        cwd=desk.folder,
    )
    assert said.stderr == ""
