"""What a program asks a model, whichever of the three ways of speaking it uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """A tool the program offers. ``freeform``: its input is text, not an object (codex's
    ``apply_patch``). ``namespace``: the group it came in (codex's MCP servers)."""

    name: str
    schema: Mapping[str, Any] = msgspec.field(default_factory=dict)
    description: str = ""
    freeform: bool = False
    namespace: str = ""

    @property
    def properties(self) -> Mapping[str, Any]:
        """The schemas of its inputs, by name."""
        found = self.schema.get("properties")
        return found if isinstance(found, dict) else {}


class Said(msgspec.Struct, frozen=True):
    """Text in the conversation. ``role`` is user, assistant or system."""

    role: str
    text: str


class Called(msgspec.Struct, frozen=True):
    """The model called a tool. ``input`` is an object, or text for a freeform tool."""

    id: str
    name: str
    input: Any


class Answered(msgspec.Struct, frozen=True):
    """What a tool call came to."""

    id: str
    text: str
    error: bool = False


Part = Said | Called | Answered


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One request, decoded. ``wire`` is messages, responses or gemini; ``schema`` the JSON Schema
    the answer has to obey, None when prose will do; ``max_tokens`` None when there is no limit.
    ``must``: the tool that has to be called, ``*`` for any. ``thinks``: the model thinks before it
    speaks and the request does not keep it from it."""

    wire: str
    model: str
    parts: tuple[Part, ...]
    system: str = ""
    tools: tuple[Tool, ...] = ()
    schema: Mapping[str, Any] | None = None
    max_tokens: int | None = None
    stream: bool = False
    must: str = ""
    thinks: bool = False

    @property
    def user(self) -> tuple[str, ...]:
        """Everything the user said, oldest first."""
        return tuple(p.text for p in self.parts if isinstance(p, Said) and p.role == "user")

    @property
    def last_user(self) -> str:
        """What the user said last; empty when nothing."""
        return self.user[-1] if self.user else ""

    def tool(self, *names: str) -> Tool | None:
        """The first tool on offer that has one of the names, in the order of the names."""
        offered = {tool.name: tool for tool in reversed(self.tools)}
        return next((offered[name] for name in names if name in offered), None)

    def results(self) -> tuple[tuple[Called, Answered], ...]:
        """Every tool call that has an answer, with it, oldest first."""
        answers = {p.id: p for p in self.parts if isinstance(p, Answered)}
        calls = [p for p in self.parts if isinstance(p, Called)]
        return tuple((call, answers[call.id]) for call in calls if call.id in answers)
