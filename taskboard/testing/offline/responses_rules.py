"""What the Responses API refuses in a request, with its words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from taskboard.testing.offline.reply import Error, error
from taskboard.testing.offline.wire import Call

_CALLS = ("function_call", "custom_tool_call")
_MODELS = ("gpt-", "codex", "o")

Schema = Mapping[str, Any]


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
    if not isinstance(body["model"], str):
        yield "Invalid type for 'model': expected a string."
    if isinstance(body["input"], list):
        yield from _item_faults(body["input"])
    elif not isinstance(body["input"], str):
        yield "Invalid type for 'input': expected one of a string or array of input items."
    wanted = (body.get("text") or {}).get("format") or {}
    if wanted.get("type") == "json_schema":
        front = f"Invalid schema for response_format '{wanted.get('name')}': In context="
        yield from (front + fault for fault in _schema_faults(wanted.get("schema"), ()))


def _item_faults(items: list[Any]) -> Iterator[str]:
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


def _schema_faults(schema: Any, place: tuple[str, ...]) -> Iterator[str]:
    if not isinstance(schema, dict):
        yield f"{place}, schema must be a JSON Schema of 'type: \"object\"'."
        return
    properties = schema.get("properties") or {}
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            yield f"{place}, 'additionalProperties' is required to be supplied and to be false."
        for name in properties:
            if name not in schema.get("required", ()):
                yield (
                    f"{place}, 'required' is required to be supplied and to be an array including"
                    f" every key in properties. Missing '{name}'."
                )
    for name, inner in properties.items():
        yield from _schema_faults(inner, (*place, "properties", name))
    if "items" in schema:
        yield from _schema_faults(schema["items"], (*place, "items"))
