"""The OpenAI Responses API, as far as codex speaks it: requests decoded, replies spelled."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from taskboard.testing.offline.ask import Answered, Ask, Called, Part, Said, Tool
from taskboard.testing.offline.cache import Prompt, automatic
from taskboard.testing.offline.chunks import chunks
from taskboard.testing.offline.reply import Error, Piece, Reply, Text, Thought, ToolUse
from taskboard.testing.offline.responses_rules import refuse
from taskboard.testing.offline.wire import Call, Event, Sent

_CODES = {
    "rate_limit_error": ("requests", "rate_limit_exceeded"),
    "overloaded_error": ("server_error", "server_is_overloaded"),
    "api_error": ("server_error", "server_error"),
    "authentication_error": ("invalid_request_error", "invalid_api_key"),
    "not_found_error": ("invalid_request_error", "model_not_found"),
    "insufficient_quota": ("insufficient_quota", "insufficient_quota"),
}


class Responses:
    """``POST .../responses``. A ``GET``, which asks for a WebSocket, is told that there is none:
    then codex falls back to this one at once."""

    name = "responses"

    def serves(self, path: str) -> bool:
        return path.endswith("/responses")

    def look(self, call: Call) -> Error | Mapping[str, Any] | Ask:
        if call.method == "GET":
            said = "There is no WebSocket here: use POST"
            return Error(status=426, type="invalid_request_error", message=said)
        return refuse(call) or decode(call.body)

    def prompt(self, call: Call) -> Prompt:
        body = call.body
        told = body["input"] if isinstance(body["input"], list) else [body["input"]]
        tools, rules = body.get("tools") or (), [body.get("instructions") or ""]
        return automatic(body["model"], (*tools, *rules, *told))

    def whole(self, ask: Ask, reply: Reply, sent: Sent) -> Mapping[str, Any]:
        items = [_item(piece, at, ask, sent) for at, piece in enumerate(reply.pieces)]
        return _frame(ask, reply, sent, items)

    def events(self, ask: Ask, reply: Reply, sent: Sent) -> Iterator[Event]:
        empty = {**_frame(ask, reply, sent, []), "status": "in_progress", "usage": None}
        for number, (kind, data) in enumerate(self._events(ask, reply, sent, empty)):
            yield kind, {"type": kind, "sequence_number": number, **data}

    def _events(
        self, ask: Ask, reply: Reply, sent: Sent, empty: Mapping[str, Any]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        yield "response.created", {"response": empty}
        yield "response.in_progress", {"response": empty}
        items = [_item(piece, at, ask, sent) for at, piece in enumerate(reply.pieces)]
        for at, (piece, item) in enumerate(zip(reply.pieces, items, strict=True)):
            yield from _item_events(piece, at, item)
        if reply.stream_error:
            _, code = _CODES.get(reply.stream_error, ("", reply.stream_error))
            fault = {"code": code, "message": reply.stream_error.replace("_", " ")}
            yield "response.failed", {"response": {**empty, "status": "failed", "error": fault}}
            return
        whole = _frame(ask, reply, sent, items)
        yield f"response.{whole['status']}", {"response": whole}

    def error(self, fault: Error, request_id: str) -> Mapping[str, Any]:
        kind, code = _CODES.get(fault.type, (fault.type, None))
        del request_id  # it stands in the headers only
        return {"error": {"message": fault.message, "type": kind, "param": None, "code": code}}

    def headers(self, sent: Sent | None, served: int) -> Mapping[str, str]:
        del sent, served
        return {"openai-version": "2020-10-01"}


WIRE = Responses()


def decode(body: Mapping[str, Any]) -> Ask:
    """A valid body as an ``Ask``."""
    wanted = (body.get("text") or {}).get("format") or {}
    found = body["input"]
    items = [{"role": "user", "content": found}] if isinstance(found, str) else found
    listed = [*(body.get("tools") or ()), *_added(items)]
    parts = [part for item in items for part in _parts(item)]
    front = [body["instructions"]] if body.get("instructions") else []
    system = [part.text for part in parts if isinstance(part, Said) and part.role == "system"]
    return Ask(
        wire="responses",
        model=body["model"],
        system="\n".join(front + system),
        parts=tuple(parts),
        tools=tuple(tool for found in listed for tool in _tools(found)),
        schema=wanted.get("schema") if wanted.get("type") == "json_schema" else None,
        max_tokens=body.get("max_output_tokens"),
        stream=bool(body.get("stream")),
    )


def _added(items: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Tools that came in the conversation."""
    for item in items:
        if item.get("type") == "additional_tools":
            yield from item.get("tools") or ()


