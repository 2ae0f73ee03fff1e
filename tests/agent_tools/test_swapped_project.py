"""Another folder is put where the project was, while a run works in it."""

from __future__ import annotations

import asyncio
import os
import subprocess

import pytest

from taskboard.agent_tools.command import Shell
from taskboard.agent_tools.fence import Fault, Fence
from taskboard.agent_tools.ground import Ground
from taskboard.beneath import identity_of, inspect_beneath
from taskboard.child import in_folder
from taskboard.clock import SystemClock
from taskboard.confinement import Cage
from taskboard.core.redact import Redactor
from taskboard.executor import Edges
from taskboard.executors.shell import make
from taskboard.processes import SystemProcesses
from taskboard.testing.rig import Witness, order_in


@pytest.fixture
def places(tmp_path):
    for name in ("project", "outside"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(f"of {name}")
    return tmp_path / "project", tmp_path / "outside"


def by_link(project, outside):
    project.rename(project.with_name("moved"))
    project.symlink_to(outside)


def by_folder(project, outside):
    project.rename(project.with_name("moved"))
    outside.rename(project)


@pytest.mark.parametrize("swap", [by_link, by_folder])
def test_the_tools_for_files_touch_nothing_of_it(places, swap):
    project, outside = places
    ground = Ground(project, Fence(project, ()), "run-1")
    assert ground.read("file") == b"of project"
    swap(project, outside)
    for deed in (
        lambda: ground.read("file"),
        lambda: ground.write("new", b"x"),
        lambda: list(ground.walk("")),
    ):
        with pytest.raises(Fault, match=r"^The project folder is "):
            deed()
    assert not (project / "new").exists()


@pytest.mark.parametrize("swap", [by_link, by_folder])
def test_no_command_begins_in_it(places, swap):
    project, outside = places
    shell = Shell(
        clock=SystemClock(),
        processes=SystemProcesses(),
        project=project,
        environ={"PATH": os.environ["PATH"]},
        cage=Cage(project=project, home=project.parent / "home"),
        confiner=None,
        marker="run-1",
        started=lambda _: None,
        out=lambda _: None,
        redactor=Redactor(()),
    )
    said, failed = asyncio.run(shell.run("cat file", None))
    assert ("of project" in said, failed) == (True, False)
    swap(project, outside)
    with pytest.raises(Fault, match="another one"):
        asyncio.run(shell.run("touch new", None))
    assert not (project / "new").exists()


def test_a_command_looks_for_itself_where_it_is(places):
    project, outside = places
    inode = identity_of(project)[1]
    for folder, status in ((project, 7), (outside, 126)):
        argv = in_folder(inode, ["/bin/sh", "-c", "touch began; exit 7"])
        found = subprocess.run(argv, cwd=folder, capture_output=True, check=False, timeout=10)
        assert (found.returncode, (folder / "began").exists()) == (status, status == 7)


def test_evidence_is_not_looked_for_behind_a_link(places):
    project, outside = places
    by_link(project, outside)
    assert "symbolic link" in inspect_beneath(project, "file", 100)
    assert identity_of(project) is None
    assert identity_of(project / "file") is None


def test_a_task_does_not_start_its_command_behind_a_link(tmp_path, places):
    by_link(*places)
    order = order_in(tmp_path, command="touch new")
    environ = {"PATH": os.environ["PATH"]}
    edges = Edges(
        clock=SystemClock(), processes=SystemProcesses(), environ=environ, state=tmp_path / "s"
    )
    outcome = asyncio.run(make(edges).execute(order, Witness()))
    assert "a link has been put" in outcome.error
    assert not (places[1] / "new").exists()
