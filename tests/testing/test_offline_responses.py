import json
from http.client import HTTPException

import pytest
from offline_calls import PROMPT, events, send

from taskboard.testing.offline import (
    ToolUse,
    error,
    hang_up,
    pieces,
    stream_error,
    text,
    truncated,
)
from taskboard.testing.offline.programs import (
    CODEX_MODEL,
)

BEARER = {"authorization": "Bearer k", "content-type": "application/json"}
SCHEMA = {
    "type": "object",
    "properties": {"status": {"type": "string"}},
    "required": ["status"],
    "additionalProperties": False,
}


def respond(server, items, headers=BEARER, **changes):
    items = [user(items)] if isinstance(items, str) else items
    body = {"model": CODEX_MODEL, "input": items, "stream": False, **changes}
    body = {name: value for name, value in body.items() if value is not None}
    status, said = send(server, "/v1/responses", body, headers)
    return status, json.loads(said) if not body.get("stream") or status != 200 else events(said)


def user(said):
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": said}]}


CALL = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "c1", "output": "seen"}


def strict(schema):
    return {"format": {"type": "json_schema", "name": "out", "strict": True, "schema": schema}}


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"headers": {}}, 401, "Missing bearer"),
        ({"headers": {"authorization": "Basic k"}}, 401, "Missing bearer"),
        ({"headers": {"authorization": "Bearer invalid"}}, 401, "Incorrect API key"),
        ({"model": None}, 400, "Missing required parameter: 'model'"),
        ({"model": 5}, 400, "Invalid type for 'model'"),
        ({"model": "stone-1"}, 404, "does not exist"),
        ({"items": []}, 400, "Missing required parameter: 'input'"),
        ({"items": {"a": 1}}, 400, "Invalid type for 'input'"),
        ({"items": [OUTPUT]}, 400, "No tool call found for function call output with call_id c1"),
        ({"items": [user("x"), CALL]}, 400, "No tool output found for function call c1"),
        ({"text": strict({**SCHEMA, "required": []})}, 400, "Missing 'status'"),
        ({"text": strict({**SCHEMA, "additionalProperties": True})}, 400, "to be false"),
        ({"text": strict(None)}, 400, "must be a JSON Schema"),
    ],
    ids=str,
)
def test_the_responses_api_refuses(model, changes, status, words):
    found = respond(model, **{"items": "hi", **changes})
    assert found[0] == status
    assert words in found[1]["error"]["message"]


def test_a_websocket_is_declined_so_that_codex_uses_http(model):
    assert send(model, "/v1/responses", None, BEARER, method="GET")[0] == 426


def test_a_response_in_one_piece_and_as_a_stream_are_the_same(model):
    reply = pieces(*text("I look.", thinking="hm").pieces, ToolUse("look", {"a": "x" * 60}))
    model.push(reply, reply)
    _, whole = respond(model, "hi")
    _, found = respond(model, "hi", stream=True)
    assert [one["sequence_number"] for one in found] == list(range(len(found)))
    assert found[0]["type"] == "response.created"
    assert found[-1]["type"] == "response.completed"
    last = found[-1]["response"]
    assert [one["type"] for one in last["output"]] == ["reasoning", "message", "function_call"]
    for at in (1, 2):
        ours, theirs = dict(last["output"][at]), dict(whole["output"][at])
        assert {**ours, "id": 0, "call_id": 0} == {**theirs, "id": 0, "call_id": 0}
    done = [one["item"] for one in found if one["type"] == "response.output_item.done"]
    assert done == last["output"]
    deltas = [one["delta"] for one in found if one["type"].endswith("arguments.delta")]
    assert json.loads("".join(deltas)) == {"a": "x" * 60}
    usage = last["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


def test_a_freeform_tool_gets_text_and_a_grouped_one_its_group(model):
    inner = {"type": "function", "name": "add", "parameters": {"type": "object"}}
    tools = [
        {"type": "custom", "name": "apply_patch"},
        {"type": "namespace", "name": "mcp__board", "tools": [inner]},
    ]
    model.push(pieces(ToolUse("apply_patch", "*** Begin"), ToolUse("add", {"t": 1})))
    first, second = respond(model, "hi", tools=tools)[1]["output"]
    assert (first["type"], first["input"]) == ("custom_tool_call", "*** Begin")
    assert (second["namespace"], second["arguments"]) == ("mcp__board", '{"t": 1}')
    assert model.requests[0].ask.tool("apply_patch").freeform


@pytest.mark.parametrize(
    ("reply", "status", "kind", "code"),
    [
        (error(429), 429, "requests", "rate_limit_exceeded"),
        (error(429, "insufficient_quota"), 429, "insufficient_quota", "insufficient_quota"),
        (error(500), 500, "server_error", "server_error"),
        (error(418, "odd"), 418, "odd", None),
    ],
    ids=["rate", "quota", "server", "odd"],
)
def test_errors_of_the_responses_api_have_its_shape(model, reply, status, kind, code):
    model.push(reply)
    found = respond(model, "hi")
    assert (found[0], found[1]["error"]["type"], found[1]["error"]["code"]) == (status, kind, code)


def test_a_response_may_fail_be_cut_or_be_incomplete(model):
    model.push(stream_error(said="so"), truncated("so far"), text("word " * 90, cut_after=5))
    assert respond(model, "hi", stream=True)[1][-1]["type"] == "response.failed"
    last = respond(model, "hi", stream=True)[1][-1]
    assert last["response"]["incomplete_details"]["reason"] == "max_output_tokens"
    assert last["type"] == "response.incomplete"
    with pytest.raises(HTTPException):
        respond(model, "hi", stream=True)


def test_a_hang_up_says_nothing(model):
    model.push(hang_up())
    with pytest.raises((HTTPException, ConnectionError)):
        respond(model, "hi")


def test_codex_works_through_a_task(model):
    shell = {
        "type": "function",
        "name": "exec_command",
        "parameters": {"type": "object", "properties": {"cmd": {"type": "string"}}},
    }
    items, commands = [user(PROMPT)], []
    while True:
        _, found = respond(model, items, tools=[shell], text=strict(SCHEMA))
        items += found["output"]
        calls = [one for one in found["output"] if one["type"] == "function_call"]
        if not calls:
            break
        commands += [json.loads(one["arguments"])["cmd"] for one in calls]
        output = "Process exited with code 0\nOutput:\nDoors open.\n"
        items += [{**OUTPUT, "call_id": one["call_id"], "output": output} for one in calls]
    assert commands[0] == "cat -- a.md"
    assert "> Doors open." in commands[1]
    assert len(commands) == 2
    assert json.loads(items[-1]["content"][0]["text"]) == {"status": "done"}
    used = found["usage"]
    assert 0 <= used["input_tokens_details"]["cached_tokens"] < used["input_tokens"]


def test_tools_may_come_in_the_conversation(model):
    code = {"type": "custom", "name": "exec", "description": "tools.exec_command(...)"}
    group = {"type": "namespace", "name": "functions", "tools": [code]}
    items = [{"type": "additional_tools", "role": "developer", "tools": [group]}, user(PROMPT)]
    call = respond(model, items)[1]["output"][-1]
    assert (call["type"], call["namespace"]) == ("custom_tool_call", "functions")
    assert call["input"] == 'text(await tools.exec_command({"cmd": "cat -- a.md"}));\n'


def test_a_long_prompt_is_read_from_the_cache_the_second_time(model):
    found = [respond(model, "word " * 2000)[1]["usage"]["input_tokens_details"] for _ in range(2)]
    assert found[0]["cached_tokens"] == 0
    assert found[1]["cached_tokens"] > 1024
