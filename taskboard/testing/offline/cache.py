"""The prompt cache, as usage shows it: prefixes that end at a ``cache_control`` are kept."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from taskboard.testing.offline.models import find_model
from taskboard.testing.offline.tokens import canonical, count

LOOK_BACK = 20
"""Blocks before a breakpoint in which an earlier prefix is still found."""

_LIFE = {"5m": 300.0, "1h": 3600.0}


@dataclass(frozen=True, slots=True)
class PromptUsage:
    """Tokens of a prompt by how they are billed: fresh, read from the cache, written to it for
    five minutes and for an hour."""

    fresh: int
    read: int = 0
    write_5m: int = 0
    write_1h: int = 0


@dataclass(frozen=True, slots=True)
class _Step:
    """A block of the prompt: the digest and size of everything up to it, and its life if a
    breakpoint stands on it."""

    digest: str
    size: int
    life: str


class PromptCache:
    """Prefixes and when they are forgotten (seconds of the caller's clock)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}

    def look(self, body: Mapping[str, Any], now: float) -> PromptUsage:
        """The usage of a request, whose breakpoints are kept from now on."""
        steps = _steps(body)
        total = steps[-1].size if steps else 0
        model = find_model(str(body.get("model")))
        least = model.cache if model else 0
        marks = [i for i, step in enumerate(steps) if step.life and step.size >= least]
        with self._lock:
            known = self._longest(steps, marks, now)
            for i in marks:
                life = _LIFE[steps[i].life]
                self._until[steps[i].digest] = now + life
        read = written = known
        writes = {"5m": 0, "1h": 0}
        for i in marks:
            writes[steps[i].life] += max(0, steps[i].size - written)
            written = max(written, steps[i].size)
        return PromptUsage(total - written, read, writes["5m"], writes["1h"])

    def _longest(self, steps: list[_Step], marks: list[int], now: float) -> int:
        for mark in reversed(marks):
            for step in reversed(steps[max(0, mark - LOOK_BACK) : mark + 1]):
                if self._until.get(step.digest, 0.0) > now:
                    return step.size
        return 0


def _steps(body: Mapping[str, Any]) -> list[_Step]:
    """In the order of a prompt: tools, system, messages."""
    blocks = list(_blocks(body))
    automatic = body.get("cache_control")
    digest, size, steps = hashlib.sha256(str(body.get("model")).encode()), 0, []
    for at, (role, block) in enumerate(blocks):
        marked = block.get("cache_control")
        if automatic and at == len(blocks) - 1:
            marked = marked or automatic
        bare = {k: v for k, v in block.items() if k != "cache_control"}
        said = canonical([role, bare])
        digest.update(said.encode("utf-8", "surrogatepass"))
        size += count(said)
        life = (marked.get("ttl") or "5m") if isinstance(marked, dict) else ""
        steps.append(_Step(digest.hexdigest(), size, life))
    return steps


def _blocks(body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for tool in body.get("tools") or ():
        yield "tools", tool
    system = body.get("system") or ()
    yield from (("system", b) for b in ([_text(system)] if isinstance(system, str) else system))
    for message in body.get("messages") or ():
        content = message.get("content")
        blocks = [_text(content)] if isinstance(content, str) else content or ()
        yield from ((str(message.get("role")), block) for block in blocks)


def _text(said: str) -> dict[str, str]:
    return {"type": "text", "text": said}
