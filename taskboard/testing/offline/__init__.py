"""A model server on loopback, for trying and testing without a network or a key."""

from taskboard.testing.offline.ask import Answered, Ask, Called, Said, Tool
from taskboard.testing.offline.reply import (
    Body,
    Error,
    HangUp,
    Reply,
    Text,
    Thought,
    ToolUse,
    error,
    hang_up,
    json_body,
    pieces,
    refusal,
    stream_error,
    text,
    tool_use,
    truncated,
)
from taskboard.testing.offline.server import KEY, OfflineModel, Request

__all__ = [
    "KEY",
    "Answered",
    "Ask",
    "Body",
    "Called",
    "Error",
    "HangUp",
    "OfflineModel",
    "Reply",
    "Request",
    "Said",
    "Text",
    "Thought",
    "Tool",
    "ToolUse",
    "error",
    "hang_up",
    "json_body",
    "pieces",
    "refusal",
    "stream_error",
    "text",
    "tool_use",
    "truncated",
]
