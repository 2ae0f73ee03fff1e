import json

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskboard.core.deciding import ANSWER_SCHEMA, JUDGEMENT_SCHEMA
from taskboard.core.report import REPORT_SCHEMA, Report, read_report
from taskboard.testing.offline import Answered, Ask, Called, Said, Text, Thought, Tool, ToolUse
from taskboard.testing.offline.assignment import read_assignment
from taskboard.testing.offline.brain import answer
from taskboard.testing.offline.instance import instance
from taskboard.testing.offline.outputs import bare, failed, first_line


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


names = st.sampled_from("abc")
leaves = st.one_of(
    st.just({"type": "string"}),
    st.just({"type": "string", "minLength": 3}),
    st.just({"type": "string", "format": "date-time"}),
    st.just({"type": "integer", "minimum": 4}),
    st.just({"type": "number", "exclusiveMinimum": 0}),
    st.just({"type": "boolean"}),
    st.just({"type": ["null", "integer"]}),
    st.just({"type": "null"}),
    st.just({"const": "x"}),
    st.just({"enum": [3, "y", None]}),
    st.just({"$ref": "#/$defs/leaf"}),
)


def objects(inner):
    def build(properties, required):
        needed = [name for name in properties if name in required]
        return {
            "type": "object",
            "properties": properties,
            "required": needed,
            "additionalProperties": False,
        }

    return st.builds(build, st.dictionaries(names, inner), st.sets(names))


schemas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        objects(inner),
        st.builds(lambda i, n: {"type": "array", "items": i, "minItems": n}, inner, st.just(1)),
        st.builds(lambda a: {"anyOf": a}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda o: {"allOf": [o]}, inner),
    ),
    max_leaves=8,
)


@given(schemas)
def test_what_it_fills_in_obeys_the_schema(schema):
    whole = {**schema, "$defs": {"leaf": {"type": "string", "enum": ["leaf"]}}}
    jsonschema.validate(instance(whole), whole)


@given(st.dictionaries(names, st.one_of(st.text(max_size=4), st.integers(), st.none())))
def test_wishes_that_do_not_fit_are_not_heard(wish):
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"enum": ["x", 1]}, "c": {"type": "null"}},
        "required": ["a", "b"],
        "additionalProperties": False,
    }
    found = instance(schema, wish)
    jsonschema.validate(found, schema)
    assert found["a"] == (wish["a"] if isinstance(wish.get("a"), str) else "")


def test_the_alternative_that_takes_the_wish_is_chosen():
    kinds = [
        {"type": "object", "properties": {"kind": {"const": name}}, "required": ["kind"]}
        for name in ("dog", "cat")
    ]
    assert instance({"anyOf": kinds}, {"kind": "cat"}) == {"kind": "cat"}


PROMPT = """You work on one task.

## TASK-015 Competitor analysis
- owner: Hanna
- inputs: notes/a.md, `notes/b.md`
- artifacts:
  - reports/c.md

Compare them.
"""


def test_a_task_is_read_out_of_a_prompt():
    found = read_assignment([PROMPT, "<system-reminder>- artifacts: no.md</system-reminder>"])
    assert (found.title, found.question) == ("Competitor analysis", "")
    assert found.inputs == ("notes/a.md", "notes/b.md")
    assert found.artifacts == ("reports/c.md",)


def test_other_tasks_of_the_board_are_not_its_business():
    found = read_assignment([PROMPT + "\n## TASK-016 Other\n- artifacts: other.md\n"])
    assert found.artifacts == ("reports/c.md",)


@pytest.mark.parametrize(
    ("told", "title"),
    [
        ("# Fix the door\n\nIt squeaks.", "Fix the door"),
        ("Title: Fix the door\n\nIt squeaks.", "Fix the door"),
        ("Fix the door.\n- inputs: https://example.com, none", "Fix the door."),
        ("### TASK-1: Fix the door ###", "Fix the door"),
        ("## TASK-1", "TASK-1"),
        ("", "the task"),
    ],
)
def test_a_title_is_found_wherever_it_stands(told, title):
    found = read_assignment([told])
    assert (found.title, found.inputs, found.artifacts) == (title, (), ())


@pytest.mark.parametrize(
    "answered", ["- answer: red", "Answer: red", "The owner's answer: red", "> Answered by H: x"]
)
def test_a_question_stands_until_it_is_answered(answered):
    question = "## T-1 Paint\n\nQuestion for the owner: which colour?\n"
    assert read_assignment([question]).question == "which colour?"
    assert read_assignment([question, "- answer:"]).question == "which colour?"
    assert read_assignment([question, answered]).question == ""


