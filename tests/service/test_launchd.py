"""Property lists that launchd takes as they are meant, and the order of its commands."""

from __future__ import annotations

import os
import plistlib
from pathlib import Path

import pytest

from taskboard.disk import DiskFiles
from taskboard.errors import Held, NoService
from taskboard.service.contract import MARK, Ran
from taskboard.service.launchd import Launchd, hourly_keys, property_list, watch_keys

KNOWN = {
    *("Label", "ProgramArguments", "WorkingDirectory", "EnvironmentVariables", "RunAtLoad"),
    *("KeepAlive", "ThrottleInterval", "ExitTimeOut", "StandardOutPath", "StandardErrorPath"),
    *("Umask", "AbandonProcessGroup", "StartCalendarInterval", "ProcessType"),
}
"""Of launchd.plist(5): a key it does not know it passes over in silence."""
TYPES = {"KeepAlive": dict, "RunAtLoad": bool, "Umask": int, "ExitTimeOut": int}


def problems(keys: dict[str, object]) -> list[str]:
    """What launchd would not do as it is meant."""
    paths = [keys["WorkingDirectory"], keys["StandardOutPath"], keys["StandardErrorPath"]]
    argv = keys["ProgramArguments"]
    paths += [argv[0], *(argv[argv.index(w) + 1] for w in ("--board", "--env-file", "--log"))]
    path = keys["EnvironmentVariables"]["PATH"]
    found = [f"unknown key {key}" for key in keys if key not in KNOWN]
    found += [f"relative {p}" for p in (*paths, *path.split(":")) if not Path(p).is_absolute()]
    found += [f"unexpanded {p}" for p in (*paths, path) if set("~$") & set(p)]
    found += [f"type of {k}" for k, t in TYPES.items() if k in keys and type(keys[k]) is not t]
    if "KeepAlive" in keys and {"StartInterval", "StartCalendarInterval"} & set(keys):
        found.append("kept alive and started by time in one job")
    return found


@pytest.mark.parametrize("make", [watch_keys, hourly_keys])
def test_both_lists_keep_the_rules_and_survive_the_file(user, make):
    keys = make(user.plan())
    assert problems(keys) == []
    assert plistlib.loads(property_list(keys)) == keys


def test_the_rules_find_what_is_wrong(user):
    keys = watch_keys(user.plan())
    assert problems(keys | {"KeepAlife": True}) == ["unknown key KeepAlife"]
    assert problems(keys | {"StartInterval": 3600})
    assert problems(keys | {"WorkingDirectory": "~/x"}) == ["relative ~/x", "unexpanded ~/x"]


def test_the_daemon_is_kept_alive_and_the_hourly_run_is_a_job_of_its_own(user):
    watch, hourly = watch_keys(user.plan()), hourly_keys(user.plan(stop=3640))
    assert watch["KeepAlive"] == {"SuccessfulExit": False}
    assert (watch["RunAtLoad"], watch["ThrottleInterval"]) == (True, 30)
    assert hourly["StartCalendarInterval"] == {"Minute": 0}
    assert not {"KeepAlive", "RunAtLoad"} & set(hourly)
    assert watch["Label"] != hourly["Label"]
    assert (watch["ExitTimeOut"], hourly["ExitTimeOut"]) == (40, 3640)
    assert watch["Umask"] == 0o077
    assert "ProcessType" not in watch


def test_what_is_said_before_the_program_runs_lands_in_the_log_that_it_bounds(user):
    for keys in (watch_keys(user.plan()), hourly_keys(user.plan())):
        argv = keys["ProgramArguments"]
        log = argv[argv.index("--log") + 1]
        assert keys["StandardOutPath"] == keys["StandardErrorPath"] == log
    assert (
        watch_keys(user.plan())["StandardOutPath"] != hourly_keys(user.plan())["StandardOutPath"]
    )


def test_no_secret_of_the_shell_is_in_any_file(user, launchd):
    user.shell["ANTHROPIC_API_KEY"] = "sk-ant-not-to-be-seen"
    user.keys("OTHER_KEY=sk-not-to-be-seen\n")
    for data in launchd.files(user.plan()).values():
        assert b"not-to-be-seen" not in data


