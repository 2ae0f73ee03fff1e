"""The prompt cache, as usage shows it: prefixes that end at a breakpoint are kept."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from taskboard.testing.offline.tokens import canonical, count

LOOK_BACK = 20
"""Blocks before a breakpoint in which an earlier prefix is still found."""

_LIFE = {"5m": 300.0, "1h": 3600.0}


class Block(msgspec.Struct, frozen=True):
    """A piece of a prompt. ``life`` is that of the breakpoint on it (5m, 1h); empty: none."""

    said: Any
    life: str = ""


class Prompt(msgspec.Struct, frozen=True):
    """A prompt in the order the model reads it. ``least`` tokens are needed for a prefix to be
    kept. ``free``: what is written to the cache costs no more than what is fresh."""

    model: str
    blocks: tuple[Block, ...]
    least: int
    free: bool = False


class PromptUsage(msgspec.Struct, frozen=True):
    """Tokens of a prompt by how they are billed: fresh, read from the cache, written to it for
    five minutes and for an hour."""

    fresh: int
    read: int = 0
    write_5m: int = 0
    write_1h: int = 0


class _Step(msgspec.Struct, frozen=True):
    """The digest and size of a prompt up to and with a block, and the block's life."""

    digest: str
    size: int
    life: str


class PromptCache:
    """Prefixes and when they are forgotten (seconds of the caller's clock). Threads may share
    it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}

    def look(self, prompt: Prompt, now: float) -> PromptUsage:
        """The usage of a request, whose breakpoints are kept from now on."""
        steps = _steps(prompt)
        total = steps[-1].size if steps else 0
        marks = [at for at, s in enumerate(steps) if s.life and s.size >= prompt.least]
        with self._lock:
            read = self._longest(steps, marks, now)
            for at in marks:
                self._until[steps[at].digest] = now + _LIFE[steps[at].life]
        written, writes = read, dict.fromkeys(_LIFE, 0)
        for at in () if prompt.free else marks:
            writes[steps[at].life] += max(0, steps[at].size - written)
            written = max(written, steps[at].size)
        return PromptUsage(total - written, read, writes["5m"], writes["1h"])

    def _longest(self, steps: Sequence[_Step], marks: Sequence[int], now: float) -> int:
        for mark in reversed(marks):
            for step in reversed(steps[max(0, mark - LOOK_BACK) : mark + 1]):
                if self._until.get(step.digest, 0.0) > now:
                    return step.size
        return 0


def automatic(model: str, blocks: Iterable[Any]) -> Prompt:
    """A prompt of a provider that caches by itself, from 1,024 tokens on, at no extra cost."""
    found = [Block(said) for said in blocks]
    ends = [Block(found[-1].said, "5m")] if found else []
    return Prompt(model, (*found[:-1], *ends), 1024, free=True)


def _steps(prompt: Prompt) -> list[_Step]:
    digest, size, steps = hashlib.sha256(prompt.model.encode()), 0, []
    for block in prompt.blocks:
        said = canonical(block.said)
        digest.update(said.encode("utf-8", "surrogatepass"))
        size += count(said)
        steps.append(_Step(digest.hexdigest(), size, block.life))
    return steps
