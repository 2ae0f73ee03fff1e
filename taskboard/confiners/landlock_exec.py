"""Go into a Landlock cage and become a command. Run by its path, without the package around it:
the standard library is all it has.

    python -I -S landlock_exec.py network|none ACCESS/PATH... -- COMMAND...

ACCESS is ``h`` (hidden), ``r`` or ``w``; the most specific path wins, everything else is readable.
The first process stays outside, to remove the command's folder for temporary files; it dies as
the command died.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import sys
from collections.abc import Iterator, Mapping

HIDDEN, READ, WRITE = 0, 1, 2
ACCESS = {"h": HIDDEN, "r": READ, "w": WRITE}
LEAST_ABI = 3
"""Before it (Linux 6.2) a file that may not be written could be emptied."""

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _PR_CAPBSET_DROP = 38, 22, 24
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_MAKE_CHAR, _MAKE_BLOCK, _TRUNCATE, _IOCTL = 1 << 6, 1 << 11, 1 << 14, 1 << 15
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL
_READING = _EXECUTE | _READ_FILE | _READ_DIR
_ABI_IOCTL = 5
ABI_SCOPES = 6
"""Since then signals end at the cage."""
_SCOPES = 3
"""Abstract sockets and signals."""
_ROOT_KEEPS = (0, 1, 3)
"""CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER: root in a container works on others' files."""


class Machine:
    """The numbers of this processor: its audit architecture and its system calls."""

    def __init__(self, audit: int, numbers: Mapping[str, int]) -> None:
        self.audit = audit
        self.numbers = numbers


_DENIED = tuple(
    "add_key request_key keyctl io_uring_setup mq_open shmget shmat semget msgget".split()
)
MACHINES = {
    "x86_64": Machine(
        0xC000003E,
        {"socket": 41, "socketpair": 53, "ioctl": 16}
        | dict(zip(_DENIED, (248, 249, 250, 425, 240, 29, 30, 64, 68), strict=True)),
    ),
    "aarch64": Machine(
        0xC00000B7,
        {"socket": 198, "socketpair": 199, "ioctl": 29}
        | dict(zip(_DENIED, (217, 218, 219, 425, 180, 194, 196, 190, 186), strict=True)),
    ),
}


def abi() -> int:
    """The version of Landlock in this kernel; 0 where there is none, or it is switched off."""
    if sys.platform != "linux" or os.uname().machine not in MACHINES:
        return 0
    library = ctypes.CDLL(None, use_errno=True)
    return max(0, int(library.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1)))


