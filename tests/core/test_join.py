import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskboard.core.join import join

LINES = st.lists(
    st.sampled_from([b"a", b"b", b"c", b"", b"- status: ready", b"x"]).flatmap(
        lambda line: st.sampled_from([b"\n", b"\n", b"\r\n", b"\r"]).map(lambda end: line + end)
    ),
    max_size=9,
)
TEXTS = st.builds(lambda lines, tail: b"".join(lines) + tail, LINES, st.sampled_from([b"", b"z"]))


@st.composite
def edits(draw, base):
    """The base with some lines removed and others added."""
    kept = [line for line in base if draw(st.integers(0, 5))]
    for _ in range(draw(st.integers(0, 3))):
        kept.insert(draw(st.integers(0, len(kept))), b"new %d\n" % draw(st.integers(0, 9)))
    return kept


@given(TEXTS, TEXTS)
def test_what_only_one_side_did_is_the_result(base, side):
    assert join(base, base, side) == (side, False)
    assert join(base, side, base) == (side, False)
    assert join(base, side, side) == (side, False)


def body(data):
    return Counter(data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"))


@given(TEXTS, TEXTS, TEXTS)
def test_no_added_line_is_lost_unless_a_conflict_is_said(base, ours, theirs):
    joined, conflicts = join(base, ours, theirs)
    if not conflicts:
        for side in (ours, theirs):
            added = body(side) - body(base)
            assert not [line for line in added if line and added[line] > body(joined)[line]]
    # What the later side added stays even then.
    later = body(theirs) - body(base)
    assert not [line for line in later if line and not body(joined)[line]]


@given(LINES.flatmap(lambda base: st.tuples(st.just(base), edits(base), edits(base))))
def test_no_line_appears_that_nobody_wrote_and_none_doubles(texts):
    base, ours, theirs = (b"".join(lines) for lines in texts)
    joined = Counter(join(base, ours, theirs).data.splitlines(keepends=True))
    most = Counter(ours.splitlines(keepends=True)) + Counter(theirs.splitlines(keepends=True))
    assert not joined - most


BASE = b"# Week\n\n## TASK-1 One\n- status: ready\n- agent: me\n\nText.\n"


@pytest.mark.parametrize(
    ("ours", "theirs", "joined", "conflicts"),
    [
        # the runtime's status, a person's neighbouring line
        (
            BASE.replace(b"ready", b"running:x"),
            BASE.replace(b"agent: me", b"agent: you"),
            BASE.replace(b"ready", b"running:x").replace(b"agent: me", b"agent: you"),
            False,
        ),
        # both add at the end: the older first
        (BASE + b"ours\n", BASE + b"theirs\n", BASE + b"ours\ntheirs\n", False),
        (BASE + b"ours\n", BASE + b"theirs", BASE + b"ours\ntheirs", False),
        # one contains the other
        (BASE + b"one\n", BASE + b"one\ntwo\n", BASE + b"one\ntwo\n", False),
        (BASE + b"one\ntwo\n", BASE + b"two\n", BASE + b"one\ntwo\n", False),
        # both changed one line: the later stands, the rest of the older stays
        (
            BASE.replace(b"ready", b"running:x") + b"more\n",
            BASE.replace(b"ready", b"blocked:me:x"),
            BASE.replace(b"ready", b"blocked:me:x") + b"more\n",
            True,
        ),
        # one deletes what the other changes
        (BASE.replace(b"Text.\n", b""), BASE.replace(b"Text", b"Prose"),
         BASE.replace(b"Text", b"Prose"), True),
        (BASE.replace(b"Text", b"Prose"), BASE.replace(b"Text.\n", b""),
         BASE.replace(b"Text.\n", b""), True),
        # both delete, one more than the other
        (BASE.replace(b"Text.\n", b""), BASE.replace(b"\nText.\n", b""),
         BASE.replace(b"\nText.\n", b""), False),
        # an addition inside what the other deleted
        (BASE.replace(b"- agent: me\n", b"- agent: me\n- note: n\n"), b"# Week\n\n",
         b"# Week\n\n- note: n\n", False),
        # endings stay as each line had them
        (BASE.replace(b"\n", b"\r\n"), BASE + b"x\n",
         BASE.replace(b"\n", b"\r\n") + b"x\n", False),
    ],
)  # fmt: skip
def test_lines_are_joined_by_these_rules(ours, theirs, joined, conflicts):
    assert join(BASE, ours, theirs) == (joined, conflicts)


def test_a_save_that_was_joined_already_adds_nothing_when_it_is_joined_again():
    ours = BASE.replace(b"ready", b"running:x") + b"one\n"
    theirs = BASE.replace(b"agent: me", b"agent: you") + b"two\n"
    once = join(BASE, ours, theirs).data
    assert join(BASE, once, theirs) == (once, False)


def test_a_last_line_without_an_ending_is_the_same_line_once_something_follows():
    assert join(b"a", b"a\nb", b"a\nc") == (b"a\nb\nc", False)
    assert join(b"a", b"b\na", b"a\nc\n") == (b"b\na\nc\n", False)
    assert join(b"a\r\nb", b"a\r\nb\r\no", b"t\r\na\r\nb") == (b"t\r\na\r\nb\r\no", False)


@pytest.mark.parametrize("shape", ["distinct", "equal", "repeated"])
def test_five_megabytes_are_joined_in_seconds(shape):
    line = {
        "distinct": lambda n: b"line %d of a board with some words in it\n" % n,
        "equal": lambda _: b"- status: ready and the same words again\n",
        "repeated": lambda n: b"line %d of a board with some words in it\n" % (n % 300),
    }[shape]
    base = [line(n) for n in range(120_000)]
    ours = [b"o\n", *base[:500], b"o\n", *base[900:]]
    theirs = [*base[1000:50_000], b"t\n", *base[60_000:], b"t\n"]
    start = time.perf_counter()
    joined = join(b"".join(base), b"".join(ours), b"".join(theirs)).data
    assert time.perf_counter() - start < 20
    assert joined.count(b"\nt\n") + joined.startswith(b"t\n") == 2
