"""Units that systemd takes without a word, and what they promise."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskboard.disk import DiskFiles
from taskboard.errors import Held, NoService
from taskboard.service.contract import Ran
from taskboard.service.systemd import Systemd, _quoted, _words, hourly_unit, service_unit

ANALYZE = shutil.which("systemd-analyze")


class Systemctl:
    """A user's systemd that answers from memory."""

    def __init__(self) -> None:
        self.typed: list[str] = []
        self.units: dict[str, dict[str, str]] = {}
        self.answers, self.linger, self.refuses = True, "yes", ""

    def __call__(self, *argv: str) -> Ran:
        self.typed.append(" ".join(argv))
        if argv[0] == "loginctl":
            return Ran(0, f"Linger={self.linger}\n")
        if not self.answers:
            return Ran(1, err="Failed to connect to bus: No medium found\n")
        verb, units = argv[2], [a for a in argv[3:] if not a.startswith("-")]
        if verb == self.refuses:
            return Ran(1, err="Failed: no\n")
        if verb == "show":
            found = self.units.get(units[0], {}) if units else {"Version": "252"}
            return Ran(0, "".join(f"{k}={v}\n" for k, v in found.items()))
        for unit in units:
            if verb == "restart":
                self.units[unit] = {"LoadState": "loaded", "ActiveState": "active"}
                self.units[unit] |= {"MainPID": "77"} if unit.endswith(".service") else {}
            elif verb == "disable":
                self.units.pop(unit, None)
        return Ran(0)


@pytest.fixture
def systemctl():
    return Systemctl()


@pytest.fixture
def systemd(user, systemctl):
    return Systemd(user.home / ".config" / "systemd" / "user", DiskFiles(), systemctl)


def parsed(text: str) -> configparser.ConfigParser:
    found = configparser.RawConfigParser(strict=False)
    found.optionxform = str
    found.read_string(text)
    return found


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed (package systemd)")
@pytest.mark.parametrize("folder", ["launch", "launch week", "50% \"off\" $HOME 'x' \\n; é"])
def test_systemd_verifies_the_units_without_a_word(user, systemd, tmp_path, folder):
    """A bad value is only told of, with status 0: stderr must be empty."""
    user.root = user.home / folder
    user.root.mkdir(parents=True)
    paths = []
    for path, data in systemd.files(user.plan()).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        paths.append(path)
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    environ = {"PATH": os.environ["PATH"], "HOME": str(user.home)}
    done = subprocess.run(
        [ANALYZE, "--user", "verify", *paths],
        capture_output=True,
        text=True,
        check=False,
        env={**environ, "XDG_RUNTIME_DIR": str(runtime)},
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_daemon_says_that_it_lives_and_is_started_again_where_that_cures(user):
    unit = parsed(service_unit(user.plan()))
    service = unit["Service"]
    assert (service["Type"], service["NotifyAccess"]) == ("notify", "main")
    assert int(service["WatchdogSec"]) >= 60
    assert service["Restart"] == "on-failure"
    assert service["RestartPreventExitStatus"].split() == ["3", "65", "66", "78"]
    assert (service["KillMode"], service["UMask"]) == ("mixed", "0077")
    assert service["TimeoutStopSec"] == "40"
    assert service["EnvironmentFile"] == f"-{user.env_file}"
    assert unit["Install"]["WantedBy"] == "default.target"
    assert service["ExecStart"].startswith("/")


def test_a_task_killed_for_its_memory_does_not_take_the_daemon_along(user):
    for text in (service_unit(user.plan()), hourly_unit(user.plan())):
        assert parsed(text)["Service"]["OOMPolicy"] == "continue"


def test_a_task_that_failed_is_no_failure_of_the_hourly_run_and_one_of_the_daemon(user):
    assert parsed(hourly_unit(user.plan()))["Service"]["SuccessExitStatus"] == "1 130"
    assert "SuccessExitStatus" not in parsed(service_unit(user.plan()))["Service"]


def test_a_run_that_may_finish_is_given_its_time(user):
    assert "TimeoutStopSec=3640\n" in service_unit(user.plan(stop=3640))
    assert "TimeoutStopSec=3640\n" in hourly_unit(user.plan(stop=3640))


def test_the_hourly_run_comes_also_after_the_machine_was_off(user, systemd):
    texts = {path.name: data.decode() for path, data in systemd.files(user.plan()).items()}
    name = f"taskboard-{user.plan().label}"
    timer = parsed(texts[f"{name}-hourly.timer"])
    assert dict(timer["Timer"]) == {"OnCalendar": "hourly", "Persistent": "true"}
    assert timer["Install"]["WantedBy"] == "timers.target"
    hourly = parsed(texts[f"{name}-hourly.service"])
    assert hourly["Service"]["Type"] == "oneshot"
    assert hourly["Unit"]["Wants"] == hourly["Unit"]["After"] == f"{name}.service"


def test_what_a_unit_starts_is_what_was_planned_whatever_the_folder_is_called(user, read_unit):
    user.root = user.home / "50% \"off\" $HOME 'x' \\n; é"
    plan = user.plan()
    assert read_unit(service_unit(plan)) == (plan.watch(), plan.environ)
    assert read_unit(hourly_unit(plan)) == (plan.hourly(), plan.environ)


@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=20))
def test_a_quoted_word_is_one_word_again(word):
    assert _words([f"a {_quoted(word)} b"]) == ["a", word, "b"]


