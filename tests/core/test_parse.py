from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskboard.core.board import Span
from taskboard.core.fields import EXECUTABLE
from taskboard.core.parse import MAX_BOARD, definition, parse
from taskboard.core.render import Wish, render
from taskboard.core.state import Kind

LINES = [
    b"", b"# Board", b"## TASK-1 One", b"## TASK-2: Two", b"### TASK-3 Child", b"## plain",
    b"- status: ready", b"- status: `done`", b"- **Status:** blocked:ada:x", b"- note: TB1",
    b"**Status:** todo  ", b"Status: ready", "状态：ready".encode(), b"* **Owner**: x", b"Run: x",
    b"Note: x", b"===", b"- [ ] box", b"## Inbox", "注意：".encode(),
    b"\xef\xbc", b"- **k\xef\xbc",
    b"- pause: all", b"- run: `a`", b"text", b"```", b"%%", b"<!--", b"-->", b"  # x", b"---",
    b"\xff", b"\xc3\xa9", b"\xe2\x82", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"- status:", b"- x: y",
    b"<<<<<<< a", b">>>>>>> b", b"   - status: ready", b"\x0c", "## 🚀 **TASK-4** x".encode(),
]  # fmt: skip
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
BOARDS = st.lists(st.tuples(st.sampled_from(LINES), ENDS), max_size=16).map(
    lambda rows: b"".join(line + end for line, end in rows)
)


def one(text):
    board = parse(text.encode())
    assert len(board.items) == 1, board.items
    return board.items[0]


def check_spans(board):
    data = board.data
    for item in board.items:
        spans = [item.heading, item.section, *item.pieces]
        spans += [s for f in item.fields for s in (f.span, f.value_span)]
        assert all(isinstance(s, Span) and 0 <= s.start <= s.end <= len(data) for s in spans)
        assert item.heading.start == item.section.start == item.pieces[0].start
        assert item.heading.start <= item.title_start <= item.heading.end <= item.fields_end
        for f in item.fields:
            line = data[f.span.start : f.span.end]
            assert not line.rstrip(b"\r\n").count(b"\n")
            assert f.span.start < f.value_span.start <= f.value_span.end <= f.span.end
            typed = data[f.value_span.start : f.value_span.end].decode("utf-8", "surrogateescape")
            assert f.value == typed or f"`{f.value}`" in typed.replace("` ", "`")


@settings(max_examples=300, deadline=None)
@given(st.one_of(BOARDS, st.binary(max_size=300)))
def test_any_bytes_parse_and_every_span_is_in_bounds(data):
    board = parse(data)
    assert board.data is data
    check_spans(board)


def test_the_board_of_the_manual_is_read_as_it_says():
    item = one(
        "# Launch week\n\n## TASK-015 Competitor analysis\n- status: ready\n- agent: claude\n"
        "- verify: `test $(wc -l < r.md) -ge 200`\n- needs: TASK-010, TASK-011\n\n"
        "Compare pricing.\n\n```\n# no\n```\n"
    )
    assert (item.task, item.title, item.level, item.line) == (
        "TASK-015", "Competitor analysis", 2, 3,
    )  # fmt: skip
    assert item.status.kind is Kind.READY
    assert item.values() == {
        "agent": "claude",
        "verify": "test $(wc -l < r.md) -ge 200",
        "needs": "TASK-010, TASK-011",
    }
    assert item.prompt == "\nCompare pricing.\n\n```\n# no\n```\n"
    assert [f.line for f in item.fields] == [4, 5, 6, 7]


def test_fields_may_follow_one_blank_line_and_end_at_the_first_other_line():
    item = one("## A-1 x\n\n- status: ready\n- owner: ada\nprose\n- verify: no\n")
    assert [f.key for f in item.fields] == ["status", "owner"]
    assert parse(b"## A-1 x\n\n\n- status: ready\n").items == ()


