"""launchd: two property lists per board and the commands that make them count.

``bootout`` returns before the job is gone, and a ``bootstrap`` in that moment fails with error 5;
so what is loaded is looked at until it is not. A firing of ``StartInterval`` that falls into sleep
is lost, one of ``StartCalendarInterval`` comes after waking: the hourly run uses that, in a job of
its own, because it would count for nothing in one that is kept alive.
"""

from __future__ import annotations

import os
import plistlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from taskboard.errors import NoService
from taskboard.files import Files
from taskboard.service.contract import MARK, Done, Installed, Ran, Runner, State
from taskboard.service.own import read_own, remove_own, require_own, write_own
from taskboard.service.places import guarded_place
from taskboard.service.plan import THROTTLE, Plan

PREFIX = "taskboard."
HOURLY = ".hourly"
_NAP = 0.25
_GONE = 10.0
"""Seconds beyond its own time that a job may take to be gone."""
_BUSY = {5, 37}
"""What ``bootstrap`` ends with while the job's last life is not over."""
_TRIES = 20
_EXIT = re.compile(r"^\s*last exit code = (\d+)", re.MULTILINE)
_PID = re.compile(r"^\s*pid = (\d+)", re.MULTILINE)
_STATE = re.compile(r"^\s*state = (\w[\w ]*)", re.MULTILINE)


class Launchd:
    """``System`` on macOS. ``pause`` waits for some seconds."""

    name = "launchd"

    def __init__(
        self, home: Path, uid: int, files: Files, run: Runner, pause: Callable[[float], object]
    ) -> None:
        self._folder = home / "Library" / "LaunchAgents"
        self._logs = home / "Library" / "Logs" / "taskboard"
        self._home, self._uid = home, uid
        self._files, self._run, self._pause = files, run, pause

    def files(self, plan: Plan) -> dict[Path, bytes]:
        """The property lists of the daemon and of the hourly run."""
        return {
            self._file(plan.label): property_list(watch_keys(plan)),
            self._file(plan.label + HOURLY): property_list(hourly_keys(plan)),
        }

    def steps(self, plan: Plan) -> list[list[str]]:
        """As they are on a desktop; over ssh the domain is ``user/UID``."""
        domain = f"gui/{self._uid}"
        return [
            step
            for path in self.files(plan)
            for step in (
                ["launchctl", "enable", f"{domain}/{path.stem}"],
                ["launchctl", "bootstrap", domain, str(path)],
            )
        ]

    def require(self) -> None:
        """Raise ``NoService`` unless launchd answers for this user."""
        self._domain()

    def install(self, plan: Plan) -> Done:
        """See ``System``. A job whose list has not changed is only started again."""
        domain, done, wanted = self._domain(), Done(), self.files(plan)
        require_own(self._files, wanted)
        self._files.make_folder(self._logs)
        for path, data in wanted.items():
            job = f"{domain}/{path.stem}"
            changed = write_own(self._files, path, data, done)
            if self._loaded(job) and not changed:
                if not path.stem.endswith(HOURLY):
                    self._must(done, "launchctl", "kickstart", "-k", job)
                continue
            self._drop(job, plan.stop, done)
            self._must(done, "launchctl", "enable", job)
            self._bootstrap(domain, path, done)
        return done

    def uninstall(self, label: str) -> Done:
        """See ``System``."""
        done = Done()
        for name in (label + HOURLY, label):
            path = self._file(name)
            found = self._read(path)
            if found is not None:
                for domain in (f"gui/{self._uid}", f"user/{self._uid}"):
                    self._drop(f"{domain}/{path.stem}", int(found.get("ExitTimeOut", 20)), done)
            remove_own(self._files, path, done)
        return done

    def labels(self) -> list[str]:
        """The daemons whose lists are ours."""
        stems = [Path(n).stem for n in self._files.names(self._folder) if n.endswith(".plist")]
        names = [s.removeprefix(PREFIX) for s in stems if s.startswith(PREFIX)]
        return [n for n in names if not n.endswith(HOURLY) and self.installed(n) is not None]

    def installed(self, label: str) -> Installed | None:
        """What the daemon's list says."""
        found = self._read(self._file(label))
        if found is None:
            return None
        argv = tuple(str(word) for word in found.get("ProgramArguments", ()))
        paths = [self._file(label), self._file(label + HOURLY)]
        files = ((path, read_own(self._files, path)) for path in paths)
        return Installed(
            label=label,
            argv=argv,
            environ={str(k): str(v) for k, v in found.get("EnvironmentVariables", {}).items()},
            files={path: data for path, data in files if data is not None},
        )

    def state(self, label: str) -> State:
        """As ``launchctl print`` tells it; its text is for people, so little of it is read."""
        for domain in (f"gui/{self._uid}", f"user/{self._uid}"):
            told = self._run("launchctl", "print", f"{domain}/{PREFIX}{label}")
            if told.status == 0:
                hourly = self._loaded(f"{domain}/{PREFIX}{label}{HOURLY}")
                return _state(told.out, hourly=hourly)
        return State()

    def log_command(self, label: str, lines: int, *, follow: bool) -> list[str]:
        """Of the files that the service keeps itself."""
        names = [self._logs / f"{label}{end}.log" for end in ("", HOURLY)]
        found = [str(path) for path in names if self._files.stat(path) is not None]
        if not found:
            return []
        return ["tail", "-n", str(lines), *(["-F"] if follow else []), *found]

    def warnings(self, plan: Plan) -> list[str]:
        """Places that macOS lets no background program into unless its user says so."""
        place = guarded_place(plan.board, self._home)
        if place is None:
            return []
        real = os.path.realpath(plan.python)
        consent = (
            f"The board lies in {place}: macOS keeps background programs out of it (`Operation not"
            f" permitted`). Move the board, to ~/taskboard for example; or give {real} Full Disk"
            " Access (System Settings, Privacy & Security), again after every upgrade of Python."
        )
        said = [consent]
        if "iCloud" in place or "CloudStorage" in place:
            said.append(
                "A folder that is synchronised may take files off this disk and bring conflicting"
                " copies; a ledger does not bear that."
            )
        return said

    def _file(self, label: str) -> Path:
        return self._folder / f"{PREFIX}{label}.plist"

    def _read(self, path: Path) -> dict[str, Any] | None:
        """The list at this path, if it is ours."""
        data = read_own(self._files, path)
        if data is None:
            return None
        try:
            found = plistlib.loads(data)
        except (plistlib.InvalidFileException, ValueError, OSError):
            return None
        except Exception:  # noqa: BLE001  expat's own errors share no base with the others
            return None
        return found if isinstance(found, dict) else None

    def _domain(self) -> str:
        """That of the desktop, else that of the user."""
        told = Ran(127)
        for domain in (f"gui/{self._uid}", f"user/{self._uid}"):
            told = self._run("launchctl", "print", domain)
            if told.status == 0:
                return domain
        raise NoService(
            f"launchd does not answer for this user: {_said(told)}.",
            hint="Log in on this Mac and try again; until then: taskboard run",
        )

    def _loaded(self, job: str) -> bool:
        return self._run("launchctl", "print", job).status == 0

    def _drop(self, job: str, seconds: int, done: Done) -> None:
        """Take a job out and wait until it has gone: it may first have runs to hand back."""
        if not self._loaded(job):
            return
        self._do(done, "launchctl", "bootout", job)
        for _ in range(int((seconds + _GONE) / _NAP)):
            if not self._loaded(job):
                return
            self._pause(_NAP)
        raise NoService(
            f"{job} does not end.", hint=f"Look at it with `launchctl print {job}`, then again."
        )

    def _bootstrap(self, domain: str, path: Path, done: Done) -> None:
        for _ in range(_TRIES):
            ran = self._do(done, "launchctl", "bootstrap", domain, str(path))
            if ran.status not in _BUSY:
                break
            self._pause(_NAP)
        if ran.status != 0:
            raise _refused(ran, path)

    def _must(self, done: Done, *argv: str) -> None:
        ran = self._do(done, *argv)
        if ran.status != 0:
            raise _refused(ran, Path(argv[-1]))

    def _do(self, done: Done, *argv: str) -> Ran:
        if not done.commands or done.commands[-1] != argv:
            done.commands.append(argv)
        return self._run(*argv)


