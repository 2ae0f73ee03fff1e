import json
from http.client import HTTPConnection

import pytest

from taskboard.testing.offline import OfflineModel, error

HEADERS = {
    "x-api-key": "any",
    "anthropic-version": "2023-06-01",
    "content-type": "application/json",
}
USER = {"role": "user", "content": "hi"}
TOOL = {"name": "look", "input_schema": {"type": "object"}}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "seen"}
MARK = {"type": "ephemeral"}
STRICT = {"type": "object", "properties": {}, "additionalProperties": False}


@pytest.fixture(scope="module")
def model():
    with OfflineModel() as found:
        yield found


def send(model, body, headers=HEADERS, path="/v1/messages", method="POST"):
    connection = HTTPConnection(model.url.removeprefix("http://"), timeout=20)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request(method, path, data, headers)
    answer = connection.getresponse()
    found = answer.status, json.loads(answer.read()), dict(answer.getheaders())
    connection.close()
    return found


def body(**changes):
    whole = {"model": "claude-sonnet-5-5", "max_tokens": 1000, "messages": [USER], **changes}
    return {name: value for name, value in whole.items() if value is not None}


def talk(*turns):
    roles = ("user", "assistant")
    return [{"role": roles[at % 2], "content": turn} for at, turn in enumerate(turns)]


def asking(schema):
    return body(output_config={"format": {"type": "json_schema", "schema": schema}})


def thing(**properties):
    return {"type": "object", "properties": properties, "additionalProperties": False}


def marked(count):
    return [{"type": "text", "text": str(n), "cache_control": MARK} for n in range(count)]


ACCEPTED = {
    "plain": body(),
    "system": body(system="Be brief."),
    "system in blocks": body(system=[{"type": "text", "text": "Be brief."}]),
    "adaptive thinking": body(thinking={"type": "adaptive"}),
    "thinking between tools": body(thinking={"type": "between_tools"}),
    "tool chosen freely": body(tools=[TOOL], tool_choice={"type": "auto"}),
    "result after call": body(tools=[TOOL], messages=talk("hi", [CALL], [RESULT])),
    "four breakpoints": body(messages=talk(marked(4))),
    "neighbours of one role": body(messages=[USER, USER]),
    "forced tool on haiku": body(
        model="claude-haiku-5-5", tools=[TOOL], tool_choice={"type": "any"}
    ),
    "no thinking on haiku": body(model="claude-haiku-5-5", thinking={"type": "disabled"}),
    "budget on an old one": body(
        model="claude-haiku-4-5",
        max_tokens=4000,
        thinking={"type": "enabled", "budget_tokens": 2000},
    ),
    "temperature on an old one": body(model="claude-haiku-4-5", temperature=0),
    "prefill on an old one": body(model="claude-haiku-4-5", messages=talk("hi", "He")),
    "dated name": body(model="claude-haiku-5-5-20261007"),
    "strict schema": asking(thing(ok={"type": "boolean"})),
    "effort": body(output_config={"effort": "low"}),
    "prewarm": body(max_tokens=0),
}

