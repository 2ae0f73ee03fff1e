"""The Anthropic Messages API: requests decoded, replies spelled, whole and as a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from taskboard.testing.offline.ask import Answered, Ask, Called, Part, Said, Tool
from taskboard.testing.offline.cache import Prompt
from taskboard.testing.offline.chunks import chunks
from taskboard.testing.offline.content_rules import content_blocks, sign
from taskboard.testing.offline.messages_prompt import prompt_of
from taskboard.testing.offline.messages_rules import refuse_body, refuse_headers
from taskboard.testing.offline.models import Model, find_model, models
from taskboard.testing.offline.reply import Error, Piece, Reply, Text, Thought, ToolUse, error
from taskboard.testing.offline.tokens import canonical, count
from taskboard.testing.offline.wire import Call, Event, Sent

_LIMITS = {"requests": 4000, "input-tokens": 2_000_000, "output-tokens": 400_000}


class Messages:
    """``POST /v1/messages`` and ``/v1/messages/count_tokens``, ``GET /v1/models``."""

    name = "messages"

    def serves(self, path: str) -> bool:
        return path.startswith(("/v1/messages", "/v1/models"))

    def look(self, call: Call) -> Error | Mapping[str, Any] | Ask:
        fault = refuse_headers(call.headers)
        if fault:
            return fault
        if call.path.startswith("/v1/models"):
            return _models(call)
        return self._look(call)

    def _look(self, call: Call) -> Error | Mapping[str, Any] | Ask:
        if call.path not in ("/v1/messages", "/v1/messages/count_tokens"):
            return error(404, message="Not found")
        if call.method != "POST":
            return error(405, "invalid_request_error", "Method Not Allowed")
        counting = call.path.endswith("count_tokens")
        version = call.headers["anthropic-version"]
        fault = refuse_body(call.body, version, counting=counting)
        if fault:
            return fault
        if counting:
            parts = (call.body.get(name) for name in ("tools", "system", "messages"))
            return {"input_tokens": sum(map(count, parts))}
        return decode(call.body)

    def prompt(self, call: Call) -> Prompt:
        return prompt_of(call.body)

    def whole(self, ask: Ask, reply: Reply, sent: Sent) -> Mapping[str, Any]:
        blocks = [_block(piece, at, sent.key) for at, piece in enumerate(reply.pieces)]
        return {
            **_frame(ask, sent),
            "content": blocks,
            "stop_reason": stop_reason(reply),
            "stop_sequence": None,
            "stop_details": _details(reply),
            "usage": _usage(sent, reply),
        }

    def events(self, ask: Ask, reply: Reply, sent: Sent) -> Iterator[Event]:
        usage = {**_usage(sent, reply), "output_tokens": 1}
        empty: dict[str, Any] = {
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "stop_details": None,
        }
        start = {**_frame(ask, sent), **empty, "usage": usage}
        yield "message_start", {"type": "message_start", "message": start}
        yield "ping", {"type": "ping"}
        for at, piece in enumerate(reply.pieces):
            yield from _piece_events(piece, at, sent.key)
        if reply.stream_error:
            fault = {"type": reply.stream_error, "message": reply.stream_error.replace("_", " ")}
            yield "error", {"type": "error", "error": fault, "request_id": f"req_{sent.key}"}
            return
        delta = {
            "stop_reason": stop_reason(reply),
            "stop_sequence": None,
            "stop_details": _details(reply),
        }
        end = {"type": "message_delta", "delta": delta, "usage": _usage(sent, reply)}
        yield "message_delta", end
        yield "message_stop", {"type": "message_stop"}

    def error(self, fault: Error, request_id: str) -> Mapping[str, Any]:
        said = {"type": fault.type, "message": fault.message}
        return {"type": "error", "error": said, "request_id": request_id}

    def headers(self, sent: Sent | None, served: int) -> Mapping[str, str]:
        found = {"anthropic-organization-id": "00000000-0000-4000-8000-000000000000"}
        if sent is None:
            return found
        prompt = sent.prompt.fresh + sent.prompt.write_5m + sent.prompt.write_1h
        used = {"requests": served + 1, "input-tokens": prompt, "output-tokens": sent.output}
        reset = datetime.fromtimestamp(sent.now + 60, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for name, limit in _LIMITS.items():
            front = f"anthropic-ratelimit-{name}"
            found[f"{front}-limit"] = str(limit)
            found[f"{front}-remaining"] = str(max(0, limit - used[name]))
            found[f"{front}-reset"] = reset
        return found


WIRE = Messages()


def decode(body: Mapping[str, Any]) -> Ask:
    """A valid body as an ``Ask``."""
    config = body.get("output_config") or {}
    wanted = config.get("format") or body.get("output_format") or {}
    choice = body.get("tool_choice") or {}
    kind = str(choice.get("type"))
    return Ask(
        wire="messages",
        model=body["model"],
        system=_plain(body.get("system") or ""),
        parts=tuple(part for message in body["messages"] for part in _parts(message)),
        tools=() if kind == "none" else tuple(_tool(tool) for tool in body.get("tools") or ()),
        must={"any": "*", "tool": str(choice.get("name"))}.get(kind, ""),
        thinks=_thinks(body),
        schema=wanted.get("schema"),
        max_tokens=body["max_tokens"],
        stream=bool(body.get("stream")),
    )


def stop_reason(reply: Reply) -> str:
    """Why the model stopped, as this API names it."""
    uses = any(isinstance(piece, ToolUse) for piece in reply.pieces)
    return reply.stop or ("tool_use" if uses else "end_turn")


def _thinks(body: Mapping[str, Any]) -> bool:
    """Whether the model thinks first: some always do, the others where they are asked to."""
    asked = (body.get("thinking") or {}).get("type")
    model = find_model(body["model"])
    always = model is not None and not model.thinking_off and asked is None
    return always or asked in ("adaptive", "enabled")


def _tool(tool: Mapping[str, Any]) -> Tool:
    schema, said = tool.get("input_schema") or {}, tool.get("description") or ""
    return Tool(name=tool["name"], schema=schema, description=said)


def _parts(message: Mapping[str, Any]) -> Iterator[Part]:
    for block in content_blocks(message):
        kind = block.get("type")
        if kind == "text":
            yield Said(message["role"], block["text"])
        elif kind == "tool_use":
            yield Called(block["id"], block["name"], block["input"])
        elif kind == "tool_result":
            said = _plain(block.get("content") or "")
            yield Answered(block["tool_use_id"], said, bool(block.get("is_error")))


def _plain(content: str | Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, Mapping):
        return canonical(content)
    return "\n".join(str(block.get("text") or "") for block in content)


def _frame(ask: Ask, sent: Sent) -> dict[str, Any]:
    head = {"id": f"msg_{sent.key}", "type": "message", "role": "assistant"}
    return {**head, "model": ask.model, "container": None}


def _block(piece: Piece, at: int, key: str) -> dict[str, Any]:
    match piece:
        case Text(said):
            return {"type": "text", "text": said, "citations": None}
        case Thought(thought):
            return {"type": "thinking", "thinking": thought, "signature": sign(thought)}
        case ToolUse(name, given, id):
            call = id or f"toolu_{key}{at:02d}"
            return {"type": "tool_use", "id": call, "name": name, "input": given}


def _piece_events(piece: Piece, at: int, key: str) -> Iterator[Event]:
    empty: dict[type[Piece], dict[str, Any]] = {
        Text: {"text": ""},
        Thought: {"thinking": "", "signature": ""},
        ToolUse: {"input": {}},
    }
    block = {**_block(piece, at, key), **empty[type(piece)]}
    yield (
        "content_block_start",
        {"type": "content_block_start", "index": at, "content_block": block},
    )
    for delta in _deltas(piece):
        yield "content_block_delta", {"type": "content_block_delta", "index": at, "delta": delta}
    yield "content_block_stop", {"type": "content_block_stop", "index": at}


def _deltas(piece: Piece) -> Iterator[dict[str, str]]:
    match piece:
        case Text(said):
            yield from ({"type": "text_delta", "text": part} for part in chunks(said))
        case Thought(thought):
            yield from ({"type": "thinking_delta", "thinking": p} for p in chunks(thought))
            yield {"type": "signature_delta", "signature": sign(thought)}
        case ToolUse(_, given):
            # The real one starts with an empty piece too.
            yield {"type": "input_json_delta", "partial_json": ""}
            for part in chunks(canonical(given)):
                yield {"type": "input_json_delta", "partial_json": part}


def _details(reply: Reply) -> dict[str, Any] | None:
    if reply.stop != "refusal":
        return None
    return {"type": "refusal", "category": reply.category, "explanation": None}


def _usage(sent: Sent, reply: Reply) -> dict[str, Any]:
    prompt = sent.prompt
    kept = {
        "ephemeral_5m_input_tokens": prompt.write_5m,
        "ephemeral_1h_input_tokens": prompt.write_1h,
    }
    return {
        "input_tokens": prompt.fresh,
        "cache_creation_input_tokens": prompt.write_5m + prompt.write_1h,
        "cache_read_input_tokens": prompt.read,
        "cache_creation": kept,
        "output_tokens": sent.output,
        "output_tokens_details": {"thinking_tokens": sent.thinking},
        "server_tool_use": None,
        "service_tier": "standard",
        **reply.usage,
    }


def _models(call: Call) -> Error | Mapping[str, Any]:
    if call.method != "GET":
        return error(405, "invalid_request_error", "Method Not Allowed")
    name = call.path.removeprefix("/v1/models").strip("/")
    if name:
        model = find_model(name)
        return _card(model) if model else error(404, message=f"model: {name}")
    cards = [_card(model) for model in models()]
    ends = {"first_id": cards[0]["id"], "last_id": cards[-1]["id"]}
    return {"data": cards, "has_more": False, **ends}


def _card(model: Model) -> dict[str, Any]:
    return {
        "id": model.id,
        "type": "model",
        "display_name": model.id.replace("-", " ").title(),
        "created_at": "2026-10-07T00:00:00Z",
        "lifecycle": "active",
        "max_input_tokens": model.context,
        "max_tokens": model.output,
    }
