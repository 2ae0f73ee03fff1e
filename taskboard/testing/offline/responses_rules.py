"""What the Responses API refuses in a request, with its words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from taskboard.testing.offline.reply import Error, error
from taskboard.testing.offline.shapes import malformed, shape_faults
from taskboard.testing.offline.wire import Call

_CALLS = ("function_call", "custom_tool_call")
_MODELS = ("gpt-", "codex", "o")

_REQUIRED = {
    "message": ("role",),
    "function_call": ("call_id", "name"),
    "custom_tool_call": ("call_id", "name"),
    "function_call_output": ("call_id",),
    "custom_tool_call_output": ("call_id",),
}
_BLOCK = {"type": str, "text": str}
_TOOL: dict[str, Any] = {
    "type": str,
    "name": str,
    "description": str,
    "parameters": dict,
    "tools": [{"type": str, "name": str, "description": str, "parameters": dict}],
}
_ITEM = {
    "type": str,
    "role": str,
    "content": (str, [_BLOCK]),
    "call_id": str,
    "name": str,
    "arguments": str,
    "input": str,
    "output": (str, dict, [_BLOCK]),
    "tools": [_TOOL],
}
BODY: dict[str, Any] = {
    "model": str,
    "input": (str, [_ITEM]),
    "instructions": str,
    "tools": [_TOOL],
    "text": {"format": {"type": str, "name": str, "schema": dict}},
    "max_output_tokens": int,
    "stream": bool,
}
"""The shape of a request. See ``shapes.shape_faults``."""


def refuse(call: Call) -> Error | None:
    """What is wrong with a call, or None."""
    scheme, _, key = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        said = "Missing bearer or basic authentication in header"
        return error(401, "invalid_request_error", said)
    if key.startswith("invalid"):
        return error(401, message="Incorrect API key provided")
    body = call.body
    if not isinstance(body, dict):
        return error(400, message="We could not parse the JSON body of your request.")
    fault = next(_faults(body), None)
    if fault:
        return error(400, message=fault)
    if not body["model"].startswith(_MODELS):
        said = f"The model `{body['model']}` does not exist or you do not have access to it."
        return error(404, message=said)
    return None


def _faults(body: Mapping[str, Any]) -> Iterator[str]:
    for name in ("model", "input"):
        if not body.get(name):
            yield f"Missing required parameter: '{name}'."
    for fault in shape_faults(body, BODY, ""):
        place, _, wanted = fault.partition(": Input should be a valid ")
        yield f"Invalid type for '{place}': expected a {wanted}."
    if isinstance(body["input"], list):
        yield from _item_faults(body["input"])
    for tool in body.get("tools") or ():
        yield from _tool_faults(tool)
    shape = (body.get("text") or {}).get("format") or {}
    if shape.get("type") == "json_schema":
        front = f"Invalid schema for response_format '{shape.get('name')}': In context="
        yield from (front + fault for fault in _schema_faults(shape.get("schema"), ()))


def _tool_faults(tool: Mapping[str, Any]) -> Iterator[str]:
    kind = tool.get("type")
    if kind in ("function", "custom", "namespace") and not tool.get("name"):
        yield "Missing required parameter: 'tools[].name'."
    if tool.get("parameters") is not None:
        yield from malformed(tool["parameters"], f"Invalid schema for function '{tool['name']}'")
    for inner in tool.get("tools") or ():
        yield from _tool_faults(inner)


def _item_faults(items: list[Any]) -> Iterator[str]:
    for item in items:
        kind = item.get("type") or "message"
        for name in _REQUIRED.get(kind, ()):
            if not item.get(name):
                yield f"Missing required parameter: 'input[].{name}'."
        if kind == "function_call" and not _is_object(item.get("arguments") or "{}"):
            yield "Invalid 'input[].arguments': expected JSON."
        for tool in item.get("tools") or ():
            yield from _tool_faults(tool)
    calls = [item.get("call_id") for item in items if item.get("type") in _CALLS]
    outputs = [item.get("call_id") for item in items if _is_output(item)]
    for found in outputs:
        if found not in calls:
            yield f"No tool call found for function call output with call_id {found}."
    for found in calls:
        if found not in outputs:
            yield f"No tool output found for function call {found}."


def _is_output(item: Mapping[str, Any]) -> bool:
    return str(item.get("type")) in tuple(f"{kind}_output" for kind in _CALLS)


def _is_object(said: str) -> bool:
    try:
        return isinstance(json.loads(said), dict)
    except ValueError:
        return False


def _schema_faults(schema: Any, place: tuple[str, ...]) -> Iterator[str]:
    if not isinstance(schema, dict):
        yield f"{place}, schema must be a JSON Schema of 'type: \"object\"'."
        return
    yield from malformed(schema, str(place))
    properties = schema.get("properties") or {}
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            yield f"{place}, 'additionalProperties' is required to be supplied and to be false."
        for name in properties:
            if name not in (schema.get("required") or ()):
                yield (
                    f"{place}, 'required' is required to be supplied and to be an array including"
                    f" every key in properties. Missing '{name}'."
                )
    for name, inner in properties.items():
        yield from _schema_faults(inner, (*place, "properties", name))
    if "items" in schema:
        yield from _schema_faults(schema["items"], (*place, "items"))