def test_odd_names_survive(user):
    user.root = user.home / "<A & B> \"q\" 'x' 日本"
    keys = watch_keys(user.plan())
    assert plistlib.loads(property_list(keys))["ProgramArguments"] == keys["ProgramArguments"]


def test_a_first_installation_enables_and_bootstraps_both(user, launchd, launchctl):
    plan = user.plan()
    done = launchd.install(plan)
    assert [p.name for p in done.files] == [
        f"taskboard.{plan.label}.plist",
        f"taskboard.{plan.label}.hourly.plist",
    ]
    assert [list(c) for c in done.commands] == launchd.steps(plan)
    assert all(p.stat().st_mode & 0o777 == 0o644 for p in done.files)
    assert (user.home / "Library/Logs/taskboard").is_dir()
    state = launchd.state(plan.label)
    assert (state.loaded, state.running, state.pid, state.hourly) == (True, True, 501, True)
    assert state.last_exit is None


def test_the_same_again_only_starts_the_daemon_anew(user, launchd, launchctl):
    launchd.install(user.plan())
    launchctl.typed.clear()
    done = launchd.install(user.plan())
    assert done.files == []
    assert [c[1] for c in done.commands] == ["kickstart"]
    assert not any(line.startswith("bootout") for line in launchctl.typed)
    assert launchd.state(user.plan().label).pid == 503


def test_a_changed_list_waits_until_the_old_job_has_gone(user, launchd, launchctl):
    """`bootout` returns at once; a `bootstrap` before the job is gone fails with error 5."""
    launchd.install(user.plan())
    launchctl.typed.clear()
    done = launchd.install(user.plan(stop=90))
    assert len(done.files) == 2
    verbs = [line.split()[0] for line in launchctl.typed]
    first = verbs.index("bootout")
    assert verbs[first + 1 : verbs.index("bootstrap")].count("print") == launchctl.lingers + 1
    assert launchd.state(user.plan().label).running
    assert all(job["keys"]["ExitTimeOut"] == 90 for job in launchctl.jobs.values())


def test_a_bootstrap_that_is_still_too_early_is_tried_again(user, launchd, launchctl):
    launchctl.busy = 4
    launchd.install(user.plan())
    assert launchd.state(user.plan().label).running


def test_a_bootstrap_that_never_works_says_launchds_words(user, launchd, launchctl):
    launchctl.busy = 10_000
    with pytest.raises(NoService, match="5: Input/output error") as refused:
        launchd.install(user.plan())
    assert refused.value.exit_code == 75
    assert len(launchctl.typed) < 100


def test_a_job_that_does_not_end_is_told_of(user, launchd, launchctl):
    launchd.install(user.plan())
    launchctl.lingers = 10_000
    with pytest.raises(NoService, match="does not end"):
        launchd.install(user.plan(stop=41))


def test_a_job_that_its_user_had_disabled_is_enabled_again(user, launchd, launchctl):
    launchctl.disabled = {f"gui/501/taskboard.{user.plan().label}"}
    launchd.install(user.plan())
    assert launchd.state(user.plan().label).running


def test_without_a_desktop_the_users_own_domain_is_taken(user, make_launchctl):
    launchctl = make_launchctl(501, desktop=False)
    launchd = Launchd(user.home, 501, DiskFiles(), launchctl, launchctl.pause)
    launchd.install(user.plan())
    assert {job.rpartition("/")[0] for job in launchctl.jobs} == {"user/501"}
    assert launchd.state(user.plan().label).running
    assert launchd.uninstall(user.plan().label).files
    assert launchctl.jobs == {}


def test_where_no_launchd_answers_nothing_is_written(user):
    launchd = Launchd(user.home, 501, DiskFiles(), lambda *_: Ran(127, err="no"), lambda _: None)
    with pytest.raises(NoService):
        launchd.install(user.plan())
    assert not (user.home / "Library").exists()


