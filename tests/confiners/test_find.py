from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from taskboard.confinement import Cage
from taskboard.confiners import find
from taskboard.confiners.bubblewrap import bubblewrap
from taskboard.confiners.landlock_exec import MACHINES, call_filter


@dataclass(frozen=True)
class Pretended:
    """A confiner that does something else than to confine."""

    before: tuple[str, ...] = ()
    name: str = "pretended"
    lacks: tuple[str, ...] = ()

    def wrap(self, argv: Sequence[str], cage: Cage) -> list[str]:
        return [*self.before, *argv]


@pytest.mark.parametrize("name", find.candidates(os.environ))
def test_a_way_to_confine_that_is_installed_here_works(name):
    confiner = find.candidates(os.environ)[name]
    if confiner is None:
        pytest.skip(f"{name} is not installed here")
    assert find.trial(confiner) is None


def test_a_confiner_that_confines_nothing_does_not_pass_the_trial():
    assert find.trial(Pretended()) == "it does not hide the home folder"


def test_a_confiner_that_cannot_start_is_told_apart():
    assert find.trial(Pretended(("/nowhere/bwrap",))).startswith("it cannot be started")
    said = find.trial(Pretended(("/bin/sh", "-c", "echo no namespaces >&2; exit 1")))
    assert said == "no namespaces"
    assert find.trial(Pretended(("/bin/false",))) == "a trial ended with status 1"


def test_a_trial_has_an_end(monkeypatch):
    monkeypatch.setattr(find, "PATIENCE", 0.1)
    said = find.trial(Pretended(("/bin/sh", "-c", "sleep 60", "sh")))
    assert said == "a trial did not end within 0.1 s"


def test_a_program_that_is_not_on_the_path_is_not_found(tmp_path):
    assert bubblewrap({"PATH": str(tmp_path)}) is None
    found = find.find_confiner({"PATH": str(tmp_path)})
    assert found.troubles["bubblewrap"] == "it is not installed here"
    assert found.confiner is None or found.confiner.name != "bubblewrap"


@pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap is Linux's")
def test_the_first_that_works_is_found_and_nothing_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = find.find_confiner(os.environ)
    assert found.confiner is None or found.confiner.name not in found.troubles
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("network", [False, True])
def test_a_call_filter_jumps_within_itself(machine, network):
    program = call_filter(MACHINES[machine], network=network)
    lines = [program[at : at + 8] for at in range(0, len(program), 8)]
    assert len(program) % 8 == 0
    for at, line in enumerate(lines):
        if line[0] & 7 == 5:
            assert at + 1 + max(line[2], line[3]) < len(lines)
