import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from taskboard.core.parse import definition, parse
from taskboard.core.render import Wish, one_line, render

PIECES = [
    "# Board", "## TASK-1 One", "## TASK-2: Two", "### TASK-3 Child", "## Plain", "## **Bold** x",
    "- status: ready", "- status: `ready`", "- **Status:** blocked:ada:x", "- note: old", "text",
    "**Status:** ready  ", "Status: todo", "状态：ready", "* **Owner**: x", "Note: x", "Run: x",
    "Owner: ada", "* status: ready", "===", "  ## TASK-4 Four", "  more",
    "- result: old", "- status:", "- run: x  ", "```", "", "---", "   - status: todo", "<b>", "é",
]  # fmt: skip
ROWS = st.lists(
    st.tuples(st.sampled_from(PIECES), st.sampled_from(["\n", "\r\n", "\r"])), max_size=8
)
STATUS_LINES = [
    "- status: ready", "- status: `ready`", "- **Status:** blocked:ada:x", "**Status:** ready  ",
    "Status: blocked:ada:x", "状态：ready", "* status: ready", "**State**: `ready`",
]  # fmt: skip
TASKS = st.sampled_from([f"{a}\r\n{b}" for a in PIECES[1:6] for b in STATUS_LINES])
BOARDS = st.tuples(ROWS, st.lists(st.tuples(TASKS, ROWS), max_size=3), st.booleans()).map(
    lambda made: "".join(
        [a + b for a, b in made[0]]
        + [f"{task}\n" + "".join(a + b for a, b in rows) for task, rows in made[1]]
    ).encode()[: -1 if made[2] else None]
)
STATUSES = st.sampled_from(["done", "running:a:2026-04-20T15:25Z", "failed:final"])
OURS = frozenset({b"- note: old", b"- result: old"})


def shown(text, *wishes, appended=()):
    return render(parse(text.encode()), wishes, appended).decode()


@settings(max_examples=150, deadline=None)
@given(BOARDS, STATUSES, st.data())
def test_a_status_change_alters_the_value_span_and_no_other_byte(data, status, draw):
    board = parse(data)
    named = [i for i, item in enumerate(board.items) if item.task]
    if not named:
        return
    index = draw.draw(st.sampled_from(named))
    item = board.items[index]
    out = render(board, [Wish(index, status)])
    assert item.status_field is not None
    start, end = item.status_field.value_span
    assert out.startswith(data[:start])
    assert out.endswith(data[end:])
    after = parse(out)
    assert len(after.items) == len(board.items)
    assert after.items[index].status.text == status
    assert definition(after, after.items[index], OURS) == definition(board, item, OURS)


@settings(max_examples=150, deadline=None)
@given(BOARDS, STATUSES, st.lists(st.text(min_size=1), max_size=2))
@example(b"# Board\n- result: old\n**Status:** ready  \n---\n", "done", [])
@example(b"# Board\n- status: ready\r- result: old\n\n", "done", [])
@example(b"# Board\n- status: ready\r- result: old\n\n", "done", ["0"])
@example(b"# Board\n- status: ready\r\n\n", "done", ["0"])
def test_what_was_rendered_reads_back_and_asks_for_nothing_more(data, status, notes):
    board = parse(data)
    lines = tuple(f"- note: x{one_line(note)}" for note in notes if note.isascii())
    wishes = [
        Wish(i, status, f"NEW-{i}" if item.task is None else None, lines, OURS)
        for i, item in enumerate(board.items)
    ]
    out = render(board, wishes)
    after = parse(out)
    assert [i.title for i in after.items] == [i.title for i in board.items]
    assert [i.prompt for i in after.items] == [i.prompt for i in board.items]
    assert all(i.status.text == status and i.task for i in after.items)
    ours = frozenset(line.encode() for line in lines)
    again = [
        Wish(w.item_index, w.status, w.give_id, lines, _own(after, w.item_index, ours))
        for w in wishes
    ]
    assert render(after, again) == out
    for before, now, index in zip(board.items, after.items, range(99), strict=False):
        own = _own(after, index, ours | OURS)  # a line that must stay does
        assert definition(after, now, own) == definition(board, before, OURS)


def _own(board, index, ours):
    rows = (
        board.data[f.span.start : f.span.end].rstrip(b"\r\n") for f in board.items[index].fields
    )
    return frozenset(row for row in rows if row.strip() in ours)


@given(BOARDS)
def test_no_wish_changes_no_byte(data):
    assert render(parse(data), []) == data


def test_a_status_in_a_code_span_stays_in_it():
    assert shown("## A-1 x\n- status: ``ready``  \n", Wish(0, "done")) == (
        "## A-1 x\n- status: ``done``  \n"
    )


def test_another_spelling_of_the_same_state_stays():
    text = "## A-1 x\n- status: READY\n"
    assert shown(text, Wish(0, "ready")) == text