@pytest.mark.parametrize(
    ("output", "line"),
    [
        ("# Notes\nmore", "# Notes"),
        ("     1\t# Notes\n     2\tmore", "# Notes"),
        ("1→# Notes", "# Notes"),
        ("\n\n# Notes", "# Notes"),
        ("Chunk ID: a\nWall time: 1\nOutput:\n# Notes\n", "# Notes"),
        ('Done\nOutput:\n\n{"exit_code":0,"output":"# Notes\\n"}', "# Notes"),
        ('{"output": "# Notes"}', "# Notes"),
        ('{"notes": 1}', '{"notes": 1}'),
        ("", ""),
    ],
)
def test_the_first_line_of_a_file_is_found_in_a_tools_output(output, line):
    assert first_line(output) == line
    assert failed(output) is False


@pytest.mark.parametrize(
    "output",
    [
        "Process exited with code 1\nOutput:\nno",
        'Script completed\nOutput:\n\n{"exit_code":2,"output":""}',
        "Script failed\nOutput:\n\nno",
        "Error: File not found",
        '{"error": "no"}',
    ],
)
def test_a_failure_is_told_from_its_text(output):
    assert failed(output) is True
    assert isinstance(bare(output), str)


def tool(name, *properties):
    inner = {one: {"type": "string"} for one in properties}
    return Tool(name=name, schema={"type": "object", "properties": inner})


OURS = (
    tool("read_file", "path"),
    tool("write_file", "path", "content"),
    Tool(name="report", schema=REPORT_SCHEMA),
)
THEIRS = (
    tool("Read", "file_path"),
    tool("Write", "file_path", "content"),
    Tool(name="StructuredOutput", schema=REPORT_SCHEMA),
)
CODEX = (
    Tool(
        name="exec_command",
        schema={"type": "object", "properties": {"cmd": {"type": "string"}}},
    ),
)
CODE = (Tool(name="exec", freeform=True, description="... await tools.exec_command(...)"),)
SHELL = (
    Tool(
        name="shell",
        schema={
            "type": "object",
            "properties": {"command": {"type": "array", "items": {"type": "string"}}},
        },
    ),
    Tool(name="apply_patch", freeform=True),
)


def live(tools, prompt=PROMPT, tell=lambda _: "Notes on doors", parts=(), **how):
    """Let it work with tools that do nothing; everything it said."""
    parts = [*parts, Said("user", prompt)]
    found = []
    for turn in range(20):
        reply = answer(asked(parts=tuple(parts), tools=tools, **how))
        found += reply.pieces
        calls = [piece for piece in reply.pieces if isinstance(piece, ToolUse)]
        for piece in reply.pieces:
            if isinstance(piece, Text):
                parts.append(Said("assistant", piece.text))
        for call in calls:
            parts.append(Called(f"{turn}", call.name, call.input))
        for call in calls:
            told = tell(call)
            error = told.startswith("Error")
            parts.append(Answered(f"{turn}", told, error))
        if not calls or calls[-1].name in ("report", "StructuredOutput"):
            return found
    raise AssertionError("it never ends")


def uses(found):
    return [piece for piece in found if isinstance(piece, ToolUse)]


def verdict(found):
    last = found[-1]
    value = last.input if isinstance(last, ToolUse) else json.loads(last.text.strip("`json\n"))
    jsonschema.validate(value, REPORT_SCHEMA)
    report = read_report(value)
    assert isinstance(report, Report)
    return report


def test_it_reads_the_inputs_writes_the_artifacts_and_reports():
    found = live(OURS)
    reads, write, report = uses(found)[:2], uses(found)[2], verdict(found)
    assert [one.input for one in reads] == [{"path": "notes/a.md"}, {"path": "notes/b.md"}]
    assert write.input["path"] == "reports/c.md"
    assert "Competitor analysis" in write.input["content"]
    assert "> Notes on doors" in write.input["content"]
    assert (report.status, report.artifacts) == ("done", ("reports/c.md",))
    assert len(report.summary) > 60


@pytest.mark.parametrize("tools", [OURS, THEIRS, CODEX, CODE, SHELL], ids=lambda t: t[0].name)
def test_it_does_so_with_every_set_of_tools(tools):
    found = live(tools, schema=REPORT_SCHEMA)
    assert verdict(found).artifacts == ("reports/c.md",)
    assert "Notes on doors" in str(uses(found)[2].input)


