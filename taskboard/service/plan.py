"""What the service of one board runs, before any system's own words for it.

Everything is absolute and found at the time of installing: a service has no shell, so it knows
neither ``~`` nor ``$PATH`` nor what a profile exports.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from taskboard.core.settings import Settings
from taskboard.errors import BadSettings
from taskboard.workspace import Workspace, home, user_settings

PROGRAMS = ("git", "claude", "codex", "gemini", "node", "taskboard")
"""What work may need besides the system's own: ``node`` because agents are written in it."""

SYSTEM_PATH = (
    "/opt/homebrew/bin",
    "/usr/local/bin",
    "/usr/bin",
    "/bin",
    "/usr/sbin",
    "/sbin",
)
THROTTLE = 30
"""Seconds between two starts of a daemon that does not stay."""
RELEASE_SECONDS = 40
"""From being told to end until it is made to: ends its runs in 5 s and writes the board."""

_CARRIED = (
    *("LANG", "LC_ALL", "TZ"),
    *("XDG_CONFIG_HOME", "XDG_STATE_HOME", "CLAUDE_CONFIG_DIR", "CODEX_HOME"),
)
_FLEETING = "fnm_multishells"
"""A folder that one shell makes for itself and that is gone with it."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One board's service. ``environ`` is what it gets besides what the system gives everybody;
    no secret is in it: those come from ``env_file``. ``stop`` is how many seconds it may take to
    end, ``logs`` a folder for systems that keep no log."""

    label: str
    board: Path
    home: Path
    python: Path
    environ: Mapping[str, str]
    env_file: Path
    logs: Path
    stop: int

    def watch(self, *, log: Path | None = None) -> list[str]:
        """The daemon, as arguments."""
        return self._command("run", log)

    def hourly(self, *, log: Path | None = None) -> list[str]:
        """What catches up when no daemon works, as arguments."""
        return [*self._command("once", log), "--unless-running"]

    def _command(self, verb: str, log: Path | None) -> list[str]:
        # -P: a file in the present folder never stands in for a module.
        words = [str(self.python), "-P", "-m", "taskboard", verb, "--board", str(self.board)]
        words += ["--env-file", str(self.env_file)]
        return [*words, "--log", str(log)] if log is not None else words


def label_of(root: Path) -> str:
    """The name of a workspace's service: its folder's, and a digest of the real path, so that
    two boards never share one. The same for as long as the folder stays where it is."""
    real = os.path.realpath(root)
    words = re.sub(r"[^a-z0-9]+", "-", os.path.basename(real).lower()).strip("-")[:32]  # noqa: PTH119
    return f"{words.strip('-') or 'board'}-{hashlib.sha256(os.fsencode(real)).hexdigest()[:8]}"


def plan_of(
    workspace: Workspace, settings: Settings, environ: Mapping[str, str], python: str
) -> Plan:
    """The service of this workspace as it would be installed from this environment. Raises
    ``BadSettings`` for a path that no system's files can hold."""
    root = Path(os.path.realpath(workspace.root))
    user = home(environ)
    plan = Plan(
        label=label_of(root),
        board=root / workspace.board.name,
        home=user,
        python=Path(python),
        environ=service_environ(settings, environ, python),
        env_file=env_file_of(environ),
        logs=user / "Library" / "Logs" / "taskboard",
        stop=stop_seconds(settings),
    )
    for text in (*plan.watch(), *plan.environ.values(), str(plan.home)):
        _require_plain(text)
    return plan


def env_file_of(environ: Mapping[str, str]) -> Path:
    """Where keys for services lie: one file for all boards of a user."""
    return user_settings(environ).with_name("env")


def stop_seconds(settings: Settings) -> int:
    """How long it may take to end: as long as a run where ``on_stop`` lets it finish."""
    finish = settings.timeout if settings.on_stop == "finish" else 0.0
    return RELEASE_SECONDS + int(finish)


def service_environ(settings: Settings, environ: Mapping[str, str], python: str) -> dict[str, str]:
    """What the service is given of this environment: where programs are found, the language, and
    folders that are not where they usually are."""
    found = {name: environ[name] for name in _CARRIED if environ.get(name)}
    if environ.get("HOME") and environ["HOME"] != _passwd_home():
        found["HOME"] = environ["HOME"]
    return {"PATH": search_path(settings, environ, python), **dict(sorted(found.items()))}


def search_path(settings: Settings, environ: Mapping[str, str], python: str) -> str:
    """The shell's own search path as it can be kept: absolute folders that are there, then the
    system's, and the folder of every program that is named by its path."""
    folders = list(_lasting(environ.get("PATH", os.defpath).split(os.pathsep)))
    folders += [folder for folder in SYSTEM_PATH if Path(folder).is_dir()]
    folders += [os.path.dirname(p) for p in wanted(settings) if os.path.isabs(p)]  # noqa: PTH117, PTH120
    if shutil.which("taskboard", path=os.pathsep.join(folders)) is None:
        folders.append(str(Path(python).parent))  # last: its `python` is nobody else's
    return os.pathsep.join(dict.fromkeys(folders))


def wanted(settings: Settings) -> tuple[str, ...]:
    """Programs by name or path, as the settings name them."""
    named = [str(table["command"]) for table in settings.executors.values() if "command" in table]
    return tuple(dict.fromkeys((*PROGRAMS, *named)))


def _lasting(folders: list[str]) -> Iterator[str]:
    for folder in folders:
        kept = os.path.realpath(folder) if _FLEETING in Path(folder).parts else folder
        if os.path.isabs(kept) and Path(kept).is_dir() and not _CONTROL.search(kept):  # noqa: PTH117
            yield kept


def _passwd_home() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:  # a container's user need not be in the list
        return ""


def _require_plain(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        clean = False
    else:
        clean = not _CONTROL.search(text)
    if not clean:
        raise BadSettings(
            f"A service cannot name {text!r}: there are bytes in it that its files cannot hold.",
            hint="Rename the folder, then install again.",
        )