def watch_keys(plan: Plan) -> dict[str, Any]:
    """The daemon: started at login, and again whenever it has not ended on purpose."""
    log = plan.logs / f"{plan.label}.log"
    return {
        **_keys(plan, plan.label, plan.watch(log=log), log),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": THROTTLE,
    }


def hourly_keys(plan: Plan) -> dict[str, Any]:
    """The hourly run: it does nothing while the daemon works."""
    label = plan.label + HOURLY
    log = plan.logs / f"{label}.log"
    return {
        **_keys(plan, label, plan.hourly(log=log), log),
        "StartCalendarInterval": {"Minute": 0},
    }


def property_list(keys: dict[str, Any]) -> bytes:
    """As XML that says who made it."""
    text = plistlib.dumps(keys, sort_keys=False).decode()
    head, tag, rest = text.partition('<plist version="1.0">\n')
    return f"{head}<!-- {MARK}, which makes it anew. -->\n{tag}{rest}".encode()


def _keys(plan: Plan, label: str, argv: list[str], log: Path) -> dict[str, Any]:
    """What both share. No ``ProcessType``: one of ``Background`` would slow down what tasks
    start. What is said before the program bounds its log itself goes to the same file."""
    return {
        "Label": PREFIX + label,
        "ProgramArguments": argv,
        "WorkingDirectory": str(plan.home),
        "EnvironmentVariables": dict(plan.environ),
        "StandardOutPath": str(log),
        "StandardErrorPath": str(log),
        "Umask": 0o077,
        "ExitTimeOut": plan.stop,
        "AbandonProcessGroup": False,
    }


def _state(text: str, *, hourly: bool) -> State:
    state, pid, ended = (pattern.search(text) for pattern in (_STATE, _PID, _EXIT))
    running = state is not None and state[1].strip() == "running"
    return State(
        loaded=True,
        running=running,
        pid=int(pid[1]) if pid and running else None,
        last_exit=int(ended[1]) if ended else None,
        result=state[1].strip() if state else "",
        hourly=hourly,
    )


def _refused(ran: Ran, path: Path) -> NoService:
    return NoService(
        f"launchd did not take {path}: {_said(ran)}.",
        hint="`taskboard service status` says what is installed now.",
    )


def _said(ran: Ran) -> str:
    words = (ran.err or ran.out).strip().splitlines()
    return words[-1].rstrip(".") if words else f"exit status {ran.status}"
