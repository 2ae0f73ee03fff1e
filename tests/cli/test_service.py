"""`service` and what `doctor` says of it, with a systemd that answers as the real one does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from taskboard.app import open_app
from taskboard.cli.holder import held_by_us

pytestmark = pytest.mark.skipif(
    sys.platform == "darwin", reason="these talk to systemd; launchd is in tests/service"
)

UP = "LoadState=loaded\nActiveState=active\nMainPID=4711\nResult=success\n"
DOWN = (
    "LoadState=loaded\nActiveState=failed\nMainPID=0\nExecMainStatus=78\nResult=exit-code\n"
    "ExecMainExitTimestampMonotonic=99\n"
)


class Systemd:
    """The folder of a fake `systemctl`: what it was asked, and what it answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.says(UP)
        script = (
            '#!/bin/sh\ncd "$(dirname "$0")"\necho "$0 $*" | sed "s:.*/::" >> typed\n'
            'case "${0##*/} $*" in\n*loginctl*) echo Linger=no ;;\n'
            "*Version*) [ -e up ] || { echo 'Failed to connect to bus' >&2; exit 1; } ;;\n"
            "*show*) cat state ;;\n"
            "*journalctl*) printf 'one\\ntwo \\033[2J\\n' ;;\nesac\n"
        )
        for name in ("systemctl", "loginctl", "journalctl"):
            (folder / name).write_text(script)
            (folder / name).chmod(0o755)
        (folder / "up").touch()

    def says(self, state: str) -> None:
        (self.folder / "state").write_text(state)

    @property
    def typed(self) -> list[str]:
        path = self.folder / "typed"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def systemd(tmp_path, monkeypatch):
    found = Systemd(tmp_path / "systemd")
    monkeypatch.setenv("PATH", f"{found.folder}:{os.environ['PATH']}")
    return found


@pytest.fixture
def units(tmp_path):
    return tmp_path / "config" / "systemd" / "user"


def checks(board) -> dict[str, dict]:
    said = board("doctor", "--json")
    return {check["name"]: check for check in said.json["checks"]}


def test_installing_starts_it_and_says_what_was_written(board, systemd, units):
    said = board("service", "install")
    assert said.code == 0, said.err
    assert "runs, and starts again at every login" in said.out
    assert len(list(units.iterdir())) == 3
    assert all(f"wrote {path}" in said.out for path in units.iterdir())
    assert "enable-linger" in said.out
    assert any(line.startswith("systemctl --user restart") for line in systemd.typed)


def test_installing_twice_is_installing_once(board, systemd, units):
    first = board.ok("service", "install")
    before = {path: path.read_bytes() for path in units.iterdir()}
    second = board.ok("service", "install")
    assert (len(first["files"]), second["files"]) == (3, [])
    assert {path: path.read_bytes() for path in units.iterdir()} == before


def test_print_shows_it_and_changes_nothing(board, systemd, units):
    (systemd.folder / "up").unlink()
    said = board("service", "install", "--print")
    assert said.code == 0
    assert "Type=notify" in said.out
    assert "systemctl --user daemon-reload" in said.out
    assert not units.exists()
    assert systemd.typed == []
    document = board.ok("service", "install", "--print")
    assert [set(f) for f in document["files"]] == [{"path", "text"}] * 3
    assert document["commands"][0] == ["systemctl", "--user", "daemon-reload"]


def test_where_no_systemd_answers_it_says_so_and_writes_nothing(board, systemd, units):
    (systemd.folder / "up").unlink()
    said = board("service", "install", "--json")
    assert (said.code, said.error["code"]) == (75, "no_service")
    assert "taskboard run" in said.error["hint"]
    assert not units.exists()


def test_an_untrusted_board_is_refused_even_where_this_shell_lifts_trust(
    desk, systemd, units, monkeypatch
):
    desk.write("# Board\n")
    assert desk("init").code == 0  # of a board that was there: it is not trusted by that
    monkeypatch.setenv("TASKBOARD_TRUST", "1")
    said = desk("service", "install", "--json")
    assert (said.code, said.error["code"]) == (3, "untrusted")
    assert "taskboard trust" in said.error["hint"]
    assert not units.exists()


def test_keys_that_others_may_read_are_refused(board, systemd, tmp_path, units):
    env = tmp_path / "config" / "taskboard" / "env"
    env.parent.mkdir(parents=True)
    env.write_text("MY_KEY=sk-not-to-be-seen\n")
    env.chmod(0o644)
    said = board("service", "install")
    assert said.code == 78
    assert f"chmod 600 {env}" in said.err
    assert "not-to-be-seen" not in said.err + said.out
    assert not units.exists()