def _tools(tool: Mapping[str, Any], namespace: str = "") -> Iterator[Tool]:
    kind, said = tool.get("type"), str(tool.get("description") or "")
    if kind == "namespace":
        for inner in tool.get("tools") or ():
            yield from _tools(inner, tool["name"])
    elif kind == "function":
        schema = tool.get("parameters") or {}
        yield Tool(name=tool["name"], schema=schema, description=said, namespace=namespace)
    elif kind == "custom":
        yield Tool(name=tool["name"], description=said, freeform=True, namespace=namespace)


def _parts(item: Mapping[str, Any]) -> Iterator[Part]:
    kind = item.get("type", "message")
    if kind == "message":
        role = "system" if item["role"] == "developer" else item["role"]
        content = item.get("content") or ()
        for text in [content] if isinstance(content, str) else (b.get("text") for b in content):
            if isinstance(text, str):
                yield Said(role, text)
    elif kind == "function_call":
        yield Called(item["call_id"], item["name"], json.loads(item.get("arguments") or "{}"))
    elif kind == "custom_tool_call":
        yield Called(item["call_id"], item["name"], item.get("input") or "")
    elif kind in ("function_call_output", "custom_tool_call_output"):
        yield Answered(item["call_id"], _output(item.get("output")))


def _output(found: Any) -> str:
    if isinstance(found, list):
        return "\n".join(str(block.get("text") or "") for block in found)
    return found if isinstance(found, str) else json.dumps(found)


def _frame(ask: Ask, reply: Reply, sent: Sent, items: list[dict[str, Any]]) -> dict[str, Any]:
    cut = reply.stop == "max_tokens"
    return {
        "id": f"resp_{sent.key}",
        "object": "response",
        "created_at": sent.now,
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "error": None,
        "model": ask.model,
        "output": items,
        "usage": _usage(sent),
    }


def _item(piece: Piece, at: int, ask: Ask, sent: Sent) -> dict[str, Any]:
    match piece:
        case Text(said):
            block = {"type": "output_text", "text": said, "annotations": []}
            head = {"type": "message", "id": f"msg_{sent.key}{at}", "role": "assistant"}
            return {**head, "status": "completed", "content": [block]}
        case Thought(thought):
            summary = [{"type": "summary_text", "text": thought}] if thought else []
            return {"type": "reasoning", "id": f"rs_{sent.key}{at}", "summary": summary}
        case ToolUse(name, given, id):
            tool = ask.tool(name)
            group = {"namespace": tool.namespace} if tool and tool.namespace else {}
            call = {"call_id": id or f"call_{sent.key}{at:02d}", "name": name, **group}
            if isinstance(given, str):
                front = {"type": "custom_tool_call", "id": f"ctc_{sent.key}{at}"}
                return {**front, **call, "status": "completed", "input": given}
            front = {"type": "function_call", "id": f"fc_{sent.key}{at}", "status": "completed"}
            return {**front, **call, "arguments": json.dumps(given)}


def _item_events(
    piece: Piece, at: int, item: dict[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    place = {"output_index": at, "item_id": item["id"]}
    begun = {**item, "status": "in_progress"}
    begun |= {
        name: type(item[name])() for name in ("content", "arguments", "input") if name in item
    }
    yield "response.output_item.added", {"output_index": at, "item": begun}
    match piece:
        case Text(said):
            place |= {"content_index": 0}
            for part in chunks(said):
                yield "response.output_text.delta", {**place, "delta": part}
            yield "response.output_text.done", {**place, "text": said}
        case ToolUse(_, str(given)):
            yield "response.custom_tool_call_input.done", {**place, "input": given}
        case ToolUse():
            for part in chunks(item["arguments"]):
                yield "response.function_call_arguments.delta", {**place, "delta": part}
            told = {**place, "arguments": item["arguments"]}
            yield "response.function_call_arguments.done", told
        case Thought():
            pass
    yield "response.output_item.done", {"output_index": at, "item": item}


def _usage(sent: Sent) -> dict[str, Any]:
    prompt = sent.prompt.fresh + sent.prompt.read
    return {
        "input_tokens": prompt,
        "input_tokens_details": {"cached_tokens": sent.prompt.read},
        "output_tokens": sent.output,
        "output_tokens_details": {"reasoning_tokens": sent.thinking},
        "total_tokens": prompt + sent.output,
    }
