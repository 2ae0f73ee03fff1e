from __future__ import annotations

import asyncio
import threading

import pytest

from taskboard.agent_tools.fence import Fence
from taskboard.agent_tools.glob import fits
from taskboard.agent_tools.ground import MAX_FILE, Entry, Ground
from taskboard.agent_tools.kit import Kit


class Hand:
    """The tools in a folder, called by name."""

    def __init__(self, project):
        self.project = project
        self._kit = Kit(Ground(project, Fence(project, ()), "run-1"), None)

    def __call__(self, tool, **given):
        return asyncio.run(self._kit.use(tool, given))


@pytest.fixture
def use(tmp_path):
    return Hand(tmp_path)


def test_lines_are_numbered_and_read_in_pieces(use, tmp_path):
    (tmp_path / "a").write_text("".join(f"line {n}\n" for n in range(1, 8)))
    found = use("read_file", path="a", offset=3, limit=2).text
    assert found == "     3\tline 3\n     4\tline 4\n[3 more lines; go on with offset 5]"
    assert use("read_file", path="a", offset=7).text == "     7\tline 7"


def test_a_line_that_is_not_there_is_said_so(use, tmp_path):
    (tmp_path / "a").write_text("one\n")
    found = use("read_file", path="a", offset=9)
    assert found.failed
    assert "1 lines" in found.text


def test_an_empty_file_is_no_failure(use, tmp_path):
    (tmp_path / "a").touch()
    assert use("read_file", path="a").text == "[The file is empty.]"


def test_much_text_comes_in_bounded_answers(use, tmp_path):
    (tmp_path / "wide").write_text("x" * 1_000_000)
    (tmp_path / "long").write_text("y" * 1000 + "\n" + ("z" * 500 + "\n") * 900)
    assert len(use("read_file", path="wide").text) < 3000
    assert 30_000 < len(use("read_file", path="long").text) < 50_000


def test_binary_and_huge_files_are_refused(use, tmp_path):
    (tmp_path / "binary").write_bytes(b"\x7fELF\0\0")
    with (tmp_path / "huge").open("wb") as huge:
        huge.truncate(MAX_FILE + 1)
    assert "binary" in use("read_file", path="binary").text
    assert "too large" in use("read_file", path="huge").text
    assert use("write_file", path="new", content="x" * (MAX_FILE + 1)).failed
    assert not (tmp_path / "new").exists()


def test_an_edit_replaces_the_one_place(use, tmp_path):
    (tmp_path / "a").write_text("one two three\n")
    assert not use("edit_file", path="a", old="two", new="2").failed
    assert (tmp_path / "a").read_text() == "one 2 three\n"


@pytest.mark.parametrize(
    ("text", "old"), [("aaa", "aa"), ("a b a", "a"), ("a", "b"), ("a", ""), ("\\d", "\\\\d")]
)
def test_an_edit_needs_exactly_one_place(use, tmp_path, text, old):
    (tmp_path / "a").write_text(text)
    assert use("edit_file", path="a", old=old, new="x").failed
    assert (tmp_path / "a").read_text() == text


def test_an_edit_keeps_the_lines_ends_and_the_mode(use, tmp_path):
    (tmp_path / "a").write_bytes(b"one\r\ntwo\r\nthree\r\n")
    (tmp_path / "a").chmod(0o750)
    assert not use("edit_file", path="a", old="one\ntwo", new="1\n2").failed
    assert (tmp_path / "a").read_bytes() == b"1\r\n2\r\nthree\r\n"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o750


def test_an_edit_of_what_is_no_utf8_would_lose_bytes(use, tmp_path):
    (tmp_path / "a").write_bytes(b"caf\xe9 one")
    assert "caf" in use("read_file", path="a").text
    assert use("edit_file", path="a", old="one", new="two").failed
    assert (tmp_path / "a").read_bytes() == b"caf\xe9 one"


def test_what_stands_for_a_secret_does_not_replace_it(use, tmp_path):
    (tmp_path / "a").write_text("key = abc\nport = 1\n")
    assert use("write_file", path="a", content="key = [redacted]\nport = 2\n").failed
    assert use("edit_file", path="a", old="port = 1", new="[redacted]").failed
    assert not use("edit_file", path="a", old="port = 1", new="port = 2").failed
    assert (tmp_path / "a").read_text() == "key = abc\nport = 2\n"


