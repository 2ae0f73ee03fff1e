"""Codex, OpenAI's agent, headless: ``codex exec`` with a line of JSON for each event.

Its commands run in a sandbox of its own, where control files are read-only and the network is
closed unless the order may use it. Settings that lie in a project are ignored by it.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from taskboard import agent_options
from taskboard.agent_executor import AgentExecutor
from taskboard.agent_file import lent
from taskboard.agent_order import Ask
from taskboard.agent_program import Kind, Launch, installed_in
from taskboard.core.agent_turn import Stream
from taskboard.core.codex_stream import CodexStream
from taskboard.core.outcome import Unable
from taskboard.core.report import REPORT_SCHEMA
from taskboard.core.setting_kinds import Setting
from taskboard.executor import Edges, Order
from taskboard.workspace import home

OPTIONS: tuple[Setting, ...] = (
    agent_options.COMMAND,
    agent_options.MODEL,
    Setting(
        "effort",
        "choice",
        "How much the model thinks.",
        choices=("minimal", "low", "medium", "high", "xhigh"),
    ),
    Setting(
        "shell",
        "choice",
        "Whether it may run commands: in its sandbox, or never (then it can do nothing).",
        choices=("confined", "never"),
        own=True,
    ),
    agent_options.READABLE,
    agent_options.ARGS,
)

KIND = Kind(
    name="codex",
    program="codex",
    tested=(0, 169, 0),
    package="@openai/codex",
    login="Run `codex login`, or set CODEX_API_KEY.",
    keys=("CODEX_API_KEY", "OPENAI_API_KEY"),
    names_session=True,
)

_GRACE = 5.0
"""Seconds between TERM and KILL."""
_PROFILE = "taskboard"
_MOST_HIDDEN = 800
"""They all go into one argument."""
_MOUNTS = (".agents", ".aws", ".codex", ".git")
"""Folders its sandbox makes in the project to mount something there, and leaves empty."""
_LOG = "error,codex_core::responses_retry=warn"
"""What it tells on stderr: besides errors how long it waits before it asks its service again. It
tells that nowhere else, and has no setting that would bound it with the service built into it."""
_UNNAMED = "codex"
"""Stands for its own default in bills: it does not say which model that is."""


class Codex:
    """What is ``codex``'s own: see ``taskboard.agent_order.Dialect``."""

    kind = KIND

    def __init__(self, edges: Edges) -> None:
        self._edges = edges
        self._own = edges.state / KIND.name

    def logged_in(self) -> bool:
        keyed = any(self._edges.environ.get(name) for name in KIND.keys)
        return keyed or (self._login_folder() / "auth.json").is_file()

    def variables(self) -> dict[str, str]:
        return {}

    def objection(self, order: Order) -> Unable | None:
        if not order.rights.shell or self._edges.options.get("shell") == "never":
            return Unable(
                reason="capability",
                error="codex does everything by commands, and this task may run none",
                hint="Let another executor do it.",
            )
        return agent_options.unpriced(
            self._edges, order, agent_options.model(self._edges, order) or _UNNAMED
        )

    def stream(self, order: Order) -> Stream:
        return CodexStream(agent_options.model(self._edges, order) or _UNNAMED)

    def unknown_session(self, code: int | None, stderr: str) -> bool:
        return code == 1 and "no rollout found" in stderr

    @contextlib.contextmanager
    def launch(self, program: Path, order: Order, ask: Ask) -> Iterator[Launch]:
        state, environ = self._state_folder()
        # Its own, for it puts no helpers of its own into a folder for temporary files: were its
        # state beneath that, every command would fail.
        temporary = self._edges.state / "codex-tmp" / order.run
        needed = (*installed_in(program, self._edges.environ), temporary, state)
        temporary.mkdir(mode=0o700, parents=True, exist_ok=True)
        missing = [p for p in (order.project / n for n in _MOUNTS) if not p.exists()]
        try:
            with lent(order.folder / "schema.json", json.dumps(REPORT_SCHEMA)) as schema:
                yield Launch(
                    argv=(str(program), *self._arguments(order, ask, schema, needed)),
                    environ={**environ, "TMPDIR": str(temporary), "RUST_LOG": _LOG},
                    # Its own sandbox does not work within ours, and hides the key better.
                    caged=False,
                )
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
            for folder in missing:
                with contextlib.suppress(OSError):  # not there, or somebody's by now
                    folder.rmdir()

    def _arguments(
        self, order: Order, ask: Ask, schema: Path, needed: tuple[Path, ...]
    ) -> list[str]:
        found = ["exec", *(("resume", ask.session) if ask.known else ())]
        found += ["--json", "--skip-git-repo-check", "--output-schema", str(schema)]
        settings = self._settings(order, needed)
        for name, value in settings.items():
            found += ["-c", f"{name}={_toml(value)}"]
        if model := agent_options.model(self._edges, order):
            found.append(f"--model={model}")  # it may begin with a dash
        return [*found, *agent_options.arguments(self._edges), "-"]

    def _files(self, order: Order, needed: tuple[Path, ...]) -> dict[str, object]:
        """What its commands may touch. It cannot hide a folder that holds something it needs, so
        of the home is hidden whatever it need not see."""
        files: dict[str, object] = {":root": "read", ":tmpdir": "write"}
        if order.rights.confined:
            seen = (order.project, order.folder, *needed, *agent_options.readable(self._edges))
            kept = {path.resolve() for path in seen}
            mine = home(self._edges.environ).resolve()
            files |= {str(path): "deny" for path in islice(_beside(mine, kept), _MOST_HIDDEN)}
            files |= {str(folder / "auth.json"): "deny" for folder in needed[-1:]}
        files[str(order.project)] = "write"
        git = order.project / ".git"
        if git.is_dir():  # it may commit, which is evidence; what would run later it may not make
            files[str(git)] = "write"
            files |= _there(git / name for name in ("hooks", "config"))
        return files | _there(order.control)

    def _settings(self, order: Order, needed: tuple[Path, ...]) -> dict[str, object]:
        # Whatever its tools see of the environment is named, so the key is not among it.
        seen = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_*", "TZ", "TMPDIR", "TERM"]
        found: dict[str, object] = {
            "check_for_update_on_startup": False,
            "analytics.enabled": False,
            f"permissions.{_PROFILE}": {
                "filesystem": self._files(order, needed),
                "network": {"enabled": order.rights.network},
            },
            "default_permissions": _PROFILE,
            "shell_environment_policy": {
                "inherit": "all",
                "ignore_default_excludes": True,
                "include_only": [*seen, "TASKBOARD_*", *order.env],
            },
        }
        if not order.rights.network:
            found["web_search"] = "disabled"
        if effort := self._edges.options.get("effort"):
            found["model_reasoning_effort"] = effort
        if url := self._edges.environ.get("OPENAI_BASE_URL"):
            found["openai_base_url"] = url
        return found

    def _state_folder(self) -> tuple[Path, dict[str, str]]:
        """With a key of its own it has a state of its own; a login lies in its user's, and comes
        before a key that may be meant for something else."""
        environ = self._edges.environ
        login = self._login_folder()
        key = environ.get("CODEX_API_KEY") or ""
        if not key and not (login / "auth.json").is_file():
            key = environ.get("OPENAI_API_KEY") or ""
        found = {"CODEX_API_KEY": key} if key else {}
        folder = self._own if key else login
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found["CODEX_HOME"] = str(folder)
        return folder, found

    def _login_folder(self) -> Path:
        named = self._edges.environ.get("CODEX_HOME")
        return Path(named) if named else home(self._edges.environ) / ".codex"


def make(edges: Edges) -> AgentExecutor:
    """See ``taskboard.executor``."""
    return AgentExecutor(Codex(edges), edges, grace=_GRACE)


def _there(paths: Iterable[Path]) -> dict[str, object]:
    """Read-only, where they are: for one that is not, its sandbox leaves an empty file behind."""
    return {str(path): "read" for path in paths if path.exists()}


def _beside(folder: Path, kept: set[Path]) -> Iterator[Path]:
    """Whatever lies in a folder and neither is nor holds something that is kept, hidden names
    first: secrets have them."""
    if folder in kept or not folder.is_dir():
        return
    for path in sorted(folder.iterdir(), key=lambda path: not path.name.startswith(".")):
        if path.is_symlink() or path in kept:
            continue
        if any(path in place.parents for place in kept):
            yield from _beside(path, kept)
        elif path.is_dir() or path.is_file():
            yield path


def _toml(value: object) -> str:
    """A value as TOML spells it on one line. What JSON writes for texts is TOML too."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)}={_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)
