"""What a way of speaking has to do for the server. Each is a module with a ``WIRE``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import msgspec

from taskboard.testing.offline.ask import Ask
from taskboard.testing.offline.cache import Prompt, PromptUsage
from taskboard.testing.offline.reply import Error, Reply


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came: path without query, lower-case header names, decoded body."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: Any


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What goes with a reply: ``key`` makes ids that are new in every conversation, ``now`` is
    Unix time in seconds, ``prompt`` and ``output`` are tokens."""

    key: str
    now: int
    prompt: PromptUsage
    output: int
    thinking: int = 0


Event = tuple[str, Any]
"""An event of a stream: its name (empty for none) and its data, JSON or text."""


class Wire(Protocol):
    """A way of speaking."""

    @property
    def name(self) -> str:
        """What ``Ask.wire`` says."""
        ...

    def serves(self, path: str) -> bool:
        """Whether it is asked here."""
        ...

    def look(self, call: Call) -> Error | Mapping[str, Any] | Ask:
        """Refuse the call, answer it with JSON where no model is needed, or decode it."""
        ...

    def prompt(self, call: Call) -> Prompt:
        """What a valid call says to the model, for the cache."""
        ...

    def whole(self, ask: Ask, reply: Reply, sent: Sent) -> Mapping[str, Any]:
        """The reply in one piece."""
        ...

    def events(self, ask: Ask, reply: Reply, sent: Sent) -> Iterator[Event]:
        """The reply as a stream, with the error at its end where the reply has one."""
        ...

    def error(self, fault: Error, request_id: str) -> Mapping[str, Any]:
        """The body of an HTTP error."""
        ...

    def headers(self, sent: Sent | None, served: int) -> Mapping[str, str]:
        """Headers of an answer; ``served`` requests were answered before."""
        ...
