import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from taskboard.core.blocks import blocks_by_markdown, find_blocks, flatten

LINES = [
    "", " ", "# one", "## TASK-1 two", " ### three", "    # code", "####### no", "#", "## x ##",
    "- status: ready", "- item", "  # inside", "  ```", "```", "```sh", "````", "~~~", "- ```",
    "   ~~~", "`` ` ``", "```a`b", "text", "more text", "===", "---", "--", "- ", " ---", "***",
    "> quote", "> ```", "> # q", ">", "1. one", "   # under", "\tcode", "<div>", "</div>", "<b>",
    "<!-- x", "-->", "<!-- x -->", "<pre>", "</pre>", "<?php", "?>", "<![CDATA[", "]]>", "<!X",
    "%%", "%% a %%", "%% a", "b %%", " %%", "%%%", "[a]: /b", "[a]: /b 'x", "  [x]: <y>", "* * *",
    "+ a", "<https://a.b>", "<<<<<<< HEAD", ">>>>>>> x", "=======", "...", "\x0c", "\u2028", "é",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(LINES), max_size=14).map("\n".join)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
@example("<!--\n# a\n-->\n%%\n# b\n%%\n# c")
@example("- ```\ntext\n```\n# a\n```\n# b")
@example("<pre>\n```\n# a\n</pre>\n```\n# b\n```\n# c")
@example("text\n---\n# a\n<div>\n# b\n\n# c")
def test_the_scanner_sees_what_markdown_sees(text):
    flat = text.encode()
    assert find_blocks(flat) == blocks_by_markdown(flat)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_the_scanner_sees_what_markdown_sees_in_arbitrary_bytes(data):
    flat = flatten(data.replace(b"\0", b""))
    assert find_blocks(flat) == blocks_by_markdown(flat)


@given(st.binary(max_size=60))
def test_flattening_moves_no_byte_that_is_not_a_line_end(data):
    flat = flatten(data)
    assert len(flat) == len(data)
    assert all(a == b or a in b"\r\n" for a, b in zip(data, flat, strict=True))


def titles(text):
    flat = text.encode()
    return [flat[h.title_start : h.title_end].decode() for h in find_blocks(flat).headings]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("fence", "```\n# no\n```\n# yes\n"),
        ("longer fence", "````\n```\n# no\n````\n# yes\n"),
        ("tilde fence", "~~~ x`y\n# no\n~~~\n# yes\n"),
        ("fence in a list", "- a\n\n  ```\n  # no\n  ```\n\n# yes\n"),
        ("html comment", "<!--\n# no\n-->\n# yes\n"),
        ("html block", "<pre>\n# no\n\n# no\n</pre>\n# yes\n"),
        ("block comment", "%%\n# no\n\n%% end\n# yes\n"),
        ("fence in a block comment", "%%\n```\n%%\n# yes\n"),
        ("block comment in a fence", "```mermaid\n%% c\n```\n# yes\n"),
        ("indented code", "    # no\n\n# yes\n"),
        ("quote", "> # no\n\n# yes\n"),
        ("list", "- # no\n\n# yes\n"),
        ("front matter", "---\n# no\n---\n# yes\n"),
    ],
)
def test_headings_are_not_seen_in(name, text):
    assert titles(text) == ["yes"]


def test_underlined_headings_count():
    assert titles("one\n===\n\ntwo\nlines\n---\n# three #\n") == ["one", "two\nlines", "three"]


@pytest.mark.parametrize(
    ("text", "kind", "where"),
    [
        ("# a\n```\n# b\n", "fence", 4),
        ("# a\n- x\n  ```\n  y\n", "fence", 10),
        ("# a\n<!-- x\n# b\n", "comment", 4),
        ("# a\n%%\n# b\n", "comment", 4),
    ],
)
def test_a_text_that_ends_inside_something_says_where_it_began(text, kind, where):
    found = find_blocks(text.encode()).open
    assert found is not None
    assert found[0] == kind
    assert text[where:].lstrip().startswith(text[found[1] :].lstrip()[:2])


def test_a_finished_fence_at_the_end_is_not_open():
    assert find_blocks(b"# a\n```\nx\n```").open is None
    assert find_blocks(b"# a\n- x\n  ```\n  y\n  ```\n").open is None


def test_deep_nesting_hides_nothing_of_the_next_section():
    flat = b"# a\n" + b"- " * 3000 + b"x\n" + b">" * 3000 + b" <b>\n<b>\n# b\n"
    assert len(find_blocks(flat).headings) == 2
