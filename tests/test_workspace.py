"""Finding a workspace, and where things lie in it."""

import os
from pathlib import Path

import pytest

from taskboard.errors import BadSettings, NotFound, Usage
from taskboard.workspace import (
    MAX_SETTINGS,
    find,
    near_misses,
    read_settings,
    user_settings,
    user_state,
)


def board(folder: Path, name: str = "task-board.md") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("# Board\n")
    return folder / name


@pytest.mark.parametrize("marker", ["task-board.md", "taskboard.toml", ".taskboard/"])
def test_a_workspace_is_known_by_each_of_its_three_signs(tmp_path, marker):
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    sign = tmp_path / marker
    sign.mkdir() if marker.endswith("/") else sign.write_text("")
    assert find(below).board == tmp_path / "task-board.md"


def test_the_nearest_workspace_upward_wins(tmp_path):
    board(tmp_path)
    inner = board(tmp_path / "inner")
    (tmp_path / "inner" / "src").mkdir()
    assert find(tmp_path / "inner" / "src").board == inner


def test_a_file_called_dot_taskboard_and_a_folder_called_settings_are_no_signs(tmp_path):
    outer = board(tmp_path)
    inner = tmp_path / "inner"
    (inner / "taskboard.toml").mkdir(parents=True)
    (inner / ".taskboard").write_text("")
    assert find(inner).board == outer


def test_a_missing_board_is_still_the_board_of_a_workspace(tmp_path):
    (tmp_path / ".taskboard").mkdir()
    assert find(tmp_path).board == tmp_path / "task-board.md"
    assert find(tmp_path, Path("task-board.md")).board == tmp_path / "task-board.md"


def test_a_board_can_be_named_by_its_path_or_its_folder_from_where_one_stands(tmp_path):
    plan = board(tmp_path / "x", "plan.md")
    other = board(tmp_path / "y")
    assert find(tmp_path, Path("x/plan.md")).board == plan
    assert find(tmp_path / "x", Path("../y")).board == other


def test_a_second_board_in_a_folder_is_refused_by_name(tmp_path):
    board(tmp_path)
    board(tmp_path, "plan.md")
    with pytest.raises(Usage, match=r"has a board already, task-board\.md") as caught:
        find(tmp_path, Path("plan.md"))
    assert "plan.md" in caught.value.hint


def test_another_name_of_the_same_board_is_the_same_workspace(tmp_path):
    plan = board(tmp_path, "plan.md")
    (tmp_path / "task-board.md").symlink_to(plan)
    assert find(tmp_path, Path("plan.md")) == find(tmp_path)


def test_a_linked_board_belongs_to_the_folder_of_the_link(tmp_path):
    text = board(tmp_path / "notes", "plan.md")
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "task-board.md").symlink_to(text)
    found = find(tmp_path / "work")
    assert found.root == tmp_path / "work"
    assert found.ledger == tmp_path / "work" / "events.jsonl"


def test_a_link_whose_text_is_away_is_still_a_sign(tmp_path):
    (tmp_path / "task-board.md").symlink_to(tmp_path / "unplugged" / "plan.md")
    assert find(tmp_path).root == tmp_path


def test_everything_of_the_machine_lies_under_one_folder(tmp_path):
    found = find(board(tmp_path).parent)
    own = [found.locks, found.runs, found.objects, found.segments, found.checkpoint]
    own += [found.projection, found.displaced, found.conflicts, found.quarantine]
    assert {path.parent for path in own} == {tmp_path / ".taskboard"}
    assert len(set(own)) == len(own)


@pytest.mark.parametrize(
    "name",
    ["TASKS.md", "TASK_BOARD.md", "TODO.md", "taskboard.md", "Task Board.markdown", "TODO"],
)
def test_without_a_workspace_what_looks_like_a_board_is_named(tmp_path, name):
    (tmp_path / name).write_text("")
    (tmp_path / "README.md").write_text("")
    with pytest.raises(NotFound) as caught:
        find(tmp_path)
    assert (caught.value.code, caught.value.exit_code) == ("no_workspace", 66)
    assert caught.value.data == {"near": [name]}
    assert name in caught.value.hint
    assert str(tmp_path) in caught.value.message


def test_without_any_candidate_init_is_the_next_step(tmp_path):
    for name in ("README.md", "boarding.md", "tasks.py", ".todo.md"):
        (tmp_path / name).write_text("")
    with pytest.raises(NotFound) as caught:
        find(tmp_path)
    assert "taskboard init" in caught.value.hint


def test_a_named_board_that_is_not_there_is_said_with_its_whole_path(tmp_path):
    with pytest.raises(NotFound, match=str(tmp_path / "plan.md")):
        find(tmp_path, Path("plan.md"))
    with pytest.raises(NotFound, match="no board"):
        find(tmp_path, Path("nowhere/plan.md"))


def test_near_misses_of_a_folder_that_is_gone_are_none(tmp_path):
    assert near_misses(tmp_path / "gone") == []


def test_user_folders_follow_xdg_and_ignore_paths_that_are_not_absolute(tmp_path):
    there = {"XDG_STATE_HOME": "/s", "XDG_CONFIG_HOME": "/c", "HOME": "/h"}
    assert user_state(there) == Path("/s/taskboard")
    assert user_settings(there) == Path("/c/taskboard/config.toml")
    odd = {"XDG_STATE_HOME": "s", "XDG_CONFIG_HOME": "", "HOME": "/h"}
    assert user_state(odd) == Path("/h/.local/state/taskboard")
    assert user_settings(odd) == Path("/h/.config/taskboard/config.toml")
    assert user_state({}).is_absolute()


def test_settings_are_bytes_or_none(tmp_path):
    assert read_settings(tmp_path / "taskboard.toml") is None
    (tmp_path / "taskboard.toml").write_bytes(b"slots = 1\r\n")
    assert read_settings(tmp_path / "taskboard.toml") == b"slots = 1\r\n"


def test_a_pipe_a_folder_or_a_flood_in_place_of_settings_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "flood").write_bytes(b"#" * (MAX_SETTINGS + 1))
    for name in ("pipe", "folder", "flood"):
        with pytest.raises(BadSettings, match=name):
            read_settings(tmp_path / name)
