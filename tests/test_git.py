"""The git edge, against real repositories."""

import os
import subprocess
from pathlib import Path

import pytest

from taskboard.git import FolderGit, GitSight
from taskboard.testing.git import FakeGit

NOBODY = {
    "PATH": os.environ["PATH"],
    "HOME": "/nowhere",
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_EDITOR": "true",
    **{
        f"GIT_{who}_{what}": word
        for who in ("AUTHOR", "COMMITTER")
        for what, word in (("NAME", "A"), ("EMAIL", "a@example.com"))
    },
}


class Repo:
    """One work tree, driven by the real git."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sight = FolderGit(folder)

    @classmethod
    def new(cls, folder: Path, *words: str) -> "Repo":
        folder.mkdir(parents=True)
        repo = cls(folder)
        repo("init", "-q", "-b", "main", *words)
        return repo

    def __call__(self, *words: str, fails: bool = False) -> str:
        command = ["git", "-c", "protocol.file.allow=always", *words]
        done = subprocess.run(
            command, cwd=self.folder, env=NOBODY, capture_output=True, text=True, check=False
        )
        assert bool(done.returncode) is fails, done.stdout + done.stderr
        return done.stdout.strip()

    def commit(self, text: str, name: str = "task-board.md") -> str:
        (self.folder / name).write_text(text)
        self("add", name)
        self("commit", "-q", "-m", text)
        return self.head

    @property
    def head(self) -> str:
        return self("rev-parse", "HEAD")

    @property
    def seen(self) -> GitSight:
        return self.sight.look()


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.new(tmp_path / "mine")
    made.commit("one")
    return made


@pytest.fixture
def fork(repo: Repo) -> Repo:
    """A branch `theirs` of the same file that does not agree with `main`."""
    repo("checkout", "-q", "-b", "theirs")
    repo.commit("their word")
    repo.commit("their last word")
    repo("checkout", "-q", "main")
    repo.commit("my word")
    return repo


def other_copy(repo: Repo, tmp_path: Path) -> Repo:
    """A bare repository that both push to, and somebody else's clone of it."""
    repo("clone", "-q", "--bare", ".", str(tmp_path / "hub.git"))
    repo("remote", "add", "origin", str(tmp_path / "hub.git"))
    repo("fetch", "-q")
    repo("branch", "-q", "-u", "origin/main")
    repo("clone", "-q", str(tmp_path / "hub.git"), str(tmp_path / "theirs"))
    return Repo(tmp_path / "theirs")


def test_the_head_is_the_commit_that_git_names(repo: Repo) -> None:
    assert repo.seen == GitSight(repo.head, None)


def test_a_folder_inside_belongs_to_the_repository_above_it(repo: Repo) -> None:
    (repo.folder / "a/b").mkdir(parents=True)
    assert FolderGit(repo.folder / "a/b").look().head == repo.head


