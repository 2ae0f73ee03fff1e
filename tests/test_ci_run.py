"""What continuous integration starts: it fetches what it may, never fails for it, runs all."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / ".ci" / "run"
PROGRAMS = ("tmux", "vim", "nano", "strace", "bwrap", "git", "zsh", "fish", "systemd-analyze")


class Machine:
    """A repository on a machine that has only these few programs."""

    def __init__(self, folder: Path) -> None:
        self.repository = folder / "repository"
        (self.repository / ".ci").mkdir(parents=True)
        shutil.copy(SCRIPT, self.repository / ".ci")
        self.bin = folder / "bin"
        self.bin.mkdir()
        for name in ("dirname", "env", "timeout"):
            (self.bin / name).symlink_to(shutil.which(name))
        self.put("id", "echo 0")
        self.put("python3", 'case "$1" in -c) exit 0;; esac; echo "$* [${TASKBOARD_CORPUS-none}]"')

    def put(self, name: str, script: str) -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def run(self, *args: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [shutil.which("bash"), str(self.repository / ".ci" / "run"), *args],
            env={"PATH": str(self.bin)} | environ,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_it_can_be_started_as_it_lies_there():
    assert os.access(SCRIPT, os.X_OK)
    assert subprocess.run(["bash", "-n", SCRIPT], check=False).returncode == 0


def test_without_a_package_manager_it_just_runs_the_gate(machine):
    done = machine.run("-x")
    assert (done.returncode, done.stdout, done.stderr) == (0, "dev.py test -x [none]\n", "")


def test_boards_that_lie_beside_the_repository_are_named_to_the_tests(machine):
    corpus = machine.repository.parent / "shared" / "corpus"
    corpus.mkdir(parents=True)
    assert machine.run().stdout == f"dev.py test [{corpus}]\n"
    assert machine.run(TASKBOARD_CORPUS="/mine").stdout == "dev.py test [/mine]\n"


def test_what_is_missing_is_fetched_without_asking_and_a_refusal_costs_nothing(machine, tmp_path):
    asked = tmp_path / "asked"
    machine.put("apt-get", f'echo "$DEBIAN_FRONTEND $*" >> "{asked}"; exit 100')
    for name in PROGRAMS[1:5]:
        machine.put(name, "")
    done = machine.run()
    assert done.returncode == 0
    assert done.stdout.endswith("dev.py test [none]\n")
    update, *installs = asked.read_text().splitlines()
    assert "update" in update
    missing = ["tmux", "git", "zsh", "fish", "systemd"]
    assert [line.split()[-1] for line in installs] == missing
    assert all(line.startswith("noninteractive ") and " -y " in line for line in installs)


def test_nothing_is_fetched_where_nothing_is_missing_or_a_password_would_be_asked(
    machine, tmp_path
):
    asked = tmp_path / "asked"
    machine.put("apt-get", f'echo "$*" >> "{asked}"')
    machine.put("id", "echo 1000")
    machine.put("sudo", '[ "$1" = -n ] && exit 1')
    assert machine.run().returncode == 0
    machine.put("id", "echo 0")
    for name in PROGRAMS:
        machine.put(name, "")
    assert machine.run().returncode == 0
    assert not asked.exists()


def test_the_status_of_the_gate_is_its_own(machine):
    machine.put("python3", 'case "$1" in -c) exit 0;; esac; exit 7')
    assert machine.run().returncode == 7


def test_of_several_pythons_one_that_is_new_enough_is_taken(machine):
    machine.put("python3", 'case "$1" in -c) exit 1;; esac; echo "old $*"')
    assert machine.run().stdout == "old dev.py test\n"
    machine.put("python3.12", 'case "$1" in -c) exit 0;; esac; echo "new $*"')
    assert machine.run().stdout == "new dev.py test\n"


def test_the_agent_programs_are_fetched_before_the_gate_and_their_lack_is_said(machine):
    machine.put("python3", 'case "$1$2" in -c*) exit 0;; dev.pyagents) exit 1;; esac; echo "$*"')
    assert machine.run().stdout == "not fetched: the agent programs\ndev.py test\n"
