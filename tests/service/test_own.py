"""What lies at a service's place and is not ours is not read, written over or removed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from taskboard.cli import main
from taskboard.disk import DiskFiles
from taskboard.errors import Held
from taskboard.service.contract import Ran
from taskboard.service.systemd import Systemd

WAYS = {
    "a mask": lambda path: path.symlink_to("/dev/null"),
    "a folder": lambda path: path.mkdir(),
    "a link to nowhere": lambda path: path.symlink_to("gone"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a pipe": os.mkfifo,
}


def units(user) -> Path:
    return user.home / ".config" / "systemd" / "user"


@pytest.fixture
def systemd(user):
    return Systemd(units(user), DiskFiles(), lambda *_argv: Ran(0))


@pytest.fixture(params=["systemd", "launchd"])
def system(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("nth", [0, 1])
def test_what_is_no_file_of_ours_is_held_and_stays(user, system, way, nth):
    plan = user.plan()
    paths = list(system.files(plan))
    paths[nth].parent.mkdir(parents=True)
    WAYS[way](paths[nth])
    before = os.lstat(paths[nth])
    with pytest.raises(Held) as refused:
        system.install(plan)
    assert str(paths[nth]) in refused.value.message
    assert system.installed(plan.label) is None
    assert system.labels() == []
    assert system.uninstall(plan.label).files == []
    assert os.lstat(paths[nth]).st_ino == before.st_ino
    assert list(paths[nth].parent.iterdir()) == [paths[nth]], "no half of it was written"


def test_a_mask_is_told_with_what_takes_it_away(user, systemd):
    path = next(iter(systemd.files(user.plan())))
    path.parent.mkdir(parents=True)
    path.symlink_to("/dev/null")
    with pytest.raises(Held, match="masked") as refused:
        systemd.install(user.plan())
    assert f"systemctl --user unmask {path.name}" in refused.value.hint


def test_a_masked_hourly_run_leaves_the_daemon_installed(user, systemd):
    plan = user.plan()
    systemd.install(plan)
    daemon, _, timer = systemd.files(plan)
    timer.unlink()
    timer.symlink_to("/dev/null")
    found = systemd.installed(plan.label)
    assert daemon in found.files
    assert timer not in found.files
    assert systemd.labels() == [plan.label]


@pytest.mark.skipif(sys.platform == "darwin", reason="units are systemd's")
@pytest.mark.parametrize("way", WAYS)
def test_status_and_doctor_go_on_beside_it(owner, capsys, monkeypatch, way):
    monkeypatch.chdir(owner.root)
    assert main(["trust"]) == 0
    units(owner).mkdir(parents=True)
    for name in (owner.plan().label, "other-12345678"):
        WAYS[way](units(owner) / f"taskboard-{name}.service")
    capsys.readouterr()
    assert main(["service", "status"]) == 0
    assert "Not installed" in capsys.readouterr().out
    assert main(["doctor"]) == 0, capsys.readouterr()
    assert "not installed" in capsys.readouterr().out
