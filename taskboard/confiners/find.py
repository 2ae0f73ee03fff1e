"""Which way to confine works on this machine. It is tried, not guessed."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from taskboard.confinement import Cage, Confiner
from taskboard.confiners.bubblewrap import bubblewrap
from taskboard.confiners.landlock import landlock
from taskboard.confiners.sandbox_exec import sandbox_exec

PATIENCE = 2.0
"""Seconds that one trial may take."""

_TRIAL = """
cat "$1/home/secret" >/dev/null 2>&1 && exit 71
(echo x >>"$1/project/control") 2>/dev/null && exit 72
echo x 2>/dev/null >"$1/project/file" || exit 73
exit 70
"""
_PASSED = 70
_FAULTS = {
    71: "it does not hide the home folder",
    72: "it does not hold control files",
    73: "the project is not writable in it",
}


@dataclass(frozen=True, slots=True)
class Found:
    """``confiner`` is the first that works, None where none does; ``troubles`` says of each that
    was passed over, by name, why."""

    confiner: Confiner | None
    troubles: dict[str, str]


def find_confiner(environ: Mapping[str, str]) -> Found:
    """Try the ways to confine, the best first. Takes some 50 ms, ``PATIENCE`` for each at most:
    ask once per process, and keep the answer."""
    troubles: dict[str, str] = {}
    for name, confiner in candidates(environ).items():
        trouble = "it is not installed here" if confiner is None else trial(confiner)
        if trouble is None:
            return Found(confiner, troubles)
        troubles[name] = trouble
    return Found(None, troubles)


def candidates(environ: Mapping[str, str]) -> dict[str, Confiner | None]:
    """Every way to confine, the best first; None for one that is not here at all."""
    return {
        "bubblewrap": bubblewrap(environ),
        "landlock": landlock(),
        "sandbox-exec": sandbox_exec(),
    }


def trial(confiner: Confiner) -> str | None:
    """Run a command in a small cage. Why it does not hold, in words; None when it does."""
    with _playground() as root:
        cage = Cage(
            project=root / "project",
            home=root / "home",
            control=(root / "project" / "control",),
            network=False,
            closed=True,
        )
        argv = confiner.wrap(["/bin/sh", "-c", _TRIAL, "sh", str(root)], cage)
        status, said = _run(argv, cage.project)
    if status == _PASSED:
        return None
    return _FAULTS.get(status, said or f"a trial ended with status {status}")


@contextlib.contextmanager
def _playground() -> Iterator[Path]:
    root = Path(tempfile.mkdtemp(prefix="taskboard-trial-")).resolve()
    try:
        for folder in ("home", "project"):
            (root / folder).mkdir()
        (root / "home" / "secret").write_text("secret")
        (root / "project" / "control").write_text("control")
        (root / "project" / "file").write_text("")
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _run(argv: list[str], folder: Path) -> tuple[int, str]:
    """Exit status and the last line of what was said; a command that cannot end is killed."""
    try:
        child = subprocess.Popen(  # noqa: S603
            argv,
            cwd=folder,
            env={"PATH": os.defpath, "TMPDIR": tempfile.gettempdir()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        return -1, f"it cannot be started: {error.strerror}"
    with child:
        try:
            said = child.communicate(timeout=PATIENCE)[1].decode(errors="replace").strip()
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            return -1, f"a trial did not end within {PATIENCE:g} s"
    return child.returncode, said.splitlines()[-1] if said else ""
