"""Drawn sessions: what a screen would show is what the picture says, and nothing else."""

from __future__ import annotations

import importlib.util
import re
from xml.etree import ElementTree as ET

import pytest

from taskboard.cli.commands import COMMANDS

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def capture(root):
    spec = importlib.util.spec_from_file_location("docs_capture", root / "docs" / "capture.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shown(capture, output):
    screen = capture.Terminal()
    screen.feed(output)
    return ["".join(cell.char for cell in row).rstrip() for row in screen.rows]


@pytest.mark.parametrize(
    ("output", "lines"),
    [
        ("one\r\ntwo\r\n", ["one", "two", ""]),
        ("10 %\r20 %", ["20 %"]),
        ("live\r\nlive\r\n\x1b[2F\x1b[Jdone\r\n", ["done", ""]),
        ("long line\r\x1b[Kshort", ["short"]),
        ("\x1b[32mgreen\x1b[0m", ["green"]),
        ("\x1b]0;title\x07text", ["text"]),
    ],
)
def test_a_screen_shows_what_was_not_written_over(capture, output, lines):
    assert shown(capture, output) == lines


def test_a_picture_holds_the_text_and_its_colours(capture):
    screen = capture.Terminal()
    screen.feed("\x1b[31ma < b\x1b[0m  & c\r\n\r\n")
    picture = ET.fromstring(capture.svg(screen.rows, "a <title>"))
    spans = [(span.get("class"), span.text) for span in picture.iter(f"{SVG}tspan")]
    assert spans == [("r", "a < b"), (None, "& c")]
    assert len(list(picture.iter(f"{SVG}text"))) == 1


def test_pictures_are_plain_text_of_commands_that_exist(root):
    pictures = sorted((root / "docs" / "img").glob("*.svg"))
    assert pictures
    for path in pictures:
        picture = ET.fromstring(path.read_text())
        names = {element.tag.removeprefix(SVG) for element in picture.iter()}
        assert names <= {"svg", "title", "style", "rect", "text", "tspan"}, path.name
        assert "prefers-color-scheme: dark" in path.read_text()
        lines = ["".join(text.itertext()) for text in picture.iter(f"{SVG}text")]
        assert not [line for line in lines if re.search(r"/(tmp|root|home|work)/", line)]
        assert not [line for line in lines if "went wrong" in line or "Traceback" in line]
        typed = [line[1:] for line in lines if line.startswith("$taskboard")]
        assert typed
        assert {line.split()[1] for line in typed} <= set(COMMANDS)


@pytest.mark.parametrize("width", [20])
def test_a_command_is_recorded_as_a_terminal_gets_it(capture, tmp_path, width, monkeypatch):
    monkeypatch.setattr(capture, "COLUMNS", width)
    said = capture.record("stty size; test -t 1 && echo terminal; pwd", tmp_path)
    assert said.split() == ["40", str(width), "terminal", "~/tour"]
