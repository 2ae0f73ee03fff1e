import asyncio
import json
import threading

import anthropic
import httpx2
import pytest
from offline_calls import HAIKU, LONG, ask

from taskboard.testing.offline import (
    Text,
    ToolUse,
    error,
    hang_up,
    json_body,
    pieces,
    refusal,
    stream_error,
    text,
    tool_use,
    truncated,
)


def stream(client, **how):
    how = {"model": HAIKU, "max_tokens": 500, **how}
    with client.messages.stream(messages=[{"role": "user", "content": "hi"}], **how) as found:
        return found.get_final_message()


def test_a_pushed_text_is_what_the_sdk_reads(model, client):
    model.push(text("héllo ☃"))
    found = ask(client)
    assert (found.content[0].text, found.stop_reason) == ("héllo ☃", "end_turn")
    assert (found.model, found.role) == (HAIKU, "assistant")
    assert found.usage.input_tokens > 0
    assert found.usage.output_tokens > 0


def test_a_stream_says_the_same_in_pieces(model, client):
    reply = tool_use("look", {"at": "x" * 100, "n": [1, None]}, saying="I look. " * 9, thinking="")
    model.push(reply, reply)
    streamed, whole = stream(client), ask(client)
    for one in (streamed, whole):
        assert [block.type for block in one.content] == ["thinking", "text", "tool_use"]
        assert one.content[1].text == "I look. " * 9
        assert one.content[2].input == {"at": "x" * 100, "n": [1, None]}
        assert one.stop_reason == "tool_use"
    assert streamed.usage.output_tokens == whole.usage.output_tokens


def test_several_pieces_come_in_one_answer(model, client):
    model.push(pieces(Text("both"), ToolUse("a", {}), ToolUse("b", {}, id="toolu_mine")))
    found = ask(client).content
    assert [block.type for block in found] == ["text", "tool_use", "tool_use"]
    assert found[2].id == "toolu_mine"
    assert found[1].id != found[2].id


def test_the_async_client_works_too(model):
    model.push(text("one"), text("two"))

    async def both():
        async with anthropic.AsyncAnthropic(base_url=model.url, auth_token="t") as client:
            whole = await client.messages.create(
                model=HAIKU, max_tokens=9, messages=[{"role": "user", "content": "hi"}]
            )
            async with client.messages.stream(
                model=HAIKU, max_tokens=9, messages=[{"role": "user", "content": "hi"}]
            ) as found:
                return whole, await found.get_final_message()

    whole, streamed = asyncio.run(both())
    assert (whole.content[0].text, streamed.content[0].text) == ("one", "two")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, anthropic.BadRequestError),
        (401, anthropic.AuthenticationError),
        (402, anthropic.PaymentRequiredError),
        (403, anthropic.PermissionDeniedError),
        (404, anthropic.NotFoundError),
        (409, anthropic.ConflictError),
        (413, anthropic.ContentTooLargeError),
        (422, anthropic.UnprocessableEntityError),
        (429, anthropic.RateLimitError),
        (500, anthropic.InternalServerError),
        (503, anthropic.ServiceUnavailableError),
        (504, anthropic.GatewayTimeoutError),
        (529, anthropic.OverloadedError),
    ],
)
def test_an_error_is_the_sdks_class_for_it(model, client, status, kind):
    model.push(error(status, message="as planned"))
    with pytest.raises(kind) as found:
        ask(client.with_options(max_retries=0))
    assert found.value.status_code == status
    assert found.value.request_id == found.value.response.headers["request-id"]
    assert "as planned" in str(found.value)


def test_the_sdk_tries_again_until_the_errors_are_over(model, client):
    model.push(error(529, times=2, retry_after=0.01), text("at last"))
    assert ask(client).content[0].text == "at last"
    tries = [one.headers["x-stainless-retry-count"] for one in model.requests]
    assert tries == ["0", "1", "2"]


def test_it_gives_up_when_they_are_not(model, client):
    model.push(error(429, times=None, retry_after=0.01))
    with pytest.raises(anthropic.RateLimitError) as found:
        ask(client)
    assert len(model.requests) == 3
    assert found.value.response.headers["retry-after"] == "0.01"


def test_an_error_may_say_that_trying_again_is_no_use(model, client):
    model.push(error(529, headers={"x-should-retry": "false"}))
    with pytest.raises(anthropic.OverloadedError):
        ask(client)
    assert len(model.requests) == 1


def test_a_hang_up_is_a_connection_error_and_is_tried_again(model, client):
    model.push(hang_up())
    assert ask(client).content
    model.push(hang_up(times=None))
    with pytest.raises(anthropic.APIConnectionError):
        ask(client.with_options(max_retries=0))


@pytest.mark.parametrize("events", [0, 1, 4])
def test_a_cut_stream_is_a_broken_connection(model, client, events):
    model.push(text(LONG, cut_after=events))
    with pytest.raises(httpx2.RemoteProtocolError):
        stream(client, max_tokens=2000)


