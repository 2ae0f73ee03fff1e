"""A command called by its name alone does without the parser, and is the same command."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from types import FunctionType

import pytest

from taskboard.cli.bare import bare
from taskboard.cli.call import Call
from taskboard.cli.commands import COMMANDS

BOARD = "# Board\n\n## TASK-1 One\n\n- status: ready\n- run: true\n"
PARSER = {"typer", "difflib"}
WAITING = {"asyncio", "ssl", "socket"}


def functions():
    for name, entry in COMMANDS.items():
        function = getattr(import_module(f"taskboard.cli.{entry.module}"), entry.function)
        if isinstance(function, FunctionType):
            yield name, function


def imported(folder, *words):
    code = (
        f"import sys\nfrom taskboard.cli import main\nassert main({list(words)!r}) == 0\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder
    )
    return set(done.stderr.split())


@pytest.mark.parametrize("words", [["list"], ["status", "--json"], [], ["away"]])
def test_what_only_reads_imports_neither_the_parser_nor_what_waits(desk, words):
    desk.write(BOARD)
    assert not (PARSER | WAITING) & imported(desk.folder, *words)


def test_once_does_without_the_parser(desk):
    desk.write(BOARD)
    desk.ok("trust")
    assert "typer" not in imported(desk.folder, "once")


@pytest.mark.parametrize(
    "words", [["list"], ["status"], ["away"], ["check"], ["stats"], ["config"], ["verify"]]
)
def test_it_answers_what_it_answers_with_words(desk, words):
    desk.write(BOARD)
    desk.ok("trust")
    desk.ok("once")

    alone, parsed = desk(*words, "--json"), desk(*words, "--board", ".", "--", "--json"[:0])

    assert alone.code == 0
    assert parsed.code == 2  # an empty word is one too many: so this one was parsed
    named = desk(*words, "--board=.", "--json")
    assert (named.code, named.json["kind"]) == (0, alone.json["kind"])
    changing = {"now", "until", "at"}
    assert {k: v for k, v in named.json.items() if k not in changing} == {
        k: v for k, v in alone.json.items() if k not in changing
    }


@pytest.mark.parametrize("words", [["--board", "{}"], ["list", "--board", "{}"]])
def test_the_board_is_named_before_and_after_the_command(desk, tmp_path_factory, words):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "task-board.md").write_text("# Other\n\n## TASK-7 Seven\n\n- status: open\n")
    desk.write(BOARD)

    said = desk(*(word.format(elsewhere) for word in words))

    assert said.code == 0
    assert "TASK-1" not in said.out


@pytest.mark.parametrize(
    "words",
    [
        ["lst"],
        ["list", "--next"],
        ["list", "list"],
        ["list", "--"],
        ["list", "--board"],
        ["list", "--board", "--json"],
        ["list", "--board", "a", "--board", "b"],
        ["list", "--board=a"],
        ["list", "--help"],
        ["show"],
        ["service"],
        ["--version"],
        [""],
    ],
)
def test_everything_else_is_for_the_parser(words):
    call = Call()
    assert bare(words, call) is None
    assert call.board is None


def test_what_a_command_does_without_words_stands_in_its_signature():
    """The parser hands over defaults as they are spelled: no factory, nothing to convert."""
    found = dict(functions())
    assert len(found) > 30
    for name, function in found.items():
        defaults = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
        assert all(type(one) in (type(None), bool, int, str) for one in defaults), name


def test_a_wrong_exit_status_is_returned_both_ways(desk):
    desk.write(BOARD + "\n## TASK-1 Two\n\n- status: ready\n")
    assert desk("check").code == desk("check", "--board=.").code == 1