def test_nested_and_unusual_lines_are_no_fields():
    item = one("## A-1 x\n- status: ready\n  - verify: no\n")
    assert [f.key for f in item.fields] == ["status"]
    for line in (
        "+ status: ready", "1. status: ready", "> status: ready", "- [ ] status: ready",
        "-status: ready", "*status: ready*", "**status: ready**", "__Status:__ ready",
        "    status: ready", "\tstatus: ready", "status:ready", "**Status:**ready",
        "| status: ready |", "`status`: ready",
    ):  # fmt: skip
        assert parse(f"## A-1 x\n{line}\n".encode()).items == (), line


SPELLINGS = [
    mark + key
    for mark in ("- ", "* ", "-   ", " - ", "")
    for key in (
        "status: ", "Status:  ", "STATUS:\t", "**Status:** ", "**State**: ", "状态：", "狀態： ",
        "상태：", "**Status：**", "**وضعیت**：", "Status :\t", "**状態:** ",
    )
]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_spelling_of_a_field_is_read_and_written_back_as_found(spelling, newline):
    for bom, last in [("", newline), ("\ufeff", newline), ("", ""), ("\ufeff", "")]:
        before, after = f"{bom}## A-1 x{newline}{spelling}", f"  {newline}**Owner:** ada  {last}"
        board = parse(f"{before}ready{after}".encode())
        (item,) = board.items
        assert (item.status.kind, item.values()) == (Kind.READY, {"owner": "ada"})
        assert render(board, [Wish(0, "done")]) == f"{before}done{after}".encode()
        empty = f"{before.rstrip()}{after}".encode()
        filled = render(parse(empty), [Wish(0, "done")])
        assert parse(filled).items[0].status.kind is Kind.DONE
        assert filled.replace(b" done", b"").replace(b"done", b"") == empty


@pytest.mark.parametrize(
    "prose",
    [
        "http://example.org", "10:30 call Ann",
        "10: 30 is too late", "2026-02-01: nothing yet", "下午3：30开会", "见 http：//例",
        "Warning: it is slow", "**Posted:** yesterday", "注意：很慢",
    ],
)  # fmt: skip
def test_prose_behind_list_items_stays_prose(prose):
    item = one(f"## A-1 x\n- status: ready\n{prose}\nmore\n")
    assert [f.key for f in item.fields] == ["status"]
    assert item.prompt == f"{prose}\nmore\n"


FIELDLIKE = st.builds(
    "".join,
    st.lists(
        st.sampled_from([
            "- ", "* ", "**", ":", "：", " ", "　", "run", "Status", "状态", "needs", "x", "7",
            "/", "`", "|", "\u200f", "\t", "é", "_", "ready",
        ]),
        max_size=8,
    ),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(FIELDLIKE, max_size=5), ENDS)
def test_whatever_looks_like_fields_is_read_within_its_line_and_runs_nothing(lines, end):
    data = end.join([b"## A-1 x", b"Status: ready", *(line.encode() for line in lines), b"z"])
    board = parse(data)
    check_spans(board)
    for item in board.items:
        assert all(f.form == "list" for f in item.fields if f.key in EXECUTABLE)
        prose = item.prompt.encode("utf-8", "surrogateescape")
        known = sum(f.span.end - f.span.start for f in item.fields)
        heading = item.heading.end - item.heading.start
        assert heading + known + len(prose) == len(board.own_bytes(item))


@pytest.mark.parametrize("prose", ["10:30 call", "10: 30 is late", "2026-02-01: none", "http://x"])
def test_a_time_a_date_or_an_address_is_never_a_field(prose):
    item = one(f"## A-1 x\nStatus: ready\n{prose}\nOwner: ada\n")
    assert item.values() == {}


def test_several_fields_on_one_line_are_one_value():
    text = "**Status:** 🟡 CLAIMED by Orla | **Posted:** 2026-04-11 | **Window:** 72h"
    (field,) = one(f"## A-1 x\n{text}  \n").fields
    assert (field.key, field.value) == ("status", text.removeprefix("**Status:** "))


