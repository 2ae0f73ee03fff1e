"""The real SDK against a server on loopback that answers byte for byte what it is told."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace

import pytest

from taskboard.anthropic_api import NoKey, classify, connect, has_key, said, usage_of
from taskboard.core.bill import Usage

GOOD = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-5-5",
    "content": [{"type": "text", "text": "hello"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 10,
        "output_tokens": 4,
        "cache_read_input_tokens": 7,
        "cache_creation_input_tokens": 5,
        "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 3},
    },
}


def reply(body, status=200, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = headers.pop("content_type", "application/json")
    lines = [f"HTTP/1.1 {status} X", f"content-type: {kind}", "connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if "content_length" not in headers:
        lines.append(f"content-length: {len(raw)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw


def refusal(status, kind="api_error", words="no", **headers):
    return reply({"type": "error", "error": {"type": kind, "message": words}}, status, **headers)


@asynccontextmanager
async def service(*answers):
    """Answers requests one by one; the last one for ever. ``None`` never answers."""
    asked, served = [], []

    async def serve(reader, writer):
        served.append(asyncio.current_task())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        size = int(head.lower().partition("content-length:")[2].split()[0])
        await reader.readexactly(size)
        asked.append(head)
        answer = answers[min(len(asked), len(answers)) - 1]
        if answer is None:
            await reader.read()
        else:
            writer.write(answer)
            await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    environ = {"ANTHROPIC_API_KEY": "key-1", "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{port}"}
    try:
        yield environ, asked
    finally:
        server.close()
        await asyncio.gather(*served)


async def ask(environ, *, one_try=5.0, patience=5.0, stream=False, retries=2):
    words = {"model": "claude-haiku-5-5", "max_tokens": 10}
    words["messages"] = [{"role": "user", "content": "hi"}]
    async with connect(environ, one_try=one_try, patience=patience, retries=retries) as client:
        if not stream:
            return await client.messages.create(**words)
        async with client.messages.stream(**words) as events:
            return await events.get_final_message()


def trouble_of(*answers, **how):
    async def run():
        async with service(*answers) as (environ, asked):
            try:
                await ask(environ, **how)
            except Exception as error:  # noqa: BLE001  whatever it is has to have a word
                return classify(error), len(asked)
            raise AssertionError("it should have failed")

    return asyncio.run(run())


def test_an_answer_comes_with_its_tokens_and_the_key_goes_as_a_bearer():
    async def run():
        async with service(reply(GOOD)) as (environ, asked):
            return await ask(environ), asked

    message, asked = asyncio.run(run())

    assert message.content[0].text == "hello"
    assert "authorization: bearer key-1" in asked[0].lower()
    assert usage_of(message, "other") == Usage(
        model="claude-haiku-5-5", input=10, output=4, cache_read=7, cache_write=2, cache_write_1h=3
    )


@pytest.mark.parametrize(
    ("status", "error_type", "kind", "retryable", "tries"),
    [
        (400, "invalid_request_error", "bad_request", False, 1),
        (401, "authentication_error", "auth", False, 1),
        (402, "billing_error", "billing", False, 1),
        (403, "permission_error", "auth", False, 1),
        (404, "not_found_error", "no_model", False, 1),
        (413, "request_too_large", "too_large", False, 1),
        (429, "rate_limit_error", "rate_limited", True, 3),
        (500, "api_error", "server", True, 3),
        (529, "overloaded_error", "overloaded", True, 3),
    ],
)
def test_every_refusal_has_a_word_and_only_passing_ones_are_tried_again(
    status, error_type, kind, retryable, tries
):
    answer = refusal(status, error_type, "so it is", retry_after_ms=1, request_id="req_9")
    trouble, asked = trouble_of(answer)

    assert (trouble.kind, trouble.retryable, asked) == (kind, retryable, tries)
    assert trouble.message == f"The service answered {status}: so it is"
    assert (trouble.status, trouble.request_id) == (status, "req_9")
    assert bool(trouble.hint) == (kind in {"auth", "billing", "no_model"})


@pytest.mark.parametrize(
    "wait", ["Fri, 20 Nov 99999999999999 13:00:00 GMT", "Fri, 20 Nov 0000 13:00:00 GMT", "nan"]
)
def test_a_wait_that_cannot_be_read_is_none(wait):
    trouble, _asked = trouble_of(refusal(429, retry_after=wait), retries=0)

    assert (trouble.kind, trouble.retry_after) == ("rate_limited", None)


@pytest.mark.parametrize("wait", ["3600", "inf", "Fri, 20 Nov 2026 13:00:00 GMT"])
def test_a_service_that_asks_for_more_patience_than_there_is_is_not_waited_for(wait):
    answer = refusal(429, retry_after=wait, date="Fri, 20 Nov 2026 12:00:00 GMT")
    trouble, asked = trouble_of(answer)

    assert (trouble.kind, asked) == ("rate_limited", 1)
    assert trouble.retry_after == (1e9 if wait == "inf" else 3600.0)


def test_no_answer_is_a_timeout():
    trouble, asked = trouble_of(None, one_try=0.05, retries=0)
    assert (trouble.kind, trouble.retryable, asked) == ("timeout", True, 1)
    assert classify(TimeoutError()).kind == "timeout"


def test_half_an_answer_is_cut():
    trouble, _ = trouble_of(reply(b'{"id": "ms', content_length=500), retries=0)
    assert (trouble.kind, trouble.retryable) == ("cut", True)


def test_half_a_stream_is_cut_and_an_error_inside_one_is_known_by_its_type():
    start = {**GOOD, "content": [], "stop_reason": None}
    begun = json.dumps({"type": "message_start", "message": start})
    first = f"event: message_start\ndata: {begun}\n\n"
    cut = reply(first.encode(), content_type="text/event-stream", content_length=9999)
    assert trouble_of(cut, stream=True)[0].kind == "cut"

    told = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
    events = f"{first}event: error\ndata: {json.dumps(told)}\n\n".encode()
    trouble, _ = trouble_of(reply(events, content_type="text/event-stream"), stream=True)
    assert (trouble.kind, trouble.retryable, trouble.status) == ("overloaded", True, 200)


def test_nobody_there_is_unreachable():
    environ = {"ANTHROPIC_API_KEY": "key", "ANTHROPIC_BASE_URL": "http://127.0.0.1:1"}
    with pytest.raises(Exception) as caught:  # noqa: PT011  what it is is the SDK's affair
        asyncio.run(ask(environ, retries=0))
    trouble = classify(caught.value)
    assert (trouble.kind, trouble.retryable) == ("unreachable", True)
    assert "cannot be reached" in trouble.message


@pytest.mark.parametrize(
    "odd", [{"ANTHROPIC_API_KEY": "kéy\u200b"}, {"ANTHROPIC_BASE_URL": "ftp://[::1"}]
)
def test_what_cannot_even_be_sent_is_named(odd):
    environ = {"ANTHROPIC_API_KEY": "key", "ANTHROPIC_BASE_URL": "http://127.0.0.1:1"} | odd
    with pytest.raises(Exception) as caught:  # noqa: PT011
        asyncio.run(ask(environ, retries=0))
    trouble = classify(caught.value)
    assert trouble.kind in {"unexpected", "unreachable"}
    assert trouble.message


@pytest.mark.parametrize("environ", [{}, {"ANTHROPIC_API_KEY": "  "}])
def test_without_a_key_nothing_is_asked(environ):
    assert not has_key(environ)
    with pytest.raises(NoKey) as caught:
        asyncio.run(ask(environ))
    trouble = classify(caught.value)
    assert trouble.kind == "auth"
    assert "ANTHROPIC_API_KEY" in trouble.hint


def test_a_token_is_a_key_too():
    assert has_key({"ANTHROPIC_AUTH_TOKEN": "t"})


def test_an_answer_without_counts_counts_nothing():
    assert usage_of("<html>", "asked") == Usage(model="asked")
    odd = SimpleNamespace(usage=SimpleNamespace(input_tokens="many", output_tokens=-3), model=None)
    assert usage_of(odd, "asked") == Usage(model="asked")


def test_words_of_an_error_are_one_plain_bounded_line():
    assert said("a\x1b[31m\nb\u202e") == "a b"
    assert len(said("x" * 10_000)) == 300