def test_a_linked_folder_is_looked_for_where_it_really_lies(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(repo.folder)
    assert FolderGit(tmp_path / "link").look().head == repo.head


def test_without_a_repository_there_is_no_head_and_nothing_arrives(tmp_path: Path) -> None:
    git = FolderGit(tmp_path)
    assert git.look() == GitSight(None, None)
    assert not git.arrived(None)
    assert not git.arrived("0" * 40)


def test_before_the_first_commit_there_is_no_head(tmp_path: Path) -> None:
    repo = Repo.new(tmp_path / "new")
    assert repo.seen == GitSight(None, None)
    assert not repo.sight.arrived(None)
    repo.commit("first")
    repo.commit("second")
    assert not repo.sight.arrived(None)


def test_a_detached_head_is_its_commit(repo: Repo) -> None:
    repo.commit("two")
    repo("checkout", "-q", "--detach", "HEAD~1")
    assert repo.seen.head == repo.head


def test_packed_refs_are_read_and_a_loose_ref_wins_over_them(repo: Repo) -> None:
    repo("branch", "main-old")
    repo("branch", "old/main")
    repo("pack-refs", "--all")
    assert not (repo.folder / ".git/refs/heads/main").exists()
    packed = repo.head
    assert repo.seen.head == packed
    assert repo.commit("two") != packed
    assert repo.seen.head == repo.head


def test_sha256_repositories_are_read(tmp_path: Path) -> None:
    repo = Repo.new(tmp_path / "long", "--object-format=sha256")
    first = repo.commit("one")
    assert len(first) == 64
    repo.commit("two")
    assert repo.seen.head == repo.head
    assert not repo.sight.arrived(first)


def test_a_work_tree_has_its_own_head_and_the_shared_refs(repo: Repo, tmp_path: Path) -> None:
    repo("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = Repo(tmp_path / "side")
    start = side.head
    assert side.seen.head == start
    side.commit("on the side")
    assert side.seen.head == side.head != repo.head
    assert repo.seen.head == repo.head
    assert not side.sight.arrived(start)
    repo("pack-refs", "--all")
    assert side.seen.head == side.head


def test_a_merge_in_one_work_tree_is_none_in_the_other(fork: Repo, tmp_path: Path) -> None:
    fork("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = Repo(tmp_path / "side")
    side("merge", "theirs", fails=True)
    assert (side.seen.busy, fork.seen.busy) == ("merge", None)


def test_a_submodule_is_a_repository_of_its_own(repo: Repo, tmp_path: Path) -> None:
    inner = Repo.new(tmp_path / "inner")
    inner.commit("inner")
    repo("submodule", "add", "-q", str(inner.folder), "sub")
    sub = Repo(repo.folder / "sub")
    assert (repo.folder / "sub/.git").is_file()
    assert sub.seen.head == inner.head != repo.head


def test_own_commits_bring_nobody_elses_words(repo: Repo) -> None:
    start = repo.head
    repo.commit("two")
    repo.commit("three")
    repo("commit", "-q", "--amend", "-m", "three, better")
    repo("commit", "-q", "--allow-empty", "-m", "pull: origin\tcommit")
    assert not repo.sight.arrived(start)


def test_the_same_head_has_brought_nothing(repo: Repo) -> None:
    repo("checkout", "-q", "-b", "theirs")
    repo("checkout", "-q", "main")
    assert not repo.sight.arrived(repo.head)


@pytest.mark.parametrize("how", [["pull", "-q"], ["pull", "-q", "--rebase"]])
def test_a_pull_brings_words(repo: Repo, tmp_path: Path, how: list[str]) -> None:
    theirs = other_copy(repo, tmp_path)
    theirs.commit("theirs")
    theirs("push", "-q")
    start = repo.commit("mine", "other.txt") if "--rebase" in how else repo.head
    repo(*how)
    assert repo.sight.arrived(start)
    mine = repo.head
    repo.commit("mine, on top of theirs")
    assert repo.sight.arrived(start)
    assert not repo.sight.arrived(mine)


def test_a_fetch_brings_nothing_yet(repo: Repo, tmp_path: Path) -> None:
    theirs = other_copy(repo, tmp_path)
    theirs.commit("theirs")
    theirs("push", "-q")
    start = repo.head
    repo("fetch", "-q")
    assert repo.seen.head == start
    assert not repo.sight.arrived(start)


@pytest.mark.parametrize(
    "how",
    [
        ["checkout", "-q", "theirs"],
        ["switch", "-q", "theirs"],
        ["reset", "-q", "--hard", "theirs"],
        ["cherry-pick", "-Xtheirs", "theirs~1"],
        ["merge", "-q", "-Xtheirs", "--no-edit", "theirs"],
        ["rebase", "-q", "-Xtheirs", "theirs"],
        ["revert", "--no-edit", "HEAD"],
    ],
)
def test_every_other_way_of_moving_head_brings_words(fork: Repo, how: list[str]) -> None:
    start = fork.head
    fork(*how)
    assert fork.head != start
    assert fork.sight.arrived(start)


def test_a_patch_that_is_applied_as_a_commit_brings_words(fork: Repo, tmp_path: Path) -> None:
    fork("checkout", "-q", "main~1")
    start = fork.head
    patch = fork("format-patch", "-1", "theirs~1", "-o", str(tmp_path))
    fork("am", "-q", patch)
    assert fork.sight.arrived(start)


def test_a_merge_in_progress_is_told_and_its_end_brings_words(fork: Repo) -> None:
    start = fork.head
    fork("merge", "theirs", fails=True)
    assert fork.seen == GitSight(start, "merge")
    assert not fork.sight.arrived(start)
    fork.commit("both")
    assert fork.seen == GitSight(fork.head, None)
    assert fork.sight.arrived(start)


@pytest.mark.parametrize(
    ("begin", "word", "end"),
    [
        (["rebase", "theirs"], "rebase", ["rebase", "--abort"]),
        (["rebase", "--apply", "theirs"], "rebase", ["rebase", "--abort"]),
        (["cherry-pick", "theirs"], "cherry-pick", ["cherry-pick", "--abort"]),
        (["revert", "--no-edit", "HEAD~1"], "revert", ["revert", "--abort"]),
    ],
)
def test_what_git_waits_in_the_middle_of_is_told(
    fork: Repo, begin: list[str], word: str, end: list[str]
) -> None:
    fork(*begin, fails=True)
    assert fork.seen.busy == word
    fork(*end)
    assert fork.seen.busy is None


def test_patches_in_the_middle_are_no_rebase(fork: Repo, tmp_path: Path) -> None:
    patch = fork("format-patch", "-1", "theirs", "-o", str(tmp_path))
    fork("am", "-q", patch, fails=True)
    assert fork.seen.busy == "am"
    fork("am", "--abort")
    assert fork.seen.busy is None


def test_a_bisection_is_a_checkout_and_no_waiting(repo: Repo) -> None:
    first = repo.head
    repo.commit("two")
    last = repo.commit("three")
    repo("bisect", "start", last, first)
    assert repo.seen == GitSight(repo.head, None)
    assert repo.sight.arrived(last)


def test_a_stash_leaves_head_where_it_is(repo: Repo) -> None:
    start = repo.head
    (repo.folder / "task-board.md").write_text("not yet")
    repo("stash", "-q")
    repo.commit("two", "other.txt")
    repo("stash", "pop", "-q")
    repo.commit("three")
    assert not repo.sight.arrived(start)


def test_a_new_branch_at_the_same_commit_is_a_checkout_all_the_same(repo: Repo) -> None:
    start = repo.head
    repo("checkout", "-q", "-b", "side")
    assert not repo.sight.arrived(start)
    repo.commit("two")
    # The newest entry that ends at `start` is the checkout itself, so only the commit counts.
    assert not repo.sight.arrived(start)


def test_a_commit_that_this_copy_never_had_has_arrived(repo: Repo) -> None:
    assert repo.sight.arrived("1" * 40)
    assert repo.sight.arrived(None) is False


def test_a_clone_has_arrived_whole(repo: Repo, tmp_path: Path) -> None:
    assert other_copy(repo, tmp_path).sight.arrived(None)


def test_a_move_that_the_reflog_does_not_tell_has_arrived(repo: Repo) -> None:
    start = repo.head
    second = repo.commit("two")
    repo("config", "core.logAllRefUpdates", "false")
    (repo.folder / ".git/logs/HEAD").unlink()
    repo.commit("three")
    assert repo.sight.arrived(start)
    assert repo.sight.arrived(second)


def test_a_gap_in_the_reflog_has_arrived(repo: Repo) -> None:
    start = repo.head
    for text in ("two", "three", "four"):
        repo.commit(text)
    log = repo.folder / ".git/logs/HEAD"
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[:2] + lines[3:]))
    assert repo.sight.arrived(start)


def test_an_orphan_branch_is_not_known_until_it_has_a_commit(repo: Repo) -> None:
    start = repo.head
    repo("checkout", "-q", "--orphan", "fresh")
    assert repo.seen.head is None
    assert repo.sight.arrived(start)
    repo.commit("first of its own")
    assert not repo.sight.arrived(start)


def test_a_long_reflog_is_read_from_its_end(repo: Repo) -> None:
    start = repo.head
    log = repo.folder / ".git/logs/HEAD"
    log.write_bytes(b"x" * (2 << 20) + b"\n" + log.read_bytes())
    repo.commit("two")
    assert not repo.sight.arrived(start)
    with log.open("ab") as file:
        file.write(b"y" * (2 << 20))
    assert repo.sight.arrived(start)


def test_refs_kept_as_reftable_have_no_head(repo: Repo) -> None:
    # What `git init --ref-format=reftable` leaves for readers that do not know it.
    git = repo.folder / ".git"
    (git / "HEAD").write_text("ref: refs/heads/.invalid\n")
    (git / "refs/heads/main").unlink()
    (git / "refs/heads").rmdir()
    (git / "refs/heads").write_text("this repository uses the reftable format\n")
    assert repo.seen == GitSight(None, None)
    assert repo.sight.arrived("1" * 40)


def test_a_git_folder_behind_a_link_is_followed(repo: Repo, tmp_path: Path) -> None:
    (repo.folder / ".git").rename(tmp_path / "elsewhere")
    (repo.folder / ".git").symlink_to(tmp_path / "elsewhere")
    assert repo.seen.head == repo.head


def test_a_link_to_itself_is_no_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").symlink_to(".git")
    assert FolderGit(tmp_path).look() == GitSight(None, None)


def test_an_empty_git_folder_is_passed_over_as_git_does(repo: Repo) -> None:
    (repo.folder / "a/.git").mkdir(parents=True)
    assert FolderGit(repo.folder / "a").look().head == repo.head


@pytest.mark.parametrize(
    "text", ["", "gitdir: nowhere\n", "gitdir: a\0b\n", "garbage", "gitdir: \xff\n", "gitdir: .\n"]
)
def test_a_git_file_that_leads_nowhere_has_no_head(repo: Repo, text: str) -> None:
    inner = repo.folder / "a"
    inner.mkdir()
    (inner / ".git").write_bytes(text.encode("latin-1"))
    assert FolderGit(inner).look() == GitSight(None, None)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\0",
        b"ref: ../../outside\n",
        b"ref: refs/../../outside\n",
        b"ref: refs/heads/main\0\n",
        b"ref: HEAD\n",
        b"ref:\n",
        b"1234\n",
        b"z" * 40,
        b"\xff" * 100_000,
        b"a" * 41,
    ],
)
def test_a_head_that_is_no_head_is_none(repo: Repo, head: bytes) -> None:
    (repo.folder.parent / "outside").write_text("1" * 40)
    (repo.folder / "outside").write_text("1" * 40)
    (repo.folder / ".git/HEAD").write_bytes(head)
    assert repo.seen.head is None
    assert repo.sight.arrived("1" * 40)


def test_refs_in_a_ring_are_none(repo: Repo) -> None:
    (repo.folder / ".git/refs/heads/main").write_text("ref: refs/heads/side\n")
    (repo.folder / ".git/refs/heads/side").write_text("ref: refs/heads/main\n")
    assert repo.seen.head is None


def test_a_pipe_in_the_way_does_not_block(repo: Repo) -> None:
    start = repo.head
    for name in ("HEAD", "logs/HEAD"):
        (repo.folder / ".git" / name).unlink()
        os.mkfifo(repo.folder / ".git" / name)
    assert repo.seen.head is None
    assert repo.sight.arrived(start)


def test_the_fake_tells_the_same_story() -> None:
    git = FakeGit()
    assert git.look() == GitSight(None, None)
    start = git.commit()
    second = git.commit()
    assert git.look().head == second
    assert not git.arrived(start)
    assert not git.arrived(None)
    git.busy = "merge"
    assert git.look() == GitSight(second, "merge")
    third = git.pull()
    assert git.arrived(second)
    git.commit()
    assert git.arrived(start)
    assert not git.arrived(third)
    assert git.arrived("f" * 40)
