"""Other programs of this user, beside the cage. No confined command may ask, hear or move one."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import subprocess
import sys
import tempfile

import pytest
from msgspec.structs import replace

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
            pair = None if single else socket.socketpair(type=kind)
            end = pair[0] if pair else socket.socket(socket.AF_UNIX, kind)
            end.connect(sys.argv[1].replace("@", chr(0)))
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


def test_command_lines_of_others_are_out_of_sight_or_said_to_be_seen(confiner, cage):
    lacking = any("command lines" in lack for lack in confiner.lacks)
    other = subprocess.Popen(["/bin/sh", "-c", "echo; read x", CANARY], stdin=-1, stdout=-1)
    with other:
        other.stdout.readline()
        _, said = inside(confiner, cage, "cat /proc/[0-9]*/cmdline")
        other.stdin.close()
    assert (CANARY in said) is lacking


SHARED = """
import ctypes, sys
print("found", ctypes.CDLL(None).shmget(int(sys.argv[1]), 0, 0))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="as Linux has it")
def test_memory_that_others_share_by_number_is_out_of_reach(confiner, cage):
    library, key = ctypes.CDLL(None), 0x7B000000 + os.getpid()
    number = library.shmget(key, 64, 0o1600)
    assert number >= 0
    try:
        _, said = run_python(confiner, cage, SHARED, key)
    finally:
        library.shmctl(number, 0, None)
    assert said == "found -1\n"


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
