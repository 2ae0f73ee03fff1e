"""Whatever a program sends, the offline model answers it: with a refusal where it must."""

import json

import anthropic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskboard.testing.offline import KEY, Error, OfflineModel
from taskboard.testing.offline.brain import answer
from taskboard.testing.offline.gemini import WIRE as GEMINI
from taskboard.testing.offline.messages import WIRE as MESSAGES
from taskboard.testing.offline.responses import WIRE as RESPONSES
from taskboard.testing.offline.wire import Call

HEADERS = {
    "x-api-key": "k",
    "anthropic-version": "2023-06-01",
    "authorization": "Bearer k",
    "x-goog-api-key": "k",
}
PATHS = {
    "messages": "/v1/messages",
    "responses": "/v1/responses",
    "gemini": "/v1beta/models/gemini-2.5-flash:generateContent",
}
WORDS = st.sampled_from(
    "user assistant system text tool_use tool_result thinking type role content id name input"
    " function_call function_call_output call_id output parts functionCall functionResponse"
    " response schema format json_schema properties items enum picks ok reason".split()
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 5), st.text(max_size=3), WORDS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=4)
    ),
    max_leaves=10,
)
PLAIN = {
    "messages": {
        "model": "claude-haiku-4-5",
        "max_tokens": 5000,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
        "system": [{"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}],
        "tools": [{"name": "a", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "auto"},
        "thinking": {"type": "enabled", "budget_tokens": 2000},
        "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": {}}},
    },
    "responses": {
        "model": "gpt-6.1-sol",
        "input": [
            {"type": "message", "role": "user", "content": [{"text": "hi"}]},
            {"type": "function_call", "call_id": "1", "name": "a", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "1", "output": "x"},
        ],
        "tools": [{"type": "function", "name": "a", "parameters": {}}],
        "text": {"format": {"type": "json_schema", "name": "a", "schema": {}}},
        "instructions": "be brief",
    },
    "gemini": {
        "contents": [
            {"role": "user", "parts": [{"text": "hi"}]},
            {"role": "model", "parts": [{"functionCall": {"name": "a", "args": {}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "a", "response": {}}}]},
        ],
        "tools": [{"functionDeclarations": [{"name": "a", "parameters": {}}]}],
        "systemInstruction": {"parts": [{"text": "hi"}]},
        "generationConfig": {"responseSchema": {"type": "OBJECT"}},
    },
}


def places(found, path=()):
    yield path
    if isinstance(found, dict | list):
        for key, value in found.items() if isinstance(found, dict) else enumerate(found):
            yield from places(value, (*path, key))


def changed(found, path, value):
    if not path:
        return value
    copy = found.copy()
    copy[path[0]] = changed(copy[path[0]], path[1:], value)
    return copy


@pytest.mark.parametrize("wire", [MESSAGES, RESPONSES, GEMINI], ids=lambda wire: wire.name)
@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_no_body_is_too_odd_to_be_answered(wire, data):
    plain = PLAIN[wire.name]
    path = data.draw(st.sampled_from(list(places(plain))))
    body = json.loads(json.dumps(changed(plain, path, data.draw(JSON))))
    call = Call(method="POST", path=PATHS[wire.name], query="", headers=HEADERS, body=body)
    found = wire.look(call)
    if not isinstance(found, Error):
        assert wire.prompt(call).blocks
        assert answer(found).pieces


def test_the_sdk_is_told_that_its_request_is_too_large():
    with (
        OfflineModel() as model,
        anthropic.Anthropic(base_url=model.url, api_key=KEY, max_retries=0) as client,
        pytest.raises(anthropic.ContentTooLargeError) as found,
    ):
        client.messages.create(
            model="claude-haiku-5-5",
            max_tokens=9,
            messages=[{"role": "user", "content": "x" * (33 * 1024 * 1024)}],
        )
    assert found.value.type == "request_too_large"
