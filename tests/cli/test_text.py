"""Text for terminals: aligned, safe, and coloured only where somebody looks."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskboard.cli.display import telling
from taskboard.cli.text import Screen, clipped, json_text, one_line, paragraph, width_of
from taskboard.core.plain import plain

HOSTILE = "\x1b]0;title\x07a\x1b[31mb\x9b2Jc\u202ed\u2066e\rf\x00g"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@given(st.text())
def test_one_line_is_one_safe_line(text):
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert plain(line) == line
    line.encode()


@given(st.text())
def test_json_reads_back_and_holds_nothing_that_acts_on_a_terminal(text):
    line = json_text({"title": text})
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert plain(line) == line
    lone = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
    assert json.loads(line.encode()) == {"title": lone}


@given(st.text(), st.integers(min_value=1, max_value=40))
def test_clipped_text_fits(text, width):
    assert width_of(clipped(one_line(text), width)) <= width


def test_text_that_fits_is_not_clipped():
    assert clipped("研究", 4) == "研究"
    assert clipped("研究者", 4) == "研…"


def test_a_paragraph_keeps_its_lines_and_loses_its_tricks():
    assert paragraph(HOSTILE + "\nnext") == "abcde\nfg\nnext"


def test_wide_characters_count_twice_when_columns_are_aligned():
    rows = Screen(io.StringIO()).table([["研究", "x"], ["abcd", "y"]])
    assert rows == ["研究  x", "abcd  y"]


def test_no_blanks_trail():
    rows = Screen(io.StringIO()).table([["a", "long", ""], ["b", "c", "d"]])
    assert rows == ["a  long", "b  c     d"]


def test_on_a_terminal_a_line_fits_its_width(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    rows = Screen(Terminal()).table([["TASK-001", "x" * 90, "ready"]], flexible=1)
    assert width_of(rows[0]) <= 40
    assert rows[0].endswith("ready")


def test_a_pipe_gets_everything_without_colour():
    screen = Screen(io.StringIO())
    assert screen.table([["TASK-001", "x" * 200]], flexible=1) == ["TASK-001  " + "x" * 200]
    assert screen.paint("done", "done") == "done"


def test_a_terminal_gets_colour_unless_it_is_refused(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert Screen(Terminal()).state("done") == "\x1b[32mdone\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert Screen(Terminal()).state("done") == "done"


@pytest.mark.parametrize("words", [("list",), ("status",), ("show", "TASK-001"), ("check",)])
def test_no_text_of_a_board_reaches_the_terminal_raw(desk, words):
    desk.board.write_bytes(
        f"# B\n\n## TASK-001 {HOSTILE}\n- status: ready\n- run: {HOSTILE}\n\n{HOSTILE}\n".encode()
        .replace(b"\x00", b"")
        .replace(b"\r", b"")
    )
    for out in (desk(*words).out, desk(*words, "--json").out):
        assert plain(out) == out


def test_bytes_that_are_not_utf8_are_shown_as_such(desk):
    desk.board.write_bytes(b"# B\n\n## TASK-001 caf\xe9\n- status: todo\n- measure: \xff\n")
    title = desk.ok("list")["tasks"][0]["title"]
    assert title in ("caf\ufffd", "caf?")
    assert title in desk("list").out
    assert set(desk.ok("show", "TASK-001")["fields"]) == {"measure"}
    assert desk.ok("add", "More")["task"] == "TASK-002"


def test_only_what_people_want_to_hear_of_is_told(board):
    from taskboard.core.codec import decode

    board.ok("add", "Work", "--run", "true")
    board.ok("once")
    lines = (board.folder / "events.jsonl").read_bytes().splitlines(keepends=True)
    told = [telling(decode(line), "Work") for line in lines]
    assert len([line for line in told if line]) == 2