def test_a_missing_value_gets_its_blank():
    assert shown("## A-1 x\n- status:\n", Wish(0, "ready")) == "## A-1 x\n- status: ready\n"
    assert shown("## A-1 x\n- 状态：\n", Wish(0, "ready")) == "## A-1 x\n- 状态：ready\n"
    assert shown("## A-1 x\n**Status：**\n", Wish(0, "done")) == "## A-1 x\n**Status：**done\n"
    assert shown("## A-1 x\nStatus:\n", Wish(0, "done")) == "## A-1 x\nStatus: done\n"
    assert shown("## A-1 x\n- **Status:**", Wish(0, "done")) == "## A-1 x\n- **Status:** done"


def test_an_id_is_put_before_the_title():
    assert shown("## 🚀 Go ##\n- status: ready\n", Wish(0, give_id="A-1")) == (
        "## A-1 🚀 Go ##\n- status: ready\n"
    )
    assert shown("##\n- status: ready\n", Wish(0, give_id="A-1")).startswith("## A-1 \n")
    assert shown("Go\n==\n- status: ready\n", Wish(0, give_id="A-1")).startswith("A-1 Go\n==\n")
    known = "## A-2 x\n- status: ready\n"
    assert shown(known, Wish(0, give_id="A-1")) == known


def test_own_lines_follow_the_last_field_with_its_line_end_and_indentation():
    wish = Wish(0, lines=("- result: ok", "- note: n"))
    assert shown("## A-1 x\r\n  - status: done\r\n\r\ntext\n", wish) == (
        "## A-1 x\r\n  - status: done\r\n  - result: ok\r\n  - note: n\r\n\r\ntext\n"
    )
    assert shown("## A-1 x\n- status: done", wish) == (
        "## A-1 x\n- status: done\n- result: ok\n- note: n"
    )


@pytest.mark.parametrize(
    "status", ["**Status:** done  ", "Status: done", " 状态：done", "* state: done"]
)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_own_lines_under_every_spelling_are_written_replaced_and_removed(status, newline):
    for rest in (
        "",
        newline,
        f"{newline}{newline}text{newline}",
        f"{newline}1. one{newline}",
    ):
        text = f"## A-1 x{newline}{status}{rest}"
        once = shown(text, Wish(0, lines=("- note: a",)))
        (item,) = parse(once.encode()).items
        assert [f.key for f in item.fields[:2]] == ["status", "note"]
        line = once.split(newline)[2].encode()
        assert shown(once, Wish(0, lines=("- note: a",), ours=frozenset({line}))) == once
        twice = shown(once, Wish(0, lines=("- result: b", "- note: c"), ours=frozenset({line})))
        lines = frozenset(row.encode() for row in twice.split(newline)[2:4])
        assert [f.key for f in parse(twice.encode()).items[0].fields[:3]] == [
            "status", "result", "note",
        ]  # fmt: skip
        assert shown(twice, Wish(0, ours=lines)) == text + ("" if rest else newline)


def test_own_lines_under_plain_ones_never_make_or_hide_a_heading():
    text = "## A-1 x\nStatus: done\n- note: a\n---\ntext\n"
    assert shown(text, Wish(0, ours=frozenset({b"- note: a"}))) == text
    text = "## A-1 x\nStatus: done\n\n  ## A-2 y\n- status: ready\n"
    assert shown(text, Wish(0, lines=("- note: a",))) == text
    text = "## A-1 x\nStatus: done\n\n  more\n\n## A-2 y\n- status: ready\n"
    assert "- note: a" in shown(text, Wish(0, lines=("- note: a",)))


def test_only_lines_that_are_ours_byte_for_byte_are_replaced():
    text = "## A-1 x\n- status: done\n- note: old\n- note: mine\n- result: old\n"
    wish = Wish(0, lines=("- note: new",), ours=frozenset({b"- note: old", b"- result: old"}))
    assert shown(text, wish) == "## A-1 x\n- status: done\n- note: mine\n- note: new\n"
    gone = Wish(0, ours=frozenset({b"- note: old"}))
    assert shown("## A-1 x\n- status: done\n- note: old", gone) == "## A-1 x\n- status: done\n"


def test_a_line_cannot_forge_structure():
    out = shown(
        "## A-1 x\n- status: done\n", Wish(0, lines=("- note: a\n## A-2 y\r- status: ready",))
    )
    assert [i.task for i in parse(out.encode()).items] == ["A-1"]


def test_sections_are_appended_after_a_blank_line():
    new = "## A-2 y\n- status: ready\n"
    assert shown("## A-1 x\r\n- status: done", appended=[new]) == (
        "## A-1 x\r\n- status: done\r\n\r\n## A-2 y\r\n- status: ready\r\n"
    )
    assert shown("# B\n\n", appended=[new]) == f"# B\n\n{new}"
    assert shown("", appended=[new, new]) == f"{new}\n{new}"
