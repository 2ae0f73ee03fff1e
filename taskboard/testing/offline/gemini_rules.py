"""What the Gemini API refuses in a request, with its words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs

from taskboard.testing.offline.reply import Error, error
from taskboard.testing.offline.shapes import malformed, shape_faults
from taskboard.testing.offline.wire import Call

_TURN = {
    "role": str,
    "parts": [
        {
            "text": str,
            "thought": bool,
            "functionCall": {"name": str, "args": dict},
            "functionResponse": {"name": str, "response": dict},
        }
    ],
}
_TOOL = {"name": str, "description": str, "parameters": dict, "parametersJsonSchema": dict}
BODY: dict[str, Any] = {
    "contents": [_TURN],
    "systemInstruction": _TURN,
    "system_instruction": _TURN,
    "tools": [{"functionDeclarations": [_TOOL]}],
    "generationConfig": {
        "maxOutputTokens": int,
        "responseSchema": dict,
        "responseJsonSchema": dict,
    },
}
"""The shape of a request. See ``shapes.shape_faults``."""

_VERBS = ("generateContent", "streamGenerateContent", "countTokens")


def refuse(call: Call, model: str, verb: str) -> Error | None:
    """What is wrong with a call, or None."""
    key = call.headers.get("x-goog-api-key") or parse_qs(call.query).get("key", [""])[0]
    if not key:
        said = "Method doesn't allow unregistered callers (callers without established identity)."
        return error(403, message=said)
    if key.startswith("invalid"):
        return error(400, message="API key not valid. Please pass a valid API key.")
    if call.method != "POST" or verb not in _VERBS or not model.startswith("gemini-"):
        said = (
            f"models/{model} is not found for API version v1beta, or is not supported for {verb}."
        )
        return error(404, message=said)
    if not isinstance(call.body, dict):
        return error(400, message="Invalid JSON payload received.")
    fault = next(_faults(call.body, counting=verb == "countTokens"), None)
    return error(400, message=fault) if fault else None


def _faults(body: Mapping[str, Any], *, counting: bool) -> Iterator[str]:
    contents = body.get("contents")
    if not contents and counting:
        return
    if not isinstance(contents, list) or not contents:
        yield "* GenerateContentRequest.contents: contents is not specified\n"
        return
    yield from (f"Invalid JSON payload received. {f}" for f in shape_faults(body, BODY, ""))
    yield from _schema_faults(body)
    for at, content in enumerate(contents):
        if (content.get("role") or "user") not in ("user", "model"):
            yield "Please use a valid role: user, model."
        if not content.get("parts"):
            place = f"GenerateContentRequest.contents[{at}].parts"
            yield f"* {place}: contents.parts must not be empty.\n"
        for part in content.get("parts") or ():
            named = part.get("functionCall") or part.get("functionResponse")
            if named and not named.get("name"):
                yield f"* GenerateContentRequest.contents[{at}].parts: its function has no name\n"
    yield from _pairing_faults(contents)


def _schema_faults(body: Mapping[str, Any]) -> Iterator[str]:
    for group in body.get("tools") or ():
        for tool in group.get("functionDeclarations") or ():
            if not tool.get("name"):
                yield "* GenerateContentRequest.tools.function_declarations.name: is empty\n"
            yield from malformed(tool.get("parametersJsonSchema") or {}, "parametersJsonSchema")
            yield from malformed(lower(tool.get("parameters") or {}), "parameters")
    config = body.get("generationConfig") or {}
    for name in ("responseSchema", "responseJsonSchema"):
        yield from malformed(lower(config.get(name) or {}), name)


def lower(schema: Any) -> Any:
    """The schema with its types as JSON Schema spells them: this API also takes ``STRING``."""
    if isinstance(schema, list):
        return [lower(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: lower(value) for name, value in schema.items()}
    if isinstance(found.get("type"), str):
        found["type"] = found["type"].lower()
    return found


def _pairing_faults(contents: list[Mapping[str, Any]]) -> Iterator[str]:
    for at, content in enumerate(contents):
        calls = sum(bool(part.get("functionCall")) for part in content["parts"])
        behind = contents[at + 1]["parts"] if at + 1 < len(contents) else []
        answers = sum(bool(part.get("functionResponse")) for part in behind)
        if calls != answers:
            yield (
                "Please ensure that the number of function response parts is equal to the number"
                " of function call parts of the function call turn."
            )
    if any(part.get("functionResponse") for part in contents[0]["parts"]):
        yield "Please ensure that function response turn comes immediately after a function call."
