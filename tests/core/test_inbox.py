import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskboard.core.parse import parse

TASK = "## A-1 x\n- status: ready\n"


def inbox(text):
    return [(item.line, item.text) for item in parse(text.encode()).inbox]


def test_boxes_under_a_heading_inbox_are_its_items():
    text = "# Board\n\n## Inbox\n\n- [ ] Call Ann\n* [x] Old\n+ [ ]   Spaced  \n1. [ ] Numbered\n"
    assert inbox(text) == [(5, "Call Ann"), (6, "Old"), (7, "Spaced"), (8, "Numbered")]
    assert [item.ticked for item in parse(text.encode()).inbox] == [False, True, False, False]


@pytest.mark.parametrize(
    "heading", ["# INBOX", "### inbox:", "## 📥 Inbox", "Inbox\n---", "## **Inbox**"]
)
def test_the_heading_is_of_any_level_and_blind_to_case(heading):
    assert inbox(f"{heading}\n- [ ] a\n")[0][1] == "a"


@pytest.mark.parametrize(
    "heading", ["## Inbox of Ann", "## My inbox", "Inbox", "- Inbox", "```\n## Inbox"]
)
def test_nothing_else_is_an_inbox(heading):
    assert inbox(f"{heading}\n- [ ] a\n") == []


def test_an_inbox_ends_at_the_next_heading_of_its_level_and_smaller_headings_part_it():
    text = "## Inbox\n- [ ] a\n### Work\n- [ ] b\n## Later\n- [ ] c\n# Inbox\n## Inbox\n- [ ] d\n"
    assert [item for _, item in inbox(text)] == ["a", "b", "d"]


def test_boxes_in_a_tasks_section_are_its_criteria():
    assert inbox(f"# Inbox\n- [ ] a\n{TASK}- [ ] b\n## Rest\n- [ ] c\n") == [(2, "a"), (7, "c")]
    assert inbox(f"{TASK}### Inbox\n- [ ] b\n") == []
    assert inbox("## Inbox\n- status: ready\n- [ ] b\n") == []


def test_boxes_within_an_item_belong_to_it_and_boxes_in_a_plain_item_do_not():
    text = (
        "## Inbox\n- [ ] a\n  - [ ] criterion\n\n  More.\n\n"
        "- Work\n  - [ ] b\n      code\n - [ ] c\n"
    )
    board = parse(text.encode())
    assert [(i.text, i.body) for i in board.inbox] == [
        ("a", "- [ ] criterion\n\nMore."), ("b", "  code"), ("c", ""),
    ]  # fmt: skip
    assert [text.encode()[slice(*i.span)].count(b"\n") for i in board.inbox] == [4, 2, 1]


@pytest.mark.parametrize(
    "line", ["```\n- [ ] a\n```", "<!--\n- [ ] a\n-->", "    - [ ] a", "> - [ ] a", "[ ] a",
             "- [] a", "- [ ]", "- [ ]a", "- [link](x) a", "%%\n- [ ] a\n%%"],
)  # fmt: skip
def test_what_is_no_box_is_no_item(line):
    assert inbox(f"## Inbox\n\n{line}\n") == []


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends_and_a_missing_last_one_change_nothing(newline):
    text = f"\ufeff## Inbox{newline}- [ ] a  {newline}{newline}- [ ] b{newline}\tmore"
    board = parse(text.encode())
    assert [(i.line, i.text, i.body) for i in board.inbox] == [(2, "a", ""), (4, "b", "  more")]
    assert board.inbox[-1].span.end == len(board.data)


LINES = st.sampled_from([
    "## Inbox", "# Inbox", "### x", "## A-1 x", "- status: ready", "- [ ] a", "  - [ ] b",
    "- [x] c", "\t- [ ] d", "text", "  text", "", "```", "- x", "1. [ ] e", "<!-- x", "-->", "%%",
    "---",
])  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(LINES, max_size=20), st.sampled_from(["\n", "\r\n", "\r"]))
def test_items_lie_apart_in_order_on_the_lines_they_name(lines, newline):
    text = newline.join(lines)
    board = parse(text.encode())
    end = 0
    for item in board.inbox:
        assert item.span.start >= end
        end = item.span.end
        assert item.text in lines[item.line - 1]
        assert not any(t.section.start <= item.span.start < t.section.end for t in board.items)
