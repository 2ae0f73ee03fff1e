"""Secrets and switches that lie about. No confined command may say or move one of them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from msgspec.structs import replace

import taskboard
from taskboard.testing.confiner import inside

CANARY = "canary-5d0e"


@pytest.mark.parametrize(
    "name",
    [
        ".ssh/id_ed25519",
        ".netrc",
        ".config/gh/hosts.yml",
        ".aws/credentials",
        ".gitconfig",
        ".config/git/credentials",
        ".bash_history",
        ".local/share/keyrings/login.keyring",
    ],
)
def test_a_secret_in_the_home_stays_there(confiner, cage, name):
    (cage.home / name).parent.mkdir(parents=True, exist_ok=True)
    (cage.home / name).write_text(CANARY)
    script = f"""
    cat ~/'{name}' "$1/{name}"; cp "$1/{name}" src/copy; cat src/copy; ln "$1/{name}" src/link
    cat src/link; cat /proc/self/root"$1/{name}"; cat "../../{name}"; grep -r {CANARY[:6]} ~ ../..
    ln -s "$1/{name}" src/soft; cat src/soft; tar cf - "$1"
    """
    _, said = inside(confiner, cage, script, str(cage.home))
    assert CANARY not in said


def test_git_takes_nothing_from_the_home(confiner, cage):
    (cage.home / "included").write_text(f"[user]\n\tname = {CANARY}\n")
    (cage.home / ".gitconfig").write_text(
        f"[include]\n\tpath = ~/included\n[credential]\n\thelper = !echo password={CANARY}\n"
    )
    script = """
    git config --global --list; git config --get-all credential.helper; git config user.name
    printf 'protocol=https\\nhost=example.org\\n\\n' | GIT_TERMINAL_PROMPT=0 git credential fill
    """
    _, said = inside(confiner, cage, script)
    assert CANARY not in said


def test_git_settings_and_hooks_of_the_project_cannot_be_changed(confiner, cage):
    repository = cage.project.parent / "repository"
    git(repository.parent, "init", "-q", str(repository))
    held = (repository / ".git/config", repository / ".git/hooks")
    mine = replace(cage, project=repository, control=held)
    before = held[0].read_bytes()
    script = "git config core.fsmonitor evil; git config alias.x '!evil'; >.git/hooks/pre-commit"
    status, _ = inside(confiner, mine, script)
    assert status != 0
    assert held[0].read_bytes() == before
    assert not (held[1] / "pre-commit").exists()


def test_work_can_be_committed_where_cages_can_be_open(confiner, cage):
    repository = cage.project.parent / "repository"
    git(repository.parent, "init", "-q", str(repository))
    held = (repository / ".git/config", repository / ".git/hooks")
    script = "echo x >x && git add x && git -c user.name=a -c user.email=b commit -qm x"
    status, said = inside(confiner, replace(cage, project=repository, control=held), script)
    assert (status == 0) is (confiner.name != "landlock"), said


def git(folder, *arguments):
    subprocess.run(["git", *arguments], cwd=folder, check=True, stdin=subprocess.DEVNULL)


ESCAPES = """
unshare -Urm sh -c 'umount "$1"; mount -o remount,rw,bind "$1"; echo evil >"$1"; cat "$2"' sh "$@"
unshare -m sh -c 'umount "$1"; echo evil >"$1"; umount "$3"; cat "$2"' sh "$@"
umount "$1"; umount -l "$3"; mount -o remount,rw /; mount -o remount,rw,bind "$1"; echo evil >"$1"
nsenter -t 1 -m cat "$2"; chroot /proc/1/root cat "$2"; cat "/proc/1/root$2" "/proc/$PPID/root$2"
mknod src/disk b 254 0 && head -c 64 src/disk >/dev/null && echo disk
cat "$2"; echo evil >"$1"; true
"""


def test_mounts_cannot_be_undone(confiner, cage):
    (cage.home / "secret").write_text(CANARY)
    board = cage.project / "board.md"
    values = (str(board), str(cage.home / "secret"), str(cage.home))
    _, said = inside(confiner, cage, ESCAPES, *values)
    assert CANARY not in said
    assert "disk\n" not in said
    assert board.read_text() == "board.md as it was\n"


@pytest.mark.skipif(sys.platform != "linux", reason="a shared memory folder is Linux's")
def test_shared_memory_of_others_is_out_of_sight(confiner, cage):
    with tempfile.NamedTemporaryFile("w", dir="/dev/shm") as shared:
        shared.write(CANARY)
        shared.flush()
        _, said = inside(confiner, cage, 'cat "$1"', shared.name)
    assert CANARY not in said


@pytest.mark.parametrize("parent", ["/tmp", "/var/tmp", "/run"])
def test_temporary_files_of_others_are_out_of_sight(confiner, cage, parent):
    if not os.access(parent, os.W_OK):
        pytest.skip(f"{parent} is not ours to write to")
    lacking = any("/tmp" in lack for lack in confiner.lacks)
    with tempfile.NamedTemporaryFile("w", dir=parent) as other:
        other.write(CANARY)
        other.flush()
        _, said = inside(confiner, cage, 'cat "$1"; echo evil >>"$1"; rm "$1"', other.name)
        assert lacking or Path(other.name).read_text() == CANARY
    assert (CANARY in said) is lacking


def test_taskboard_and_its_python_run_and_cannot_be_changed(confiner, cage):
    source = """
import sys, taskboard
from pathlib import Path
for place in (Path(taskboard.__file__), Path(sys.prefix, "pyvenv.cfg"), Path(sys.prefix)):
    try:
        (place.parent if place.is_file() else place).joinpath("canary").write_text("")
        print("wrote", place)
    except OSError:
        print("held")
"""
    told = inside(confiner, cage, '"$1" -I -c "$2"', sys.executable, source)
    assert told == (0, "held\nheld\nheld\n")


def test_python_and_taskboard_run_although_they_lie_in_the_home(confiner, cage, monkeypatch):
    package, prefix = cage.home / "src" / "taskboard", cage.home / "venv"
    for folder in (package, prefix):
        folder.mkdir(parents=True)
    (package / "__init__.py").write_text("WORD = 'imported'\n")
    (prefix / "pyvenv.cfg").write_text("settings\n")
    monkeypatch.setattr(taskboard, "__file__", str(package / "__init__.py"))
    monkeypatch.setattr(sys, "prefix", str(prefix))
    script = """
    cat "$1/venv/pyvenv.cfg"; echo evil >"$1/src/taskboard/x"
    cd "$1/src" && "$2" -S -c 'import taskboard; print(taskboard.WORD)'
    """
    _, said = inside(confiner, cage, script, str(cage.home), sys.base_prefix + "/bin/python3")
    assert said.startswith("settings\n")
    assert said.endswith("\nimported\n")
    assert not (package / "x").exists()
