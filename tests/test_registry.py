"""Implementations are found by their names: one file is one of them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from taskboard import registry
from taskboard.clock import SystemClock
from taskboard.config import load
from taskboard.core.outcome import Failed, Succeeded, Unable
from taskboard.decider import Desk
from taskboard.errors import BadSettings
from taskboard.executor import Edges
from taskboard.processes import SystemProcesses
from taskboard.testing.rig import Witness, order_in
from taskboard.workspace import Workspace

PACKAGE = Path(registry.__file__).parent

OWN = """
from taskboard.core.outcome import Succeeded
from taskboard.core.setting_kinds import Setting
from taskboard.executor import Fitness

OPTIONS = (Setting("voice", "text", "How it speaks."),)


class Parrot:
    def __init__(self, edges):
        self.edges = edges

    def fitness(self):
        return Fitness(usable=True, version="1")

    async def examine(self):
        return self.fitness()

    async def execute(self, order, watcher):
        caged = self.edges.confiner is not None
        return Succeeded(output=f"{self.edges.options['voice']}: {order.task}, {caged}")


make = Parrot
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A user's folder for executors of their own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "taskboard" / "executors"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def parrot(own):
    """One more executor, from one file."""
    (own / "grey_parrot.py").write_text(OWN)
    return "grey-parrot"


def edges(tmp_path):
    return Edges(
        clock=SystemClock(), processes=SystemProcesses(), environ={}, state=tmp_path / "state"
    )


@pytest.mark.parametrize("kind", ["executors", "deciders"])
def test_every_file_is_an_implementation_and_every_implementation_a_file(kind):
    found = {p.stem for p in (PACKAGE / kind).iterdir() if not p.name.startswith("_")}
    assert set(registry.names(kind)) == {name.replace("_", "-") for name in found}


@pytest.mark.parametrize("kind", ["executors", "deciders"])
def test_every_implementation_says_what_it_takes(kind):
    for name in registry.names(kind):
        taken = [setting.name for setting in registry.options(kind, name)]
        assert len(taken) == len(set(taken)), name
        assert ("fallback" in taken) == (kind == "executors")


def test_every_executor_and_decider_can_be_made(tmp_path):
    executors = registry.Executors(edges(tmp_path), {}, lambda: None)
    assert list(executors) == list(registry.names("executors"))
    for name in executors:
        assert executors[name].fitness().usable in (True, False)
    desk = Desk(clock=SystemClock(), environ={}, root=tmp_path)
    for name in registry.names("deciders"):
        assert registry.decider(name, desk)


def test_a_new_executor_is_one_file(parrot, tmp_path):
    executors = registry.Executors(edges(tmp_path), {parrot: {"voice": "loud"}}, lambda: None)
    outcome = asyncio.run(executors[parrot].execute(order_in(tmp_path), Witness()))

    assert parrot in executors
    assert outcome == Succeeded(output="loud: TASK-001, False")


def test_a_file_that_others_may_write_to_is_no_executor(own, caplog):
    (own / "grey_parrot.py").write_text(OWN)
    (own / "grey_parrot.py").chmod(0o666)

    assert "grey-parrot" not in registry.names("executors")
    assert "chmod o-w" in caplog.text


def test_a_file_of_the_name_of_ours_does_not_take_its_place(own, tmp_path):
    (own / "shell.py").write_text("raise SystemError")
    executors = registry.Executors(edges(tmp_path), {}, lambda: None)

    assert list(executors).count("shell") == 1
    assert executors["shell"].fitness().usable


def test_one_that_cannot_be_loaded_is_out_of_use_and_says_why(own, tmp_path):
    (own / "dodo.py").write_text("import extinct_birds")
    executors = registry.Executors(edges(tmp_path), {}, lambda: None)
    fit = executors["dodo"].fitness()

    assert not fit.usable
    assert "extinct_birds" in fit.problem
    outcome = asyncio.run(executors["dodo"].execute(order_in(tmp_path), Witness()))
    assert isinstance(outcome, Unable)


