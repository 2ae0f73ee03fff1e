"""The conformance suite of a confiner. Every confiner has to pass all ``CHECKS``.

With pytest::

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_mine(check, tmp_path):
        check(Mine(), tmp_path)

A check returns when all is well and raises ``AssertionError`` otherwise. It runs commands of its
own in ``folder``, and starts a server on loopback that has to be out of reach.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec.structs import replace

from taskboard.child import Child, start
from taskboard.clock import SystemClock
from taskboard.confinement import Cage, Confiner
from taskboard.processes import SystemProcesses

__all__ = ["CHECKS", "Check", "cage_in", "inside"]

Check = Callable[[Confiner, Path], None]
_PATIENCE = 20.0
_MARKER = f"confiner-check-{SystemClock().uuid()}"
"""Of this process alone: whoever ends a run ends everything on the machine that bears its mark."""


def inside(confiner: Confiner, cage: Cage, script: str, *values: str) -> tuple[int, str]:
    """Run a piece of shell in the cage; ``values`` are ``$1`` and so on. Exit status and what
    was said."""
    argv = confiner.wrap(["/bin/sh", "-c", script, "sh", *values], cage)
    done = subprocess.run(  # noqa: S603
        argv,
        cwd=cage.project,
        env=_environment(cage),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=_PATIENCE,
        start_new_session=True,
        check=False,
    )
    return done.returncode, done.stdout.decode(errors="replace")


def cage_in(folder: Path, *, within: str = "home/work/project") -> Cage:
    """A cage in a new home beneath ``folder``, with a board, a ledger and hooks in the project."""
    root = folder.resolve()
    project, home = root / within, root / "home"
    home.mkdir(parents=True, exist_ok=True)
    for name in ("src", ".taskboard", "deadletter", ".git/hooks"):
        (project / name).mkdir(parents=True)
    for name in ("board.md", "events.jsonl", ".taskboard/lease", ".git/hooks/old", ".git/config"):
        (project / name).write_text(f"{name} as it was\n")
    (project / "file").write_text("file\n")
    names = ("board.md", "events.jsonl", ".taskboard", "deadletter", ".git/hooks", ".git/config")
    return Cage(project=project, home=home, control=tuple(project / name for name in names))


def _environment(cage: Cage) -> dict[str, str]:
    return {"PATH": os.defpath, "HOME": str(cage.home), "TASKBOARD_RUN_ID": _MARKER}


def _tree(folder: Path) -> dict[str, bytes | None]:
    found = sorted(folder.rglob("*"))
    return {str(p): p.read_bytes() if p.is_file() else None for p in found}


def status_and_output_stay(confiner: Confiner, folder: Path) -> None:
    """What a command says, and how it ends, comes out."""
    told = inside(confiner, cage_in(folder), "echo out; echo err >&2; exit 7")
    assert told == (7, "out\nerr\n"), told


def a_missing_program_is_a_failure(confiner: Confiner, folder: Path) -> None:
    """It cannot pass for a success."""
    cage = cage_in(folder)
    done = subprocess.run(  # noqa: S603
        confiner.wrap(["no-such-program-anywhere"], cage),
        cwd=cage.project,
        capture_output=True,
        timeout=_PATIENCE,
        check=False,
    )
    assert done.returncode != 0, done
    assert b"no-such-program-anywhere" in done.stderr, done


def death_by_signal_shows(confiner: Confiner, folder: Path) -> None:
    """As the signal or as 128 + its number."""
    status, _ = inside(confiner, cage_in(folder), "kill -KILL $$")
    assert status in {-9, 137}, status


def the_project_is_writable(confiner: Confiner, folder: Path) -> None:
    """What was there and what is new in its folders."""
    cage = cage_in(folder)
    told = inside(confiner, cage, "echo new >src/new && mv src/new src/named && echo x >>file")
    assert told == (0, ""), told
    assert (cage.project / "src" / "named").read_text() == "new\n"
    assert (cage.project / "file").read_text() == "file\nx\n"


def the_home_is_hidden(confiner: Confiner, folder: Path) -> None:
    """Nothing in it can be read or written, but for what the cage names."""
    cage = cage_in(folder)
    for name in ("secret", ".ssh/id", ".config/program/state", "readable/file"):
        (cage.home / name).parent.mkdir(parents=True, exist_ok=True)
        (cage.home / name).write_text(f"{name}-contents")
    cage = replace(
        cage, writable=(cage.home / ".config/program",), readable=(cage.home / "readable",)
    )
    script = """
    cat ~/secret ~/.ssh/id; ls ~/.ssh; cat ~/readable/file ~/.config/program/state
    (echo x >~/readable/file) || echo no; echo x >~/.config/program/new; echo x >~/.ssh/new
    """
    _, said = inside(confiner, cage, script)
    for hidden in ("secret-contents", ".ssh/id-contents"):
        assert hidden not in said, said
    for shown in ("readable/file-contents", ".config/program/state-contents", "no\n"):
        assert shown in said, said
    assert (cage.home / ".config/program/new").exists(), said
    assert not (cage.home / ".ssh/new").exists(), said
    assert (cage.home / "readable/file").read_text() == "readable/file-contents", said


_ATTACKS = """
for f in "$@"; do
  (echo evil >"$f"); (echo evil >>"$f"); (: >"$f"); rm -rf "$f"; mv "$f" "$f.away"; mv src "$f"
  cp file "$f"; mv file "$f"; mv -T src "$f"; ln -sf file "$f"
  ln "$f" src/link && echo evil >src/link
  truncate -s 0 "$f"; touch "$f/new"; mkdir "$f/sub"; dd if=/dev/null of="$f" 2>&1; mkdir -p src
