import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskboard.core.compose import section_text
from taskboard.core.parse import parse
from taskboard.core.render import render

NASTY = st.lists(
    st.sampled_from([
        "# a", "## TASK-9 x", "- status: ready", "---", "===", "```", "~~~", "<!--", "-->", "%%",
        "text", "", " ", "\r", "\n", "#", "### TASK-8 y", "    # x", "<div>", "<pre>", "`", "> #",
        "<<<<<<< a", ">>>>>>> b", "\x00", "\x0c", "\u2028", "é", "- [ ] x", "[a]: b", ": ", "|",
    ])
).map("\n".join)  # fmt: skip
ANY = st.one_of(st.text(max_size=40), NASTY)
KEYS = st.sampled_from(["run", "Depends on", "measure", "x y", "owner", "max-attempts"])


@settings(max_examples=200, deadline=None)
@given(ANY, st.integers(1, 6), st.dictionaries(KEYS, ANY, max_size=3), ANY)
def test_arbitrary_text_gives_exactly_one_task_with_exactly_these_fields_or_is_refused(
    title, level, more, body
):
    fields = [("status", "ready"), *more.items()]
    try:
        text = section_text("TASK-7", title, level, fields, body)
    except ValueError:
        return
    next_one = "# TASK-8 next\n- status: done\n"
    board = parse(render(parse(b"# B\n"), (), [text, next_one]))
    assert [i.task for i in board.items] == ["TASK-7", "TASK-8"]
    item = board.items[0]
    assert [f.value for f in item.fields] == [v.strip(" \t") for _, v in fields]
    assert item.level == level
    assert (board.held, board.cut) == (None, None)


@settings(max_examples=200, deadline=None)
@given(NASTY)
def test_a_body_is_refused_or_comes_back_but_for_backslashes(body):
    try:
        text = section_text("TASK-7", "x", 2, [("status", "ready")], body)
    except ValueError:
        return
    plain = body.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    prompt = parse(text.encode()).items[0].prompt
    assert prompt.replace("\\", "").strip("\n") == plain.strip("\n")


def test_a_section_looks_as_a_person_would_write_it():
    fields = [("status", "ready"), ("run", "make `x`"), ("needs", "A-1, A-2")]
    assert section_text("A-3", "Go", 2, fields, "Do it.\n\n### Notes\nSo.") == (
        "## A-3 Go\n- status: ready\n- run: make `x`\n- needs: A-1, A-2\n\n"
        "Do it.\n\n### Notes\nSo.\n"
    )
    assert section_text("A-3", "Go", 1, fields[:1], "", newline="\r\n") == (
        "# A-3 Go\r\n- status: ready\r\n"
    )


def test_headings_in_the_body_that_would_end_the_section_are_escaped():
    text = section_text(
        "A-3", "Go", 2, [("status", "ready")], "# One\nTwo\n---\n### A-4 x\n- status: ready"
    )
    assert "\n\\# One\nTwo\n\\---\n\\### A-4 x\n" in text
    assert len(parse(text.encode()).items) == 1


def test_a_value_that_is_a_code_span_keeps_its_backticks():
    text = section_text("A-3", "Go", 2, [("status", "ready"), ("run", "`x`")], "")
    assert parse(text.encode()).items[0].values()["run"] == "`x`"


def test_titles_keep_their_hashes_and_lose_their_line_ends():
    def title(text):
        return (
            parse(section_text("A-3", text, 2, [("status", "todo")], "").encode()).items[0].title
        )

    assert title("Learn C #") == "Learn C #"
    assert title("a\n## A-4 b\x00") == "a ## A-4 b"
    assert title(": x") == "x"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"task": "task 1"}, "no task id"),
        ({"level": 7}, "level 7"),
        ({"title": " \n"}, "title is empty"),
        ({"title": "\udcff"}, "not valid UTF-8"),
        ({"fields": [("run", "x")]}, "needs a status"),
        ({"fields": [("status", "ready"), ("run", "a\n- status: done")]}, "single line"),
        ({"fields": [("status", "ready"), ("Status", "done")]}, "given twice"),
        ({"fields": [("status", "ready"), ("run", " ")]}, "no value"),
        ({"fields": [("status", "ready"), ("a:b", "x")]}, "no field name"),
        ({"body": "```\nx"}, "does not close"),
        ({"body": "<!-- x"}, "does not close"),
        ({"body": "%%\nx"}, "does not close"),
        ({"body": "a\0"}, "NUL"),
        ({"body": "<<<<<<< a\n>>>>>>> b"}, "unreadable (conflict)"),
    ],
)
def test_what_could_not_be_read_back_is_refused_and_named(change, why):
    given_ = {"task": "A-1", "title": "x", "level": 2, "fields": [("status", "ready")], "body": ""}
    given_ |= change
    with pytest.raises(ValueError, match=why.replace("(", r"\(").replace(")", r"\)")):
        section_text(**given_)
