from __future__ import annotations

import subprocess

import pytest
from msgspec.structs import replace

from taskboard.confiners.repository import repository
from taskboard.testing.confiner import inside

WHO = "-c user.name=a -c user.email=b"


@pytest.fixture
def work_tree(cage):
    """A second work tree of a repository beside it; its ``.git`` is a file."""
    folder = cage.project.parent
    script = f"""
    git init -q main && cd main && git {WHO} commit -q --allow-empty -m first
    git worktree add -q ../tree
    """
    subprocess.run(["/bin/sh", "-ec", script], cwd=folder, check=True)
    return folder / "tree"


def test_a_commit_in_a_work_tree_goes_where_its_repository_is(confiner, cage, work_tree):
    found = repository(work_tree)
    mine = replace(cage, project=work_tree, control=found.control, writable=found.writable)
    script = f"echo x >x && git add x && git {WHO} commit -qm second"
    status, said = inside(confiner, mine, script)
    assert (status == 0) is (confiner.name != "landlock"), said


def test_neither_a_work_tree_nor_its_repository_can_be_told_to_run_programs(
    confiner, cage, work_tree
):
    found = repository(work_tree)
    mine = replace(cage, project=work_tree, control=found.control, writable=found.writable)
    main = work_tree.parent / "main" / ".git"
    before = ((main / "config").read_bytes(), (work_tree / ".git").read_bytes())
    script = """
    git config core.fsmonitor evil; echo evil >"$1/hooks/post-commit"; mv "$1/hooks" "$1/h2"
    echo gitdir: /nowhere >.git; rm .git; mv .git x; mv "$1" "$1-2"; echo evil >>"$1/config"
    """
    inside(confiner, mine, script, str(main))
    assert ((main / "config").read_bytes(), (work_tree / ".git").read_bytes()) == before
    assert not (main / "hooks" / "post-commit").exists()


def test_a_git_file_that_nothing_points_back_to_opens_nothing(cage):
    (cage.home / ".ssh").mkdir()
    project = cage.project / "src"
    for text in (f"gitdir: {cage.home}/.ssh\n", "gitdir: ../.git\n", "nonsense", "gitdir: \0\n"):
        (project / ".git").write_text(text)
        assert repository(project).writable == ()
        assert repository(project).control == (project / ".git",)


def test_an_ordinary_repository_needs_nothing_outside(cage):
    found = repository(cage.project)
    assert found.writable == ()
    assert {cage.project / ".git/hooks", cage.project / ".git/config"} < set(found.control)
