"""What a request of the Messages API says to the model: tools, system, messages, in that order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from taskboard.testing.offline.cache import Block, Prompt
from taskboard.testing.offline.content_rules import content_blocks
from taskboard.testing.offline.models import find_model


def prompt_of(body: Mapping[str, Any]) -> Prompt:
    """The prompt of a valid body, with its ``cache_control`` as breakpoints. One that stands on
    the body itself is on its last block."""
    model = find_model(body["model"])
    blocks = [_block(role, block) for role, block in _blocks(body)]
    if body.get("cache_control") and blocks and not blocks[-1].life:
        blocks[-1] = Block(blocks[-1].said, _life(body["cache_control"]))
    return Prompt(body["model"], tuple(blocks), model.cache if model else 0)


def _block(role: str, block: Mapping[str, Any]) -> Block:
    bare = {name: value for name, value in block.items() if name != "cache_control"}
    mark = block.get("cache_control")
    return Block([role, bare], _life(mark) if mark else "")


def _life(mark: Mapping[str, Any]) -> str:
    return str(mark.get("ttl") or "5m")


def _blocks(body: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from (("tools", tool) for tool in body.get("tools") or ())
    yield from (("system", block) for block in content_blocks({"content": body.get("system")}))
    for message in body["messages"]:
        yield from ((message["role"], block) for block in content_blocks(message))