@pytest.mark.parametrize(
    "text",
    [
        "def broken(",
        "raise SystemExit(5)",
        "raise RuntimeError('no')",
        "OPTIONS = ()",
        "OPTIONS = ()\ndef make(edges): return None",
        "OPTIONS = ()\ndef make(edges): raise SystemExit(1)",
        OWN + "\nParrot.fitness = lambda self: 1 / 0",
        OWN + "\nParrot.fitness = lambda self: True",
        OWN + "\ndef leave(self): raise SystemExit(3)\nParrot.fitness = leave",
    ],
)
def test_whatever_is_wrong_with_it_it_is_out_of_use_and_nothing_else(own, tmp_path, text):
    (own / "dodo.py").write_text(text)
    executors = registry.Executors(edges(tmp_path), {}, lambda: None)
    fit = executors["dodo"].fitness()

    assert (fit.usable, bool(fit.problem), bool(fit.hint)) == (False, True, True)
    assert executors["shell"].fitness().usable


@pytest.mark.parametrize("deed", ["raise SystemExit(4)", "return 'done'"])
def test_one_that_answers_no_outcome_has_failed(own, tmp_path, deed):
    (own / "dodo.py").write_text(
        f"{OWN}\nasync def execute(self, order, watcher):\n    {deed}\nParrot.execute = execute"
    )
    executors = registry.Executors(edges(tmp_path), {"dodo": {"voice": "low"}}, lambda: None)
    outcome = asyncio.run(executors["dodo"].execute(order_in(tmp_path), Witness()))

    assert isinstance(outcome, Failed)
    assert "dodo" in outcome.error


@pytest.mark.parametrize("text", ["", "OPTIONS = 5", "OPTIONS = (1,)", "raise SystemExit(5)"])
def test_settings_of_one_that_cannot_be_loaded_name_its_file(own, tmp_path, text):
    (own / "dodo.py").write_text(text)
    workspace = Workspace(tmp_path / "w" / "task-board.md")
    workspace.root.mkdir()
    workspace.settings.write_text("[executors.dodo]\nvoice = 'low'\n")
    with pytest.raises(BadSettings, match=r"dodo\.py"):
        load(workspace, {"HOME": str(tmp_path)})


def test_a_file_whose_name_is_no_modules_is_left_out_and_said_to_be(own, caplog):
    (own / "my-pipe.py").write_text(OWN)
    (own / "shell.py").write_text(OWN)
    assert set(registry.names("executors")) == set(registry._ours("executors"))
    assert caplog.text.count("is left out") == 2


def test_its_settings_are_known_at_once(parrot, tmp_path):
    workspace = Workspace(tmp_path / "w" / "task-board.md")
    workspace.root.mkdir()
    workspace.settings.write_text(
        f'[executors.{parrot}]\nvoice = "low"\nfallback = ["codex"]\nmodels = ["m"]\n'
    )
    environ = {"HOME": str(tmp_path)}
    found = load(workspace, environ).settings.executors[parrot]
    assert (found["voice"], list(found["fallback"]), list(found["models"])) == (
        "low",
        ["codex"],
        ["m"],
    )

    workspace.settings.write_text(f'[executors.{parrot}]\nvocie = "low"\n')
    with pytest.raises(BadSettings, match="Did you mean voice"):
        load(workspace, environ)


def test_a_table_of_nobody_is_a_mistake_that_names_everybody(tmp_path):
    workspace = Workspace(tmp_path / "w" / "task-board.md")
    workspace.root.mkdir()
    workspace.settings.write_text('[executors.nobody]\nfallback = ["codex"]\n')
    with pytest.raises(BadSettings, match="there is no executor nobody; there are claude, "):
        load(workspace, {"HOME": str(tmp_path)})


def test_what_can_confine_is_looked_for_when_there_is_work_and_once(parrot, tmp_path):
    looks = []

    def look():
        looks.append(1)
        return object()

    executors = registry.Executors(edges(tmp_path), {parrot: {"voice": "loud"}}, look)
    executors[parrot].fitness()
    assert looks == []

    for _ in range(2):
        outcome = asyncio.run(executors[parrot].execute(order_in(tmp_path), Witness()))
        assert outcome == Succeeded(output="loud: TASK-001, True")
    assert looks == [1]


def test_settings_that_every_executor_takes_are_not_told_to_it(parrot, tmp_path):
    tables = {parrot: {"voice": "loud", "fallback": ("codex",), "models": ("m",)}}
    executors = registry.Executors(edges(tmp_path), tables, lambda: None)
    assert executors[parrot].inner._seen.edges.options == {"voice": "loud"}


def test_nobody_else_is_imported_for_one(tmp_path):
    executors = registry.Executors(edges(tmp_path), {}, lambda: None)
    with pytest.raises(KeyError):
        executors["nobody"]
    assert "nobody" not in executors
