"""What launchd and systemd promise here, and the one door to their programs."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from taskboard.service.plan import Plan

MARK = "Made by `taskboard service install`"
"""Stands in every file that is ours: what does not have it is never written over or removed."""


class Ran(NamedTuple):
    """How a program ended. ``status`` 127: it is not there."""

    status: int
    out: str = ""
    err: str = ""


class Runner(Protocol):
    """Runs a program of the system to its end."""

    def __call__(self, *argv: str) -> Ran: ...


def run_program(*argv: str) -> Ran:
    """The real ``Runner``. A program that does not answer within two minutes counts as failed."""
    try:
        done = subprocess.run(  # noqa: S603
            argv, capture_output=True, text=True, errors="replace", timeout=120, check=False
        )
    except FileNotFoundError:
        return Ran(127, err=f"{argv[0]} is not installed")
    except subprocess.TimeoutExpired:
        return Ran(124, err=f"{argv[0]} did not answer")
    except OSError as error:
        return Ran(126, err=error.strerror or str(error))
    return Ran(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True, slots=True)
class Installed:
    """A service as its file says it: what it runs and what it is given."""

    label: str
    argv: tuple[str, ...]
    environ: Mapping[str, str]
    files: Mapping[Path, bytes]

    @property
    def python(self) -> Path:
        """The interpreter."""
        return Path(self.argv[0])

    @property
    def board(self) -> Path:
        """The board it works on."""
        return Path(self.after("--board"))

    @property
    def env_file(self) -> Path:
        """Where it takes its keys from."""
        return Path(self.after("--env-file"))

    def after(self, word: str) -> str:
        """The argument that follows ``word``; empty when there is none."""
        rest = self.argv[self.argv.index(word) + 1 :] if word in self.argv else ()
        return rest[0] if rest else ""


@dataclass(frozen=True, slots=True)
class State:
    """How a service stands now. ``loaded``: the system knows it; ``last_exit``: how the daemon's
    last process ended, None when none has; ``result``: the system's own word for it;
    ``hourly``: whether the hourly run is on."""

    loaded: bool = False
    running: bool = False
    pid: int | None = None
    last_exit: int | None = None
    result: str = ""
    hourly: bool = False


@dataclass(slots=True)
class Done:
    """What was changed: files written or removed, and the commands that were run."""

    files: list[Path] = field(default_factory=list)
    commands: list[Sequence[str]] = field(default_factory=list)


class System(Protocol):
    """launchd or systemd, for the user who asks."""

    name: str

    def files(self, plan: Plan) -> dict[Path, bytes]:
        """What belongs where, by path."""
        ...

    def steps(self, plan: Plan) -> list[list[str]]:
        """The commands of a first installation, in order."""
        ...

    def require(self) -> None:
        """Raise ``NoService`` unless this system answers."""
        ...

    def install(self, plan: Plan) -> Done:
        """Write what differs and (re)start the daemon. Twice is the same as once. Raises
        ``NoService``, and ``Held`` where somebody else's file is in the way."""
        ...

    def uninstall(self, label: str) -> Done:
        """End it and remove what ``install`` wrote; also where only files are left."""
        ...

    def labels(self) -> list[str]:
        """The services of all boards, sorted."""
        ...

    def installed(self, label: str) -> Installed | None:
        """What stands in the files of one; None when there is none that is ours."""
        ...

    def state(self, label: str) -> State:
        """How one stands now."""
        ...

    def log_command(self, label: str, lines: int, *, follow: bool) -> list[str]:
        """What shows its last ``lines`` lines, and goes on if ``follow``."""
        ...

    def warnings(self, plan: Plan) -> list[str]:
        """What will keep this board's service from working well here, with what cures it."""
        ...
