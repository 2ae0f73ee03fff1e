"""What a service sees, and whether what is installed is what would be installed now."""

from __future__ import annotations

import pytest

from taskboard.core.settings import Settings
from taskboard.disk import DiskFiles
from taskboard.service.contract import Ran
from taskboard.service.sight import drift, sight
from taskboard.service.systemd import Systemd


def program(folder, name):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_programs_are_looked_for_where_the_service_looks(user):
    old, new = program(user.home / "a", "claude"), program(user.home / "b", "claude")
    codex = program(user.home / "b", "codex")
    shell = {"PATH": f"{new.parent}:{old.parent}"}
    seen = sight({"PATH": str(old.parent)}, user.env_file, Settings(), shell)
    assert seen.programs["claude"] == str(old)
    assert seen.programs["codex"] is None
    assert seen.lost == {"claude": str(new), "codex": str(codex)}


def test_a_path_in_the_file_of_keys_counts(user):
    claude = program(user.home / "c", "claude")
    user.keys(f"PATH={claude.parent}\n")
    seen = sight({"PATH": "/usr/bin"}, user.env_file, Settings(), {"PATH": str(claude.parent)})
    assert seen.path == str(claude.parent)
    assert seen.programs["claude"] == str(claude)
    assert seen.lost == {}


def test_keys_are_known_by_name_only(user):
    user.keys("ANTHROPIC_API_KEY=sk-not-to-be-seen\n")
    shell = {
        "PATH": "",
        "ANTHROPIC_API_KEY": "sk-not-to-be-seen",
        "GEMINI_API_KEY": "sk-not-to-be-seen",
        "SITE": "not-to-be-seen",
        "OTHER_TOKEN": "not-to-be-seen",
        "TASKBOARD_SLOTS": "3",
        "TASKBOARD_RUN": "TASK-001@1",
        "CODEX_API_KEY": "",
    }
    seen = sight({}, user.env_file, Settings(env=("SITE",)), shell)
    assert (seen.present, seen.names, seen.trouble) == (True, ("ANTHROPIC_API_KEY",), None)
    assert seen.shell_only == ("GEMINI_API_KEY", "SITE", "TASKBOARD_SLOTS")
    assert "not-to-be-seen" not in repr(seen)


def test_a_file_that_others_may_read_has_no_keys_but_a_cure(user):
    user.keys("ANTHROPIC_API_KEY=sk-not-to-be-seen\n", 0o640)
    seen = sight({}, user.env_file, Settings(), {})
    assert seen.names == ()
    assert seen.trouble is not None
    assert seen.trouble.hint.startswith("chmod 600 ")


@pytest.fixture
def systemd(user):
    user.root.mkdir(parents=True)
    user.board.write_text("# Board\n")
    found = Systemd(user.home / "units", DiskFiles(), lambda *_: Ran(0))
    found.install(user.plan())
    return found


def reasons(user, systemd, settings=None, python=None):
    plan = user.plan()
    there = systemd.installed(plan.label)
    return drift(there, systemd, user.home, settings or Settings(), python or plan.python)


def test_what_was_just_installed_is_current(user, systemd):
    assert reasons(user, systemd) == []


def test_from_another_shell_it_is_as_current(user, systemd):
    user.shell["PATH"] = "/usr/bin"
    assert reasons(user, systemd) == []


def test_another_interpreter_is_told_of(user, systemd):
    other = program(user.home / "venv" / "bin", "python")
    assert str(other) in reasons(user, systemd, python=other)[0]


def test_an_interpreter_that_is_gone_is_told_of(user, systemd):
    python = program(user.home / "venv" / "bin", "python")
    systemd.install(user.plan(python=python))
    python.unlink()
    assert reasons(user, systemd) == [f"its Python {python} is gone"]


def test_a_board_that_is_gone_is_told_of(user, systemd):
    plan = user.plan()
    there = systemd.installed(plan.label)
    user.root.rename(user.home / "moved")
    assert drift(there, systemd, user.home, Settings(), plan.python) == [
        f"its board {plan.board} is gone"
    ]


def test_other_settings_an_edit_and_a_missing_timer_are_told_of(user, systemd):
    assert reasons(user, systemd, Settings(on_stop="finish"))
    timer = next(p for p in systemd.files(user.plan()) if p.suffix == ".timer")
    text = timer.read_text()
    timer.write_text(text.replace("hourly", "daily"))
    assert "edited" in reasons(user, systemd)[0]
    timer.unlink()
    assert reasons(user, systemd)