done
mv .git .git2; mv "$PWD" "$PWD-away"; mv .taskboard t2; chmod -R a+rwX .; (echo evil >board.md)
(cd .. && mv project p2 && mkdir -p project/.git/hooks); true
"""


def control_files_stay_as_they_are(confiner: Confiner, folder: Path) -> None:
    """No way to write, remove, rename, replace, empty or link one, nor to carry it away with the
    folder it lies in; in an open cage and in a closed one."""
    for number, closed in enumerate((False, True)):
        cage = replace(cage_in(folder / str(number)), closed=closed)
        before = {p: _tree(p) if p.is_dir() else p.read_bytes() for p in cage.control}
        inodes = {p: p.stat().st_ino for p in cage.control}
        _, said = inside(confiner, cage, _ATTACKS, *map(str, cage.control))
        after = {p: _tree(p) if p.is_dir() else p.read_bytes() for p in cage.control}
        assert after == before, (closed, said)
        assert {p: p.stat().st_ino for p in cage.control} == inodes, (closed, said)


def a_closed_cage_holds_names(confiner: Confiner, folder: Path) -> None:
    """A control file that is not there cannot be made, and one that somebody replaces meanwhile
    is as well held as before."""
    cage = cage_in(folder)
    missing = (cage.project / "taskboard.toml", cage.project / ".github/hooks/new")
    cage = replace(cage, control=(*cage.control, *missing), closed=True)
    script = """
    (echo evil >taskboard.toml); mkdir -p .github/hooks/new; mv src taskboard.toml
    >src/ready; until [ -e src/go ]; do :; done
    (echo evil >>board.md); mv file board.md; rm board.md; true
    """

    async def replaced() -> None:
        child, said = _child(confiner, cage, script)
        task = asyncio.create_task(_perform(child))
        while not (cage.project / "src/ready").exists():
            assert not task.done(), b"".join(said)
            await asyncio.sleep(0.01)
        (cage.project / "src/new").write_text("new\n")
        (cage.project / "src/new").replace(cage.project / "board.md")
        (cage.project / "src/go").touch()
        await task

    asyncio.run(replaced())
    assert (cage.project / "board.md").read_text() == "new\n"
    assert not [path for path in missing if path.exists()]


def odd_names_are_held(confiner: Confiner, folder: Path) -> None:
    """Spaces, quotes, other scripts, a line break: the same as any other name."""
    for name in ("a b", "تخته", 'a"b', "a\nb", "a\\b"):
        cage = cage_in(folder / name)
        status, said = inside(confiner, cage, "echo x >src/new && echo y >board.md")
        assert status != 0, said
        assert (cage.project / "src/new").read_text() == "x\n", said
        assert (cage.project / "board.md").read_text() == "board.md as it was\n", said


def missing_paths_are_passed_over(confiner: Confiner, folder: Path) -> None:
    """Not everybody has every program's folders; and nothing is made in their place."""
    cage = cage_in(folder)
    gone = (cage.home / "gone", folder / "gone too")
    cage = replace(cage, writable=gone, readable=gone, control=(*cage.control, folder / "none"))
    before = _tree(folder)
    assert inside(confiner, cage, "exit 5") == (5, "")
    assert _tree(folder) == before


def links_are_followed(confiner: Confiner, folder: Path) -> None:
    """A home, a project, a program and a control file by another name are the same."""
    cage = cage_in(folder)
    root = folder.resolve()
    (root / "elsewhere").write_text("control\n")
    (cage.home / "tool-1").write_text("#!/bin/sh\necho tool\n")
    (cage.home / "tool-1").chmod(0o755)
    for name, target in {
        root / "h": cage.home,
        root / "p": cage.project,
        cage.home / "tool": cage.home / "tool-1",
        root / "c": cage.project / "board.md",
    }.items():
        name.symlink_to(target)
    linked = Cage(
        project=root / "p", home=root / "h", readable=(cage.home / "tool",), control=(root / "c",)
    )
    told = inside(
        confiner,
        linked,
        '(echo x >board.md) 2>/dev/null || "$1"; cat ~/tool-1',
        str(cage.home / "tool"),
    )
    assert told[1].startswith("tool\n"), told
    assert (cage.project / "board.md").read_text() == "board.md as it was\n"