REFUSED = {
    "model": (body(model=None), "model: Field required"),
    "max_tokens": (body(max_tokens=None), "max_tokens: Field required"),
    "max_tokens text": (body(max_tokens="9"), "max_tokens: Input should be a valid integer"),
    "max_tokens negative": (body(max_tokens=-1), "greater than or equal to 0"),
    "max_tokens too many": (body(max_tokens=200_000), "200000 > 128000"),
    "messages": (body(messages=None), "messages: Field required"),
    "messages empty": (body(messages=[]), "at least one message is required"),
    "messages text": (body(messages="hi"), "messages: Input should be a valid list"),
    "unknown field": (body(colour="red"), "colour: Extra inputs are not permitted"),
    "body list": ([], "must be a JSON object"),
    "role": (body(messages=[{"role": "owner", "content": "hi"}]), "messages.0.role"),
    "assistant first": (
        body(messages=[{"role": "assistant", "content": "hi"}, USER]),
        'first message must use the "user" role',
    ),
    "content missing": (body(messages=[{"role": "user"}]), "messages.0.content: Field required"),
    "content empty": (body(messages=talk("")), "must have non-empty content"),
    "content without blocks": (body(messages=talk([])), "must have non-empty content"),
    "text block empty": (
        body(messages=talk([{"type": "text", "text": ""}])),
        "text content blocks must be non-empty",
    ),
    "system block empty": (body(system=[{"type": "text", "text": ""}]), "must be non-empty"),
    "block without type": (body(messages=talk([{"text": "x"}])), "content.0.type: Field required"),
    "temperature": (body(temperature=0), "`temperature` is not supported"),
    "top_p": (body(top_p=0.5), "`top_p` is not supported"),
    "top_k": (body(model="claude-haiku-5-5", top_k=5), "`top_k` is not supported"),
    "thinking off": (body(thinking={"type": "disabled"}), "thinking.type.disabled"),
    "thinking off opus": (
        body(model="claude-opus-5-5", thinking={"type": "disabled"}),
        "thinking.type.disabled",
    ),
    "thinking budget": (
        body(thinking={"type": "enabled", "budget_tokens": 2000}, max_tokens=4000),
        "thinking.budget_tokens",
    ),
    "thinking budget haiku": (
        body(model="claude-haiku-5-5", thinking={"type": "enabled", "budget_tokens": 2000}),
        "thinking.budget_tokens",
    ),
    "thinking budget small": (
        body(model="claude-haiku-4-5", thinking={"type": "enabled", "budget_tokens": 5}),
        "greater than or equal to 1024",
    ),
    "thinking budget too big": (
        body(model="claude-haiku-4-5", thinking={"type": "enabled", "budget_tokens": 2000}),
        "`max_tokens` must be greater",
    ),
    "thinking kind": (body(thinking={"type": "deep"}), "thinking.type"),
    "thinking between tools opus": (
        body(model="claude-opus-5-5", thinking={"type": "between_tools"}),
        "between_tools",
    ),
    "prefill": (body(messages=talk("hi", "He")), "does not support assistant message prefill"),
    "prefill haiku": (
        body(model="claude-haiku-5-5", messages=talk("hi", "He")),
        "does not support assistant message prefill",
    ),
    "forced any": (body(tools=[TOOL], tool_choice={"type": "any"}), 'tool_choice.type "any"'),
    "forced tool": (
        body(tools=[TOOL], tool_choice={"type": "tool", "name": "look"}),
        'tool_choice.type "tool"',
    ),
    "forced unknown tool": (
        body(model="claude-haiku-5-5", tools=[TOOL], tool_choice={"type": "tool", "name": "hear"}),
        "Tool 'hear' not found",
    ),
    "forced without tools": (
        body(model="claude-haiku-5-5", tool_choice={"type": "any"}),
        "may only be specified while providing `tools`",
    ),
    "tool choice kind": (body(tools=[TOOL], tool_choice={"type": "some"}), "tool_choice.type"),
    "tool name missing": (body(tools=[{"input_schema": {}}]), "tools.0.custom.name: Field"),
    "tool name odd": (body(tools=[{**TOOL, "name": "a b"}]), "should match pattern"),
    "tool schema missing": (body(tools=[{"name": "a"}]), "input_schema: Field required"),
    "tool schema no object": (
        body(tools=[{"name": "a", "input_schema": {"type": "array"}}]),
        "input_schema.type",
    ),
    "tool names twice": (body(tools=[TOOL, TOOL]), "Tool names must be unique"),
    "strict tool open": (body(tools=[{**TOOL, "strict": True}]), "'additionalProperties'"),
    "call without result": (
        body(tools=[TOOL], messages=talk("hi", [CALL], "and?")),
        "`tool_use` ids were found without `tool_result` blocks immediately after: toolu_1",
    ),
    "call at the end": (
        body(tools=[TOOL], messages=talk("hi", [CALL])),
        "`tool_use` ids were found without `tool_result`",
    ),
    "result without call": (
        body(tools=[TOOL], messages=talk([RESULT])),
        "unexpected `tool_use_id` found in `tool_result` blocks: toolu_1",
    ),
    "result of another call": (
        body(tools=[TOOL], messages=talk("hi", [CALL], [RESULT, {**RESULT, "tool_use_id": "x"}])),
        "unexpected `tool_use_id` found in `tool_result` blocks: x",
    ),
    "result twice": (
        body(tools=[TOOL], messages=talk("hi", [CALL], [RESULT, RESULT])),
        "must have a single result",
    ),
    "call id twice": (
        body(tools=[TOOL], messages=talk("hi", [CALL], [RESULT], [CALL], [RESULT])),
        "`tool_use` ids must be unique",
    ),
    "call by the user": (body(messages=talk([CALL])), "can only be in `assistant` messages"),
    "call input text": (
        body(tools=[TOOL], messages=talk("hi", [{**CALL, "input": "x"}], [RESULT])),
        "Input should be a valid dictionary",
    ),
    "thinking changed": (
        body(
            messages=talk("hi", [{"type": "thinking", "thinking": "hm", "signature": "x"}], "so")
        ),
        "Invalid `signature` in `thinking` block",
    ),
    "five breakpoints": (body(messages=talk(marked(5))), "A maximum of 4 blocks"),
    "breakpoints everywhere": (
        body(system=marked(2), tools=[{**TOOL, "cache_control": MARK}], messages=talk(marked(2))),
        "A maximum of 4 blocks with cache_control may be provided. Found 5.",
    ),
    "breakpoint kind": (
        body(system=[{"type": "text", "text": "x", "cache_control": {"type": "forever"}}]),
        "cache_control.type",
    ),
    "breakpoint ttl": (
        body(
            system=[{"type": "text", "text": "x", "cache_control": {**MARK, "ttl": "1d"}}],
        ),
        "ttl",
    ),
    "effort": (body(output_config={"effort": "huge"}), "output_config.effort"),
    "format kind": (body(output_config={"format": {"type": "xml"}}), "output_config.format.type"),
    "format without schema": (
        body(output_config={"format": {"type": "json_schema"}}),
        "output_config.format.schema: Field required",
    ),
    "schema open": (
        asking({"type": "object", "properties": {}}),
        "'additionalProperties' must be explicitly set to false",
    ),
    "schema open inside": (
        asking(thing(a={"type": "array", "items": {"type": "object"}})),
        "properties.a.items: For 'object' type, 'additionalProperties'",
    ),
    "schema minimum": (asking(thing(a={"type": "integer", "minimum": 1})), "'minimum'"),
    "schema maxItems": (
        asking(thing(a={"type": "array", "items": {"type": "string"}, "maxItems": 3})),
        "'maxItems' is not supported",
    ),
    "schema minItems": (
        asking(thing(a={"type": "array", "items": {"type": "string"}, "minItems": 3})),
        "'minItems' values other than 0 or 1",
    ),
    "schema pattern": (asking(thing(a={"type": "string", "pattern": "x"})), "'pattern'"),
    "schema format": (asking(thing(a={"type": "string", "format": "colour"})), "format 'colour'"),
    "schema oneOf": (asking(thing(a={"oneOf": [{"type": "string"}]})), "'oneOf'"),
    "schema type": (asking(thing(a={"type": "text"})), "Invalid schema type 'text'"),
    "schema enum empty": (asking(thing(a={"enum": []})), "'enum' must be a non-empty list"),
    "schema required": (
        asking({**STRICT, "required": ["a"]}),
        "required property 'a' is not defined",
    ),
    "schema without type": (asking(thing(a={"description": "x"})), "Schema type is required"),
    "prompt too long": (
        body(model="claude-haiku-4-5", messages=talk("x" * 800_000)),
        "prompt is too long",
    ),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_it_accepts(model, name):
    status, found, _ = send(model, ACCEPTED[name])
    assert status == 200, found
    assert found["type"] == "message"


@pytest.mark.parametrize("name", REFUSED)
def test_it_refuses(model, name):
    wrong, words = REFUSED[name]
    status, found, headers = send(model, wrong)
    assert (status, found["type"]) == (400, "error"), found
    assert found["error"]["type"] == "invalid_request_error"
    assert words in found["error"]["message"]
    assert found["request_id"] == headers["request-id"]


@pytest.mark.parametrize("name", ["temperature", "top_p", "top_k"])
def test_no_model_takes_sampling_parameters_in_the_new_version(model, name):
    headers = {**HEADERS, "anthropic-version": "2026-10-21"}
    status, found, _ = send(model, body(model="claude-haiku-4-5", **{name: 1}), headers)
    assert (status, found["error"]["message"]) == (400, f"{name}: Extra inputs are not permitted")


@pytest.mark.parametrize(
    ("changes", "status", "kind"),
    [
        ({"x-api-key": None}, 401, "authentication_error"),
        ({"x-api-key": ""}, 401, "authentication_error"),
        ({"x-api-key": "invalid-key"}, 401, "authentication_error"),
        ({"x-api-key": None, "authorization": "Bearer invalid"}, 401, "authentication_error"),
        ({"x-api-key": None, "authorization": "Basic any"}, 401, "authentication_error"),
        ({"anthropic-version": None}, 400, "invalid_request_error"),
        ({"anthropic-version": "latest"}, 400, "invalid_request_error"),
    ],
    ids=str,
)
def test_it_refuses_headers(model, changes, status, kind):
    headers = {k: v for k, v in {**HEADERS, **changes}.items() if v is not None}
    found = send(model, body(), headers)
    assert (found[0], found[1]["error"]["type"]) == (status, kind)


@pytest.mark.parametrize("key", [{"x-api-key": "a"}, {"authorization": "Bearer a"}], ids=str)
def test_it_takes_a_key_in_either_header(model, key):
    headers = {k: v for k, v in HEADERS.items() if k != "x-api-key"} | key
    assert send(model, body(), headers)[0] == 200


@pytest.mark.parametrize("path", ["/v1/messages?beta=true", "/v1/messages/count_tokens"])
def test_it_refuses_the_same_at_its_other_addresses(model, path):
    assert send(model, body(messages=[]), path=path)[0] == 400
    assert send(model, body(max_tokens=None), path=path)[0] == (200 if "count" in path else 400)


def test_an_unknown_model_is_not_found(model):
    status, found, _ = send(model, body(model="claude-stone-1"))
    assert (status, found["error"]["type"]) == (404, "not_found_error")
    assert "claude-stone-1" in found["error"]["message"]


def test_a_body_that_is_no_json_is_refused(model):
    status, found, _ = send(model, b"{")
    assert (status, found["error"]["type"]) == (400, "invalid_request_error")


def test_too_large_a_request_is_refused_before_it_is_read(model):
    headers = {**HEADERS, "content-length": str(33 * 1024 * 1024)}
    status, found, _ = send(model, b"", headers)
    assert (status, found["error"]["type"]) == (413, "request_too_large")


def test_what_is_not_there_is_not_found(model):
    assert send(model, {}, path="/v1/messages/x")[0] == 404
    assert send(model, {}, path="/v2")[0] == 404
    assert send(model, {}, method="PUT")[0] == 405


def test_a_refusal_uses_up_no_reply(model):
    model.push(error(418))
    assert send(model, body(messages=[]))[0] == 400
    assert send(model, body())[0] == 418
