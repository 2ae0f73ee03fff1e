import json

import jsonschema
import pytest

from taskboard.core.deciding import ANSWER_SCHEMA, JUDGEMENT_SCHEMA
from taskboard.testing.offline import Ask, Said, Thought, Tool, ToolUse
from taskboard.testing.offline.brain import answer


def asked(state="", schema=None, **how):
    said = state if isinstance(state, str) else json.dumps(state)
    how = {"wire": "messages", "model": "m", "parts": (Said("user", said),), **how}
    return Ask(schema=schema, **how)


def said(ask):
    (piece,) = answer(ask).pieces
    return json.loads(piece.text)


def picks(state, **how):
    found = said(asked(state, ANSWER_SCHEMA, **how))
    jsonschema.validate(found, ANSWER_SCHEMA)
    return [(pick["task"], pick["action"]) for pick in found["picks"]]


def rows(*names):
    return [{"task": name, "priority": 1, "executors": ["claude"]} for name in names]


def test_it_starts_the_candidates_in_their_order_while_there_is_room():
    state = {"candidates": rows("T-2", "T-1", "T-3"), "free_slots": 2, "promotable": []}
    assert picks(state) == [("T-2", "execute"), ("T-1", "execute")]


def test_without_room_it_starts_nothing():
    assert picks({"candidates": rows("T-1"), "free_slots": 0}) == []


def test_what_may_be_promoted_is_promoted_first():
    state = {"candidates": rows("T-1"), "free_slots": 1, "promotable": ["T-9"]}
    assert picks(state) == [("T-9", "promote"), ("T-1", "execute")]


def test_a_task_with_hidden_characters_is_flagged():
    board = "# Board\n\n## T-1 Plain\n\n## T-2 Odd\n\ntext[U+200B]\n\n## T-3 Plain\n"
    state = {"candidates": rows("T-1", "T-2", "T-3"), "free_slots": 1}
    assert picks(state, system=board) == [("T-2", "flag"), ("T-1", "execute")]


def test_ids_in_the_schema_are_taken_where_the_state_names_none():
    pick = {
        "type": "object",
        "properties": {
            "id": {"enum": ["b", "a"]},
            "action": {"$ref": "#/$defs/action"},
            "executor": {"enum": ["shell", "claude"]},
            "reason": {"type": "string"},
        },
        "required": ["id", "action", "executor", "reason"],
        "additionalProperties": False,
    }
    schema = {
        "type": "object",
        "properties": {"picks": {"type": "array", "items": pick}},
        "required": ["picks"],
        "additionalProperties": False,
        "$defs": {"action": {"enum": ["skip", "execute"]}},
    }
    found = said(asked("There is room. " + json.dumps({"slots": 1}), schema))
    jsonschema.validate(found, schema)
    assert [(one["id"], one["action"]) for one in found["picks"]] == [("b", "execute")]
    named = {"slots": 2, "candidates": [{"id": "a", "executor": "claude"}, {"id": "z"}]}
    found = said(asked(named, schema))
    assert [(one["id"], one["executor"]) for one in found["picks"]] == [("a", "claude")]


def test_a_decision_gives_reasons_in_words():
    found = said(asked({"candidates": rows("T-1"), "free_slots": 1}, ANSWER_SCHEMA))
    assert found["picks"][0]["reason"].endswith(".")


@pytest.mark.parametrize("text", ["", "no json", '{"a": ', "[1]", '{"free_slots": true}'])
def test_a_state_that_cannot_be_read_decides_nothing(text):
    assert picks(text) == []


def test_it_judges_kindly_and_says_why():
    found = said(asked({"done_means": "x"}, JUDGEMENT_SCHEMA))
    jsonschema.validate(found, JUDGEMENT_SCHEMA)
    assert found["ok"] is True
    assert len(found["reason"]) > 20


def test_anything_else_gets_a_word():
    (piece,) = answer(asked("What is the weather?")).pieces
    assert "What is the weather?" in piece.text


def test_a_tool_that_must_be_called_is_called_as_it_wants():
    shape = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    tools = (Tool(name="a"), Tool(name="b", schema=shape))
    assert answer(asked("hi", tools=tools, must="b")).pieces == (ToolUse("b", {"n": 0}),)
    assert answer(asked("hi", tools=tools, must="*")).pieces == (ToolUse("a", {}),)


def test_a_model_that_thinks_begins_with_a_thought():
    assert answer(asked("hi", thinks=True)).pieces[0] == Thought()