def test_the_spellings_may_be_mixed_and_every_line_under_a_known_key_counts():
    item = one(
        "## A-1 x\n\n* status: ready\n- **Owner**: ada\n**Priority:** high\nWarning: slow\n"
        "Depends on: A-2\n- **Odd:** kept\nInputs：a.md\n\ntext\n"
    )
    assert item.values() == {
        "owner": "ada", "priority": "high", "needs": "A-2", "odd": "kept", "inputs": "a.md",
    }  # fmt: skip
    assert item.prompt == "\nWarning: slow\n\ntext\n"


def test_the_steps_under_plain_fields_are_prose_and_a_list_item_among_them_is_a_field():
    item = one("## A-1 x\n**Status:** ready\n- Step one: go\n- run: make\n- Step two: rest\n")
    assert item.values() == {"run": "make"}
    assert item.prompt == "- Step one: go\n- Step two: rest\n"


def test_a_plain_note_is_prose_for_the_prompt_and_a_list_item_is_somebodys_field():
    item = one("## A-1 x\nStatus: ready\n**Note:** call first\n- note: mine\nOwner: ada\n")
    assert [f.key for f in item.fields] == ["status", "note", "owner"]
    assert item.prompt == "**Note:** call first\n"


def test_what_is_executed_counts_in_list_items_only_and_does_not_end_the_fields():
    for form in ("Run: rm x", "**Run:** rm x", "**run**: rm x", "run：rm x"):
        item = one(f"## A-1 x\n{form}\n**Status:** ready\n{form}\nNeeds: A-2\n{form}\ntext\n")
        assert item.values() == {"needs": "A-2"}
        assert item.prompt == f"{form}\n{form}\n{form}\ntext\n"
    for form in ("- run: x", "* **Run:** x", "- **run**: x", "- run：x"):
        assert one(f"## A-1 x\n- status: ready\n{form}\n").values() == {"run": "x"}


def test_plain_lines_over_a_rule_are_a_heading_and_no_fields():
    for rule in ("---", "==="):
        assert parse(f"## A-1 x\nStatus: ready\nOwner: ada\n{rule}\n".encode()).items == ()
        board = parse(f"## A-1 x\n\n**Status:** done\n{rule}\n".encode())
        assert [(d.code, d.line) for d in board.diagnoses] == [("TB117", 1)]
        assert "blank line" in board.diagnoses[0].hint
    assert one("## A-1 x\nStatus: ready\n\n---\n").status.kind is Kind.READY


def test_keys_are_blind_to_case_and_know_what_people_call_them():
    item = one(
        "## A-1 x\n- STATUS: Ready\n- **Depends on:** A-2\n- Assignee: ada\n- Done when: it is\n"
        "- Max_Attempts: 2\n- 状态: x\n- Acceptance_criteria: y\n- DEFINITION-OF  DONE: z\n"
        "- 负责人：ada\n- 优先级：high\n- 依赖：A-2\n- 상태: x\n"
    )
    assert [f.key for f in item.fields] == [
        "status", "needs", "owner", "measure", "max-attempts", "status", "measure", "measure",
        "owner", "priority", "needs", "status",
    ]  # fmt: skip


def test_marks_of_direction_around_a_key_are_not_part_of_it():
    assert [f.key for f in one("## A-1 x\n- \u200fوضعیت\u200f: ready\n").fields] == ["status"]


def test_a_key_with_decomposed_letters_is_the_same_key():
    text = normalize("NFD", "## A-1 x\n- 상태: ready\n- Höhe: y\n")
    assert [f.key for f in one(text).fields] == ["status", "höhe"]


def test_a_key_has_at_most_30_characters():
    assert [f.key for f in one(f"## A-1 x\n- status: ready\n- {'k' * 30}: v\n").fields][
        1
    ] == "k" * 30
    assert len(one(f"## A-1 x\n- status: ready\n- {'k' * 31}: v\n").fields) == 1


