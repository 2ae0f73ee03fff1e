"""Claude Code, Anthropic's agent, headless: ``claude -p`` with a line of JSON for each event.

Its report comes as structured output. Hooks, MCP servers and settings of the project do not run
unless the order has the right to them, and the key is given to it alone. Each task has a folder of
its own for what the program keeps; its user's is neither read nor written by it.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from taskboard import agent_options
from taskboard.agent_executor import AgentExecutor
from taskboard.agent_home import home_of, settle, sweep
from taskboard.agent_order import Ask
from taskboard.agent_program import Kind, Launch, has_shell, network_secret
from taskboard.agent_secret import DESCRIPTOR, by_command, by_descriptor, handed_over
from taskboard.core.agent_turn import Stream
from taskboard.core.claude_code_stream import ClaudeCodeStream
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
        choices=("low", "medium", "high", "xhigh", "max"),
    ),
    agent_options.MAX_TURNS,
    Setting("budget_usd", "money", "What one run may cost, in US dollars."),
    Setting(
        "shell",
        "choice",
        "Whether it may run commands: in a cage only, always, or never.",
        choices=("confined", "always", "never"),
        own=True,
    ),
    agent_options.READABLE,
    agent_options.ARGS,
)

KIND = Kind(
    name="claude-code",
    program="claude",
    tested=(2, 1, 329),
    package="@anthropic-ai/claude-code",
    login="Set ANTHROPIC_API_KEY; or run `claude setup-token` and set CLAUDE_CODE_OAUTH_TOKEN; or"
    " run `claude` and log in with `/login` (when that was long ago, run it again).",
    keys=("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"),
    names_session=False,
)

_GRACE = 10.0
"""Seconds between TERM and KILL: it takes over one to end its own tools."""
_KEYS = KIND.keys[:2]
_TOKEN = KIND.keys[2]
_KEPT = "projects"
"""Where it keeps its sessions, in its folder."""
_FRESH = 60.0
"""Seconds that a login has to be good for at least."""
_QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
    # With its own count a refused key is tried for a minute and more.
    "CLAUDE_CODE_MAX_RETRIES": "4",
    "API_TIMEOUT_MS": "300000",
    # Else a command past its time goes on behind our back, and the program waits for it.
    "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1",
    # The key can be read only once.
    "CLAUDE_CODE_API_KEY_HELPER_TTL_MS": "604800000",
}


class ClaudeCode:
    """What is ``claude``'s own: see ``taskboard.agent_order.Dialect``."""

    kind = KIND

    def __init__(self, edges: Edges) -> None:
        self._edges = edges
        self._own = edges.state / KIND.name

    def logged_in(self) -> bool:
        return bool(self._key() or self._token())

    def variables(self) -> dict[str, str]:
        return _QUIET

    def objection(self, order: Order) -> None:
        """It keeps its budget itself."""

    def stream(self, order: Order) -> Stream:  # noqa: ARG002 - other programs need it
        return ClaudeCodeStream()

    def unknown_session(self, code: int | None, stderr: str) -> bool:
        return code == 1 and "No conversation found" in stderr

    @contextlib.contextmanager
    def launch(self, program: Path, order: Order, ask: Ask) -> Iterator[Launch]:
        own = home_of(self._own, order)
        settle(own, keep=_KEPT)
        sweep(self._own, self._edges.clock.now().timestamp())
        key, token = self._key(), self._token()
        environ = {**self._passed(), **_patience(order), "CLAUDE_CONFIG_DIR": str(own)}
        with contextlib.ExitStack() as made:
            pipe = None
            if key or token:
                folder = self._own / "keys" / order.run
                pipe = made.enter_context(handed_over(folder, key or token))
            settings = self._settings(order, pipe if key else None)
            argv = (str(program), *self._arguments(order, ask, settings))
            if pipe is not None and not key:
                argv = by_descriptor(pipe, argv)
                environ[f"{_TOKEN}_FILE_DESCRIPTOR"] = str(DESCRIPTOR)
            writable = (own, *((pipe.parent,) if pipe else ()))
            yield Launch(argv=argv, environ=environ, writable=writable)

    def _arguments(self, order: Order, ask: Ask, settings: dict[str, Any]) -> list[str]:
        options = self._edges.options
        found = ["-p", "--output-format", "stream-json", "--verbose"]
        found += ["--resume" if ask.known else "--session-id", ask.session]
        if not order.rights.hooks:
            found += ["--setting-sources", "", "--strict-mcp-config"]
        found += ["--permission-mode", "acceptEdits", "--permission-prompts", "none"]
        found += ["--json-schema", json.dumps(REPORT_SCHEMA), "--settings", json.dumps(settings)]
        found += self._tools(order)
        found += ["--max-turns", str(agent_options.turns(self._edges))]
        if model := agent_options.model(self._edges, order):
            found.append(f"--model={model}")  # it may begin with a dash
        if effort := options.get("effort"):
            found += ["--effort", effort]
        limits = [b for b in (order.budget_usd, options.get("budget_usd")) if b is not None]
        if limits:
            found += ["--max-budget-usd", f"{min(limits):.6f}"]
        return [*found, *agent_options.arguments(self._edges)]

    def _tools(self, order: Order) -> list[str]:
        """Tools that are not named are not there at all. Those that may leave the project folder
        are asked for by name; the others it allows beneath that folder itself."""
        asked = ["WebFetch", "WebSearch"] if order.rights.network else []
        if self._has_shell(order):
            asked.append("Bash")
        tools = ["--tools", ",".join(["Read", "Edit", "Write", "Glob", "Grep", *asked])]
        return [*tools, "--allowedTools", ",".join(asked)] if asked else tools

    def _has_shell(self, order: Order) -> bool:
        wish = str(self._edges.options.get("shell") or "confined")
        told = wish != "always" and network_secret(self._edges.environ)
        return has_shell(self._edges, order, wish) and not told

    def _settings(self, order: Order, key: Path | None) -> dict[str, Any]:
        refused = [f"Edit(/{path}{rest})" for path in order.control for rest in ("", "/**")]
        found: dict[str, Any] = {"permissions": {"deny": refused}, "includeCoAuthoredBy": False}
        if key is not None:
            # Read once and gone before the first tool starts.
            found["apiKeyHelper"] = by_command(key)
        return found

    def _passed(self) -> dict[str, str]:
        url = self._edges.environ.get("ANTHROPIC_BASE_URL")
        return {"ANTHROPIC_BASE_URL": url} if url else {}

    def _key(self) -> str:
        return next(filter(None, (self._edges.environ.get(name) for name in _KEYS)), "").strip()

    def _token(self) -> str:
        """A token for the user's subscription: made for this, or else what a login has left. Of
        that only the part that is good for some hours leaves us, and its renewal is left to who
        logged in."""
        environ = self._edges.environ
        if token := environ.get(_TOKEN, "").strip():
            return token
        folder = Path(environ.get("CLAUDE_CONFIG_DIR") or home(environ) / ".claude")
        try:
            login = json.loads((folder / ".credentials.json").read_bytes())["claudeAiOauth"]
            token, until = login["accessToken"], login["expiresAt"] / 1000
        except (OSError, ValueError, KeyError, TypeError):
            return ""
        good = until - self._edges.clock.now().timestamp() > _FRESH
        return token if good and isinstance(token, str) else ""


def make(edges: Edges) -> AgentExecutor:
    """See ``taskboard.executor``."""
    return AgentExecutor(ClaudeCode(edges), edges, grace=_GRACE)


def _patience(order: Order) -> dict[str, str]:
    """How long one command of its may take, in milliseconds."""
    longest = max(int(order.timeout * 1000), 1000)
    return {
        "BASH_DEFAULT_TIMEOUT_MS": str(min(longest, 600_000)),
        "BASH_MAX_TIMEOUT_MS": str(longest),
    }
