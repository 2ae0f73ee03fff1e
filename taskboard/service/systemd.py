"""systemd, for one user: a service that says itself that it lives, and an hourly timer."""

from __future__ import annotations

import getpass
import re
import shlex
import stat
from pathlib import Path

from taskboard.errors import NoService
from taskboard.files import Files
from taskboard.service.contract import MARK, Done, Installed, Ran, Runner, State
from taskboard.service.own import read_own, remove_own, require_own, write_own
from taskboard.service.plan import THROTTLE, Plan

PREFIX = "taskboard-"
HOURLY = "-hourly"
WATCHDOG = 120
"""Seconds of silence after which a daemon counts as hung and is started again."""
REFUSALS = (3, 65, 66, 78)
"""Exit codes that starting again does not cure: not trusted, ledger, no board, settings. The
hourly run starts the daemon again, in case somebody has cured it."""
_CTL = ("systemctl", "--user")


class Systemd:
    """``System`` on Linux. ``folder`` is where the user's units lie."""

    name = "systemd"

    def __init__(self, folder: Path, files: Files, run: Runner) -> None:
        self._folder, self._files, self._run = folder, files, run

    def files(self, plan: Plan) -> dict[Path, bytes]:
        """The daemon, the hourly run and its timer."""
        name = PREFIX + plan.label
        texts = {
            f"{name}.service": service_unit(plan),
            f"{name}{HOURLY}.service": hourly_unit(plan),
            f"{name}{HOURLY}.timer": timer_unit(plan),
        }
        return {self._folder / file: text.encode() for file, text in texts.items()}

    def steps(self, plan: Plan) -> list[list[str]]:
        """See ``System``."""
        daemon, timer = f"{PREFIX}{plan.label}.service", f"{PREFIX}{plan.label}{HOURLY}.timer"
        return [
            [*_CTL, "daemon-reload"],
            [*_CTL, "enable", daemon, timer],
            [*_CTL, "restart", timer, daemon],
        ]

    def require(self) -> None:
        """Raise ``NoService`` unless the user's systemd answers."""
        told = self._run(*_CTL, "show", "--property=Version")
        if told.status != 0:
            raise NoService(
                f"The systemd of this user does not answer: {_said(told)}.",
                hint="Log in on the machine itself, or turn lingering on with `loginctl"
                " enable-linger`, and try again; until then: taskboard run",
            )

    def install(self, plan: Plan) -> Done:
        """See ``System``. The daemon is started again also when nothing has changed: the program
        may have."""
        self.require()
        done, wanted = Done(), self.files(plan)
        require_own(self._files, wanted)
        for path, data in wanted.items():
            write_own(self._files, path, data, done)
        for step in self.steps(plan):
            ran = self._do(done, *step)
            if ran.status != 0 and step[2] != "restart":  # how it stands then, its state tells
                raise NoService(
                    f"systemd did not take it: {_said(ran)}.",
                    hint="`taskboard service install --print` shows what it was given.",
                )
        return done

    def uninstall(self, label: str) -> Done:
        """See ``System``."""
        done, name = Done(), PREFIX + label
        units = [f"{name}{HOURLY}.timer", f"{name}{HOURLY}.service", f"{name}.service"]
        answers = self._run(*_CTL, "show", "--property=Version").status == 0
        if answers and self.installed(label) is not None:
            self._do(done, *_CTL, "disable", "--now", units[0], units[2])
            self._do(done, *_CTL, "stop", units[1])
        for unit in units:
            remove_own(self._files, self._folder / unit, done)
        for link in (f"timers.target.wants/{units[0]}", f"default.target.wants/{units[2]}"):
            self._remove_link(self._folder / link, done)
        if answers and done.files:
            self._do(done, *_CTL, "daemon-reload")
            self._run(*_CTL, "reset-failed", units[2], units[1])
        return done

    def labels(self) -> list[str]:
        """The daemons whose units are ours."""
        stems = [Path(n).stem for n in self._files.names(self._folder) if n.endswith(".service")]
        names = [s.removeprefix(PREFIX) for s in stems if s.startswith(PREFIX)]
        return [n for n in names if not n.endswith(HOURLY) and self.installed(n) is not None]

    def installed(self, label: str) -> Installed | None:
        """What the daemon's unit says."""
        name = PREFIX + label
        paths = [
            self._folder / f"{name}{end}"
            for end in (".service", f"{HOURLY}.service", f"{HOURLY}.timer")
        ]
        found = ((path, read_own(self._files, path)) for path in paths)
        files = {path: data for path, data in found if data is not None}
        text = files.get(paths[0], b"").decode(errors="replace")
        argv = [w.replace("$$", "$") for w in _words(_values(text, "ExecStart"))]
        if not argv:
            return None
        pairs = (word.partition("=") for word in _words(_values(text, "Environment")))
        environ = {name: value for name, _, value in pairs}
        return Installed(label=label, argv=tuple(argv), environ=environ, files=files)

    def state(self, label: str) -> State:
        """As ``systemctl show`` tells it."""
        daemon = self._show(f"{PREFIX}{label}.service")
        timer = self._show(f"{PREFIX}{label}{HOURLY}.timer")
        pid = int(daemon.get("MainPID") or 0)
        ended = daemon.get("ExecMainExitTimestampMonotonic", "0") not in ("", "0")
        return State(
            loaded=daemon.get("LoadState") == "loaded",
            running=daemon.get("ActiveState") == "active",
            pid=pid or None,
            last_exit=int(daemon.get("ExecMainStatus") or 0) if ended else None,
            result=daemon.get("Result", ""),
            hourly=timer.get("ActiveState") == "active",
        )

    def log_command(self, label: str, lines: int, *, follow: bool) -> list[str]:
        """The journal, of both units."""
        units = [f"--unit={PREFIX}{label}{end}.service" for end in ("", HOURLY)]
        words = ["journalctl", "--user", "--no-pager", "--no-hostname", "--output=short-iso"]
        words += ["-n", str(lines), *units]
        return [*words, "--follow"] if follow else words

    def warnings(self, plan: Plan) -> list[str]:  # noqa: ARG002
        """Without lingering a user's services end with the last session."""
        told = self._run("loginctl", "show-user", getpass.getuser(), "--property=Linger")
        if told.status != 0 or told.out.strip() != "Linger=no":
            return []
        said = (
            "It works while you are logged in. To have it work from the start of the machine and"
            " after you have logged out: loginctl enable-linger"
        )
        return [said]

    def _remove_link(self, path: Path, done: Done) -> None:
        """What ``enable`` made, where nobody was there to ``disable`` it."""
        found = self._files.stat(path, follow=False)
        if found is not None and stat.S_ISLNK(found.mode):
            self._files.remove(path)
            done.files.append(path)

    def _show(self, unit: str) -> dict[str, str]:
        asked = (
            *("LoadState", "ActiveState", "MainPID", "ExecMainStatus", "Result"),
            "ExecMainExitTimestampMonotonic",
        )
        told = self._run(*_CTL, "show", unit, *(f"--property={name}" for name in asked))
        pairs = (line.partition("=") for line in told.out.splitlines())
        return {name: value for name, _, value in pairs} if told.status == 0 else {}

    def _do(self, done: Done, *argv: str) -> Ran:
        done.commands.append(argv)
        return self._run(*argv)