@pytest.mark.parametrize("tools", [OURS, THEIRS, CODEX, CODE, SHELL], ids=lambda t: t[0].name)
@pytest.mark.parametrize("told", ["Error: no such file", "Error: denied"])
def test_what_cannot_be_written_is_a_failure_and_ends(tools, told):
    found = live(tools, schema=REPORT_SCHEMA, wire="responses", tell=lambda _: told)
    assert (verdict(found).status, verdict(found).artifacts) == ("failed", ())
    assert told in verdict(found).summary


def test_an_input_that_is_missing_is_not_quoted():
    def tell(call):
        return "Error: not there" if "a.md" in str(call.input) else "Notes on doors"

    found = live(OURS, tell=tell)
    assert verdict(found).status == "done"
    assert "`notes/a.md`" not in uses(found)[2].input["content"]


def test_a_file_that_has_to_be_read_first_is_read():
    seen = []

    def tell(call):
        seen.append(call.name)
        return "Error: read it first" if seen == ["Read", "Read", "Write"] else "fine"

    assert verdict(live(THEIRS, tell=tell)).status == "done"
    assert seen == ["Read", "Read", "Write", "Read", "Write", "StructuredOutput"]


def test_absolute_paths_are_used_where_the_program_wants_them():
    found = live(THEIRS, system="Primary working directory: /home/me/p\n")
    assert uses(found)[0].input == {"file_path": "/home/me/p/notes/a.md"}
    assert verdict(found).artifacts == ("reports/c.md",)


def test_without_a_tool_to_write_with_it_fails():
    found = live(OURS[:1] + OURS[2:])
    assert verdict(found).status == "failed"
    assert "no tool" in verdict(found).summary


def test_without_inputs_and_artifacts_it_reports_at_once():
    found = live(OURS, "## T-1 Think\n\nThink about doors.")
    assert len(found) == 1
    assert (verdict(found).status, len(verdict(found).summary) > 60) == ("done", True)


def test_a_question_is_asked_before_anything_is_done():
    found = live(OURS, PROMPT + "\nQuestion for the owner: which ones?\n")
    assert (len(found), verdict(found).status) == (1, "question")
    assert verdict(found).question == "which ones?"


def test_when_it_is_answered_the_work_is_done():
    parts = (
        Said("user", PROMPT + "\nQuestion for the owner: which ones?\n"),
        Called("r", "report", {"status": "question"}),
        Answered("r", "noted"),
    )
    found = live(OURS, "- answer: the first three", parts=parts)
    assert verdict(found).status == "done"


def test_told_again_it_does_it_again():
    first = (
        Said("user", PROMPT),
        Called("w", "write_file", {"path": "reports/c.md", "content": "x"}),
        Answered("w", "written"),
        Called("r", "report", {"status": "done"}),
        Answered("r", "noted"),
    )
    found = live(OURS, "The file is empty. Try again.", parts=first)
    assert [one.name for one in uses(found)] == ["read_file", "read_file", "write_file", "report"]


def test_a_word_between_the_steps_of_a_loop_does_not_begin_it_anew():
    parts = (
        Said("user", PROMPT),
        Called("1", "read_file", {"path": "notes/a.md"}),
        Answered("1", "Notes on doors"),
    )
    found = live(OURS, "You have 3 turns left.", parts=parts)
    assert [one.name for one in uses(found)] == ["read_file", "write_file", "report"]


def test_after_its_report_it_says_a_last_word():
    parts = (
        Said("user", "## T-1 Think"),
        Called("r", "report", {"status": "done"}),
        Answered("r", "noted"),
    )
    (piece,) = answer(asked(parts=parts, tools=OURS)).pieces
    assert isinstance(piece, Text)


def test_a_report_that_was_refused_is_given_again():
    parts = (
        Said("user", "## T-1 Think"),
        Called("r", "report", {"status": "done"}),
        Answered("r", "status is missing", error=True),
    )
    (piece,) = answer(asked(parts=parts, tools=OURS)).pieces
    assert isinstance(piece, ToolUse)


def test_a_report_in_json_is_given_where_the_prompt_asks_for_it():
    prompt = PROMPT + "\nEnd with JSON: status, summary, artifacts, question.\n"
    assert verdict(live(OURS[:2], prompt)).status == "done"


def test_a_json_artifact_is_json():
    found = live(OURS, PROMPT.replace("c.md", "c.json"))
    assert json.loads(uses(found)[2].input["content"])["title"] == "Competitor analysis"
