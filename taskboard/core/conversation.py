"""An agent's conversation as data: messages as the Messages API has them, taken up again after a
crash, kept within limits, marked for the cache. Nothing here talks to anybody."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

Message = dict[str, Any]
"""``role`` is user or assistant; ``content`` a list of blocks, each with its ``type``."""

Block = dict[str, Any]

CLEARED = "[An old result, no longer kept. Call the tool again if you need it.]"

INTERRUPTED = (
    "The run was interrupted before this call's result was seen. It may have happened, in whole"
    " or in part, or not at all: look at what is there before you do it again."
)

GO_ON = "The run was interrupted here and goes on now. Look at what is there, then go on."

DIGEST = "[Digest of the earlier work, made without a model; its messages are no longer kept.]"
"""How a digest begins, so that the next one finds it."""

KEPT = 2
"""Turns at the end that are never given up, only shortened."""

_DIGEST_LONGEST = 8000
_TOLD_LONGEST = 2000
_LONG_INPUT = 1000
_THINKING = ("thinking", "redacted_thinking")
_CUTS = (20_000, 5_000, 1_000, 200)


def text_block(text: str) -> Block:
    """A block of text."""
    return {"type": "text", "text": text}


def result_block(call: str, text: str, *, failed: bool = False) -> Block:
    """What the tool call with this id came to."""
    block = {"type": "tool_result", "tool_use_id": call, "content": text}
    return {**block, "is_error": True} if failed else block


def sound(value: Any) -> Any:
    """JSON data without half characters, which no file and no request can hold."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {sound(name): sound(inner) for name, inner in value.items()}
    return [sound(inner) for inner in value] if isinstance(value, list) else value


def calls_of(message: Message) -> list[Block]:
    """The tool calls in a message."""
    return [block for block in message["content"] if block["type"] == "tool_use"]


def say(messages: Sequence[Message], blocks: Sequence[Block]) -> list[Message]:
    """The user says ``blocks``: a message of its own, or more of the last one when that is the
    user's too (the API wants results of tools first in the message behind their calls)."""
    if messages and messages[-1]["role"] == "user":
        last = messages[-1]
        return [*messages[:-1], {**last, "content": [*last["content"], *blocks]}]
    return [*messages, {"role": "user", "content": list(blocks)}]


def resume(messages: Sequence[Message], news: str) -> list[Message]:
    """Taken up again where it stopped: open tool calls get an honest answer, then come the
    ``news``, or the word that it goes on."""
    last = messages[-1]
    calls = calls_of(last) if last["role"] == "assistant" else []
    honest = [result_block(call["id"], INTERRUPTED, failed=True) for call in calls]
    return say(messages, [*honest, text_block(news.strip() or GO_ON)])


def read_record(record: Any, so_far: Sequence[Message]) -> list[Message] | None:
    """The conversation after one decoded line of its file: ``messages`` begins it anew,
    ``message`` adds one. None for a line that is neither."""
    if not isinstance(record, dict):
        return None
    found = record.get("messages")
    if isinstance(found, list) and found and all(map(_is_message, found)):
        return list(found)
    one = record.get("message")
    return [*so_far, one] if so_far and isinstance(one, dict) and _is_message(one) else None


def _is_message(found: Any) -> bool:
    if not isinstance(found, dict) or found.get("role") not in ("user", "assistant"):
        return False
    content = found.get("content")
    return isinstance(content, list) and bool(content) and all(map(_is_block, content))


def _is_block(found: Any) -> bool:
    if not isinstance(found, dict):
        return False
    if found.get("type") == "tool_use":
        return isinstance(found.get("id"), str) and isinstance(found.get("name"), str)
    return isinstance(found.get("type"), str)


def weight(messages: Iterable[Message]) -> int:
    """Its size in characters of JSON: what tokens are in proportion to."""
    return sum(len(json.dumps(message, ensure_ascii=False)) for message in messages)


def marked(messages: Sequence[Message]) -> list[Message]:
    """With a cache breakpoint behind what the user said last. The first message is the user's,
    so there always is one."""
    at = max(i for i, message in enumerate(messages) if message["role"] == "user")
    blocks = messages[at]["content"]
    last = {**blocks[-1], "cache_control": {"type": "ephemeral"}}
    return [*messages[:at], {**messages[at], "content": [*blocks[:-1], last]}, *messages[at + 1 :]]


def without_thinking(messages: Sequence[Message]) -> list[Message]:
    """Thinking goes back to its model only with the history it was thought over."""
    return [_only_said(message) for message in messages]


def _only_said(message: Message) -> Message:
    blocks = [block for block in message["content"] if block["type"] not in _THINKING]
    return {**message, "content": blocks or [text_block("(nothing was said)")]}


