"""What a service runs is absolute, found when it is installed, and the board's own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from taskboard.core.settings import Settings
from taskboard.errors import BadSettings
from taskboard.service.plan import label_of, plan_of, search_path, service_environ, stop_seconds
from taskboard.workspace import Workspace


def program(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_a_board_keeps_its_label_and_two_boards_never_share_one(tmp_path):
    for name in ("a/launch", "b/launch"):
        (tmp_path / name).mkdir(parents=True)
    first, second = (label_of(tmp_path / name / "launch") for name in "ab")
    assert first.startswith("launch-")
    assert first != second
    assert label_of(tmp_path / "a" / ".." / "a" / "launch") == first
    (tmp_path / "link").symlink_to(tmp_path / "a" / "launch")
    assert label_of(tmp_path / "link") == first


@pytest.mark.parametrize(
    ("folder", "words"),
    [("Q4 / Plans", "plans"), ("..x..", "x"), ("日本", "board"), ("A" * 80, "a" * 32)],
)
def test_a_label_is_plain_whatever_the_folder_is_called(tmp_path, folder, words):
    assert label_of(tmp_path / folder).rpartition("-")[0] == words


def test_everything_that_is_started_is_named_absolutely(user):
    plan = user.plan()
    for argv in (plan.watch(), plan.hourly(log=user.home / "x.log")):
        assert Path(argv[0]).is_absolute()
        paths = [argv[argv.index(w) + 1] for w in ("--board", "--env-file") if w in argv]
        assert all(Path(path).is_absolute() for path in paths)
        assert "-P" in argv  # a file in the present folder is never a module
    assert "--unless-running" in plan.hourly()
    assert "--unless-running" not in plan.watch()


def test_the_search_path_is_the_shells_without_what_a_service_could_not_use(tmp_path):
    kept = program(tmp_path / "kept", "claude").parent
    gone = tmp_path / "gone"
    shell = {"PATH": f"relative:{kept}:{gone}:{kept}::~/bin:/usr/bin", "HOME": str(tmp_path)}
    folders = search_path(Settings(), shell, "/usr/bin/python3").split(":")
    assert folders[0] == str(kept)
    assert folders.count(str(kept)) == 1
    assert not {"relative", "", "~/bin", str(gone)} & set(folders)
    assert "/bin" in folders


def test_a_folder_that_one_shell_made_for_itself_is_named_by_what_it_leads_to(tmp_path):
    real = program(tmp_path / "node" / "v22" / "bin", "node").parent
    multishell = tmp_path / "fnm_multishells" / "123_456"
    multishell.parent.mkdir()
    multishell.symlink_to(real.parent)
    folders = search_path(Settings(), {"PATH": f"{multishell}/bin"}, "/usr/bin/python3").split(":")
    assert folders[0] == str(real)


def test_programs_named_by_their_path_and_taskboard_itself_are_found(tmp_path):
    own = program(tmp_path / "agents", "my-claude")
    python = program(tmp_path / "venv" / "bin", "python")
    settings = Settings(executors={"claude-code": {"command": str(own)}})
    folders = search_path(settings, {"PATH": "/usr/bin"}, str(python)).split(":")
    assert str(own.parent) in folders
    assert folders[-1] == str(python.parent)


def test_of_the_shell_only_places_and_language_are_carried_over(user):
    shell = user.shell | {
        "ANTHROPIC_API_KEY": "sk-ant-1234567890",
        "TASKBOARD_TRUST": "1",
        "XDG_STATE_HOME": "/var/mine",
        "EDITOR": "vi",
    }
    given = service_environ(Settings(), shell, "/usr/bin/python3")
    assert set(given) == {"PATH", "HOME", "LANG", "XDG_STATE_HOME"}


def test_the_usual_home_is_left_to_the_system(user):
    import pwd

    shell = user.shell | {"HOME": pwd.getpwuid(os.geteuid()).pw_dir}
    assert "HOME" not in service_environ(Settings(), shell, "/usr/bin/python3")


def test_it_may_take_as_long_to_end_as_its_runs_may_take_to_finish():
    assert stop_seconds(Settings()) == 40
    assert stop_seconds(Settings(on_stop="finish", timeout=3600.0)) == 3640


@pytest.mark.parametrize("name", ["new\nline", "bad\udcff"])
def test_a_folder_that_no_unit_file_can_name_is_refused(user, name):
    space = Workspace(user.home / name / "task-board.md")
    with pytest.raises(BadSettings, match="cannot name"):
        plan_of(space, Settings(), user.shell, "/usr/bin/python3")
