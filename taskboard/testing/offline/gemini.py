"""The Gemini API, as far as gemini-cli speaks it: requests decoded, replies spelled."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from taskboard.testing.offline.ask import Answered, Ask, Called, Part, Said, Tool
from taskboard.testing.offline.cache import Prompt, automatic
from taskboard.testing.offline.chunks import chunks
from taskboard.testing.offline.gemini_rules import lower, refuse
from taskboard.testing.offline.reply import Error, Piece, Reply, Text, Thought, ToolUse
from taskboard.testing.offline.tokens import count
from taskboard.testing.offline.wire import Call, Event, Sent

_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_RPC = "type.googleapis.com/google.rpc"
_FINISH = {"max_tokens": "MAX_TOKENS", "refusal": "SAFETY"}


class Gemini:
    """``POST /v1beta/models/NAME:generateContent``, ``:streamGenerateContent`` and
    ``:countTokens``."""

    name = "gemini"

    def serves(self, path: str) -> bool:
        return "/models/" in path and ":" in path

    def look(self, call: Call) -> Error | Mapping[str, Any] | Ask:
        model, _, verb = call.path.rpartition("/")[2].partition(":")
        fault = refuse(call, model, verb)
        if fault:
            return fault
        if verb == "countTokens":
            return {"totalTokens": count(call.body)}
        return replace(decode(call.body), model=model, stream=verb.startswith("stream"))

    def prompt(self, call: Call) -> Prompt:
        front = (call.body.get("tools") or [], call.body.get("systemInstruction") or {})
        return automatic(call.path.rpartition("/")[2], (*front, *call.body["contents"]))

    def whole(self, ask: Ask, reply: Reply, sent: Sent) -> Mapping[str, Any]:
        parts = [_part(piece) for piece in reply.pieces]
        return _chunk(ask, sent, parts, _FINISH.get(reply.stop, "STOP"))

    def events(self, ask: Ask, reply: Reply, sent: Sent) -> Iterator[Event]:
        for piece in reply.pieces:
            if isinstance(piece, Text):
                texts = chunks(piece.text)
                yield from (("", _chunk(ask, sent, [{"text": text}])) for text in texts)
            else:
                yield "", _chunk(ask, sent, [_part(piece)])
        if reply.stream_error:
            said = reply.stream_error.replace("_", " ")
            yield "", {"error": {"code": 503, "message": said, "status": "UNAVAILABLE"}}
            return
        yield "", _chunk(ask, sent, [{"text": ""}], _FINISH.get(reply.stop, "STOP"))

    def error(self, fault: Error, request_id: str) -> Mapping[str, Any]:
        del request_id  # it stands in the headers only
        status = _STATUS.get(fault.status, "UNKNOWN")
        said: dict[str, Any] = {"code": fault.status, "message": fault.message, "status": status}
        details: list[dict[str, Any]] = []
        if fault.retry_after is not None:
            delay = f"{fault.retry_after:g}s"
            details.append({"@type": f"{_RPC}.RetryInfo", "retryDelay": delay})
        if fault.type == "insufficient_quota":
            over = {"quotaId": "GenerateRequestsPerDayPerProjectPerModel"}
            details.append({"@type": f"{_RPC}.QuotaFailure", "violations": [over]})
        return {"error": {**said, "details": details} if details else said}

    def headers(self, sent: Sent | None, served: int) -> Mapping[str, str]:
        del sent, served
        return {}


WIRE = Gemini()


def decode(body: Mapping[str, Any]) -> Ask:
    """A valid body as an ``Ask``; its model stands in the path."""
    config = body.get("generationConfig") or {}
    system = body.get("systemInstruction") or body.get("system_instruction") or {}
    groups = (group.get("functionDeclarations") or () for group in body.get("tools") or ())
    schema = config.get("responseJsonSchema") or config.get("responseSchema")
    return Ask(
        wire="gemini",
        model="",
        system="\n".join(str(part.get("text") or "") for part in system.get("parts") or ()),
        parts=tuple(_parts(body["contents"])),
        tools=tuple(_tool(tool) for group in groups for tool in group),
        schema=lower(schema) if schema else None,
        max_tokens=config.get("maxOutputTokens"),
    )


def _tool(tool: Mapping[str, Any]) -> Tool:
    schema = tool.get("parametersJsonSchema") or lower(tool.get("parameters") or {})
    said = tool.get("description") or ""
    return Tool(name=tool["name"], schema=schema, description=said)


def _parts(contents: list[Mapping[str, Any]]) -> Iterator[Part]:
    """Calls have no ids here: an answer belongs to the oldest open call of its name."""
    waiting: list[tuple[str, str]] = []
    calls = 0
    for content in contents:
        role = "assistant" if content.get("role") == "model" else "user"
        for part in content.get("parts") or ():
            if part.get("functionCall"):
                found = part["functionCall"]
                calls += 1
                waiting.append((found["name"], f"call_{calls}"))
                yield Called(f"call_{calls}", found["name"], found.get("args") or {})
            elif part.get("functionResponse"):
                found = part["functionResponse"]
                own = next((one for one in waiting if one[0] == found["name"]), None)
                if own:
                    waiting.remove(own)
                    yield _answer(own[1], found.get("response") or {})
            elif part.get("text") and not part.get("thought"):
                yield Said(role, part["text"])


def _answer(call: str, response: Mapping[str, Any]) -> Answered:
    said = response.get("output", response.get("error", response))
    text = said if isinstance(said, str) else json.dumps(said)
    return Answered(call, text, "error" in response)


def _part(piece: Piece) -> dict[str, Any]:
    match piece:
        case Text(said):
            return {"text": said}
        case Thought(thought):
            return {"text": thought, "thought": True}
        case ToolUse(name, given):
            return {"functionCall": {"name": name, "args": given}}


def _chunk(
    ask: Ask, sent: Sent, parts: list[dict[str, Any]], finish: str | None = None
) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    prompt = sent.prompt.fresh + sent.prompt.read
    usage = {
        "promptTokenCount": prompt,
        "cachedContentTokenCount": sent.prompt.read,
        "candidatesTokenCount": sent.output - sent.thinking,
        "thoughtsTokenCount": sent.thinking,
        "totalTokenCount": prompt + sent.output,
    }
    ends = {"modelVersion": ask.model, "responseId": sent.key}
    return {"candidates": [candidate], "usageMetadata": usage, **ends}
