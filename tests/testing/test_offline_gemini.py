import json
from http.client import HTTPException

import pytest
from offline_calls import PROMPT, events, send

from taskboard.testing.offline import (
    error,
    hang_up,
    refusal,
    stream_error,
    tool_use,
    truncated,
)
from taskboard.testing.offline.programs import GEMINI_MODEL

GOOGLE = {"x-goog-api-key": "k", "content-type": "application/json"}
WHOLE = "generateContent"


def generate(server, contents, headers=GOOGLE, verb=WHOLE, name=GEMINI_MODEL, **body):
    if isinstance(contents, str):
        contents = [{"role": "user", "parts": [{"text": contents}]}]
    path = f"/v1beta/models/{name}:{verb}"
    status, said = send(server, path, {"contents": contents, **body}, headers)
    streamed = status == 200 and verb.startswith("stream")
    return status, events(said) if streamed else json.loads(said)


FUNCTION_CALL = {"role": "model", "parts": [{"functionCall": {"name": "look", "args": {}}}]}
FUNCTION_RESPONSE = {
    "role": "user",
    "parts": [{"functionResponse": {"name": "look", "response": {"output": "seen"}}}],
}


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"headers": {}}, 403, "unregistered callers"),
        ({"headers": {"x-goog-api-key": "invalid"}}, 400, "API key not valid"),
        ({"name": "stone-1"}, 404, "models/stone-1 is not found"),
        ({"verb": "sing"}, 404, "is not supported for sing"),
        ({"contents": []}, 400, "contents is not specified"),
        ({"contents": [{"role": "user", "parts": []}]}, 400, "contents[0].parts"),
        ({"contents": [{"role": "owner", "parts": [{"text": "x"}]}]}, 400, "valid role"),
        ({"contents": [FUNCTION_CALL]}, 400, "number of function response parts"),
        ({"contents": [FUNCTION_RESPONSE]}, 400, "immediately after a function call"),
    ],
    ids=str,
)
def test_the_gemini_api_refuses(model, changes, status, words):
    found = generate(model, **{"contents": "hi", **changes})
    assert found[0] == found[1]["error"]["code"] == status
    assert words in found[1]["error"]["message"]


def test_a_key_may_stand_in_the_address(model):
    body = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
    path = "/v1beta/models/gemini-2.5-flash:generateContent?key=k"
    assert send(model, path, body, {})[0] == 200


def test_gemini_says_the_same_whole_and_as_a_stream(model):
    reply = tool_use("look", {"a": 1}, saying="I look. " * 9, thinking="hm")
    model.push(reply, reply)
    _, whole = generate(model, "hi")
    _, found = generate(model, "hi", verb="streamGenerateContent")
    (thought, spoken, called) = whole["candidates"][0]["content"]["parts"]
    parts = [part for one in found for part in one["candidates"][0]["content"]["parts"]]
    assert parts[0] == thought == {"text": "hm", "thought": True}
    assert "".join(part.get("text", "") for part in parts[1:]) == spoken["text"]
    assert called in parts
    assert [one["candidates"][0].get("finishReason") for one in found][-1] == "STOP"
    used = whole["usageMetadata"]
    total = sum(used[f"{name}TokenCount"] for name in ("prompt", "candidates", "thoughts"))
    assert used["totalTokenCount"] == total


@pytest.mark.parametrize(
    ("reply", "reason"), [(truncated("so"), "MAX_TOKENS"), (refusal("no"), "SAFETY")], ids=str
)
def test_gemini_says_why_it_ended(model, reply, reason):
    model.push(reply)
    assert generate(model, "hi")[1]["candidates"][0]["finishReason"] == reason


def test_errors_of_the_gemini_api_have_its_shape(model):
    model.push(error(429, "insufficient_quota", retry_after=7), error(503), stream_error())
    status, found = generate(model, "hi")
    assert (status, found["error"]["status"]) == (429, "RESOURCE_EXHAUSTED")
    kinds = {one["@type"].rpartition(".")[2]: one for one in found["error"]["details"]}
    assert kinds["RetryInfo"]["retryDelay"] == "7s"
    assert "PerDay" in kinds["QuotaFailure"]["violations"][0]["quotaId"]
    assert generate(model, "hi")[1]["error"]["status"] == "UNAVAILABLE"
    assert generate(model, "hi", verb="streamGenerateContent")[1][-1]["error"]["code"] == 503


def test_a_hang_up_says_nothing(model):
    model.push(hang_up())
    with pytest.raises((HTTPException, ConnectionError)):
        generate(model, "hi")


def test_gemini_counts_tokens(model):
    assert generate(model, "hi", verb="countTokens")[1]["totalTokens"] > 0


def test_gemini_fills_in_a_form_with_types_in_capitals(model):
    schema = {"type": "OBJECT", "properties": {"n": {"type": "INTEGER"}}, "required": ["n"]}
    _, found = generate(model, "hi", generationConfig={"responseSchema": schema})
    assert json.loads(found["candidates"][0]["content"]["parts"][0]["text"]) == {"n": 0}


def test_gemini_works_through_a_task(model):
    def offer(name, *properties):
        inner = {one: {"type": "string"} for one in properties}
        return {"name": name, "parametersJsonSchema": {"type": "object", "properties": inner}}

    tools = [offer("read_file", "file_path"), offer("write_file", "file_path", "content")]
    told = "<session_context>\n- **Workspace Directories:**\n  - /home/me/p\n</session_context>"
    contents = [{"role": "user", "parts": [{"text": told}, {"text": PROMPT}]}]
    calls = []
    while True:
        _, found = generate(model, contents, tools=[{"functionDeclarations": tools}])
        content = found["candidates"][0]["content"]
        contents.append(content)
        mine = [one["functionCall"] for one in content["parts"] if "functionCall" in one]
        if not mine:
            break
        calls += mine
        answers = [{"name": one["name"], "response": {"output": "Doors open."}} for one in mine]
        contents.append({"role": "user", "parts": [{"functionResponse": one} for one in answers]})
    assert [one["name"] for one in calls] == ["read_file", "write_file"]
    assert calls[0]["args"] == {"file_path": "/home/me/p/a.md"}
    assert "> Doors open." in calls[1]["args"]["content"]
    assert "Wrote b.md" in content["parts"][0]["text"]


def test_an_error_of_a_gemini_tool_is_known_as_one(model):
    bad = {"functionResponse": {"name": "look", "response": {"error": "denied"}}}
    contents = [
        {"role": "user", "parts": [{"text": "hi"}]},
        FUNCTION_CALL,
        {"role": "user", "parts": [bad]},
    ]
    generate(model, contents)
    ((call, answer),) = model.requests[0].ask.results()
    assert (call.name, answer.text, answer.error) == ("look", "denied", True)