def grants(places: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """What to allow so that ``places`` come out. Landlock only ever adds rights beneath a folder,
    so a folder with a place of less access in it is opened child by child, as it is now."""
    yield from _grant("/", READ, places)
    for path, access in places.items():
        if access != HIDDEN:
            yield from _grant(path, access, places)


def _grant(path: str, access: int, places: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    within = [places[other] for other in places if other != path and _beneath(other, path)]
    floor = min([access, *within])
    if floor != HIDDEN:
        yield path, floor
    if floor == access:
        return
    for child in _children(path):
        if child not in places:
            yield from _grant(child, access, places)


def _beneath(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip("/") + "/")


def _children(path: str) -> list[str]:
    try:
        with os.scandir(path) as entries:
            return [entry.path for entry in entries if not entry.is_symlink()]
    except (NotADirectoryError, PermissionError):
        return []


def restrict(places: Mapping[str, int], *, network: bool) -> None:
    """Confine this process and what it starts, for good. Raises ``OSError``."""
    library = ctypes.CDLL(None, use_errno=True)
    version = abi()
    if version < LEAST_ABI:
        raise OSError(f"Landlock has version {version} here, and {LEAST_ABI} is needed")
    handled = (_IOCTL << 1) - 1 if version >= _ABI_IOCTL else (_TRUNCATE << 1) - 1
    scoped = _SCOPES if version >= ABI_SCOPES else 0
    attributes = struct.pack("QQQ", handled, 0, scoped)
    size = len(attributes) if scoped else 8
    ruleset = _call(library, _CREATE_RULESET, attributes, ctypes.c_size_t(size), 0)
    for path, access in grants(places):
        _allow(library, ruleset, path, handled & _rights(access))
    _drop_capabilities(library)
    _prctl(library, _PR_SET_NO_NEW_PRIVS, 1)
    _call(library, _RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)
    _filter_calls(library, network=network)


def _rights(access: int) -> int:
    return _READING if access == READ else ~(_MAKE_CHAR | _MAKE_BLOCK)


def _allow(library: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return  # gone, or nobody's to look at: nothing is allowed there
    try:
        mode = os.fstat(place).st_mode
        if mode & 0o170000 != 0o040000:
            rights &= _ON_FILES
        _call(library, _ADD_RULE, ruleset, 1, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)


def _drop_capabilities(library: ctypes.CDLL) -> None:
    """What is not in the bounding set is gone with the next program."""
    if os.geteuid() == 0:
        for capability in range(64):
            if capability not in _ROOT_KEEPS:
                library.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)


def call_filter(machine: Machine, *, network: bool) -> bytes:
    """A seccomp program: no local sockets (paths do not confine them), no network if so wished,
    no key rings, no memory and queues shared by number, no typing into terminals, and no way
    around it by io_uring."""
    numbers = machine.numbers
    deny = _statement(0x06, 0x00050000 | 13)  # EACCES
    program = [
        _statement(0x20, 4),
        *_unless(0x15, machine.audit, deny, when_equal=False),
        _statement(0x20, 0),
    ]
    if machine is MACHINES["x86_64"]:
        program += _unless(0x35, 0x40000000, deny, when_equal=True)  # the x32 calls
    for name in _DENIED:
        program += _unless(0x15, numbers[name], deny, when_equal=True)
    program += _checked(numbers["socket"], 16, _families(deny, network=network))
    program += _checked(numbers["socketpair"], 24, _pairs(deny))
    program += _checked(numbers["ioctl"], 24, _typing(deny))
    return b"".join([*program, _statement(0x06, 0x7FFF0000)])


_AF_INET, _AF_INET6, _AF_NETLINK = 2, 10, 16


def _families(deny: bytes, *, network: bool) -> list[bytes]:
    """Internet alone, or nothing."""
    if not network:
        return [deny]
    allow = _statement(0x06, 0x7FFF0000)
    tests = [_unless(0x15, n, allow, when_equal=True) for n in (_AF_INET, _AF_INET6, _AF_NETLINK)]
    return [*(line for test in tests for line in test), deny]


def _pairs(deny: bytes) -> list[bytes]:
    """A pair of datagram sockets could be told to send to a socket outside."""
    return [_statement(0x54, 0xF), *_unless(0x15, 2, deny, when_equal=True)]


def _typing(deny: bytes) -> list[bytes]:
    """TIOCSTI and TIOCLINUX."""
    return [
        *_unless(0x15, 0x5412, deny, when_equal=True),
        *_unless(0x15, 0x541C, deny, when_equal=True),
    ]


def _checked(number: int, argument: int, tests: list[bytes]) -> list[bytes]:
    """``tests`` on an argument of one call; afterwards the call's number is loaded again."""
    body = [_statement(0x20, argument), *tests, _statement(0x20, 0)]
    return [struct.pack("=HBBI", 0x15, 0, len(body), number), *body]


def _statement(code: int, value: int) -> bytes:
    return struct.pack("=HBBI", code, 0, 0, value)


def _unless(code: int, value: int, then: bytes, *, when_equal: bool) -> list[bytes]:
    """``then``, when the comparison comes out as ``when_equal``."""
    skip = (0, 1) if when_equal else (1, 0)
    return [struct.pack("=HBBI", code, *skip, value), then]


def _filter_calls(library: ctypes.CDLL, *, network: bool) -> None:
    program = call_filter(MACHINES[os.uname().machine], network=network)
    held = ctypes.create_string_buffer(program)
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(held))
    _prctl(library, _PR_SET_SECCOMP, 2, header)


def _prctl(library: ctypes.CDLL, option: int, value: int, more: bytes | int = 0) -> None:
    if library.prctl(option, value, more, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel refused to confine this process")


def _call(library: ctypes.CDLL, number: int, *arguments: object) -> int:
    answer = int(library.syscall(number, *arguments))
    if answer < 0:
        raise OSError(ctypes.get_errno(), "the kernel refused a Landlock rule")
    return answer


def make_temporary(parent: str) -> str:
    """A new folder in ``parent`` that nobody else may enter. Raises ``OSError``."""
    number = 0
    while True:
        path = f"{parent}/taskboard-{os.getpid()}-{number}"
        try:
            os.mkdir(path, 0o700)  # noqa: PTH102  pathlib is slow to import
        except FileExistsError:
            number += 1
        else:
            return path


def main(argv: list[str]) -> int:
    """Confine and run; the status is that of ``env`` and shells: 126, 127, 125 for a refusal."""
    divide = argv.index("--")
    places = {text[1:]: ACCESS[text[0]] for text in argv[1:divide]}
    try:
        temporary = make_temporary(os.environ.get("TMPDIR") or "/tmp")  # noqa: S108
    except OSError as error:
        print(f"landlock: no folder for temporary files: {error}", file=sys.stderr)
        return 125
    os.environ["TMPDIR"] = temporary
    kept = {number: signal.signal(number, signal.SIG_IGN) for number in _PASSED}
    child = os.fork()
    if child == 0:
        for number, before in kept.items():
            signal.signal(number, before)
        _become({**places, temporary: WRITE}, argv[divide + 1 :], network=argv[0] == "network")
    _, status = os.waitpid(child, 0)
    _remove(temporary)
    return _die_likewise(status)


_PASSED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""The whole group gets them; the command's answer to them is ours."""


def _become(places: Mapping[str, int], command: list[str], *, network: bool) -> None:
    status = 125
    try:
        restrict(places, network=network)
        status = 127
        os.execvp(command[0], command)  # noqa: S606
    except Exception as error:  # noqa: BLE001  the forked process may not go back to its caller
        print(f"landlock: {command[0]}: {error}", file=sys.stderr, flush=True)
        denied = status == 127 and isinstance(error, PermissionError)
        os._exit(126 if denied else status)


def _remove(folder: str) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def _die_likewise(status: int) -> int:
    if os.WIFSIGNALED(status):
        if os.WTERMSIG(status) in _PASSED:
            signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
