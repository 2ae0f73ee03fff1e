"""One question to the model, and whatever comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from taskboard.anthropic_api import Trouble, classify, connect, said, usage_of
from taskboard.core.bill import NOTHING, Bill, Rates
from taskboard.core.setting_kinds import Setting

OPTIONS = (
    Setting("model", "needed", "The model that decides."),
    Setting(
        "effort",
        "choice",
        "How much thought goes into an answer; empty, the model's default.",
        choices=("", "low", "medium", "high", "xhigh", "max"),
    ),
    Setting(
        "thinking",
        "choice",
        "The kind of thinking, for models that let it be chosen; empty, the model's default.",
        choices=("", "adaptive", "between_tools", "disabled"),
    ),
    Setting("max_tokens", "count", "The longest answer, its thinking included, in tokens."),
    Setting("timeout", "length", "How long a decision may take, all retries included."),
    Setting(
        "token_budget",
        "count",
        "Up to about so many tokens the whole board is sent, beyond it the candidates only.",
    ),
    Setting("prompt", "text", "A file in the workspace with rules in place of the built-in ones."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What ``[deciders.claude]`` may say, with its defaults; see ``OPTIONS``. ``timeout`` is
    seconds."""

    model: str = "claude-haiku-5-5"
    effort: str = "low"
    thinking: str = ""
    max_tokens: int = 4000
    timeout: float = 60.0
    token_budget: int = 50_000
    prompt: str = ""

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Options:
        """From settings that have been read."""
        return cls(**{f.name: found[f.name] for f in fields(cls) if f.name in found})


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came of a question: a text, or a trouble; what it has cost, and what an event is to
    carry about it."""

    text: str = ""
    trouble: Trouble | None = None
    bill: Bill = NOTHING
    data: dict[str, Any]


async def consult(
    environ: Mapping[str, str],
    options: Options,
    prices: Mapping[str, Rates],
    *,
    system: Sequence[str],
    state: str,
    schema: Mapping[str, Any],
) -> Heard:
    """Ask once, for JSON of ``schema``: ``system`` are texts that many turns share, ``state`` is
    what has changed. Never raises for what the service does, and ends within the timeout."""
    limit = options.timeout
    try:
        async with (
            asyncio.timeout(limit),
            connect(environ, one_try=limit, patience=limit) as client,
        ):
            message = await client.messages.create(**_words(options, system, state, schema))
    except Exception as error:  # noqa: BLE001  the SDK's errors are many; none may stop the loop
        trouble = classify(error)
        found = {"model": options.model, "request_id": trouble.request_id}
        return Heard(trouble=trouble, data=found)
    return _heard(message, options.model, prices)


def _words(
    options: Options, system: Sequence[str], state: str, schema: Mapping[str, Any]
) -> dict[str, Any]:
    # No forced tool and no sampling parameter: current models refuse both.
    config: dict[str, Any] = {"format": {"type": "json_schema", "schema": schema}}
    if options.effort:
        config["effort"] = options.effort
    kept = {"cache_control": {"type": "ephemeral"}}
    return {
        "model": options.model,
        "max_tokens": options.max_tokens,
        "system": [{"type": "text", "text": text, **kept} for text in system],
        "messages": [{"role": "user", "content": [{"type": "text", "text": state}]}],
        "output_config": config,
        **({"thinking": {"type": options.thinking}} if options.thinking else {}),
    }


def _heard(message: Any, model: str, prices: Mapping[str, Rates]) -> Heard:
    usage = usage_of(message, model)
    text = _text(message)
    return Heard(
        text=text if isinstance(text, str) else "",
        trouble=text if isinstance(text, Trouble) else None,
        bill=Bill.of([usage], prices) if usage.prompt or usage.output else NOTHING,
        data={
            "model": usage.model,
            "request_id": said(getattr(message, "_request_id", None) or ""),
        },
    )


def _text(message: Any) -> str | Trouble:
    """The text of an answer, or why it is none. Blocks of thinking may stand before it."""
    stop = getattr(message, "stop_reason", None)
    if stop in _STOPS:
        kind, why, hint = _STOPS[stop]
        category = getattr(getattr(message, "stop_details", None), "category", None)
        return Trouble(kind=kind, message=f"{why}{_because(category)}.", hint=hint)
    blocks = getattr(message, "content", None)
    parts = [
        block.text
        for block in (blocks if isinstance(blocks, list) else ())
        if getattr(block, "type", None) == "text" and isinstance(block.text, str)
    ]
    text = "".join(parts)
    if stop not in ("end_turn", "stop_sequence") or not text.strip():
        return Trouble(kind="empty", message=f"The answer has no text (it ended: {said(stop)}).")
    return text


_STOPS = {
    "refusal": ("refused", "The model declined", ""),
    "max_tokens": (
        "truncated",
        "The answer was cut off",
        "Raise max_tokens in [deciders.claude].",
    ),
    "model_context_window_exceeded": (
        "too_large",
        "The question fills the model's window",
        "Lower token_budget in [deciders.claude].",
    ),
}


def _because(category: Any) -> str:
    return f" ({said(category)})" if category else ""
