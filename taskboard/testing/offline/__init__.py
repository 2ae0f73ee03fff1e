"""A model server on loopback, for trying and testing without a network or a key.

``OfflineModel`` speaks the Anthropic Messages API, the OpenAI Responses API and the Gemini API, as
far as the SDK and the agent programs use them. It refuses what the real ones refuse. What was
pushed is said, in order; everything else a small brain answers that decides, judges and works
plausibly and always the same. By hand:
``python -m taskboard.testing.offline COMMAND...`` runs a command with the environment it needs;
without one it prints that environment and serves until it is interrupted.

What each program needs besides ``OfflineModel.environ``, a fresh ``HOME`` and standard input
closed (measured with the versions named):

- the ``anthropic`` SDK 2.11: nothing.
- Claude Code 2.1.329: ``CLAUDE_CONFIG_DIR`` somewhere fresh,
  ``CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1``, ``DISABLE_AUTOUPDATER=1``, and
  ``CLAUDE_CODE_MAX_RETRIES=1`` (without it a 401 is tried for ever). A refusal, a cut stream or a
  truncated answer it asks for once more: push such replies with ``times=None``. A prompt
  that begins with ``-`` has to come on standard input.
- codex 0.169: ``CODEX_HOME`` with ``programs.codex_config(url)`` as its ``config.toml``. It must
  not lie beneath the temporary folder, or its sandbox starts no command and the exit code stays
  0: put ``TMPDIR`` elsewhere. Models it knows get their tools in code (``exec``), others as
  functions (``exec_command``). ``exec resume`` forgets the sandbox mode: say it again by
  ``-c sandbox_mode=...``. With its built-in provider instead, ``-c openai_base_url=URL/v1``.
- gemini-cli 0.61: ``GEMINI_CLI_TRUST_WORKSPACE=true`` and ``programs.gemini_settings()`` as
  ``$HOME/.gemini/settings.json``. After an error in a stream its
  exit code is 0 and only the result line says so.
"""

from taskboard.testing.offline.ask import Answered, Ask, Called, Said, Tool
from taskboard.testing.offline.reply import (
    Body,
    Error,
    HangUp,
    Reply,
    Text,
    Thought,
    ToolUse,
    error,
    hang_up,
    json_body,
    pieces,
    refusal,
    stream_error,
    text,
    tool_use,
    truncated,
)
from taskboard.testing.offline.server import KEY, OfflineModel, Request

__all__ = [
    "KEY",
    "Answered",
    "Ask",
    "Body",
    "Called",
    "Error",
    "HangUp",
    "OfflineModel",
    "Reply",
    "Request",
    "Said",
    "Text",
    "Thought",
    "Tool",
    "ToolUse",
    "error",
    "hang_up",
    "json_body",
    "pieces",
    "refusal",
    "stream_error",
    "text",
    "tool_use",
    "truncated",
]
