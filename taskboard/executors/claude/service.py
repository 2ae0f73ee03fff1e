"""One answer of the model: asked for until it comes whole, or until there is no use in asking."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from taskboard.anthropic_api import Trouble, classify, usage_of
from taskboard.clock import Clock
from taskboard.core.bill import Usage
from taskboard.core.conversation import Block, Message, marked

TRIES = 6
"""How often an answer is asked for before the service counts as failed."""

PATIENCE = 90.0
"""Seconds of ``retry-after`` that are waited for here; a longer one is left to the board."""

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 30.0

_SAID = {"text": ("text",), "thinking": ("thinking", "signature"), "redacted_thinking": ("data",)}
_SAID["tool_use"] = ("id", "name", "input")
"""What goes back of each type of block; other types are not asked for and so not kept."""

_CUT = Trouble(kind="cut", message="The answer broke off.", retryable=True)


class Answer(NamedTuple):
    """What the model said: blocks to be kept, why it stopped, and the category of a refusal."""

    blocks: list[Block]
    stop: str
    category: str


class Refused(Exception):
    """No answer: ``trouble`` says why, and whether it may come later."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.message)
        self.trouble = trouble


@dataclass(kw_only=True)
class Service:
    """The Messages API as one run uses it. ``show`` is given text as it comes, ``heard`` is called
    at every sign of life, ``paid`` with the tokens of every answer, broken ones too."""

    client: Any
    model: str
    effort: str
    max_tokens: int
    system: Sequence[Block]
    tools: Sequence[dict[str, Any]]
    clock: Clock
    show: Callable[[str], None]
    heard: Callable[[], None]
    paid: Callable[[Usage], None]
    prompt: int = 0
    """Tokens of the last prompt, as the service has counted them; 0 before the first."""

    async def ask(self, messages: Sequence[Message]) -> Answer:
        """The next answer. Raises ``Refused``."""
        for tries in range(1, TRIES + 1):
            try:
                return await self._once(messages)
            except Refused as error:
                trouble = error.trouble
            except Exception as error:  # noqa: BLE001 - the SDK's errors are many
                trouble = _CUT if isinstance(error, ValueError) else classify(error)
            self.heard()
            if not trouble.retryable or tries == TRIES:
                raise Refused(trouble)
            wait = self._wait(trouble, tries)
            if wait is None:
                raise Refused(trouble)
            self.show(f"\n[{trouble.message} Asking again in {wait:.1f} s.]\n")
            await asyncio.sleep(wait)
        raise AssertionError("the last try returns or raises")

    def _wait(self, trouble: Trouble, tries: int) -> float | None:
        """Seconds until the next try; None where that is too long for us."""
        if trouble.retry_after is not None:
            return trouble.retry_after if trouble.retry_after <= PATIENCE else None
        wait = min(_FIRST_WAIT * 2.0 ** (tries - 1), _LONGEST_WAIT)
        return wait * (1 - 0.25 * self.clock.random())

    async def _once(self, messages: Sequence[Message]) -> Answer:
        config = {"output_config": {"effort": self.effort}} if self.effort else {}
        async with self.client.messages.stream(
            model=self.model,
            max_tokens=self.max_tokens,
            system=list(self.system),
            tools=list(self.tools),
            messages=marked(messages),
            **config,
        ) as stream:
            try:
                async for event in stream:
                    self._note(event)
                message = await stream.get_final_message()
            except BaseException:
                self._count(_begun(stream))
                raise
        self._count(message)
        self.show("\n")
        if not message.stop_reason:
            raise Refused(_CUT)
        details = getattr(message, "stop_details", None)
        category = str(getattr(details, "category", None) or "")
        blocks = [_kept(block) for block in message.content if block.type in _SAID]
        blocks = [block for block in blocks if block.get("text") != ""]  # refused as input
        return Answer(blocks, message.stop_reason, category)

    def _note(self, event: Any) -> None:
        self.heard()
        if event.type == "text":
            self.show(event.text)

    def _count(self, message: Any) -> None:
        usage = usage_of(message, self.model)
        if message is not None and (usage.prompt or usage.output):
            self.prompt = usage.prompt
            self.paid(usage)


def _begun(stream: Any) -> Any:
    """What has come of a broken answer: the prompt is paid for all the same."""
    with contextlib.suppress(AssertionError):
        return stream.current_message_snapshot
    return None


def _kept(block: Any) -> Block:
    return {"type": block.type, **{name: getattr(block, name) for name in _SAID[block.type]}}
