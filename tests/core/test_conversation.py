from __future__ import annotations

import copy
import json
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from taskboard.core.conversation import (
    CLEARED,
    DIGEST,
    GO_ON,
    INTERRUPTED,
    calls_of,
    fit,
    marked,
    read_record,
    result_block,
    resume,
    say,
    sound,
    text_block,
    weight,
)


def turn(number, size=100, *, failed=False, said=""):
    call = {"type": "tool_use", "id": f"c{number}", "name": "read_file", "input": {"path": "a"}}
    blocks = [
        {"type": "thinking", "thinking": "", "signature": "s" * 50},
        text_block(said or f"Step {number}."),
        call,
    ]
    answer = {
        "role": "user",
        "content": [result_block(f"c{number}", "x" * size, failed=failed)],
    }
    return [{"role": "assistant", "content": blocks}, answer]


def talk(*sizes, prompt="The task."):
    turns = [message for n, size in enumerate(sizes) for message in turn(n, size)]
    return [{"role": "user", "content": [text_block(prompt)]}, *turns]


def assert_sound(messages):
    """What the service asks of a conversation."""
    assert messages[0]["role"] == "user"
    assert messages[-1]["role"] == "user"
    for before, after in pairwise(messages):
        assert before["role"] != after["role"]
        wanted = [call["id"] for call in calls_of(before)]
        found = [b["tool_use_id"] for b in after["content"] if b["type"] == "tool_result"]
        assert wanted == found


def test_open_calls_get_an_honest_answer_before_the_news():
    messages = talk(10, 10)[:-1]
    result, news = resume(messages, "The owner says: blue.")[-1]["content"]
    assert (result["tool_use_id"], result["content"]) == ("c1", INTERRUPTED)
    assert result["is_error"]
    assert news["text"] == "The owner says: blue."


def test_news_join_what_the_user_said_last():
    messages = resume(talk(10), " ")
    assert len(messages) == 3
    assert messages[-1]["content"][-1]["text"] == GO_ON
    assert_sound(messages)


def test_news_follow_prose_as_a_message_of_their_own():
    messages = [*talk(10), {"role": "assistant", "content": [text_block("Hm.")]}]
    assert resume(messages, "News")[-1] == {"role": "user", "content": [text_block("News")]}


def test_a_record_begins_or_adds_or_is_strange():
    first = {"role": "user", "content": [text_block("a")]}
    second = {"role": "assistant", "content": [text_block("b")]}
    begun = read_record({"messages": [first]}, [])
    assert read_record({"message": second}, begun) == [first, second]
    assert read_record({"messages": [second]}, begun) == [second]
    strange = [
        None,
        [],
        {},
        {"messages": []},
        {"message": {"role": "system", "content": [text_block("x")]}},
        {"message": {"role": "user", "content": []}},
        {"message": {"role": "user", "content": ["x"]}},
        {"message": {"role": "assistant", "content": [{"type": "tool_use"}]}},
    ]
    assert [read_record(record, begun) for record in strange] == [None] * len(strange)
    assert read_record({"message": second}, []) is None


def test_only_the_users_last_word_is_marked_and_nothing_is_changed():
    messages = talk(10, 10)
    before = copy.deepcopy(messages)
    assert json.dumps(marked(messages)).count("cache_control") == 1
    assert "cache_control" in marked(messages)[-1]["content"][-1]
    assert messages == before


def test_old_results_go_first_and_the_last_turns_stay():
    messages = talk(5000, 5000, 5000, 5000)
    found = fit(messages, 13_000)
    texts = [b["content"] for m in found for b in m["content"] if b["type"] == "tool_result"]
    assert texts == [CLEARED, CLEARED, "x" * 5000, "x" * 5000]
    assert_sound(found)


def test_then_the_oldest_turns_become_a_digest_that_keeps_what_the_user_said():
    messages = talk(*[200] * 200)
    messages[6] = say([messages[6]], [text_block("The owner's answer: blue.")])[0]
    messages[8]["content"][0] = result_block("c3", "x" * 200, failed=True)
    found = fit(messages, 20_000)
    assert weight(found) <= 20_000
    first, digest = found[0]["content"]
    assert first["text"] == "The task."
    assert digest["text"].startswith(DIGEST)
    assert "user: The owner's answer: blue." in digest["text"]
    assert_sound(found)


def test_a_digest_takes_in_the_one_before_it():
    messages = talk(*[200] * 100)
    messages[4] = say([messages[4]], [text_block("First word.")])[0]
    once = fit(messages, 18_000)
    more = [m for n in range(100, 200) for m in turn(n, 200, failed=n == 190)]
    twice = fit([*once, *more], 18_000)
    digests = [b for m in twice for b in m["content"] if str(b.get("text")).startswith(DIGEST)]
    assert len(digests) == 1
    assert "user: First word." in digests[0]["text"]
    assert "read_file" in digests[0]["text"]
    assert_sound(twice)


def test_what_is_long_in_the_last_turns_is_cut_in_the_end():
    found = fit(talk(100, 90_000), 10_000)
    assert weight(found) <= 10_000
    assert "characters left out" in found[-1]["content"][0]["content"]


def test_thinking_does_not_go_back_with_another_history():
    assert "signature" not in json.dumps(fit(talk(5000, 100, 100), 4000))


def test_the_task_itself_is_never_given_up():
    prompt = "words " * 5000
    assert fit(talk(10, 10, prompt=prompt), 100)[0]["content"][0]["text"] == prompt


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 4000), min_size=1, max_size=40),
    limit=st.integers(12_000, 60_000),
)
def test_whatever_is_given_up_a_conversation_stays_one_and_fits(sizes, limit):
    messages = talk(*sizes)
    before = copy.deepcopy(messages)
    found = fit(messages, limit)
    assert weight(found) <= limit
    assert_sound(found)
    assert found[-1]["content"][0]["tool_use_id"] == f"c{len(sizes) - 1}"
    assert messages == before


@settings(max_examples=50, deadline=None)
@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_sound_data_can_be_written(value):
    json.dumps(sound(value), ensure_ascii=False).encode()


def test_half_a_character_becomes_a_whole_one():
    assert sound({"a\ud800": ["\udcff"]}) == {"a?": ["?"]}
