"""What the Messages API refuses in a conversation: empty content, tool calls without results and
the other way round, prefill, thinking that was changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_ROLES = ("user", "assistant", "system")
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "text": ("text",),
    "thinking": ("thinking", "signature"),
    "tool_use": ("id", "name", "input"),
    "tool_result": ("tool_use_id",),
}

Message = Mapping[str, Any]


def sign(thought: str) -> str:
    """The signature a block of thinking goes out with, and has to come back with."""
    return "offline" + hashlib.sha256(thought.encode("utf-8", "surrogatepass")).hexdigest()


def conversation_faults(messages: Sequence[Message], *, prefill: bool) -> Iterator[str]:
    """What is wrong with the messages, in the API's words."""
    for at, message in enumerate(messages):
        yield from _message_faults(f"messages.{at}", message)
    if messages[0]["role"] != "user":
        yield 'messages: first message must use the "user" role'
    yield from _empty_faults(messages)
    yield from _pairing_faults(messages)
    if messages[-1]["role"] == "assistant" and not prefill:
        yield (
            "This model does not support assistant message prefill. The conversation must end"
            " with a user message."
        )
    last = content_blocks(messages[-1])
    if (
        messages[-1]["role"] == "assistant"
        and last
        and _text(last[-1]) != _text(last[-1]).rstrip()
    ):
        yield "messages: final assistant content cannot end with trailing whitespace"


def content_blocks(message: Message) -> list[Mapping[str, Any]]:
    """The blocks of a message; its text as one block where it is only text."""
    content = message.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return list(content or ())


def _text(block: Mapping[str, Any]) -> str:
    return str(block.get("text", "")) if block.get("type") == "text" else ""


def _message_faults(place: str, message: Message) -> Iterator[str]:
    if message.get("role") not in _ROLES:
        yield f"{place}.role: Input should be 'user' or 'assistant'"
    content = message.get("content")
    if content is None:
        yield f"{place}.content: Field required"
    for at, block in enumerate(content if isinstance(content, list) else ()):
        yield from _block_faults(f"{place}.content.{at}", block, message.get("role"))


def _block_faults(place: str, block: Mapping[str, Any], role: Any) -> Iterator[str]:
    kind = block.get("type")
    if kind is None:
        yield f"{place}.type: Field required"
        return
    yield from (
        f"{place}.{kind}.{name}: Field required"
        for name in _REQUIRED.get(kind, ())
        if block.get(name) is None
    )
    if kind == "text" and block["text"] == "":
        yield "messages: text content blocks must be non-empty"
    if kind == "tool_use" and role != "assistant":
        yield f"{place}: `tool_use` blocks can only be in `assistant` messages"
    if kind == "tool_use" and not isinstance(block["input"], dict):
        yield f"{place}.tool_use.input: Input should be a valid dictionary"
    if kind == "tool_result" and role != "user":
        yield f"{place}: `tool_result` blocks can only be in `user` messages"
    if kind == "thinking" and block["signature"] != sign(block["thinking"]):
        yield f"{place}: Invalid `signature` in `thinking` block"


def _empty_faults(messages: Sequence[Message]) -> Iterator[str]:
    for at, message in enumerate(messages):
        final = at == len(messages) - 1 and message["role"] == "assistant"
        if not message["content"] and not final:
            yield (
                f"messages.{at}: all messages must have non-empty content except for the optional"
                " final assistant message"
            )


def _pairing_faults(messages: Sequence[Message]) -> Iterator[str]:
    seen: set[str] = set()
    open_calls: list[str] = []
    for at, message in enumerate(_turns(messages)):
        blocks = content_blocks(message)
        results = [b["tool_use_id"] for b in blocks if b.get("type") == "tool_result"]
        if any(b.get("type") != "tool_result" for b in blocks[: len(results)]):
            yield _unanswered(at - 1, open_calls or results)  # what is said comes behind them
        for found in results:
            if found not in open_calls:
                yield _unexpected(at, found)
        missing = [call for call in open_calls if call not in results]
        if missing:
            yield _unanswered(at - 1, missing)
        if len(set(results)) < len(results):
            yield f"messages.{at}: each tool_use must have a single result."
        open_calls = [b["id"] for b in blocks if b.get("type") == "tool_use"]
        if seen & set(open_calls) or len(set(open_calls)) < len(open_calls):
            yield f"messages.{at}: `tool_use` ids must be unique"
        seen.update(open_calls)
    if open_calls:
        yield _unanswered(len(messages) - 1, open_calls)


def _turns(messages: Sequence[Message]) -> Sequence[Message]:
    """Neighbours of one role are one turn; a system message belongs to the user's."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        role = "assistant" if message["role"] == "assistant" else "user"
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] = turns[-1]["content"] + content_blocks(message)
        else:
            turns.append({"role": role, "content": content_blocks(message)})
    return turns


def _unanswered(at: int, calls: Sequence[str]) -> str:
    return (
        f"messages.{at}: `tool_use` ids were found without `tool_result` blocks immediately after:"
        f" {', '.join(calls)}. Each `tool_use` block must have a corresponding `tool_result` block"
        " in the next message."
    )


def _unexpected(at: int, call: str) -> str:
    return (
        f"messages.{at}.content: unexpected `tool_use_id` found in `tool_result` blocks: {call}."
        " Each `tool_result` block must have a corresponding `tool_use` block in the previous"
        " message."
    )