def test_uninstall_removes_what_install_wrote_and_nothing_else(user, launchd, launchctl):
    folder = user.home / "Library" / "LaunchAgents"
    folder.mkdir(parents=True)
    other = folder / "com.example.other.plist"
    other.write_bytes(plistlib.dumps({"Label": "com.example.other"}))
    launchd.install(user.plan())
    logs = user.home / "Library" / "Logs" / "taskboard"
    (logs / "x.log").write_text("kept")
    done = launchd.uninstall(user.plan().label)
    assert len(done.files) == 2
    assert [p.name for p in folder.iterdir()] == [other.name]
    assert launchctl.jobs == {}
    assert (logs / "x.log").exists()
    assert launchd.uninstall(user.plan().label).files == []


def test_somebody_elses_file_is_in_the_way_and_stays(user, launchd):
    path = next(iter(launchd.files(user.plan())))
    path.parent.mkdir(parents=True)
    path.write_bytes(plistlib.dumps({"Label": "mine"}))
    with pytest.raises(Held, match="not made by taskboard"):
        launchd.install(user.plan())
    assert launchd.uninstall(user.plan().label).files == []
    assert launchd.installed(user.plan().label) is None
    assert plistlib.loads(path.read_bytes()) == {"Label": "mine"}


@pytest.mark.parametrize("data", [b"", b"<plist", b"\x00", f"<!-- {MARK} --><a/>".encode()])
def test_a_damaged_list_counts_as_none(user, launchd, data):
    path = next(iter(launchd.files(user.plan())))
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    assert launchd.installed(user.plan().label) is None
    assert launchd.labels() == []


def test_what_is_installed_is_read_back(user, launchd):
    plan = user.plan()
    launchd.install(plan)
    found = launchd.installed(plan.label)
    assert (found.python, found.board, found.env_file) == (plan.python, plan.board, plan.env_file)
    assert found.environ == plan.environ
    assert dict(found.files) == launchd.files(plan)
    assert launchd.labels() == [plan.label]


def test_a_daemon_that_has_ended_tells_how(user, launchd, launchctl):
    launchd.install(user.plan())
    job = launchctl.jobs[f"gui/501/taskboard.{user.plan().label}"]
    job |= {"pid": 0, "ended": "78: EX_CONFIG"}
    state = launchd.state(user.plan().label)
    assert (state.loaded, state.running, state.pid, state.last_exit) == (True, False, None, 78)


def test_logs_are_the_files_that_there_are(user, launchd):
    label = user.plan().label
    assert launchd.log_command(label, 50, follow=True) == []
    launchd.install(user.plan())
    log = user.home / "Library" / "Logs" / "taskboard" / f"{label}.log"
    log.write_text("said\n")
    assert launchd.log_command(label, 9, follow=False) == ["tail", "-n", "9", str(log)]
    assert "-F" in launchd.log_command(label, 9, follow=True)


@pytest.mark.parametrize(
    ("folder", "word"),
    [
        ("Documents/x", "Documents"),
        ("Desktop", "Desktop"),
        ("Downloads/x", "Downloads"),
        ("Library/Mobile Documents/com~apple~CloudDocs/x", "iCloud"),
        ("Library/CloudStorage/Dropbox", "CloudStorage"),
    ],
)
def test_places_that_macos_guards_are_told_of_with_the_real_interpreter(
    user, launchd, folder, word
):
    plan = user.plan(board=user.home / folder / "task-board.md")
    said = " ".join(launchd.warnings(plan))
    assert word in said
    assert "Full Disk Access" in said
    assert os.path.realpath(plan.python) in said
    assert ("synchronised" in said) == ("Library" in folder)


def test_another_volume_is_told_of_and_an_ordinary_place_is_not(user, launchd):
    assert launchd.warnings(user.plan(board=Path("/Volumes/USB/b/task-board.md")))
    assert launchd.warnings(user.plan()) == []
    near = user.plan(board=user.home / "Documents and more" / "task-board.md")
    assert launchd.warnings(near) == []
