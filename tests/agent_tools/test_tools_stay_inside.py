"""Whatever a model calls, nothing outside the project and no control file is touched."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taskboard.agent_tools.fence import Fence
from taskboard.agent_tools.ground import Ground
from taskboard.agent_tools.kit import Kit

CONTROL = ("task-board.md", "events.jsonl", "taskboard.toml", ".taskboard", ".git/hooks")


def playground(root):
    """A project with control files, links out of it and into them, and something outside."""
    project = root / "project"
    for folder in ("src", ".taskboard", ".git/hooks"):
        (project / folder).mkdir(parents=True)
    for name in ("task-board.md", "events.jsonl", "taskboard.toml", ".taskboard/key"):
        (project / name).write_text(f"secret of {name}")
    (project / ".git/hooks/pre-commit").write_text("secret of a hook")
    (project / ".git/config").write_text("git's own")
    (project / "src/a.py").write_text("print('a')\n")
    (root / "outside").mkdir()
    (root / "outside/file").write_text("secret outside")
    for name, target in (
        ("out", root / "outside"),
        ("out_file", root / "outside/file"),
        ("up", ".."),
        ("board", "task-board.md"),
        ("src/state", "../.taskboard"),
    ):
        (project / name).symlink_to(target)
    os.link(project / "events.jsonl", project / "innocent")
    os.mkfifo(project / "pipe")
    return project


def kit(project):
    control = tuple(project / name for name in CONTROL)
    fence = Fence(project, control, readable=(project / "task-board.md",))
    return Kit(Ground(project, fence, "run-1"), None)


def protected(root, project):
    """Everything that must stay: bytes, links and names outside and in control places."""
    found = {}
    for top in (root / "outside", project / ".taskboard", project / ".git"):
        for path in sorted([top, *top.rglob("*")]):
            found[path] = path.read_bytes() if path.is_file() else b"folder"
    for name in CONTROL[:3]:
        found[project / name] = (project / name).read_bytes()
    found["beside"] = sorted(path.name for path in root.iterdir())
    return found


def use(tools, name, **given):
    return asyncio.run(tools.use(name, given))


NAMES = st.sampled_from(
    "src a.py out out_file up board state .. . events.jsonl EVENTS.JSONL task-board.md"
    " Task-Board.md taskboard.toml .taskboard .TaskBoard key .git .GIT hooks config pre-commit new"
    " innocent pipe outside file ~ \0 \ud800".split(" ")
)
PATHS = st.one_of(
    st.lists(NAMES, max_size=5).map("/".join),
    st.lists(NAMES, max_size=3).map(lambda names: "/" + "/".join(names)),
    st.text(max_size=20),
)
TEXTS = st.one_of(st.sampled_from(["", "secret", "a", "\ud800", "x" * 300]), st.text(max_size=20))
VALUES = st.one_of(PATHS, TEXTS, st.integers(), st.none(), st.booleans(), st.lists(st.integers()))
FITTING = st.one_of(
    st.tuples(st.just("write_file"), st.fixed_dictionaries({"path": PATHS, "content": TEXTS})),
    st.tuples(
        st.just("edit_file"), st.fixed_dictionaries({"path": PATHS, "old": TEXTS, "new": TEXTS})
    ),
    st.tuples(st.just("read_file"), st.fixed_dictionaries({"path": PATHS})),
    st.tuples(st.just("list_files"), st.fixed_dictionaries({"path": PATHS, "pattern": PATHS})),
    st.tuples(st.just("search"), st.fixed_dictionaries({"pattern": TEXTS, "path": PATHS})),
)
KEYS = st.sampled_from(["path", "content", "old", "new", "pattern", "offset", "limit", "x"])
ANY = st.tuples(
    st.sampled_from(["read_file", "write_file", "edit_file", "run_command", "nothing"]),
    st.one_of(st.dictionaries(KEYS, VALUES), VALUES),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(calls=st.lists(st.one_of(FITTING, FITTING, ANY), min_size=5, max_size=12))
def test_no_call_writes_outside_or_reads_a_secret(calls):
    with TemporaryDirectory() as place:
        root = Path(place).resolve()
        project = playground(root)
        before = protected(root, project)

        async def all_of_them():
            tools = kit(project)
            return [await tools.use(name, given) for name, given in calls]

        results = asyncio.run(all_of_them())
        assert protected(root, project) == before
        shown = "\n".join(result.text for result in results)
        for secret in ("secret of events", "secret of taskb", "secret of .", "secret outside"):
            assert secret not in shown, calls


@pytest.mark.parametrize(
    "path",
    [
        "../outside/file",
        "src/../../outside/file",
        "out/file",
        "out_file",
        "up/outside/file",
        "~/x",
        "/etc/hostname",
        "src/state/key",
        ".taskboard/key",
        ".TASKBOARD/key",
        "events.jsonl",
        "Events.JSONL",
        "innocent",
        "pipe",
        "src",
        "",
        "a\0b",
    ],
)
@pytest.mark.parametrize("tool", ["read_file", "write_file"])
def test_what_is_out_of_bounds_is_refused_in_words(tmp_path, path, tool):
    project = playground(tmp_path)
    before = protected(tmp_path, project)
    more = {"content": "bad"} if tool == "write_file" else {}
    result = use(kit(project), tool, path=path, **more)
    assert result.failed, result
    assert result.text.endswith(".")
    assert protected(tmp_path, project) == before


def test_the_board_may_be_read_and_not_written(tmp_path):
    tools = kit(playground(tmp_path))
    assert "secret of task-board.md" in use(tools, "read_file", path="task-board.md").text
    assert use(tools, "write_file", path="task-board.md", content="x").failed
    assert use(tools, "edit_file", path="task-board.md", old="secret", new="x").failed


@pytest.mark.parametrize("path", [".git/config", "src/.git", "vendor/.git/config", ".GIT/x"])
def test_gits_own_files_are_not_written(tmp_path, path):
    assert use(kit(playground(tmp_path)), "write_file", path=path, content="x").failed


def test_control_files_that_are_not_there_yet_cannot_be_made(tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    tools = kit(project)
    for path in ("taskboard.toml", ".taskboard/x", ".git/hooks/pre-commit", ".taskboard"):
        assert use(tools, "write_file", path=path, content="x").failed, path
    assert list(project.iterdir()) == []


def test_lists_and_searches_leave_out_what_may_not_be_read(tmp_path):
    tools = kit(playground(tmp_path))
    listed = use(tools, "list_files").text
    assert "src/a.py" in listed
    assert "out (a link, not followed)" in listed
    for name in ("events.jsonl", ".taskboard", "innocent", "hooks", "outside/file"):
        assert name not in listed
    assert use(tools, "search", pattern="secret").text.startswith("task-board.md:1:")
    assert "events" not in use(tools, "search", pattern="secret").text


def test_a_board_that_is_replaced_meanwhile_is_still_known(tmp_path):
    project = playground(tmp_path)
    tools = kit(project)
    (project / "new-board").write_text("newer")
    (project / "new-board").rename(project / "task-board.md")
    os.link(project / "task-board.md", project / "other-name")
    assert use(tools, "write_file", path="other-name", content="x").failed
    assert (project / "task-board.md").read_text() == "newer"


def test_a_file_with_another_name_outside_is_replaced_not_written_through(tmp_path):
    project = playground(tmp_path)
    os.link(tmp_path / "outside/file", project / "shared")
    assert not use(kit(project), "write_file", path="shared", content="mine").failed
    assert (tmp_path / "outside/file").read_text() == "secret outside"
    assert (project / "shared").read_text() == "mine"
