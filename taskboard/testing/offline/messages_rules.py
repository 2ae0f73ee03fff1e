"""What the Messages API refuses in a request, with its words. Each rule is a generator of the
faults it finds; the first one found is what the API answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from taskboard.testing.offline.content_rules import conversation_faults
from taskboard.testing.offline.messages_shape import BODY
from taskboard.testing.offline.models import Model, find_model
from taskboard.testing.offline.reply import Error, error
from taskboard.testing.offline.schema_rules import schema_faults
from taskboard.testing.offline.shapes import malformed, shape_faults
from taskboard.testing.offline.tokens import count

MAX_BYTES = 32 * 1024 * 1024
"""The largest body."""

MAX_MARKS = 4
"""The most ``cache_control`` of a request."""

STRICT_SINCE = "2026-10-21"
"""The API version from which no model takes sampling parameters."""

_KNOWN = frozenset(
    "model max_tokens messages system metadata stop_sequences stream temperature top_p top_k tools"
    " tool_choice thinking service_tier container context_management mcp_servers output_config"
    " output_format cache_control inference_geo speed diagnostics thread compaction fallbacks"
    " billing_policy fallback_credit_token betas".split()
)
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_SAMPLING = ("temperature", "top_p", "top_k")

Body = Mapping[str, Any]


def refuse_headers(headers: Mapping[str, str]) -> Error | None:
    """What is wrong with the headers (lower-case names), or None."""
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    key = headers.get("x-api-key", "") or (bearer.strip() if scheme.lower() == "bearer" else "")
    if not key:
        return error(401, message="x-api-key header is required")
    if key.startswith("invalid"):
        return error(401, message="invalid x-api-key")
    if not headers.get("anthropic-version"):
        return error(400, message="anthropic-version: header is required")
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", headers["anthropic-version"]):
        said = f"anthropic-version: {headers['anthropic-version']!r} is not a valid version"
        return error(400, message=said)
    return None


def refuse_body(body: Any, version: str, *, counting: bool = False) -> Error | None:
    """What is wrong with the body of a request, or None. ``counting``: it only asks how many
    tokens it has."""
    if not isinstance(body, dict):
        return error(400, message="The request body must be a JSON object")
    fault = next(_field_faults(body, counting), None)
    if fault:
        return error(400, message=fault)
    model = find_model(body["model"])
    if model is None:
        return error(404, message=f"model: {body['model']}")
    fault = next(_faults(body, model, version), None)
    return error(400, message=fault) if fault else None


def _faults(body: Body, model: Model, version: str) -> Iterator[str]:
    if body.get("thread") is not None:
        yield "thread: the offline model keeps no threads; send the whole conversation"
    yield from _sampling_faults(body, model, version)
    yield from _thinking_faults(body, model)
    yield from _tool_faults(body)
    yield from _choice_faults(body, model)
    yield from conversation_faults(body["messages"], prefill=model.prefill)
    yield from _mark_faults(body)
    yield from _format_faults(body)
    yield from _length_faults(body, model)


def _field_faults(body: Body, counting: bool) -> Iterator[str]:
    required = ("model", "messages") if counting else ("model", "max_tokens", "messages")
    yield from (f"{name}: Field required" for name in required if body.get(name) is None)
    yield from (f"{name}: Extra inputs are not permitted" for name in body if name not in _KNOWN)
    yield from shape_faults(body, BODY, "")
    if not body["messages"]:
        yield "messages: at least one message is required"
    if (body.get("max_tokens") or 0) < 0:
        yield "max_tokens: Input should be greater than or equal to 0"
    system = body.get("system")
    for at, block in enumerate(system if isinstance(system, list) else ()):
        if block.get("type") != "text":
            yield f"system.{at}.type: Input should be 'text'"
        elif not block.get("text"):
            yield f"system.{at}: text content blocks must be non-empty"


def _sampling_faults(body: Body, model: Model, version: str) -> Iterator[str]:
    for name in _SAMPLING:
        if body.get(name) is None:
            continue
        if version >= STRICT_SINCE:
            yield f"{name}: Extra inputs are not permitted"
        if not model.sampling:
            yield f"`{name}` is not supported for this model."


def _thinking_faults(body: Body, model: Model) -> Iterator[str]:
    thinking = body.get("thinking")
    if thinking is None:
        return
    kind = thinking.get("type")
    if kind not in ("enabled", "disabled", "adaptive", "between_tools"):
        yield "thinking.type: Input should be adaptive, between_tools, disabled or enabled"
    elif kind == "disabled" and not model.thinking_off:
        yield "thinking.type.disabled is not supported for this model."
    elif kind == "between_tools" and not model.between_tools:
        yield "thinking.type.between_tools is not supported for this model."
    elif kind == "enabled" or "budget_tokens" in thinking:
        yield from _budget_faults(thinking, body, model)


def _budget_faults(thinking: Body, body: Body, model: Model) -> Iterator[str]:
    if not model.budget:
        yield (
            '"thinking.budget_tokens" is not supported for this model. Use'
            ' "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'
        )
    budget = thinking.get("budget_tokens")
    if budget is None:
        yield "thinking.enabled.budget_tokens: Field required"
    elif budget < 1024:
        yield "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"
    elif budget >= (body.get("max_tokens") or budget + 1):
        yield "`max_tokens` must be greater than `thinking.budget_tokens`."


def _tool_faults(body: Body) -> Iterator[str]:
    tools = body.get("tools") or ()
    names = [tool.get("name") for tool in tools]
    for at, (tool, name) in enumerate(zip(tools, names, strict=True)):
        if name is None:
            yield f"tools.{at}.custom.name: Field required"
        elif not _TOOL_NAME.fullmatch(name):
            yield f"tools.{at}.custom.name: String should match pattern '{_TOOL_NAME.pattern}'"
        elif tool.get("type", "custom") == "custom":
            yield from _input_faults(f"tools.{at}.custom", tool)
    if len(set(names)) < len(names):
        yield "tools: Tool names must be unique."


def _input_faults(place: str, tool: Body) -> Iterator[str]:
    schema = tool.get("input_schema")
    if schema is None:
        yield f"{place}.input_schema: Field required"
        return
    yield from malformed(schema, f"{place}.input_schema")
    if schema.get("type") != "object":
        yield f"{place}.input_schema.type: Input should be 'object'"
    elif tool.get("strict"):
        yield from schema_faults(schema, f"{place}.input_schema")


def _choice_faults(body: Body, model: Model) -> Iterator[str]:
    choice = body.get("tool_choice")
    if choice is None:
        return
    kind = choice.get("type")
    if kind not in ("auto", "any", "tool", "none"):
        yield "tool_choice.type: Input should be auto, any, tool or none"
    elif kind in ("any", "tool") and not model.forced_tools:
        yield f'tool_choice.type "{kind}" is not supported for this model. Use "auto".'
    elif kind in ("any", "tool") and not body.get("tools"):
        yield f"tool_choice.{kind} may only be specified while providing `tools`."
    elif kind == "tool":
        names = [tool.get("name") for tool in body["tools"]]
        if choice.get("name") not in names:
            yield f"Tool '{choice.get('name')}' not found in provided tools"


def _mark_faults(body: Body) -> Iterator[str]:
    marks = list(_marks({k: body.get(k) for k in ("tools", "system", "messages")}))
    marks += [body["cache_control"]] if body.get("cache_control") else []
    if len(marks) > MAX_MARKS:
        yield f"A maximum of 4 blocks with cache_control may be provided. Found {len(marks)}."
    for mark in marks:
        if mark.get("type") != "ephemeral":
            yield "cache_control.type: Input should be 'ephemeral'"
        elif (mark.get("ttl") or "5m") not in ("5m", "1h"):
            yield "cache_control.ephemeral.ttl: Input should be '5m' or '1h'"


def _marks(found: Any) -> Iterator[Any]:
    if isinstance(found, dict):
        if found.get("cache_control"):
            yield found["cache_control"]
        for name, value in found.items():
            if name not in ("input", "input_schema", "cache_control"):
                yield from _marks(value)
    elif isinstance(found, list):
        for value in found:
            yield from _marks(value)


def _format_faults(body: Body) -> Iterator[str]:
    config = body.get("output_config") or {}
    if config.get("effort") not in (None, *_EFFORTS):
        yield f"output_config.effort: Input should be one of {', '.join(_EFFORTS)}"
    wanted = config.get("format") or body.get("output_format")
    if wanted is None:
        return
    if wanted.get("type") != "json_schema":
        yield "output_config.format.type: Input should be 'json_schema'"
    elif wanted.get("schema") is None:
        yield "output_config.format.schema: Field required"
    else:
        yield from schema_faults(wanted["schema"], "output_config.format.schema")


def _length_faults(body: Body, model: Model) -> Iterator[str]:
    limit = body.get("max_tokens") or 0
    if limit > model.output:
        yield (
            f"max_tokens: {limit} > {model.output}, which is the maximum allowed number of output"
            f" tokens for {body['model']}"
        )
    size = sum(count(body.get(name)) for name in ("tools", "system", "messages"))
    if size > model.context:
        yield f"prompt is too long: {size} tokens > {model.context} maximum"
