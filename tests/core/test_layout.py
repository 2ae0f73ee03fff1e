import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from taskboard.core.diagnose import diagnose
from taskboard.core.parse import parse
from taskboard.core.units import read_time

NOW = read_time("2026-11-20T12:00Z")
LINES = [
    "", "# one", "## TASK-1 two", "## TASK-2 three", "### TASK-1 again", "# Inbox", "- [ ] box",
    "- status: ready", "- status: odd", "- needs: TASK-2", "**Status:** ready", "- run: a 'b",
    "run: prose", "text", "===", "---", "```", "~~~", "- ```", "> # q", " # x", "#y", "<div>",
    "</div>", "<!--", "-->", "%%", "%% a %%", "<<<<<<< HEAD", ">>>>>>> x", "pause: all", "\tcode",
]  # fmt: skip
ENDS = ("\n", "\n", "\n", "\r\n", "\r")
TEXTS = st.lists(st.tuples(st.sampled_from(LINES), st.sampled_from(ENDS)), max_size=24).map(
    lambda lines: "".join(line + end for line, end in lines).encode()
)


def edited(before: bytes, spot: float, gone: int, text: bytes) -> bytes:
    at = int(spot * len(before))
    return before[:at] + text + before[at + gone :]


EDITS = st.tuples(st.floats(0, 1), st.integers(0, 30), TEXTS | st.binary(max_size=4))


def told(board):
    """All that a board says, without the objects that say it."""
    facts = [
        (item.task, item.title, item.level, item.line, item.section, item.pieces, item.heading)
        for item in board.items
    ]
    facts += [(i.title_start, i.fields, i.fields_end, i.prompt, i.parent) for i in board.items]
    rest = (board.held, board.cut, board.paused, board.newline, board.loose, board.ids)
    return facts, rest, board.inbox, board.diagnoses, diagnose(board, now=NOW)


@settings(max_examples=500, deadline=None)
@given(TEXTS, st.lists(EDITS, min_size=1, max_size=3))
@example(b"---\n# one\ntext\n", [(1.0, 0, b"---\n")])
@example(b"# one\n## TASK-1 two\n<!--\n", [(0.5, 0, b"<!--\n"), (0.9, 0, b"-->\n# one\n")])
@example(b"text\n# one\n## TASK-1 two\n- status: ready\n", [(0.4, 1, b"")])
@example(b"# one\n- ```\n# one\n# one\n", [(1.0, 0, b"```\n")])
def test_a_board_read_after_an_edit_says_what_it_says_read_anew(text, edits):
    board = parse(text)
    for spot, gone, more in edits:
        text = edited(text, spot, gone, more)
        board = parse(text, earlier=board)
        assert told(board) == told(parse(text))


def board_of(count: int) -> bytes:
    tasks = (
        f"## TASK-{n} title\n- status: ready\n- needs: TASK-{n}\n\ntext\n" for n in range(count)
    )
    return "".join(("# Board\n\n", *tasks)).encode()


@pytest.mark.parametrize("place", [0, 250, 499])
def test_an_edit_has_one_part_read_again_and_the_others_kept(place):
    text = board_of(500)
    before = parse(text)
    after = parse(text.replace(b"TASK-%d title" % place, b"TASK-%d name" % place), earlier=before)
    kept = {id(stretch.part) for stretch in before.layout.stretches}
    fresh = [s for s in after.layout.stretches if id(s.part) not in kept]
    assert len(fresh) <= 2  # and the heading above, where reading begins


def test_parts_between_two_edits_far_apart_are_known_by_their_bytes():
    text = board_of(500)
    before = parse(text)
    both = text.replace(b"TASK-3 title", b"TASK-3 name").replace(b"TASK-480 title", b"TASK-480 x")
    after = parse(both, earlier=before)
    kept = {id(stretch.part) for stretch in before.layout.stretches}
    assert sum(id(s.part) not in kept for s in after.layout.stretches) == 2


def test_a_part_is_diagnosed_once_for_as_long_as_its_bytes_stay():
    text = b"# Board\n\n## TASK-1 a\n- status: odd\n\n## TASK-2 b\n- status: odd\n"
    before = parse(text)
    first = diagnose(before, now=NOW)
    after = parse(b"\n" + text, earlier=before)
    moved = diagnose(after, now=NOW)
    assert [(d.code, d.line + 1) for d in first] == [(d.code, d.line) for d in moved]
