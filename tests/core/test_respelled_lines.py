"""The runtime's own lines after a formatter: still its own, and never written twice."""

import pytest

from taskboard.core.definition import definition, essence
from taskboard.core.parse import parse
from taskboard.core.render import Wish, render

NOTE = "- note: TB301 `running:x_y` looks like an old copy. To insist: type it again"
RESULT = "- result: ran (exit) by shell-a4b in 2s (.taskboard/runs/01a1)"
OURS = frozenset(line.encode() for line in (NOTE, RESULT))
BOARD = f"## A-1 One\n- status: done\n{RESULT}\n{NOTE}\n\nText.\n"

FORMATTERS = {
    "bullets": lambda text: text.replace("\n- ", "\n* "),
    "indented": lambda text: text.replace("\n- ", "\n  - "),
    "bold keys": lambda text: text.replace("- note:", "- **Note:**"),
    "wide marker": lambda text: text.replace("- note:", "-   note:"),
    "escapes": lambda text: text.replace("_", "\\_").replace("(", "\\("),
    "quotes": lambda text: text.replace("`", "\u2019"),
    "no blanks at ends": lambda text: text.replace("again\n", "again  \n"),
    "loose list": lambda text: text.replace("\n- ", "\n\n- "),
    "wrapped": lambda text: text.replace(" old copy", "\n  old copy"),
    "wide colon": lambda text: text.replace("note:", "note：").replace("result:", "result："),
}


def shown(text, *lines, ours=OURS):
    board = parse(text.encode())
    return render(board, [Wish(0, lines=lines, ours=ours)]).decode()


@pytest.mark.parametrize("formatter", FORMATTERS.values(), ids=FORMATTERS)
def test_a_line_that_a_formatter_spelled_anew_is_left_as_it_is(formatter):
    text = formatter(BOARD)
    assert text != BOARD
    assert shown(text, RESULT, NOTE) == text


@pytest.mark.parametrize("name", ["bullets", "indented", "bold keys", "wide marker", "escapes"])
def test_a_line_spelled_anew_is_replaced_when_there_is_news_and_taken_away_when_it_is_over(name):
    text = FORMATTERS[name](BOARD)
    after = shown(text, RESULT, "- note: news")
    assert "TB301" not in after
    assert after.count("ran (exit)") + after.count("ran \\(exit)") == 1
    assert "- note: news\n" in after
    assert "TB301" not in shown(text, RESULT)


def test_the_text_of_a_task_is_the_same_whatever_a_formatter_does_to_our_lines():
    before, after = (parse(text.encode()) for text in (BOARD, FORMATTERS["escapes"](BOARD)))
    assert definition(before, before.items[0], OURS) == definition(after, after.items[0], OURS)


def test_other_words_are_the_persons_and_stay_beside_ours():
    text = BOARD.replace("looks like an old copy", "is what I want")
    assert shown(text, RESULT, NOTE) == text.replace(f"{RESULT}\n", "").replace(
        "again\n", f"again\n{RESULT}\n{NOTE}\n"
    )


def test_a_line_that_was_never_shown_is_written_though_the_prose_says_the_same():
    text = "## A-1 One\n- status: done\n\nnote: news\n"
    assert "- note: news\n" in shown(text, "- note: news", ours=frozenset())


def test_our_lines_stay_one_each_under_indented_fields():
    text = "## A-1 One\n  - status: done\n\nText.\n"
    once = shown(text, RESULT, NOTE, ours=frozenset())
    assert once == f"## A-1 One\n  - status: done\n  {RESULT}\n  {NOTE}\n\nText.\n"
    assert shown(once, RESULT, NOTE) == once
    assert shown(once) == text


def test_a_line_that_stands_twice_is_left_once():
    text = BOARD.replace(f"{NOTE}\n", f"{NOTE}\n* {NOTE[2:]}\n")
    assert shown(text, RESULT, NOTE) == BOARD


def test_the_essence_of_a_text_is_its_letters_and_digits():
    assert essence(b"- **Note:** a_b `c`\r\n  1\xff") == essence(b"* note: a\\_b c 1\xff")
    assert essence(b"note: 1") != essence(b"note: 2")
