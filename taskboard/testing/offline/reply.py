"""What the server says: replies of a model, and what goes wrong on the way.

The functions in lower case make them for ``OfflineModel.push``. All take ``times`` (how many
requests are answered so; None: every one from now on) and ``delay`` (seconds before anything is
said).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class Text(msgspec.Struct, frozen=True):
    """Prose, or JSON where that was asked for."""

    text: str


class ToolUse(msgspec.Struct, frozen=True):
    """A tool to be called. ``input`` is an object, or text for a freeform tool. An empty ``id``
    gets one."""

    name: str
    input: Any
    id: str = ""


class Thought(msgspec.Struct, frozen=True):
    """A block of thinking. Its text is empty where the provider hides it."""

    text: str = ""


Piece = Text | ToolUse | Thought


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer of the model. ``stop`` is a stop reason of the Messages API; empty: the one that
    fits. ``cut_after``: the connection ends after so many events of a stream (bytes of nothing,
    when it is not streamed). ``stall_after``: after so many events nothing more comes, though the
    connection stays. ``stream_error``: a stream ends with an error of this type. ``usage``: what
    the Messages API is to say of it instead of the counted."""

    pieces: tuple[Piece, ...]
    stop: str = ""
    category: str | None = None
    cut_after: int | None = None
    stall_after: int | None = None
    stream_error: str = ""
    usage: Mapping[str, int] = msgspec.field(default_factory=dict)
    times: int | None = 1
    delay: float = 0.0


class Error(msgspec.Struct, frozen=True, kw_only=True):
    """An answer with an HTTP error. ``retry_after`` seconds, as the header says it;
    ``headers`` besides the usual ones."""

    status: int
    type: str
    message: str
    retry_after: float | None = None
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    times: int | None = 1
    delay: float = 0.0


class HangUp(msgspec.Struct, frozen=True, kw_only=True):
    """The connection ends without a word."""

    times: int | None = 1
    delay: float = 0.0


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """Any JSON (or, for a ``str``, any text) as the body of an answer."""

    value: Any
    status: int = 200
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    times: int | None = 1
    delay: float = 0.0


Scripted = Reply | Error | HangUp | Body

ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    502: "api_error",
    503: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
"""The type of error that goes with a status."""


def text(said: str, *, thinking: str | None = None, **how: Any) -> Reply:
    """The model says something; ``thinking`` (may be empty) puts a block of it first."""
    first = () if thinking is None else (Thought(thinking),)
    return Reply(pieces=(*first, Text(said)), **how)


def tool_use(
    name: str, given: Any, *, saying: str = "", thinking: str | None = None, **how: Any
) -> Reply:
    """The model calls a tool, after ``thinking`` and ``saying`` something where they are given."""
    first: tuple[Piece, ...] = () if thinking is None else (Thought(thinking),)
    said = (Text(saying),) if saying else ()
    return Reply(pieces=(*first, *said, ToolUse(name, given)), **how)


def pieces(*found: Piece, **how: Any) -> Reply:
    """The model says and calls several things in one answer."""
    return Reply(pieces=found, **how)


def refusal(said: str = "", *, category: str | None = None, **how: Any) -> Reply:
    """The model declines."""
    return Reply(pieces=(Text(said),) if said else (), stop="refusal", category=category, **how)


def truncated(said: str, **how: Any) -> Reply:
    """The answer is cut because it reached ``max_tokens``."""
    return Reply(pieces=(Text(said),), stop="max_tokens", **how)


def error(status: int, kind: str = "", message: str = "", **how: Any) -> Error:
    """An HTTP error. Its type (``kind``) and message follow from ``status`` unless given."""
    kind = kind or ERRORS.get(status, "api_error" if status >= 500 else "invalid_request_error")
    said = message or f"{kind.replace('_', ' ').capitalize()}, as the script says"
    return Error(status=status, type=kind, message=said, **how)


def stream_error(kind: str = "overloaded_error", said: str = "", **how: Any) -> Reply:
    """A stream that begins, may say something, and ends with an error event."""
    return Reply(pieces=(Text(said),), stream_error=kind, **how)


def hang_up(**how: Any) -> HangUp:
    """The connection ends without a word."""
    return HangUp(**how)


def json_body(value: Any, status: int = 200, **how: Any) -> Body:
    """Any JSON as the answer."""
    return Body(value=value, status=status, **how)
