"""Secrets and switches that lie about. No confined command may say or move one of them."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from taskboard.testing.confiner import inside

CANARY = "canary-5d0e"


def run_python(confiner, cage, source, *values):
    return inside(confiner, cage, '"$@"', sys.executable, "-I", "-c", source, *map(str, values))


@pytest.fixture
def bystander():
    """A process outside of the cage, of this user, with a secret in its environment."""
    started = subprocess.Popen(
        ["/bin/sh", "-c", "echo; exec sleep 30"],
        env={"PATH": os.defpath, "SECRET": CANARY},
        stdout=subprocess.PIPE,
    )
    started.stdout.readline()
    yield started
    started.kill()
    started.wait()
    started.stdout.close()


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


def test_the_environment_of_others_cannot_be_read(confiner, cage, bystander):
    script = """
    cat "/proc/$1/environ" /proc/$PPID/environ; cat /proc/[0-9]*/environ
    cat "/proc/$1/mem" "/proc/$1/maps"; ls -l "/proc/$1/fd" "/proc/$1/cwd"; ps eww
    """
    _, said = inside(confiner, cage, script, str(bystander.pid))
    assert CANARY not in said


TRACE = """
import ctypes, os, sys
pid = int(sys.argv[1])
library = ctypes.CDLL(None, use_errno=True)
print("attach", library.ptrace(16, pid, None, None))
print("seize", library.ptrace(0x4206, pid, None, None))
buffer = ctypes.create_string_buffer(64)
with open("/proc/self/maps") as maps:
    start = int(maps.readline().split("-")[0], 16)
iov = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 64)
far = (ctypes.c_size_t * 2)(start, 64)
print("vm_readv", library.process_vm_readv(pid, iov, 1, far, 1, 0))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ptrace as Linux has it")
def test_others_cannot_be_traced(confiner, cage, bystander):
    _, said = run_python(confiner, cage, TRACE, bystander.pid)
    assert said.split() == ["attach", "-1", "seize", "-1", "vm_readv", "-1"]


def test_others_cannot_be_signalled(confiner, cage, bystander):
    lacking = any("signals" in lack for lack in confiner.lacks)
    _, said = inside(confiner, cage, 'kill -KILL "$1" && echo killed', str(bystander.pid))
    assert ("killed" in said) is lacking, said


DIAL = """
import socket, sys
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    for single in (True, False):
        try:
            ends = [socket.socket(socket.AF_UNIX, kind)] if single else socket.socketpair(type=kind)
            ends[0].connect(sys.argv[1].replace("@", chr(0)))
            print("reached", kind)
        except OSError as error:
            print(error)
"""


@contextlib.contextmanager
def listening(address, kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_UNIX, kind) as server:
        server.bind(address)
        if kind == socket.SOCK_STREAM:
            server.listen()
        yield


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM], ids=["stream", "dgram"])
@pytest.mark.parametrize("parent", ["/tmp", "/run", "/var/tmp", "/opt", "home"])
def test_a_socket_of_another_program_is_out_of_reach(confiner, cage, parent, kind):
    folder = str(cage.home) if parent == "home" else parent
    if not os.access(folder, os.W_OK):
        pytest.skip(f"{folder} is not ours to write to")
    with tempfile.TemporaryDirectory(dir=folder) as own, listening(f"{own}/agent", kind):
        _, said = run_python(confiner, cage, DIAL, f"{own}/agent")
    assert "reached" not in said
    assert said.count("\n") == 4, said


@pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux's")
def test_abstract_sockets_are_out_of_reach_without_network(confiner, cage):
    name = f"taskboard-canary-{os.getpid()}"
    with listening("\0" + name):
        _, said = run_python(confiner, replace(cage, network=False), DIAL, "@" + name)
    assert "reached" not in said
    assert said.count("\n") == 4, said


SEND = """
import socket, sys
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.sendto(b"canary", ("127.0.0.1", int(sys.argv[1])))
"""


def test_no_datagram_leaves_without_network(confiner, cage):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        port = server.getsockname()[1]
        run_python(confiner, replace(cage, network=False), SEND, port)
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.recv(10)


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


TYPE = """
import fcntl, os, sys, termios
for name in ("/dev/tty", "/dev/console", "/proc/self/fd/0", sys.argv[1]):
    try:
        place = os.open(name, os.O_RDWR)
        fcntl.ioctl(place, termios.TIOCSTI, b"x")
        print("typed", name)
    except OSError as error:
        print(error)
"""


def test_nothing_is_typed_into_a_terminal(confiner, cage):
    ours, theirs = os.openpty()
    try:
        _, said = run_python(confiner, cage, TYPE, os.ttyname(theirs))
    finally:
        os.close(ours)
        os.close(theirs)
    assert "typed" not in said


@pytest.mark.skipif(sys.platform != "linux", reason="a shared memory folder is Linux's")
def test_shared_memory_of_others_is_out_of_sight(confiner, cage):
    with tempfile.NamedTemporaryFile("w", dir="/dev/shm") as shared:
        shared.write(CANARY)
        shared.flush()
        _, said = inside(confiner, cage, 'cat "$1"', shared.name)
    assert CANARY not in said


def test_temporary_files_of_others_are_out_of_sight(confiner, cage):
    lacking = any("/tmp" in lack for lack in confiner.lacks)
    with tempfile.NamedTemporaryFile("w", dir="/tmp") as other:
        other.write(CANARY)
        other.flush()
        _, said = inside(confiner, cage, 'cat "$1"; echo evil >>"$1"; rm "$1"', other.name)
        assert lacking or Path(other.name).read_text() == CANARY
    assert (CANARY in said) is lacking


KEYS = """
import ctypes, platform
numbers = {"x86_64": (248, 250), "aarch64": (217, 219)}[platform.machine()]
library = ctypes.CDLL(None, use_errno=True)
session = ctypes.c_long(-4)
print("search", library.syscall(numbers[1], 10, session, b"user", b"taskboard-canary", 0))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="key rings as Linux has them")
def test_key_rings_are_out_of_reach_or_said_to_be_lacking(confiner, cage):
    _, said = run_python(confiner, cage, KEYS + "print(ctypes.get_errno())")
    lacking = any("key rings" in lack for lack in confiner.lacks)
    assert (said == "search -1\n13\n") is not lacking, said


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
    told = run_python(confiner, cage, source)
    assert told == (0, "held\nheld\nheld\n")
