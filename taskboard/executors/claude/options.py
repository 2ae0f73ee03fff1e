"""What ``[executors.claude]`` may say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from taskboard.confinement import Confiner
from taskboard.core.rights import Rights
from taskboard.core.setting_kinds import Setting

OPTIONS = (
    Setting("model", "needed", "The model that works, unless its task names another."),
    Setting(
        "effort",
        "choice",
        "How much thought goes into an answer; empty, the model's default.",
        choices=("", "low", "medium", "high", "xhigh", "max"),
    ),
    Setting("max_turns", "count", "How many answers of the model a run may have."),
    Setting("max_tokens", "count", "The longest answer, its thinking included, in tokens."),
    Setting(
        "context_tokens",
        "count",
        "Up to about so many tokens a conversation grows; then its oldest parts are given up.",
    ),
    Setting("budget_usd", "money", "What a run may cost, in US dollars."),
    Setting("command_timeout", "length", "How long a command may take unless the agent says."),
    Setting(
        "shell",
        "choice",
        "Whether the agent may run commands: only where they can be confined, always, or never.",
        choices=("confined", "always", "never"),
        own=True,
    ),
    Setting(
        "readable",
        "texts",
        "Folders beneath the home folder that confined commands may read, such as `~/.local`.",
        own=True,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """See ``OPTIONS``; ``command_timeout`` in seconds."""

    model: str = "claude-sonnet-5-5"
    effort: str = ""
    max_turns: int = 60
    max_tokens: int = 16_000
    context_tokens: int = 100_000
    budget_usd: float | None = None
    command_timeout: float = 120.0
    shell: str = "confined"
    readable: tuple[str, ...] = ()

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Options:
        """From settings that have been read."""
        return cls(**{f.name: found[f.name] for f in fields(cls) if f.name in found})


def why_no_shell(options: Options, rights: Rights, confiner: Confiner | None) -> str:
    """In a sentence why an agent with these rights may run no commands; empty when it may. What
    a user has set to ``always`` needs no cage; otherwise the cage must be there and hold."""
    if not rights.shell:
        return "This task's origin gives no right to run commands."
    if options.shell == "never":
        return 'Commands are switched off: shell = "never".'
    if options.shell == "always":
        return ""
    if confiner is None:
        return "Nothing on this machine can confine commands." if rights.confined else ""
    if not rights.network and any("network" in lack for lack in confiner.lacks):
        return (
            f"{confiner.name} cannot keep commands off the network, which this task may not use."
        )
    return ""
