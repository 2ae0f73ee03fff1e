from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskboard.core.plain import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;aGk=\x07", ""),
        ("10%\r100%\r\n", "10%\n100%\n"),
        ("a\x08\x00b\x9b31mc", "abc"),
        ("safe\u202eexe.txt", "safeexe.txt"),
        ("tab\tstays\n", "tab\tstays\n"),
        ("äöü 漢字 🎉", "äöü 漢字 🎉"),
    ],
)
def test_what_could_act_on_a_terminal_is_gone(text, shown):
    assert plain(text) == shown


@given(st.text(st.sampled_from("\x1b[]0;m\x07\\a\r\n\x9b\u202e")))
def test_nothing_but_tab_and_newline_controls(text):
    assert not {c for c in plain(text) if ord(c) < 32 or 127 <= ord(c) < 160} - {"\t", "\n"}