def service_unit(plan: Plan) -> str:
    """The daemon. ``mixed``: it is told to end and ends its runs itself; what is left then is
    killed. A task that is killed for its memory must not take the daemon along (``OOMPolicy``)."""
    return f"""\
# {MARK}, which makes it anew.
[Unit]
Description=taskboard on {_percent(str(plan.board))}
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
{_common(plan, plan.watch())}
WatchdogSec={WATCHDOG}
TimeoutStartSec=300
Restart=on-failure
RestartSec={THROTTLE}
RestartPreventExitStatus={" ".join(map(str, REFUSALS))}

[Install]
WantedBy=default.target
"""


def hourly_unit(plan: Plan) -> str:
    """The hourly run. It brings the daemon back if it can, and works in its stead if not. A task
    that failed is told on the board and is no failure of the run."""
    daemon = f"{PREFIX}{plan.label}.service"
    return f"""\
# {MARK}, which makes it anew.
[Unit]
Description=taskboard, hourly, on {_percent(str(plan.board))}
Wants={daemon}
After={daemon}

[Service]
Type=oneshot
SuccessExitStatus=1 130
{_common(plan, plan.hourly())}
"""


def timer_unit(plan: Plan) -> str:
    """Every full hour; one that the machine slept through or was off for comes afterwards."""
    return f"""\
# {MARK}, which makes it anew.
[Unit]
Description=taskboard, hourly, on {_percent(str(plan.board))}

[Timer]
OnCalendar=hourly
Persistent=true

[Install]
WantedBy=timers.target
"""


def _common(plan: Plan, argv: list[str]) -> str:
    given = "\n".join(f"Environment={_quoted(f'{n}={v}')}" for n, v in plan.environ.items())
    return f"""\
ExecStart={" ".join(_quoted(word).replace("$", "$$") for word in argv)}
WorkingDirectory=%h
{given}
EnvironmentFile=-{_percent(str(plan.env_file))}
UMask=0077
KillMode=mixed
TimeoutStopSec={plan.stop}
OOMPolicy=continue
SyslogIdentifier=taskboard"""


def _quoted(word: str) -> str:
    """One word of a unit file, whatever is in it but control characters."""
    text = _percent(word.replace("\\", "\\\\").replace('"', '\\"'))
    return f'"{text}"' if re.search(r"""[\s"'\\;]|^$""", text) else text


def _percent(text: str) -> str:
    return text.replace("%", "%%")


def _values(text: str, key: str) -> list[str]:
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{key}=")]


def _words(values: list[str]) -> list[str]:
    """What ``_quoted`` made words of, again."""
    try:
        words = [word for value in values for word in shlex.split(value)]
    except ValueError:
        return []
    return [word.replace("%%", "%") for word in words]


def _said(ran: Ran) -> str:
    words = (ran.err or ran.out).strip().splitlines()
    return words[-1].rstrip(".") if words else f"exit status {ran.status}"
