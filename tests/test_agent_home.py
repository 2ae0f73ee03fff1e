"""The folder of a task, and the pipe that a secret comes through."""

from __future__ import annotations

import os
import subprocess

import pytest
from msgspec.structs import replace

from taskboard.agent_home import LASTS, home_of, settle, sweep
from taskboard.agent_secret import DESCRIPTOR, by_command, by_descriptor, handed_over
from taskboard.testing.rig import order_in


def run(argv, said=""):
    return subprocess.run(
        argv, input=said, capture_output=True, text=True, check=False, timeout=10
    )


def test_each_task_of_each_board_has_its_own(tmp_path):
    one = order_in(tmp_path)
    others = (replace(one, task="TASK-002"), replace(one, board=tmp_path / "other.md"))
    assert home_of(tmp_path, one) == home_of(tmp_path, replace(one, run="another"))
    assert len({home_of(tmp_path, order) for order in (one, *others)}) == 3


def test_only_what_is_to_be_kept_stays_and_no_link_is_followed(tmp_path):
    folder, mine = tmp_path / "one", tmp_path / "mine"
    mine.mkdir()
    (mine / "file").write_text("mine")
    (folder / "keep/inner").mkdir(parents=True)
    (folder / "locked/inner").mkdir(parents=True)
    (folder / "settings.json").write_text("{}")
    (folder / "link").symlink_to(mine)
    (folder / "locked/link").symlink_to(mine)
    (folder / "locked/inner").chmod(0)
    (folder / "locked").chmod(0)
    folder.chmod(0o500)
    settle(folder, keep="keep")
    assert [path.name for path in folder.iterdir()] == ["keep"]
    assert (folder / "keep/inner").is_dir()
    assert (mine / "file").read_text() == "mine"


def test_a_link_in_the_place_of_what_is_kept_goes(tmp_path):
    folder, mine = tmp_path / "one", tmp_path / "mine"
    folder.mkdir()
    mine.mkdir()
    (folder / "keep").symlink_to(mine)
    settle(folder, keep="keep")
    assert not os.path.lexists(folder / "keep")
    assert mine.is_dir()


def test_folders_of_tasks_long_past_go(tmp_path):
    old, new = tmp_path / "tasks/old", tmp_path / "tasks/new"
    settle(old, keep="keep")
    settle(new, keep="keep")
    now = new.stat().st_mtime
    os.utime(old, (now - LASTS - 1, now - LASTS - 1))
    sweep(tmp_path, now)
    assert [path.name for path in (tmp_path / "tasks").iterdir()] == ["new"]


def test_a_secret_can_be_read_once_and_leaves_nothing_on_the_disk(tmp_path):
    folder = tmp_path / "keys/run's one"
    with handed_over(folder, "s3cret") as pipe:
        assert pipe.is_fifo()
        assert run(["/bin/sh", "-c", by_command(pipe)]).stdout == "s3cret"
        assert not pipe.exists()
        assert run(["/bin/sh", "-c", by_command(pipe)]).returncode != 0
    assert not folder.exists()


def test_a_descriptor_has_the_secret_and_the_program_its_own_input_and_status(tmp_path):
    look = f"cat <&{DESCRIPTOR}; cat; exit 7"
    with handed_over(tmp_path / "keys", "s3cret") as pipe:
        found = run(by_descriptor(pipe, ["/bin/sh", "-c", look]), "in")
    assert (found.stdout, found.returncode) == ("s3cretin", 7)


def test_a_secret_of_more_lines_is_refused(tmp_path):
    with pytest.raises(ValueError, match="line end"), handed_over(tmp_path / "keys", "a\nb"):
        pass
