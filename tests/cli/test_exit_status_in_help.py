"""What the help says of exit status is what the commands answer."""

from __future__ import annotations

import re
import shlex

import pytest

from taskboard.cli.commands import COMMANDS
from taskboard.cli.manual import EXITS, exits_of
from taskboard.errors import TaskboardError

BOARD = "# B\n\n## TASK-015 One\n- status: ready\n- run: 'true'\n"
AWAY = {"run", "service"}
"""They live on, or ask the machine's own services."""


def words_of(name):
    """The words of the command's example, without what makes it wait."""
    example = re.split(r"[>|]|&&", COMMANDS[name].example)[0]
    return [w for w in shlex.split(example)[1:] if w not in ("-f", "--follow")]


SCENES = {
    "as it should be": lambda _desk: None,
    "settings that cannot be read": lambda d: (d.folder / "taskboard.toml").write_text("slots = "),
    "a damaged ledger": lambda d: (d.folder / "events.jsonl").write_text("{}\n{}\n{}\n"),
    "no board": lambda d: d.board.unlink(),
    "a ledger that is a folder": lambda d: (
        (d.folder / "events.jsonl").unlink(),
        (d.folder / "events.jsonl").mkdir(),
    ),
}


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("name", sorted(set(COMMANDS) - AWAY))
def test_a_command_ends_with_a_status_that_its_help_names(board, name, scene):
    board.write(BOARD)
    board("accept")
    SCENES[scene](board)
    said = board(*words_of(name), stdin="")
    assert said.code in dict(exits_of(name)), f"{said.code}: {said.err}"


@pytest.mark.parametrize("name", COMMANDS)
def test_words_that_are_off_are_told_by_status_2(board, name):
    assert board(name, "--no-such-option").code == 2
    assert 2 in dict(exits_of(name))


@pytest.mark.parametrize(
    "name", sorted(set(COMMANDS) - {"completions", "init", "import", "doctor"})
)
def test_without_a_workspace_the_status_is_one_that_its_help_names(desk, name, tmp_path):
    words = [*words_of(name), "--board", str(tmp_path / "nowhere" / "task-board.md")]
    said = desk(*words)
    assert said.code in dict(exits_of(name)), f"{said.code}: {said.err}"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_shows_them(desk, name):
    out = " ".join(desk(name, "--help").out.split())
    assert "Exit status" in out
    for code, text in exits_of(name):
        assert f"{code} {text}" in out


def test_services_commands_show_them_too(desk):
    for name in ("install", "uninstall", "status", "logs"):
        out = desk("service", name, "--help").out
        assert "Exit status: 0 it was done" in out
        assert f"Example: taskboard service {name}" in out


def test_every_code_that_an_error_has_is_explained():
    def below(kind):
        return {kind.exit_code}.union(*map(below, kind.__subclasses__()))

    assert below(TaskboardError) <= set(EXITS)