def test_a_value_that_is_one_code_span_means_its_content():
    def value(text):
        return one(f"## A-1 x\n- status: ready\n- run: {text}\n").values()["run"]

    assert value("`a b`") == "a b"
    assert value("`` a ` b ``") == "a ` b"
    assert value("`a` and `b`") == "`a` and `b`"
    assert value("`a") == "`a"
    assert value("`` `x` ``") == "`x`"


def test_a_trailing_hard_break_is_not_part_of_the_value():
    item = one("## A-1 x\n- status: ready  \n")
    assert item.fields[0].value == "ready"


def test_ids_are_whole_tokens_with_decoration_before_them():
    for heading, task, title in [
        ("TASK-003-STAGE-1 x", "TASK-003-STAGE-1", "x"),
        ("🚀 **TASK-1** x", "TASK-1", "x"),
        ("**TASK-1 x**", "TASK-1", "x"),
        ("[TASK-1] 标题", "TASK-1", "标题"),
        ("[TASK-1]: x", "TASK-1", "x"),
        ("TASK-1 — x", "TASK-1", "x"),
        ("TASK-1：标题", "TASK-1", "标题"),
        ("TASK-1｜标题", "TASK-1", "标题"),
        ("TASK-1: x", "TASK-1", "x"),
        ("1️⃣ TASK-1 x", "TASK-1", "x"),
        ("TASK-1", "TASK-1", ""),
        ("TASK-1 **bold** x", "TASK-1", "**bold** x"),
    ]:
        item = one(f"## {heading}\n- status: todo\n")
        assert (item.task, item.title) == (task, title), heading
    for heading in ("TASK-003-STAGE", "TASK-1x", "task-1 x", "Task 1", "TASK-1.2 x", "x TASK-1"):
        assert parse(f"## {heading}\n- status: todo\n".encode()).items == (), heading


def test_a_heading_without_an_id_is_a_task_only_when_ready_or_blocked():
    assert one("## Write\n- status: READY\n").task is None
    assert one("## Write\n- status: blocked:ada:brief\n").task is None
    for word in ("todo", "done", "Ready for review", "blocked", ""):
        board = parse(f"## Write\n- status: {word}\n".encode())
        assert board.items == ()
        assert [d.code for d in board.diagnoses] == ["TB113"]


def test_a_heading_with_an_id_and_no_status_is_only_a_heading():
    board = parse(b"## TASK-9 Someday\ntext\n")
    assert board.items == ()
    assert board.ids == {"TASK-9"}
    assert [(d.code, d.severity) for d in board.diagnoses] == [("TB117", "info")]


def test_sections_end_at_the_next_heading_of_the_same_level_and_children_are_cut_out():
    board = parse(
        b"## A-1 a\n- status: todo\nown\n### notes\nmore\n### A-2 b\n- status: todo\ntext\n"
        b"### after\nrest\n## other\nno\n"
    )
    parent, child = board.items
    assert child.parent == 0
    assert parent.prompt == "own\n### notes\nmore\n### after\nrest\n"
    assert board.own_bytes(child) == b"### A-2 b\n- status: todo\ntext\n"
    assert board.data[slice(*parent.section)].endswith(b"rest\n")
    assert len(parent.pieces) == 2


def test_line_ends_of_every_kind_and_only_they_split_lines():
    board = parse(
        "# B\r\n\r## A-1 x\r- status: ready\r\n"
        "\u2028\x0c\x85# no\n## A-2 y\n- status: ready".encode()
    )
    assert [(i.task, i.line, i.status.kind) for i in board.items] == [
        ("A-1", 3, Kind.READY),
        ("A-2", 6, Kind.READY),
    ]


def test_a_byte_order_mark_hides_nothing():
    board = parse(b"\xef\xbb\xbf## A-1 x\n- status: ready\n")
    assert board.items[0].section == Span(3, len(board.data))
    assert parse(b"\xef\xbb\xbf---\n## A-1 x\n- status: ready\n---\n").items == ()


