import anthropic
import pytest
from offline_calls import ask

from taskboard.testing.offline import (
    KEY,
    text,
)


def test_pushed_replies_come_in_their_order_and_then_the_brain(model, client):
    model.push(text("1"), text("2"))
    found = [ask(client).content[0].text for _ in range(3)]
    assert found[:2] == ["1", "2"]
    assert "offline model" in found[2]


def test_a_reply_may_be_for_some_requests_only(model, client):
    model.push(text("for opus", times=None), when={"model": "claude-opus"})
    model.push(text("secret"), when={"last_user_contains": "password"})
    model.push(text("tools"), when={"has_tools": True, "tool": "look"})
    model.push(text("schema"), when=lambda asked: asked.schema is not None)
    tool = {"name": "look", "input_schema": {"type": "object"}}
    model.push(text("told"), when={"user_contains": "told", "system_contains": "brief"})
    assert ask(client, "I told you", system="Be brief.").content[0].text == "told"
    shape = {"type": "object", "properties": {}, "additionalProperties": False}
    wanted = {"format": {"type": "json_schema", "schema": shape}}
    assert ask(client, output_config=wanted).content[0].text == "schema"
    assert ask(client, tools=[tool]).content[0].text == "tools"
    assert ask(client, "the password").content[0].text == "secret"
    for _ in range(2):
        assert ask(client, model="claude-opus-5-5").content[0].text == "for opus"


def test_a_condition_that_does_not_exist_is_refused(model):
    with pytest.raises(ValueError, match="colour"):
        model.push(text("x"), when={"colour": "red"})


def test_a_function_makes_the_reply_of_the_request(model, client):
    model.push(lambda asked: text(asked.last_user.upper(), times=None))
    assert [ask(client, said).content[0].text for said in ("a", "b")] == ["A", "B"]


def test_every_request_is_recorded(model, client):
    ask(client, "first", system="Be brief.")
    with pytest.raises(anthropic.NotFoundError):
        ask(client, model="claude-stone-1")
    first, second = model.requests
    assert (first.method, first.path) == ("POST", "/v1/messages")
    assert first.headers["authorization"] == f"Bearer {KEY}"
    assert first.body["messages"][0]["content"] == "first"
    assert (first.ask.system, first.ask.last_user) == ("Be brief.", "first")
    assert second.ask is None


def test_waiting_for_requests_that_do_not_come_ends(model):
    with pytest.raises(TimeoutError, match="0 of 1"):
        model.wait_for(1, timeout=0.01)


def test_the_environment_is_enough_for_a_client(model, monkeypatch):
    for name, value in model.environ.items():
        monkeypatch.setenv(name, value)
    with anthropic.Anthropic() as client:
        assert ask(client).content