def test_what_only_this_shell_has_is_told_by_name(board, systemd, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-not-to-be-seen")
    said = board("service", "install")
    assert "ANTHROPIC_API_KEY" in said.out
    assert "not-to-be-seen" not in said.out


def test_a_daemon_that_does_not_come_up_is_a_finding(board, systemd):
    systemd.says(DOWN)
    said = board("service", "install")
    assert said.code == 1
    assert "taskboard service logs" in said.out


def test_status_says_how_it_stands(board, systemd):
    assert board("service", "status").out.startswith("Not installed")
    assert board("service", "status").code == 0
    board.ok("service", "install")
    document = board.ok("service", "status")
    assert (document["installed"], document["running"], document["pid"]) == (True, True, 4711)
    assert document["next_hourly"].endswith(":00:00Z")
    assert document["outdated"] == []
    systemd.says(DOWN)
    said = board("service", "status")
    assert said.code == 1
    assert "not running, last exit 78 (exit-code)" in said.out
    assert "taskboard service install" in said.out


def test_status_and_uninstall_work_with_wrong_settings(board, systemd, units):
    board.ok("service", "install")
    (board.folder / "taskboard.toml").write_text("slots = 'many'\n")
    said = board("service", "status")
    assert "slots must be a whole number" in said.out
    assert board("service", "uninstall").code == 0
    assert list(units.iterdir()) == []


def test_another_interpreter_makes_it_out_of_date(board, systemd, units):
    board.ok("service", "install")
    unit = next(p for p in units.iterdir() if "hourly" not in p.name)
    unit.write_text(unit.read_text().replace(sys.executable, "/opt/gone/python"))
    said = board("service", "status")
    assert said.code == 1
    assert "its Python /opt/gone/python is gone" in said.out
    assert not checks(board)["service"]["message"].endswith("process 4711")


def test_a_service_whose_board_has_moved_can_be_found_and_removed(board, systemd, units, tmp_path):
    label = board.ok("service", "install")["label"]
    moved = tmp_path / "moved"
    shutil.move(board.folder, moved)
    said = board("service", "status", "--json", "--board", moved)
    assert [stray["label"] for stray in said.json["strays"]] == [label]
    assert not said.json["installed"]
    assert board("service", "uninstall", "--label", label, "--board", moved).code == 0
    assert list(units.iterdir()) == []


def test_uninstalling_what_is_not_there_names_what_is(board, systemd, tmp_path, monkeypatch):
    label = board.ok("service", "install")["label"]
    other = tmp_path / "other"
    assert board("init", other).code == 0
    said = board("service", "uninstall", "--board", other, "--json")
    assert (said.code, said.error["code"]) == (66, "no_service")
    assert label in said.error["hint"]


def test_logs_are_shown_without_what_acts_on_a_terminal(board, systemd):
    assert board("service", "logs").code == 66
    board.ok("service", "install")
    said = board("service", "logs", "-n", "7")
    assert said.out == "one\ntwo\n"
    assert "-n 7" in systemd.typed[-1]
    assert board.ok("service", "logs")["lines"] == ["one", "two"]


def test_logs_that_go_on_are_no_document(board, systemd):
    board.ok("service", "install")
    said = board("service", "logs", "-f", "--json")
    assert (said.code, said.error["code"]) == (2, "usage")


def test_logs_that_go_on_are_the_systems_own(board, systemd):
    board.ok("service", "install")
    done = subprocess.run(
        [sys.executable, "-m", "taskboard", "service", "logs", "-f"],
        cwd=board.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "one")
    assert "--follow" in systemd.typed[-1]


def test_doctor_shows_what_the_service_sees_and_not_the_shell(
    board, systemd, tmp_path, monkeypatch
):
    assert "not installed" in checks(board)["service"]["message"]
    board.ok("service", "install")
    late = tmp_path / "late"
    late.mkdir()
    (late / "claude").write_text("#!/bin/sh\n")
    (late / "claude").chmod(0o755)
    monkeypatch.setenv("PATH", f"{late}:{os.environ['PATH']}")
    monkeypatch.setenv("GEMINI_API_KEY", "sk-not-to-be-seen")
    env = tmp_path / "config" / "taskboard" / "env"
    env.parent.mkdir(parents=True, exist_ok=True)
    env.write_text("ANTHROPIC_API_KEY=sk-not-to-be-seen\n")
    env.chmod(0o600)
    found = checks(board)
    assert "runs as process 4711" in found["service"]["message"]
    assert str(late) not in found["service PATH"]["message"]
    assert found["service programs"]["warn"]
    assert f"claude {late / 'claude'}" in found["service programs"]["hint"]
    assert found["service keys"]["message"] == f"{env}: ANTHROPIC_API_KEY"
    assert "GEMINI_API_KEY" in found["service keys"]["hint"]
    assert "not-to-be-seen" not in board("doctor").out


def test_doctor_refuses_keys_that_others_may_read(board, systemd, tmp_path):
    board.ok("service", "install")
    env = tmp_path / "config" / "taskboard" / "env"
    env.parent.mkdir(parents=True, exist_ok=True)
    env.write_text("A=1\n")
    env.chmod(0o604)
    said = board("doctor")
    assert said.code == 1
    assert f"chmod 600 {env}" in said.out


def test_every_command_of_the_group_takes_the_shared_options(board, systemd):
    for name in ("install", "uninstall", "status", "logs"):
        said = board("service", name, "--help")
        assert said.code == 0
        assert "--board PATH" in said.out
        assert "--json" in said.out


def test_a_daemon_started_by_hand_is_told_of(board, systemd):
    systemd.says(DOWN)
    with held_by_us(open_app(board.folder).ctx):
        said = board("service", "install")
    assert said.code == 1
    assert f"works here: process {os.getpid()}" in said.out


def test_without_a_command_it_says_how_it_stands(board, systemd):
    assert board("service").out == board("service", "status").out
    assert board("service", "--json").json["action"] == "status"


def test_a_log_that_cannot_be_written_says_so(board, tmp_path):
    (tmp_path / "file").touch()
    said = board("once", "--log", tmp_path / "file" / "x.log", "--json")
    assert (said.code, said.error["code"]) == (75, "storage")


def test_once_leaves_it_to_the_daemon_that_works_here(board):
    board.ok("add", "One", "--run", "true")
    with held_by_us(open_app(board.folder).ctx):
        said = board("once", "--unless-running")
        assert said.code == 0
        assert f"A daemon works here: process {os.getpid()}." in said.out
        assert board.task("TASK-001")["state"] == "ready"
        assert board.ok("once", "--unless-running")["started"] == []
    assert board.ok("once", "--unless-running")["completed"] == ["TASK-001"]