def test_bytes_that_are_not_utf8_are_read_around():
    board = parse(b"## A-1 caf\xe9\n- status: ready\n- owner: \xff\n")
    assert board.items[0].status.kind is Kind.READY
    assert [(d.code, d.line) for d in board.diagnoses] == [("TB101", 1)]


def test_boards_that_cannot_be_read_are_held_by_name():
    text = "## A-1 x\n- status: ready\n"
    for data, held, code in [
        (b"", "empty", "TB104"),
        (b"\xef\xbb\xbf \r\n\t", "empty", "TB104"),
        (text.encode("utf-16"), "utf16", "TB102"),
        (text.encode("utf-16-le"), "utf16", "TB102"),
        (text.encode() + b"\0", "nul", "TB103"),
        (b" " * (MAX_BOARD + 1), "size", "TB105"),
    ]:
        board = parse(data)
        assert (board.held, board.items) == (held, ())
        assert [d.code for d in board.diagnoses] == [code]


def test_conflict_markers_hold_the_board_outside_fences_only():
    text = b"<<<<<<< HEAD\n## A-1 x\n- status: ready\n=======\n>>>>>>> other\n"
    board = parse(b"# B\n" + text)
    assert board.held == "conflict"
    assert ("TB106", 2) in [(d.code, d.line) for d in board.diagnoses]
    assert parse(b"# B\n```\n" + text + b"```\n").held is None
    assert parse(b"# B\n<<<<<<< HEAD\n").held is None


def test_a_text_cut_in_the_middle_says_in_what():
    for data, cut in [
        (b"# B\n```\nx", "fence"),
        (b"# B\n<!-- x", "comment"),
        (b"# B\n%% x", "comment"),
        ("# B\n€".encode()[:-1], "utf8"),
        ("# B\n🚀".encode()[:-2], "utf8"),
    ]:
        board = parse(data)
        assert board.cut == cut
        assert [d.code for d in board.diagnoses] == ["TB107"]
    for data in (b"# B\nno newline", "# B\n€".encode(), b"# B\n\xff", b"# B\n\xe9x"):
        assert parse(data).cut is None


def test_pause_counts_above_the_first_task_only():
    task = "## A-1 x\n- status: ready\n"
    assert parse(f"# B\n- pause: all\n\n{task}".encode()).paused
    assert parse(f"# B\r\n\r\nPause: ALL\r\n\r\n{task}".encode()).paused
    for line in ("* pause: all", "**Pause:** all", "pause：all", "- **pause**: ALL"):
        assert parse(f"# B\n{line}\n\n{task}".encode()).paused, line
    assert not parse(f"# B\n{task}- pause: all\n".encode()).paused
    assert not parse(f"# B\n```\npause: all\n```\n{task}".encode()).paused
    assert not parse(f"# B\n- pause: all the pipes\n{task}".encode()).paused


def test_the_commonest_line_end_is_the_boards():
    assert parse(b"a\r\nb\r\nc\n").newline == b"\r\n"
    assert parse(b"a").newline == b"\n"


def test_a_definition_leaves_out_what_the_runtime_writes():
    plain = parse(b"## Write\n- status: ready\n- run: x\n\ntext\n")
    ran = parse(
        b"## A-1 Write\n- status: `done`\n- run: x\n- result: ok\n- note: n\n\ntext\n\n## A-2 y\n"
    )
    ours = frozenset({b"- result: ok", b"- note: n"})
    assert definition(plain, plain.items[0], ours) == definition(ran, ran.items[0], ours)
    other = parse(b"## Write\n- status: ready\n- run: x\n- note: edited\n\ntext\n")
    assert definition(plain, plain.items[0], ours) != definition(other, other.items[0], ours)


def test_a_definition_does_not_change_when_a_child_is_added():
    alone = parse(b"## A-1 a\n- status: todo\ntext\n")
    joined = parse(b"## A-1 a\n- status: todo\ntext\n\n### A-2 b\n- status: todo\nother\n")
    assert definition(alone, alone.items[0], frozenset()) == definition(
        joined, joined.items[0], frozenset()
    )