def test_a_stream_that_stalls_is_ended_by_the_clients_patience(model, client):
    model.push(text(LONG, stall_after=3))
    with pytest.raises((httpx2.ReadTimeout, anthropic.APITimeoutError)):
        stream(client.with_options(timeout=0.3, max_retries=0), max_tokens=2000)


def test_a_stream_may_end_with_an_error(model, client):
    model.push(stream_error(said="so far"))
    with pytest.raises(anthropic.APIStatusError) as found:
        stream(client)
    assert (found.value.status_code, found.value.type) == (200, "overloaded_error")


def test_the_same_error_without_a_stream_has_its_status(model, client):
    model.push(stream_error("overloaded_error"))
    with pytest.raises(anthropic.OverloadedError):
        ask(client.with_options(max_retries=0))


def test_a_slow_answer_meets_the_clients_timeout(model, client):
    model.push(text("late", delay=60))
    with pytest.raises(anthropic.APITimeoutError):
        ask(client.with_options(timeout=0.2, max_retries=0))


def test_closing_gives_up_what_waits(model, client):
    model.push(text("late", delay=600), text(LONG, stall_after=2))
    raised = []

    def wait(call):
        try:
            call(client.with_options(max_retries=0))
        except (anthropic.APIConnectionError, httpx2.HTTPError) as problem:
            raised.append(problem)

    threads = [threading.Thread(target=wait, args=(call,)) for call in (ask, stream)]
    for at, thread in enumerate(threads):
        thread.start()
        model.wait_for(at + 1)
    model.close()
    for thread in threads:
        thread.join(20)
    assert len(raised) == 2


def test_a_refusal_says_so(model, client):
    model.push(refusal(category="cyber"), refusal("I will not."))
    found = ask(client)
    assert (found.stop_reason, found.content) == ("refusal", [])
    assert found.stop_details.category == "cyber"
    found = stream(client)
    assert (found.stop_reason, found.content[0].text) == ("refusal", "I will not.")


def test_a_truncated_answer_says_so(model, client):
    model.push(truncated('{"picks": ['))
    assert ask(client).stop_reason == "max_tokens"


def test_an_answer_that_is_too_long_is_cut_at_max_tokens(model, client):
    model.push(text(LONG))
    found = ask(client, max_tokens=20)
    assert found.stop_reason == "max_tokens"
    assert found.usage.output_tokens <= 21
    assert LONG.startswith(found.content[0].text)


def test_any_json_may_be_the_body(model, client):
    model.push(json_body({"id": "msg_1", "type": "message", "content": [], "odd": True}))
    assert ask(client).model_extra == {"odd": True}


def test_a_body_that_is_no_json_is_sent_as_it_is(model, client):
    model.push(json_body("<html>", headers={"content-type": "text/html"}))
    assert ask(client) == "<html>"


def test_answers_carry_rate_limits_and_a_request_id(model, client):
    raw = client.messages.with_raw_response.create(
        model=HAIKU, max_tokens=9, messages=[{"role": "user", "content": "hi"}]
    )
    for kind in ("requests", "input-tokens", "output-tokens"):
        limit, left = (
            int(raw.headers[f"anthropic-ratelimit-{kind}-{n}"]) for n in ("limit", "remaining")
        )
        assert 0 < left < limit
        assert raw.headers[f"anthropic-ratelimit-{kind}-reset"].endswith("Z")
    assert raw.headers["request-id"].startswith("req_")


def test_tokens_are_counted_before_they_are_spent(model, client):
    def size(said):
        found = [{"role": "user", "content": said}]
        return client.messages.count_tokens(model=HAIKU, messages=found).input_tokens

    assert 0 < size("hi") < size(LONG)
    assert model.requests[0].ask is None


def test_models_are_listed_and_found(client):
    assert HAIKU in [one.id for one in client.models.list()]
    assert client.models.retrieve(HAIKU).max_input_tokens == 1_000_000
    with pytest.raises(anthropic.NotFoundError):
        client.models.retrieve("claude-stone-1")


def test_models_that_always_think_begin_with_a_block_that_says_nothing(client):
    found = ask(client, model="claude-opus-5-5").content
    assert [block.type for block in found] == ["thinking", "text"]
    assert (found[0].thinking, bool(found[0].signature)) == ("", True)
    kept = [block.model_dump(exclude_none=True) for block in found]
    turns = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": kept}]
    again = [*turns, {"role": "user", "content": "go on"}]
    assert client.messages.create(model="claude-opus-5-5", max_tokens=99, messages=again).content
    how = {"model": "claude-sonnet-5-5", "thinking": {"type": "between_tools"}}
    assert [block.type for block in ask(client, **how).content] == ["text"]


def test_many_talk_to_it_at_once(model, client):
    model.push(lambda asked: text(asked.last_user, times=None))
    found = {}

    def one(number):
        found[number] = ask(client, str(number)).content[0].text

    threads = [threading.Thread(target=one, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == {number: str(number) for number in range(12)}
    assert sorted(json.loads(one.ask.last_user) for one in model.requests) == list(range(12))
