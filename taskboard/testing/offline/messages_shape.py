"""The shape of a request of the Messages API. See ``shapes.shape_faults``."""

from __future__ import annotations

from typing import Any

_MARK = {"type": str, "ttl": str}
_FORMAT = {"type": str, "schema": dict}
_BLOCK = {
    "type": str,
    "text": str,
    "thinking": str,
    "signature": str,
    "id": str,
    "name": str,
    "tool_use_id": str,
    "content": (str, dict, [{"type": str, "text": str, "cache_control": _MARK}]),
    "is_error": bool,
    "cache_control": _MARK,
}
_TOOL = {
    "type": str,
    "name": str,
    "description": str,
    "input_schema": dict,
    "strict": bool,
    "cache_control": _MARK,
}

BODY: dict[str, Any] = {
    "model": str,
    "max_tokens": int,
    "messages": [{"role": str, "content": (str, [_BLOCK])}],
    "system": (str, [_BLOCK]),
    "tools": [_TOOL],
    "tool_choice": {"type": str, "name": str},
    "thinking": {"type": str, "budget_tokens": int},
    "output_config": {"effort": str, "format": _FORMAT},
    "output_format": _FORMAT,
    "cache_control": _MARK,
    "stream": bool,
}
