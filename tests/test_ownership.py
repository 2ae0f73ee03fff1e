"""Whether a workspace is this user's own."""

import os
from pathlib import Path

import pytest

from taskboard.errors import Untrusted
from taskboard.ownership import ownership, require_own
from taskboard.workspace import Workspace

ROOT = 0


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    found = Workspace(tmp_path / "w" / "task-board.md")
    found.state.mkdir(parents=True)
    found.root.chmod(0o755)
    found.state.chmod(0o700)
    for path in (found.board, found.settings, found.ledger):
        path.write_text("")
        path.chmod(0o644)
    return found


def test_a_folder_made_by_its_user_is_his_own(workspace):
    assert ownership(workspace) == []
    require_own(workspace)


@pytest.mark.parametrize("what", ["root", "board", "settings", "ledger", "state"])
def test_what_everyone_may_write_is_refused_with_the_chmod_that_cures_it(workspace, what):
    path = getattr(workspace, what)
    path.chmod(path.stat().st_mode | 0o002)
    [problem] = ownership(workspace)
    assert problem.hint == f"chmod o-w {path}"
    assert (problem.code, problem.exit_code) == ("untrusted", 3)
    assert str(path) in problem.message
    os.system(problem.hint)
    assert ownership(workspace) == []


def test_a_sticky_folder_of_everyone_is_no_workspace_but_may_hold_one(workspace):
    workspace.root.parent.chmod(0o1777)
    assert ownership(workspace) == []
    workspace.root.chmod(0o1777)
    assert [problem.hint for problem in ownership(workspace)] == [f"chmod o-w {workspace.root}"]


def test_the_primary_group_may_write_and_no_other_may(workspace):
    workspace.board.chmod(0o664)
    group = workspace.board.stat().st_gid
    assert ownership(workspace, group=group) == []
    [problem] = ownership(workspace, group=group + 1)
    assert problem.hint == f"chmod g-w {workspace.board}"


def test_what_belongs_to_somebody_else_is_refused_with_the_chown_that_cures_it(workspace):
    """Root may give files away; anyone else can only pretend to be another user."""
    if os.geteuid() == ROOT:
        os.chown(workspace.board, 54321, -1)
        [problem] = ownership(workspace)
    else:
        problem = next(p for p in ownership(workspace, uid=54321) if "board.md" in p.hint)
    assert "sudo chown" in problem.hint
    assert str(workspace.board) in problem.hint
    assert "belongs to" in problem.message


def test_what_root_owns_is_accepted_by_everyone():
    """The system's own folders stand in for a workspace that root has set up."""
    assert ownership(Workspace(Path("/usr/bin/task-board.md")), uid=54321, group=54321) == []


def test_behind_a_linked_board_both_the_text_and_its_folder_count(workspace, tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    text = workspace.board.rename(shared / "plan.md")
    workspace.board.symlink_to(text)
    assert ownership(workspace) == []
    shared.chmod(0o777)
    assert [problem.hint for problem in ownership(workspace)] == [f"chmod o-w {shared}"]
    shared.chmod(0o755)
    text.chmod(0o666)
    assert [problem.hint for problem in ownership(workspace)] == [f"chmod o-w {workspace.board}"]


def test_the_users_own_settings_can_be_looked_at_too(workspace, tmp_path):
    own = tmp_path / "config.toml"
    own.write_text("")
    own.chmod(0o666)
    assert [problem.hint for problem in ownership(workspace, own)] == [f"chmod o-w {own}"]


def test_all_problems_are_raised_as_one_with_every_cure(workspace):
    workspace.board.chmod(0o666)
    workspace.root.chmod(0o777)
    with pytest.raises(Untrusted) as caught:
        require_own(workspace)
    assert caught.value.hint.splitlines() == [
        f"chmod o-w {workspace.root}",
        f"chmod o-w {workspace.board}",
    ]


def test_a_cure_can_be_pasted_whatever_the_folder_is_called(tmp_path):
    found = Workspace(tmp_path / "it's $HOME; here" / "task-board.md")
    found.root.mkdir()
    found.root.chmod(0o777)
    [problem] = ownership(found)
    os.system(problem.hint)
    assert ownership(found) == []