def fit(messages: Sequence[Message], limit: int) -> list[Message]:
    """Shrunk to a ``weight`` of at most ``limit`` where that can be: old results are cleared
    first, oldest first; then the oldest turns become a digest behind the first message; then
    what is long in the last turns is cut. The first message and its words stay."""
    found = without_thinking(messages)
    for shrink in (_clear, _digest, _cut):
        if weight(found) > limit:
            found = shrink(found, limit)
    return found


def _turns(messages: Sequence[Message]) -> list[list[Message]]:
    """All but the first message: what the assistant said, with what it was answered."""
    turns: list[list[Message]] = []
    for message in messages[1:]:
        if message["role"] == "assistant" or not turns:
            turns.append([message])
        else:
            turns[-1].append(message)
    return turns


def _clear(messages: Sequence[Message], limit: int) -> list[Message]:
    found = list(messages)
    kept = sum(len(turn) for turn in _turns(messages)[-KEPT:])
    over = weight(found) - limit
    for at in range(1, len(found) - kept):
        if over <= 0:
            break
        cleared = {**found[at], "content": [_cleared(b) for b in found[at]["content"]]}
        over -= weight([found[at]]) - weight([cleared])
        found[at] = cleared
    return found


def _cleared(block: Block) -> Block:
    if block["type"] == "tool_result" and len(str(block.get("content"))) > len(CLEARED):
        return {**block, "content": CLEARED}
    if block["type"] == "tool_use":
        return {**block, "input": _shortened(block.get("input"), _LONG_INPUT)}
    return block


def _digest(messages: Sequence[Message], limit: int) -> list[Message]:
    turns = _turns(messages)
    excess = weight(messages) + _DIGEST_LONGEST - limit
    gone = 0
    while gone < len(turns) - KEPT and excess > 0:
        excess -= weight(turns[gone])
        gone += 1
    if not gone:
        return list(messages)
    first = messages[0]
    words = [block for block in first["content"] if not _is_digest(block)]
    lines = [line for block in first["content"] if _is_digest(block) for line in _lines_of(block)]
    lines += [line for turn in turns[:gone] for line in _told(turn)]
    opening = {**first, "content": [*words, text_block(_bounded(lines))]}
    return [opening, *(message for turn in turns[gone:] for message in turn)]


def _is_digest(block: Block) -> bool:
    return block["type"] == "text" and str(block.get("text", "")).startswith(DIGEST)


def _lines_of(digest: Block) -> list[str]:
    return str(digest["text"]).split("\n")[1:]


def _bounded(lines: Sequence[str]) -> str:
    """The newest lines that there is room for; those of the user go last."""
    room = _DIGEST_LONGEST - len(DIGEST)
    chosen: set[int] = set()
    newest = sorted(range(len(lines)), key=lambda i: (lines[i].startswith("user: "), i))
    for i in reversed(newest):
        room -= len(lines[i]) + 1
        if room < 0:
            break
        chosen.add(i)
    return "\n".join([DIGEST, *(lines[i] for i in sorted(chosen))])


def _told(turn: Sequence[Message]) -> list[str]:
    """A turn in lines: what was said, what was called and whether it went well."""
    blocks = [(m["role"], block) for m in turn for block in m["content"]]
    failed = {
        b.get("tool_use_id") for _, b in blocks if b["type"] == "tool_result" and b.get("is_error")
    }
    return [line for role, block in blocks if (line := _line(role, block, failed))]


def _line(role: str, block: Block, failed: set[Any]) -> str:
    if block["type"] == "text":
        longest = _TOLD_LONGEST if role == "user" else 200
        who = "user" if role == "user" else "you"
        return f"{who}: {_short(' '.join(str(block.get('text', '')).split()), longest)}"
    if block["type"] == "tool_use":
        given = json.dumps(_shortened(block.get("input"), 80), ensure_ascii=False)
        how = "failed" if block.get("id") in failed else "ok"
        return f"{block.get('name')} {_short(given, 200)}: {how}"
    return ""


def _cut(messages: Sequence[Message], limit: int) -> list[Message]:
    found = list(messages)
    for longest in _CUTS:
        if weight(found) <= limit:
            break
        found = [found[0], *(_cut_to(message, longest) for message in found[1:])]
    return found


def _cut_to(message: Message, longest: int) -> Message:
    return {**message, "content": [_cut_block(block, longest) for block in message["content"]]}


def _cut_block(block: Block, longest: int) -> Block:
    if block["type"] == "tool_result":
        return {**block, "content": _short(str(block.get("content", "")), longest)}
    if block["type"] == "tool_use":
        return {**block, "input": _shortened(block.get("input"), longest)}
    return block


def _shortened(given: Any, longest: int) -> Any:
    if isinstance(given, str):
        return _short(given, longest)
    if isinstance(given, dict):
        return {name: _shortened(value, longest) for name, value in given.items()}
    if isinstance(given, list):
        return [_shortened(value, longest) for value in given]
    return given


def _short(text: str, longest: int) -> str:
    """The beginning and the end, with a word about what is missing."""
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]} [... {len(text) - 2 * half} characters left out ...] {text[-half:]}"