def test_installing_writes_enables_and_starts(user, systemd, systemctl):
    plan = user.plan()
    done = systemd.install(plan)
    assert {path.name for path in done.files} == {
        f"taskboard-{plan.label}{end}" for end in (".service", "-hourly.service", "-hourly.timer")
    }
    assert [list(c) for c in done.commands] == systemd.steps(plan)
    state = systemd.state(plan.label)
    assert (state.loaded, state.running, state.pid, state.hourly) == (True, True, 77, True)


def test_installing_again_starts_it_again_and_writes_nothing(user, systemd):
    systemd.install(user.plan())
    done = systemd.install(user.plan())
    assert done.files == []
    assert [c[2] for c in done.commands] == ["daemon-reload", "enable", "restart"]


def test_where_no_systemd_answers_nothing_is_written_and_the_way_out_is_told(
    user, systemd, systemctl
):
    systemctl.answers = False
    with pytest.raises(NoService, match="No medium found") as refused:
        systemd.install(user.plan())
    assert refused.value.exit_code == 75
    assert "enable-linger" in refused.value.hint
    assert not (user.home / ".config" / "systemd").exists()


def test_what_systemd_refuses_is_told_in_its_words(user, systemd, systemctl):
    systemctl.refuses = "enable"
    with pytest.raises(NoService, match="Failed: no"):
        systemd.install(user.plan())


def test_a_daemon_that_does_not_come_up_is_for_its_state_to_tell(user, systemd, systemctl):
    systemctl.refuses = "restart"
    systemd.install(user.plan())
    name = f"taskboard-{user.plan().label}.service"
    systemctl.units[name] = {
        "LoadState": "loaded",
        "ActiveState": "failed",
        "MainPID": "0",
        "ExecMainStatus": "78",
        "Result": "exit-code",
        "ExecMainExitTimestampMonotonic": "4711",
    }
    state = systemd.state(user.plan().label)
    assert (state.running, state.pid, state.last_exit) == (False, None, 78)
    assert state.result == "exit-code"


def test_uninstalling_removes_what_was_written_and_nothing_else(user, systemd, systemctl):
    systemd.install(user.plan())
    folder = user.home / ".config" / "systemd" / "user"
    (folder / "other.service").write_text("[Service]\n")
    user.keys("A=1\n")
    assert len(systemd.uninstall(user.plan().label).files) == 3
    assert [p.name for p in folder.iterdir()] == ["other.service"]
    assert systemctl.units == {}
    assert user.env_file.exists()
    assert systemd.uninstall(user.plan().label).files == []


def test_uninstalling_works_where_no_systemd_answers(user, systemd, systemctl):
    systemd.install(user.plan())
    folder = user.home / ".config" / "systemd" / "user"
    name = f"taskboard-{user.plan().label}"
    links = [
        (folder / "default.target.wants", f"{name}.service"),
        (folder / "timers.target.wants", f"{name}-hourly.timer"),
    ]
    for wants, unit in links:  # as `enable` makes them
        wants.mkdir()
        (wants / unit).symlink_to(folder / unit)
    systemctl.answers = False
    assert len(systemd.uninstall(user.plan().label).files) == 5
    assert [p for p in folder.rglob("*") if not p.is_dir()] == []


def test_somebody_elses_unit_is_in_the_way_and_stays(user, systemd):
    path = next(iter(systemd.files(user.plan())))
    path.parent.mkdir(parents=True)
    path.write_text("[Service]\nExecStart=/bin/true\n")
    with pytest.raises(Held, match="not made by taskboard"):
        systemd.install(user.plan())
    assert systemd.uninstall(user.plan().label).files == []
    assert path.exists()
    assert systemd.labels() == []


def test_what_is_installed_is_read_back(user, systemd):
    plan = user.plan()
    systemd.install(plan)
    found = systemd.installed(plan.label)
    assert (found.python, found.board, found.env_file) == (plan.python, plan.board, plan.env_file)
    assert found.environ == plan.environ
    assert dict(found.files) == systemd.files(plan)
    assert systemd.labels() == [plan.label]


def test_no_lingering_is_told_of_and_lingering_is_not(user, systemd, systemctl):
    assert systemd.warnings(user.plan()) == []
    systemctl.linger = "no"
    assert "enable-linger" in systemd.warnings(user.plan())[0]


def test_logs_are_those_of_both_units(user, systemd):
    words = systemd.log_command("x-1", 20, follow=True)
    assert words[0] == "journalctl"
    assert {"--unit=taskboard-x-1.service", "--unit=taskboard-x-1-hourly.service"} <= set(words)
    assert "--follow" in words
    assert "--follow" not in systemd.log_command("x-1", 20, follow=False)


def test_units_lie_where_this_users_systemd_looks(tmp_path):
    from taskboard.service.find import find_system

    found = find_system({"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "c")}, "linux")
    assert found.name == "systemd"
    assert Path(next(iter(found.labels()), "none")) == Path("none")
    assert find_system({"HOME": str(tmp_path)}, "darwin").name == "launchd"
