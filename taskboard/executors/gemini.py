"""Gemini CLI, Google's agent, headless: ``gemini`` with a line of JSON for each event.

It has tools for files and the web and no shell: whatever it started would see its key. It cannot
be kept from settings that lie in a project, so it does not work where there are any, unless the
order has the right to them.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from taskboard import agent_options
from taskboard.agent_executor import AgentExecutor
from taskboard.agent_file import lent
from taskboard.agent_order import Ask
from taskboard.agent_program import Kind, Launch
from taskboard.core.agent_turn import Stream
from taskboard.core.gemini_stream import GeminiStream
from taskboard.core.outcome import Unable
from taskboard.core.report import REPORT_SCHEMA
from taskboard.core.setting_kinds import Setting
from taskboard.executor import Edges, Order
from taskboard.workspace import home

OPTIONS: tuple[Setting, ...] = (
    agent_options.COMMAND,
    agent_options.MODEL,
    agent_options.MAX_TURNS,
    agent_options.READABLE,
    agent_options.ARGS,
)

KIND = Kind(
    name="gemini",
    program="gemini",
    tested=(0, 61, 0),
    package="@google/gemini-cli",
    login="Set GEMINI_API_KEY: it works with a key only.",
    keys=("GOOGLE_API_KEY",),
    names_session=False,
)

_GRACE = 2.0
"""Seconds between TERM, which it ignores, and KILL."""
_SERVICE = "https://generativelanguage.googleapis.com"
_ASKED = (
    "When you have finished, your last message has to be nothing but one JSON object that is valid"
    " under this schema, without any other text and without a code fence:\n"
)


class Gemini:
    """What is ``gemini``'s own: see ``taskboard.agent_order.Dialect``."""

    kind = KIND

    def __init__(self, edges: Edges) -> None:
        self._edges = edges
        self._own = edges.state / KIND.name

    def logged_in(self) -> bool:
        return bool(self._key())

    def variables(self) -> dict[str, str]:
        return {
            "GEMINI_API_KEY": self._key(),
            "GEMINI_CLI_HOME": str(self._own),
            "GEMINI_CLI_TRUST_WORKSPACE": "true",
            "GEMINI_CLI_NO_RELAUNCH": "true",
            # Set in any case: else a file in the project might say where the key is sent.
            "GOOGLE_GEMINI_BASE_URL": self._edges.environ.get("GOOGLE_GEMINI_BASE_URL")
            or _SERVICE,
        }

    def objection(self, order: Order) -> Unable | None:
        settings = None if order.rights.hooks else self._foreign(order.project)
        if settings is not None:
            return Unable(
                reason="capability",
                error=f"gemini would obey what lies in {settings}: hooks, servers, policies",
                hint="Let another executor do it, or allow this project's own settings.",
            )
        return agent_options.unpriced(self._edges, order, agent_options.model(self._edges, order))

    def stream(self, order: Order) -> Stream:  # noqa: ARG002 - other programs need it
        return GeminiStream()

    def unknown_session(self, code: int | None, stderr: str) -> bool:
        """With 144 (its spelling of 400) it goes on with a session that it has, in words that its
        own service refuses."""
        return code == 144 or (code == 42 and "resuming session" in stderr)

    @contextlib.contextmanager
    def launch(self, program: Path, order: Order, ask: Ask) -> Iterator[Launch]:
        self._settle()
        with lent(order.folder / "policy.toml", _policy(order)) as policy:
            yield Launch(
                argv=(str(program), *self._arguments(order, ask, policy)),
                writable=(self._own,),
                postscript=f"{_ASKED}{json.dumps(REPORT_SCHEMA)}",
            )

    def _arguments(self, order: Order, ask: Ask, policy: Path) -> list[str]:
        found = ["--output-format", "stream-json", "--approval-mode", "auto_edit"]
        found += ["--extensions", "none", "--policy", str(policy)]
        found += ["--resume" if ask.known else "--session-id", ask.session]
        if not order.rights.hooks:
            found += ["--allowed-mcp-server-names", "none"]
        if model := agent_options.model(self._edges, order):
            found.append(f"--model={model}")  # it may begin with a dash
        return [*found, *agent_options.arguments(self._edges)]

    def _foreign(self, project: Path) -> Path | None:
        """Settings that it would find from a project on upwards, up to its user's own."""
        mine = home(self._edges.environ)
        for folder in (project, *project.parents):
            if folder == mine:
                return None
            if os.path.lexists(folder / ".gemini"):
                return folder / ".gemini"
        return None

    def _key(self) -> str:
        return self._edges.environ.get("GEMINI_API_KEY") or ""

    def _settle(self) -> None:
        """Its settings, in a home of its own. Many runs may write them at once."""
        folder = self._own / ".gemini"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings = {
            "general": {"enableAutoUpdate": False, "maxAttempts": 2},
            "privacy": {"usageStatisticsEnabled": False},
            "telemetry": {"enabled": False},
            "security": {"auth": {"selectedType": "gemini-api-key"}},
            "advanced": {"ignoreLocalEnv": True},
            "hooksConfig": {"enabled": False},
            "skills": {"enabled": False},
            "model": {"maxSessionTurns": agent_options.turns(self._edges)},
        }
        temporary = folder / f".{self._edges.clock.uuid()}.new"
        temporary.write_text(json.dumps(settings))
        temporary.replace(folder / "settings.json")


def make(edges: Edges) -> AgentExecutor:
    """See ``taskboard.executor``."""
    return AgentExecutor(Gemini(edges), edges, grace=_GRACE)


def _policy(order: Order) -> str:
    """What it may not do, in its own terms: patterns over its tools' arguments as JSON."""
    rules = [_rule(["run_shell_command"])]
    if not order.rights.network:
        rules.append(_rule(["web_fetch", "google_web_search"]))
    patterns = (*_ODD_PATHS, *dict.fromkeys(_spellings(order)))
    rules += [_rule(["write_file", "replace"], f'"file_path":"{found}') for found in patterns]
    return "\n".join(rules)


_ODD_PATHS = (r'[^"]*\\', r'[^"]*/\.\.?["/]', r'\.\.["/]', r'[^"]*//', r'(\./)?"')
"""Paths with quotes or backslashes, with `.` or `..` on the way, with doubled slashes, and none: a
control file has one spelling left for each folder it can be named from."""


def _spellings(order: Order) -> Iterator[str]:
    """Patterns for the control files and what lies beneath them: whole paths, and those from the
    project on. A file that only has such a name elsewhere is none."""
    projects = {order.project, order.project.resolve()}
    for path in order.control:
        for whole in dict.fromkeys((path, path.parent.resolve() / path.name, path.resolve())):
            yield _literal(whole) + '["/]'
            for project in projects:
                if whole != project and whole.is_relative_to(project):
                    yield r"(\./)?" + _literal(whole.relative_to(project)) + '["/]'


def _literal(path: Path) -> str:
    return re.escape(json.dumps(str(path), ensure_ascii=False)[1:-1])


def _rule(tools: list[str], pattern: str = "") -> str:
    lines = ["[[rule]]", f"toolName = {json.dumps(tools)}", 'decision = "deny"', "priority = 900"]
    if pattern:
        lines.append(f"argsPattern = {json.dumps(pattern)}")
    return "\n".join([*lines, ""])