def test_text_about_redaction_may_be_written_again(use, tmp_path):
    (tmp_path / "a").write_text("we print [redacted]\n")
    assert not use("write_file", path="a", content="we say [redacted]\n").failed


def test_folders_on_the_way_are_made_and_nothing_else_stays(use, tmp_path):
    assert not use("write_file", path="x/y/z.txt", content="é").failed
    assert (tmp_path / "x/y/z.txt").read_bytes() == b"\xc3\xa9"
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["x", "y", "z.txt"]


def test_a_folder_cannot_be_written_over(use, tmp_path):
    (tmp_path / "d").mkdir()
    assert use("write_file", path="d", content="x").failed
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["d"]


def test_a_list_is_bounded_and_can_be_narrowed(use, tmp_path):
    (tmp_path / "many").mkdir()
    for n in range(700):
        (tmp_path / "many" / f"{n}.txt").touch()
    (tmp_path / "many" / "one.py").touch()
    assert use("list_files").text.count("\n") == 500
    assert use("list_files", pattern="*.py").text == "many/one.py  0 bytes"
    assert use("list_files", path="many", pattern="many/one.*").text == "many/one.py  0 bytes"


def test_a_search_names_file_and_line(use, tmp_path):
    (tmp_path / "a.txt").write_text("one\n(two\n")
    (tmp_path / "b.bin").write_bytes(b"\0(two")
    assert use("search", pattern="(two").text == "a.txt:2: (two"
    assert use("search", pattern="(two", path="a.txt").text == "a.txt:2: (two"
    assert use("search", pattern="nothing").text == "[Not found.]"
    assert use("search", pattern="x", path="missing").failed


def test_what_is_binary_counts_as_read(use, tmp_path):
    """Or a search in a folder of pictures would read all of them."""
    for n in range(40):
        with (tmp_path / f"f{n:02}.bin").open("wb") as file:
            file.truncate(1 << 20)
    (tmp_path / "z.txt").write_text("here")
    assert use("search", pattern="here").text.startswith("[The search ends here")


@pytest.mark.parametrize("tool", ["search", "list_files"])
def test_a_look_at_many_files_ends_when_nobody_wants_it_any_more(tmp_path, tool):
    looked = threading.Event()

    class Endless(Ground):
        def walk(self, folder):
            while True:
                looked.set()
                yield Entry("a.txt", "file", 1)

    (tmp_path / "a.txt").write_text("x")
    kit = Kit(Endless(tmp_path, Fence(tmp_path, ()), "run"), None)

    async def cancel():
        work = asyncio.create_task(kit.use(tool, {"pattern": "zz"}))
        await asyncio.to_thread(looked.wait, 20)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        return work.cancelled()

    assert asyncio.run(cancel())


@pytest.mark.parametrize(
    ("pattern", "path", "wanted"),
    [
        ("", "a/b", True),
        ("*.py", "a/b.py", True),
        ("*.py", "a/b.pyc", False),
        ("a/*.py", "a/b.py", True),
        ("a/*.py", "a/b/c.py", False),
        ("a/**/c.py", "a/c.py", True),
        ("a/**/c.py", "a/b/b/c.py", True),
        ("**/x?.t*t", "d/xy.txt", True),
        ("src/**", "src/a/b", True),
        ("[a]", "a", False),
    ],
)
def test_patterns(pattern, path, wanted):
    assert fits(pattern, path) is wanted


def test_no_pattern_takes_long():
    assert not fits("**/a*" * 200 + "b", "/".join(["a" * 50] * 40))
    assert not fits("*a" * 500 + "b", "a" * 2000)


@pytest.mark.parametrize(
    ("tool", "given"),
    [
        ("read_file", {}),
        ("read_file", {"path": 3}),
        ("read_file", {"path": "a", "offset": True}),
        ("read_file", {"path": "a", "more": 1}),
        ("run_command", {"command": "ls"}),
        ("rm", {}),
    ],
)
def test_a_call_that_fits_no_tool_is_answered(use, tool, given):
    assert use(tool, **given).failed
