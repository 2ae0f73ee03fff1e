"""The lines of keys, which tomllib does not keep."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskboard.toml_file import Document, Mistake, lines_of, read_document


def test_every_key_is_found_on_the_line_it_begins_on():
    text = '''\
# a comment [not.a.table]
slots = 2

text = """
key = "not one"
[nor.this]
"""
list = [
  "a",   # ] a trap
  [1, 2],
]
"quoted key" = { x = 1, y = { z = 2 } }
dotted.name = 1
[executors.shell]
program = "sh"
[ deciders . "claude" ]
model.name = "m"
[[many]]
a = 1
[[many]]
a = 2
last = true'''
    tomllib.loads(text)
    assert lines_of(text) == {
        ("slots",): 2,
        ("text",): 4,
        ("list",): 8,
        ("quoted key",): 12,
        ("quoted key", "x"): 12,
        ("quoted key", "y"): 12,
        ("quoted key", "y", "z"): 12,
        ("dotted",): 13,
        ("dotted", "name"): 13,
        ("executors",): 14,
        ("executors", "shell"): 14,
        ("executors", "shell", "program"): 15,
        ("deciders",): 16,
        ("deciders", "claude"): 16,
        ("deciders", "claude", "model"): 17,
        ("deciders", "claude", "model", "name"): 17,
        ("many",): 18,
        ("many", "a"): 19,
        ("many", "last"): 22,
    }


STATEMENTS = st.sampled_from(
    [
        "{} = 1",
        "{} = 'a # b'",
        '{} = "[x]"',
        "{} = [\n1,\n# ]\n2 ]",
        "{} = '''\n{} = 3\n[t]\n'''",
        "{} = {{ a = 1 }}",
        "{}.b = 2",
        "[{}]",
        "# {} = 1",
        "",
    ]
)


@given(st.lists(STATEMENTS, max_size=12))
def test_no_key_is_missed_and_each_stands_on_its_line(statements):
    text = "\n".join(s.replace("{}", f"k{n}").replace("{{", "{").replace("}}", "}")
                     for n, s in enumerate(statements))  # fmt: skip
    lines = lines_of(text)
    assert set(tops(tomllib.loads(text))) == {path[-1] for path in lines if path[-1][0] == "k"}
    for path, line in lines.items():
        assert path[-1] in text.split("\n")[line - 1]


def tops(document):
    for key, value in document.items():
        if key[0] == "k":
            yield key
        if isinstance(value, dict):
            yield from tops(value)


def read(tmp_path: Path, data: bytes):
    path = tmp_path / "taskboard.toml"
    path.write_bytes(data)
    return read_document(path)


def test_a_file_that_is_not_there_is_none(tmp_path):
    assert read_document(tmp_path / "taskboard.toml") is None


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path):
    found = read(tmp_path, b"\xef\xbb\xbfslots = 1\r\n\r\nowner = 'x'\r\n")
    assert isinstance(found, Document)
    assert found.values == {"slots": 1, "owner": "x"}
    assert found.lines == {("slots",): 1, ("owner",): 3}


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"a = 1\nb = \nc = 3\n", 2),
        (b"a = 1\n\n[t\nb = 1\n", 3),
        (b"a = 1\nb = 2\na = 3\n", 3),
        (b"a = 1\nb = [1,\n2,\n", 3),
        (b'a = 1\nb = """x\n', 2),
        (b"a = 1\nb = 'caf\xe9'\n", 2),
        (b"a\x00b = 1", 1),
        (b"just words", 1),
    ],
)
def test_what_is_no_toml_is_a_mistake_with_its_line(tmp_path, data, line):
    found = read(tmp_path, data)
    assert isinstance(found, Mistake)
    assert found.line == line
    assert found.text.startswith(f"{tmp_path}/taskboard.toml:{line}: ")
    assert "(at" not in found.message


def test_brackets_without_end_are_a_mistake_too(tmp_path):
    assert isinstance(read(tmp_path, b"a = " + b"[" * 100_000), Mistake)
