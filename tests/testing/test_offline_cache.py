import pytest
from offline_calls import HAIKU, LONG, ask


def cached(said, ttl="5m"):
    return {"type": "text", "text": said, "cache_control": {"type": "ephemeral", "ttl": ttl}}


def used(found):
    usage = found.usage
    return usage.cache_creation_input_tokens > 0, usage.cache_read_input_tokens > 0


def test_what_is_marked_is_written_to_the_cache_once_and_then_read(client):
    first = ask(client, system=[cached(LONG)])
    second = ask(client, "something else", system=[cached(LONG)])
    assert [used(first), used(second)] == [(True, False), (False, True)]
    assert second.usage.cache_read_input_tokens == first.usage.cache_creation_input_tokens
    assert 0 < second.usage.input_tokens < 50


def test_a_longer_conversation_reads_the_part_it_had_before(client):
    turns = [{"role": "user", "content": [cached(LONG)]}]
    how = {"model": HAIKU, "max_tokens": 9}
    first = client.messages.create(messages=turns, **how)
    turns[0]["content"][0].pop("cache_control")
    turns += [{"role": "assistant", "content": "so"}, {"role": "user", "content": [cached("on")]}]
    second = client.messages.create(messages=turns, **how)
    assert used(second) == (True, True)
    assert second.usage.cache_read_input_tokens == first.usage.cache_creation_input_tokens


@pytest.mark.parametrize(
    "changes",
    [
        {"system": [cached("Other. " + LONG)]},
        {"model": "claude-sonnet-5-5"},
        {"tools": [{"name": "new", "input_schema": {"type": "object"}}]},
    ],
    ids=["system", "model", "tools"],
)
def test_what_is_not_the_same_from_the_start_is_not_read(client, changes):
    ask(client, system=[cached(LONG)])
    assert not used(ask(client, **{"system": [cached(LONG)], **changes}))[1]


def test_too_little_is_not_cached_and_nothing_says_so(client):
    for _ in range(2):
        assert used(ask(client, system=[cached("short")])) == (False, False)


def test_the_hour_is_counted_by_itself(client):
    found = ask(client, system=[cached(LONG, "1h"), cached(LONG)]).usage.cache_creation
    assert found.ephemeral_1h_input_tokens > 500
    assert found.ephemeral_5m_input_tokens > 500


def test_the_cache_forgets(client, model):
    class Later:
        def __init__(self, clock):
            self.clock, self.seconds = clock, 0.0

        def __getattr__(self, name):
            return getattr(self.clock, name)

        def boot(self):
            return self.seconds

    model.clock = clock = Later(model.clock)
    ask(client, system=[cached(LONG)])
    clock.seconds = 299.0
    assert used(ask(client, system=[cached(LONG)])) == (False, True)
    clock.seconds += 301.0
    assert used(ask(client, system=[cached(LONG)])) == (True, False)
