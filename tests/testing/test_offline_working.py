import json

import jsonschema
import pytest
from offline_calls import ASSIGNMENT

from taskboard.core.report import REPORT_SCHEMA, Report, read_report
from taskboard.testing.offline import Answered, Ask, Called, Said, Text, Tool, ToolUse
from taskboard.testing.offline.brain import answer


def asked(state="", schema=None, **how):
    said = state if isinstance(state, str) else json.dumps(state)
    how = {"wire": "messages", "model": "m", "parts": (Said("user", said),), **how}
    return Ask(schema=schema, **how)


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


def live(tools, prompt=ASSIGNMENT, tell=lambda _: "Notes on doors", parts=(), **how):
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
    found = live(OURS, ASSIGNMENT + "\nQuestion for the owner: which ones?\n")
    assert (len(found), verdict(found).status) == (1, "question")
    assert verdict(found).question == "which ones?"


def test_when_it_is_answered_the_work_is_done():
    parts = (
        Said("user", ASSIGNMENT + "\nQuestion for the owner: which ones?\n"),
        Called("r", "report", {"status": "question"}),
        Answered("r", "noted"),
    )
    found = live(OURS, "- answer: the first three", parts=parts)
    assert verdict(found).status == "done"


def test_told_again_it_does_it_again():
    first = (
        Said("user", ASSIGNMENT),
        Called("w", "write_file", {"path": "reports/c.md", "content": "x"}),
        Answered("w", "written"),
        Called("r", "report", {"status": "done"}),
        Answered("r", "noted"),
    )
    found = live(OURS, "The file is empty. Try again.", parts=first)
    assert [one.name for one in uses(found)] == ["read_file", "read_file", "write_file", "report"]


def test_a_word_between_the_steps_of_a_loop_does_not_begin_it_anew():
    parts = (
        Said("user", ASSIGNMENT),
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
    prompt = ASSIGNMENT + "\nEnd with JSON: status, summary, artifacts, question.\n"
    assert verdict(live(OURS[:2], prompt)).status == "done"


def test_a_json_artifact_is_json():
    found = live(OURS, ASSIGNMENT.replace("c.md", "c.json"))
    assert json.loads(uses(found)[2].input["content"])["title"] == "Competitor analysis"
