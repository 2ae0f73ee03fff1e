"""``status`` for people: what waits for them and what answers it, who works here, the cost."""

from __future__ import annotations

import io
import json
import os
from types import SimpleNamespace

import msgspec
import pytest

from taskboard import __version__
from taskboard.cli.text import Screen, width_of
from taskboard.cli.yours import asks, steps
from taskboard.core.codec import decode
from taskboard.core.commit import commit
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.fold import fold
from taskboard.core.state import stored_status
from taskboard.core.task import World
from taskboard.processes import SystemProcesses

NAME = "TASK-001"
DONE, READY = f"taskboard done {NAME}", f"taskboard ready {NAME}"


def world_of(board):
    lines = (board.folder / "events.jsonl").read_bytes().splitlines(keepends=True)
    return fold(World(), map(decode, lines))


def say(board, kind, **data):
    """A fact about no task, at the ledger's end."""
    world = world_of(board)
    ts = "2026-11-20T12:00:00.000000Z"
    (sealed,) = commit(world, [Draft(type=kind, data=data)], ts=ts, device="d", ids=["x"])
    with (board.folder / "events.jsonl").open("ab") as file:
        file.write(sealed.line)


@pytest.mark.parametrize(
    ("state", "more", "clear"),
    [
        ("blocked:ada:sign", {}, [DONE, READY]),
        ("blocked:ada:answer", {"asked": "Which?"}, [f"taskboard answer {NAME} TEXT", READY]),
        ("blocked:ada:evidence", {}, [f"taskboard show {NAME}", DONE, READY]),
        ("blocked:ada:executor", {}, ["taskboard doctor", READY]),
        ("blocked:ada:promote", {}, [READY]),
        ("blocked:ada:child-failed", {}, [READY]),
        (
            "ready",
            {"approved": False},
            [f"taskboard show {NAME}", f"taskboard approve {NAME}"],
        ),
    ],
)
def test_each_kind_of_waiting_names_the_commands_that_end_it(board, state, more, clear):
    board.ok("add", "Work", "--status", "todo")
    task = world_of(board).named(NAME)
    task = msgspec.structs.replace(task, status=stored_status(state), **more)
    assert steps(SimpleNamespace(children={}), task) == clear
    assert asks(task).startswith(more.get("asked", state))


def test_a_failed_child_is_the_first_thing_to_try_again(board):
    board.write(
        "# B\n\n## TASK-001 Top\n- status: ready\n\nDo it.\n\n"
        "### TASK-002 Part\n- status: ready\n- run: exit 3\n- max-attempts: 1\n"
    )
    board("once")
    (mine,) = board.ok("status")["yours"]
    assert (mine["task"], mine["state"]) == (NAME, "blocked:ada:child-failed")
    assert mine["clear"] == ["taskboard ready TASK-002", READY]


def test_what_waits_says_beneath_it_what_answers_it(board):
    board.ok("add", "Sign the lease", "--status", "blocked:ada:sign")
    lines = board("status").out.splitlines()
    at = lines.index("Waits for you")
    assert lines[at + 1] == "  TASK-001  Sign the lease  blocked:ada:sign"
    assert lines[at + 2] == f"    {DONE}   {READY}"


class Window(io.StringIO):
    def isatty(self):
        return True


def test_in_a_narrow_window_every_task_has_its_line_and_every_command_is_whole(board, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    title = "A title that is longer than it may be"
    board.ok("add", title, "--status", "blocked:ada:sign-it-now-if-you-please")
    board.ok("add", title, "--status", "ready")
    board.ok("add", title, "--run", "exit 1", "--field", "max-attempts=1")
    board("once")
    window, make = Window(), Screen.__init__
    monkeypatch.setattr(Screen, "__init__", lambda self, stream=None: make(self, window))
    board("status")
    lines = window.getvalue().splitlines()
    assert max(width_of(line) for line in lines if line.startswith("  T")) < 40
    at = lines.index("Waits for you")
    assert lines[at + 1].startswith("  TASK-001  A title")
    assert lines[at + 2 : at + 4] == [f"    {DONE}", f"    {READY}"]
    at = lines.index("Waits for an agent")
    assert lines[at + 1].startswith("  TASK-002  A title")
    assert lines[at + 2] == "    taskboard claim TASK-002 --agent NAME"
    assert any(line.startswith("  TASK-003  A ti") for line in lines[lines.index("Trouble") :])


def a_daemon(board, version):
    """One that seems to work here: this very process."""
    me = msgspec.to_builtins(SystemProcesses().me())
    note = {"who": me, "device": "d", "since": "2026-11-20T12:00:00.000000Z"}
    (board.folder / ".taskboard" / "daemon.json").write_text(json.dumps(note))
    say(board, E.DAEMON_STARTED, pid=os.getpid(), **({"version": version} if version else {}))


@pytest.mark.parametrize("version", ["0.0.1", "", __version__])
def test_a_daemon_of_another_version_is_told_of(board, version):
    a_daemon(board, version)
    said = board("status").out
    assert f"(process {os.getpid()})." in said
    other = f"It is taskboard {version or 'unknown'}, and this is {__version__}."
    assert (other in said) == (version != __version__)
    assert board.ok("status")["daemon"]["version"] == (version or None)