def a_project_that_is_the_home_is_refused(confiner: Confiner, folder: Path) -> None:
    """With a sentence, and so are a project around the home and the home among the exceptions."""
    cage = cage_in(folder)
    for wrong in (
        replace(cage, project=cage.home),
        replace(cage, project=cage.home.parent),
        replace(cage, writable=(cage.home,)),
        replace(cage, project=cage.home / "nowhere"),
    ):
        refusal = ""
        try:
            confiner.wrap(["true"], wrong)
        except ValueError as error:
            refusal = str(error)
        assert str(cage.home.parent) in refusal, (refusal, wrong)


_DIAL = """
import socket, sys
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5)
    print("reached")
except OSError:
    print("no")
"""


@contextlib.contextmanager
def _server() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def the_network_is_a_choice(confiner: Confiner, folder: Path) -> None:
    """A server on loopback is reached with it, and not without it, unless ``lacks`` names the
    network. Python itself works."""
    cage = cage_in(folder)
    values = (sys.executable, _DIAL)
    with _server() as port:
        script = '"$1" -I -c "$2" "$3"'
        with_it = inside(confiner, cage, script, *values, str(port))
        without = inside(confiner, replace(cage, network=False), script, *values, str(port))
    assert with_it == (0, "reached\n"), with_it
    lacking = any("network" in lack for lack in confiner.lacks)
    assert without == (0, "reached\n" if lacking else "no\n"), without


def temporary_files_have_a_place(confiner: Confiner, folder: Path) -> None:
    """``TMPDIR`` is writable, and nothing of it is left."""
    status, said = inside(confiner, cage_in(folder), 'echo x >"$TMPDIR/x" && echo "$TMPDIR"')
    assert status == 0, said
    assert not (Path(said.strip()) / "x").exists(), said


def nothing_is_left_behind(confiner: Confiner, folder: Path) -> None:
    """Neither a file that was not asked for nor, when its time is over, a process."""
    cage = cage_in(folder)
    before = _tree(folder)
    script = "(setsid sleep 60 &) ; sleep 60 & echo started; trap '' TERM; sleep 60"

    async def overdue() -> None:
        child, said = _child(confiner, cage, script)
        ending = await _perform(child, timeout=1.0, grace=0.3)
        assert ending == "timeout", (ending, said)
        assert b"started" in b"".join(said), said

    asyncio.run(overdue())
    assert _tree(folder) == before
    assert _marked() == []


def an_end_is_announced(confiner: Confiner, folder: Path) -> None:
    """TERM comes to the command, which has its grace."""
    cage = cage_in(folder)
    script = "trap 'echo bye >src/bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done"

    async def told() -> None:
        child, _ = _child(confiner, cage, script)
        assert await _perform(child, timeout=1.0, grace=5.0) == "timeout"

    asyncio.run(told())
    assert (cage.project / "src/bye").read_text() == "bye\n"


def _child(confiner: Confiner, cage: Cage, script: str) -> tuple[Child, list[bytes]]:
    said: list[bytes] = []
    child = start(
        confiner.wrap(["/bin/sh", "-c", script], cage),
        cwd=cage.project,
        environ=_environment(cage),
        out=said.append,
        clock=SystemClock(),
        processes=SystemProcesses(),
    )
    return child, said


async def _perform(child: Child, *, timeout: float = _PATIENCE, grace: float = 1.0) -> str:  # noqa: ASYNC109
    return (
        await child.perform(lambda _: None, marker=_MARKER, timeout=timeout, grace=grace)
    ).cause


def _marked() -> list[str]:
    """Processes that still carry the marker, where the system lists environments."""
    found = []
    for place in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if f"TASKBOARD_RUN_ID={_MARKER}".encode() in place.read_bytes().split(b"\0"):
                found.append(place.parent.name)
    return found


CHECKS: tuple[Check, ...] = (
    status_and_output_stay,
    a_missing_program_is_a_failure,
    death_by_signal_shows,
    the_project_is_writable,
    the_home_is_hidden,
    control_files_stay_as_they_are,
    a_closed_cage_holds_names,
    odd_names_are_held,
    missing_paths_are_passed_over,
    links_are_followed,
    a_project_that_is_the_home_is_refused,
    the_network_is_a_choice,
    temporary_files_have_a_place,
    nothing_is_left_behind,
    an_end_is_announced,
)
