"""Commits as evidence, against real repositories, hostile ones too."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import subprocess
import zlib
from pathlib import Path

import pytest

from taskboard.core.finding import Commit, Nothing, Refs
from taskboard.git_commits import GitCommits
from taskboard.git_refs import MAX_REFS, note_refs

NOBODY = {
    "PATH": os.environ["PATH"],
    "HOME": "/nowhere",
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
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

    @classmethod
    def new(cls, folder: Path, *words: str) -> Repo:
        folder.mkdir(parents=True)
        repo = cls(folder)
        repo("init", "-q", "-b", "main", *words)
        return repo

    def __call__(self, *words: str, said: str = "", **environ: str) -> str:
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", *words],
            cwd=self.folder,
            env={**NOBODY, **environ},
            input=said,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, text: str, **environ: str) -> str:
        (self.folder / "file").write_text(text)
        self("add", "file")
        self("commit", "-q", "-m", text, **environ)
        return self("rev-parse", "HEAD")

    @property
    def git(self) -> Path:
        return self.folder / ".git"

    def loose(self, name: str) -> Path:
        return self.git / "objects" / name[:2] / name[2:]


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.new(tmp_path / "mine")
    made.commit("one")
    made.commit("two")
    return made


def find(project: Path, commit: str, noted: Refs, **more) -> Commit | Nothing:
    return asyncio.run(GitCommits(NOBODY, **more).find(project, commit, noted))


def refused(project: Path, commit: str, noted: Refs, **more) -> str:
    found = find(project, commit, noted, **more)
    assert isinstance(found, Nothing), found
    return found.problem


def accepted(project: Path, commit: str, noted: Refs) -> Commit:
    found = find(project, commit, noted)
    assert isinstance(found, Commit), found
    return found


# What counts.


@pytest.mark.parametrize("digits", [7, 12, 40])
def test_a_commit_made_since_counts_by_any_of_its_names(repo: Repo, digits: int) -> None:
    noted = note_refs(repo.folder)
    made = repo.commit("three")

    found = accepted(repo.folder, made[:digits].upper(), noted)

    text = subprocess.run(
        ["git", "cat-file", "commit", made], cwd=repo.folder, capture_output=True, check=True
    ).stdout
    assert found == Commit(id=made, sha256=hashlib.sha256(text).hexdigest())


def test_what_the_refs_led_to_does_not_count(repo: Repo) -> None:
    noted = note_refs(repo.folder)
    repo.commit("three")

    for old in ("HEAD~1", "HEAD~2"):
        assert "was there already" in refused(repo.folder, repo("rev-parse", old), noted)


@pytest.mark.parametrize("name", ["HEAD", "main", "abcdef", "", "--help", "abcdefg1", "a" * 65])
def test_what_is_no_hash_is_refused_and_no_program_asked(repo: Repo, name: str) -> None:
    assert "not a commit hash" in refused(repo.folder, name, note_refs(repo.folder))


def test_a_name_that_nothing_has_is_refused(repo: Repo) -> None:
    noted = note_refs(repo.folder)

    assert "no commit of this name" in refused(repo.folder, "0" * 40, noted)
    assert "no commit of this name" in refused(repo.folder, "1234567", noted)


def test_trees_and_tags_are_no_commits(repo: Repo) -> None:
    noted = note_refs(repo.folder)
    repo.commit("three")
    repo("tag", "-a", "-m", "t", "v1")

    for name in (repo("rev-parse", "HEAD^{tree}"), repo("rev-parse", "v1")):
        assert "no commit of this name" in refused(repo.folder, name, noted)


def test_branches_tags_stashes_and_fetched_refs_are_no_news(repo: Repo, tmp_path: Path) -> None:
    other = Repo.new(tmp_path / "theirs")
    fetched = other.commit("theirs")
    repo("fetch", "-q", str(other.folder), "main:refs/remotes/o/main")
    repo("checkout", "-q", "-b", "side")
    side = repo.commit("side")
    repo("tag", "-a", "-m", "t", "v1")
    repo("checkout", "-q", "main")
    repo("branch", "-q", "-D", "side")  # the tag still leads there
    (repo.folder / "file").write_text("unfinished")
    repo("stash")
    stashed = repo("rev-parse", "stash")

    noted = note_refs(repo.folder)

    for old in (fetched, side, stashed):
        assert "was there already" in refused(repo.folder, old, noted)


def test_packed_refs_are_noted(repo: Repo) -> None:
    repo("checkout", "-q", "-b", "side")
    side = repo.commit("side")
    repo("checkout", "-q", "main")
    repo("pack-refs", "--all", "--prune")
    repo("gc", "-q")
    assert not any(p.is_file() for p in (repo.git / "refs").rglob("*"))
    noted = note_refs(repo.folder)
    made = repo.commit("three")

    assert "was there already" in refused(repo.folder, side, noted)
    assert accepted(repo.folder, made, noted).id == made


def test_a_detached_head_is_noted(repo: Repo) -> None:
    repo("checkout", "-q", "--detach")
    alone = repo.commit("on no branch")
    noted = note_refs(repo.folder)

    assert "was there already" in refused(repo.folder, alone, noted)


def test_work_trees_share_one_repository_and_all_their_heads_are_noted(
    repo: Repo, tmp_path: Path
) -> None:
    repo("worktree", "add", "-q", "--detach", str(tmp_path / "tree"))
    tree = Repo(tmp_path / "tree")
    alone = tree.commit("in the linked tree")
    noted = note_refs(repo.folder)
    assert note_refs(tree.folder).repository == noted.repository

    assert "was there already" in refused(repo.folder, alone, noted)
    assert "was there already" in refused(tree.folder, alone, noted)
    made = tree.commit("new there")
    assert accepted(tree.folder, made, noted).id == made
    assert accepted(repo.folder, made, noted).id == made


def test_a_submodule_is_a_repository_of_its_own(repo: Repo, tmp_path: Path) -> None:
    part = Repo.new(tmp_path / "part")
    part.commit("part")
    repo("submodule", "add", "-q", str(part.folder), "part")
    inner = Repo(repo.folder / "part")
    noted = note_refs(inner.folder)
    made = inner.commit("inside")
    outside = repo.commit("outside")

    assert noted.repository != note_refs(repo.folder).repository
    assert accepted(inner.folder, made, noted).id == made
    assert "no commit of this name" in refused(inner.folder, outside, noted)


def test_a_folder_inside_belongs_to_the_repository_above_it(repo: Repo) -> None:
    project = repo.folder / "a/b"
    project.mkdir(parents=True)
    noted = note_refs(project)
    made = repo.commit("three")

    assert accepted(project, made, noted).id == made


def test_before_the_first_commit_every_commit_is_new(tmp_path: Path) -> None:
    repo = Repo.new(tmp_path / "new")
    noted = note_refs(repo.folder)
    assert noted.lines == ()
    first = repo.commit("first")

    assert accepted(repo.folder, first, noted).id == first


def test_objects_named_by_sha256_count(tmp_path: Path) -> None:
    repo = Repo.new(tmp_path / "wide", "--object-format=sha256")
    old = repo.commit("one")
    noted = note_refs(repo.folder)
    made = repo.commit("two")

    assert len(made) == 64
    assert accepted(repo.folder, made[:9], noted).id == made
    assert "was there already" in refused(repo.folder, old, noted)


def test_a_ref_to_a_file_does_not_disturb(repo: Repo) -> None:
    repo("tag", "blob", repo("hash-object", "-w", "file"))
    repo("tag", "tree", "HEAD^{tree}")
    noted = note_refs(repo.folder)
    made = repo.commit("three")

    assert accepted(repo.folder, made, noted).id == made


def test_dates_that_lie_do_not_make_old_commits_new(tmp_path: Path) -> None:
    repo = Repo.new(tmp_path / "odd")
    late = {"GIT_COMMITTER_DATE": "2030-01-01T00:00:00Z"}
    early = {"GIT_COMMITTER_DATE": "1971-01-01T00:00:00Z"}
    repo.commit("root", **late)
    old = repo.commit("old", **late)
    for number in range(12):
        repo.commit(f"later {number}", **early)
    noted = note_refs(repo.folder)
    quick = repo("rev-list", "-1", old, "--not", "HEAD")
    assert quick == old, "git's quick way is not misled by these dates any more"

    assert "was there already" in refused(repo.folder, old, noted)


def test_among_objects_of_one_short_name_the_commit_is_meant(repo: Repo) -> None:
    noted = note_refs(repo.folder)
    made = repo.commit("three")
    for kind in (b"blob 1\0x", b"tag 1\0x"):
        fake = repo.loose(made[:7] + hashlib.sha1(kind).hexdigest()[:33])
        fake.parent.mkdir(exist_ok=True)
        fake.write_bytes(zlib.compress(kind))

    assert accepted(repo.folder, made[:7], noted).id == made


def test_a_short_name_of_two_commits_asks_for_more_digits(repo: Repo) -> None:
    noted = note_refs(repo.folder)
    made = repo.commit("three")
    twin = repo.loose(made[:7] + "0" * 33)
    twin.write_bytes(repo.loose(made).read_bytes())

    assert "more digits" in refused(repo.folder, made[:7], noted)
    assert accepted(repo.folder, made[:12], noted).id == made


# What nobody can tell.


def test_without_a_repository_no_commit_counts(tmp_path: Path) -> None:
    assert "no git repository" in refused(tmp_path, "1234567", note_refs(tmp_path))


def test_a_repository_that_was_made_in_the_project_meanwhile_counts(tmp_path: Path) -> None:
    project = tmp_path / "project"
    noted = note_refs(tmp_path)
    repo = Repo.new(project)
    made = repo.commit("first")

    assert accepted(project, made, noted).id == made


def test_a_repository_elsewhere_that_the_project_was_pointed_at_does_not(
    repo: Repo, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    noted = note_refs(project)
    (project / ".git").write_text(f"gitdir: {repo.git}\n")

    problem = refused(project, repo("rev-parse", "HEAD"), noted)

    assert "was not there when" in problem


def test_another_repository_in_the_place_of_the_noted_one_does_not_count(repo: Repo) -> None:
    project = repo.folder / "inner"
    project.mkdir()
    noted = note_refs(project)
    inner = Repo(project)
    inner("init", "-q", "-b", "main")
    made = inner.commit("in a repository of its own")

    assert "another repository" in refused(project, made, noted)


def test_objects_borrowed_from_another_repository_do_not_count(repo: Repo, tmp_path: Path) -> None:
    other = Repo.new(tmp_path / "theirs")
    theirs = other.commit("theirs")
    noted = note_refs(repo.folder)
    (repo.git / "objects/info/alternates").write_text(f"{other.git}/objects\n")
    assert repo("cat-file", "-t", theirs) == "commit"

    assert "another one's objects" in refused(repo.folder, theirs, noted)


def test_objects_of_another_repository_in_the_place_of_its_own_do_not_count(
    repo: Repo, tmp_path: Path
) -> None:
    repo("clone", "-q", "--bare", ".", str(tmp_path / "copy.git"))
    noted = note_refs(repo.folder)
    theirs = Repo(tmp_path / "copy.git")("commit-tree", "-m", "theirs", "HEAD^{tree}")
    shutil.rmtree(repo.git / "objects")
    (repo.git / "objects").symlink_to(tmp_path / "copy.git/objects")
    assert repo("cat-file", "-t", theirs) == "commit"

    assert "another repository" in refused(repo.folder, theirs, noted)


def test_a_clone_that_has_always_borrowed_goes_on(repo: Repo, tmp_path: Path) -> None:
    repo("clone", "-q", "--shared", ".", str(tmp_path / "shared"))
    clone = Repo(tmp_path / "shared")
    noted = note_refs(clone.folder)
    made = clone.commit("new")

    assert accepted(clone.folder, made, noted).id == made
    old = repo("rev-parse", "HEAD~1")
    assert "was there already" in refused(clone.folder, old, noted)


def test_refs_that_were_not_noted_prove_nothing(repo: Repo) -> None:
    made = repo.commit("three")

    assert "because" in refused(repo.folder, made, Refs(problem="because"))


def test_old_commits_whose_way_was_cut_are_not_new(repo: Repo) -> None:
    """The commit that the branch led to is taken away, so that nothing leads to the old one."""
    noted = note_refs(repo.folder)
    old, tip = repo("rev-parse", "HEAD~1"), repo("rev-parse", "HEAD")
    repo("reset", "-q", "--hard", "HEAD~1")
    repo.loose(tip).unlink()

    assert "is gone" in refused(repo.folder, old, noted)


@pytest.mark.parametrize("trick", ["shallow", "grafts", "replace", "graph"])
def test_what_changes_history_in_git_s_eyes_changes_nothing(repo: Repo, trick: str) -> None:
    old, tip = repo("rev-parse", "HEAD~1"), repo("rev-parse", "HEAD")
    noted = note_refs(repo.folder)
    if trick == "shallow":
        (repo.git / "shallow").write_text(f"{tip}\n")
    elif trick == "grafts":
        (repo.git / "info").mkdir(exist_ok=True)
        (repo.git / "info/grafts").write_text(f"{tip}\n")
    elif trick == "replace":
        repo("replace", "--graft", tip)
    else:
        rest = repo("commit-tree", "-m", "orphan", "HEAD^{tree}")
        repo("commit-graph", "write", "--stdin-commits", said=f"{rest}\n{tip}\n")
        graph = repo.git / "objects/info/commit-graph"
        graph.chmod(0o600)
        data = graph.read_bytes()
        graph.write_bytes(data.replace(bytes.fromhex(old), bytes.fromhex(rest)))
    if trick != "graph":
        assert old not in repo("rev-list", "HEAD").split(), "git itself is misled"

    assert "was there already" in refused(repo.folder, old, noted)


def test_an_object_that_is_not_what_it_is_called_is_damaged(repo: Repo) -> None:
    noted = note_refs(repo.folder)
    text = subprocess.run(
        ["git", "cat-file", "commit", "HEAD"], cwd=repo.folder, capture_output=True, check=True
    ).stdout
    forged = repo.loose("abcdef" + "0" * 34)
    forged.parent.mkdir(exist_ok=True)
    forged.write_bytes(zlib.compress(b"commit %d\0" % len(text) + text))

    for name in ("abcdef0", "abcdef" + "0" * 34):
        assert "damaged" in refused(repo.folder, name, noted)


def test_a_commit_that_unpacks_to_more_than_a_text_is_refused(repo: Repo) -> None:
    noted = note_refs(repo.folder)
    tree = repo("rev-parse", "HEAD^{tree}")
    bomb = b"tree %s\nauthor A <a> 0 +0000\ncommitter A <a> 0 +0000\n\n" % tree.encode()
    bomb += b"x" * (8 << 20)
    whole = b"commit %d\0" % len(bomb) + bomb
    name = hashlib.sha1(whole).hexdigest()
    repo.loose(name).parent.mkdir(exist_ok=True)
    repo.loose(name).write_bytes(zlib.compress(whole))

    assert "larger than" in refused(repo.folder, name, noted)


# Shallow clones.


@pytest.fixture
def shallow(repo: Repo, tmp_path: Path) -> Repo:
    for number in range(4):
        repo.commit(f"more {number}")
    repo("clone", "-q", "--depth=2", f"file://{repo.folder}", str(tmp_path / "shallow"))
    return Repo(tmp_path / "shallow")


def test_a_shallow_clone_tells_what_was_made_on_top_of_it(shallow: Repo) -> None:
    noted = note_refs(shallow.folder)
    assert any(line.startswith("shallow ") for line in noted.lines)
    made = shallow.commit("new")

    assert accepted(shallow.folder, made, noted).id == made
    assert "was there already" in refused(shallow.folder, shallow("rev-parse", "HEAD~2"), noted)


def test_history_that_was_fetched_afterwards_is_not_new(shallow: Repo, repo: Repo) -> None:
    noted = note_refs(shallow.folder)
    shallow("fetch", "-q", "--unshallow")
    old = repo("rev-parse", "HEAD~4")
    assert shallow("cat-file", "-t", old) == "commit"
    made = shallow.commit("new")

    assert "does not lead back" in refused(shallow.folder, old, noted)
    assert accepted(shallow.folder, made, noted).id == made


# Hostile configuration.


def test_no_program_that_a_repository_names_is_started(repo: Repo, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho \"$0 $*\" >> '{trap}'\n")
    program.chmod(0o755)
    noted = note_refs(repo.folder)
    made = repo.commit("three")
    hostile = [
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
        "core.editor",
        "core.askPass",
        "core.gitProxy",
        "core.alternateRefsCommand",
        "diff.external",
        "diff.x.textconv",
        "filter.x.smudge",
        "filter.x.process",
        "gpg.program",
        "log.showSignature",
        "credential.helper",
        "alias.rev-list",
        "alias.cat-file",
        "pager.rev-list",
        "pager.cat-file",
        "uploadpack.packObjectsHook",
        "trace2.eventTarget",
    ]
    for name in hostile:
        words = "true" if name == "log.showSignature" or "pager." in name else str(program)
        repo("config", name, words)
    repo("config", "core.hooksPath", str(tmp_path))
    (tmp_path / "more").write_text(f"[core]\n\tfsmonitor = {program}\n")
    repo("config", "include.path", str(tmp_path / "more"))
    repo("config", "core.worktree", "/nowhere/at/all")
    for hook in ("post-index-change", "reference-transaction", "fsmonitor-watchman"):
        (repo.git / "hooks").mkdir(exist_ok=True)
        (repo.git / "hooks" / hook).write_text(program.read_text())
        (repo.git / "hooks" / hook).chmod(0o755)
    (repo.folder / ".gitattributes").write_text("* diff=x filter=x\n")

    assert accepted(repo.folder, made, noted).id == made
    assert not trap.exists(), trap.read_text()
    with contextlib.suppress(subprocess.CalledProcessError):
        repo("--work-tree=.", "status")
    assert trap.exists(), "git itself is not misled: this repository proves nothing"


def test_a_partial_clone_fetches_nothing(repo: Repo, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    missing = "1" * 40
    noted = note_refs(repo.folder)
    repo("config", "core.repositoryFormatVersion", "1")
    repo("config", "extensions.partialClone", "origin")
    repo("config", "remote.origin.promisor", "true")
    repo("config", "remote.origin.url", f"ext::sh -c touch% {trap}")
    repo("config", "protocol.ext.allow", "always")

    assert "no commit of this name" in refused(repo.folder, missing, noted)
    assert not trap.exists()
    with pytest.raises(subprocess.CalledProcessError):
        repo("cat-file", "-p", missing)
    assert trap.exists(), "git itself is not misled: this repository proves nothing"


@pytest.mark.parametrize(
    "config", ["[core", "[core]\n\trepositoryFormatVersion = 99\n", "[extensions]\n\tx = y\n"]
)
def test_a_configuration_that_git_cannot_read_is_not_read(repo: Repo, config: str) -> None:
    noted = note_refs(repo.folder)
    made = repo.commit("three")
    (repo.git / "config").write_text(config)

    assert accepted(repo.folder, made, noted).id == made


def test_the_caller_s_git_variables_reach_nothing(repo: Repo, tmp_path: Path) -> None:
    other = Repo.new(tmp_path / "theirs")
    theirs = other.commit("theirs")
    noted = note_refs(repo.folder)
    environ = {
        "PATH": NOBODY["PATH"],
        "GIT_DIR": str(other.git),
        "GIT_OBJECT_DIRECTORY": str(other.git / "objects"),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(other.git / "objects"),
    }

    found = asyncio.run(GitCommits(environ).find(repo.folder, theirs, noted))

    assert isinstance(found, Nothing)
    assert "no commit of this name" in found.problem


def test_a_pipe_in_the_way_ends_by_the_clock(repo: Repo) -> None:
    noted = note_refs(repo.folder)
    made = repo.commit("three")
    repo.loose(made).unlink()
    os.mkfifo(repo.loose(made))

    found = find(repo.folder, made, noted, seconds=0.3)

    assert isinstance(found, Nothing)
    assert "did not answer" in found.problem
    assert found.passing


@pytest.mark.parametrize(
    "place", ["packed-refs", "shallow", "objects/info/alternates", "refs/heads/pipe", "HEAD"]
)
def test_pipes_among_the_files_that_are_noted_hold_nobody(repo: Repo, place: str) -> None:
    (repo.git / place).unlink(missing_ok=True)
    os.mkfifo(repo.git / place)

    note_refs(repo.folder)


def test_folders_that_lead_in_circles_hold_nobody(repo: Repo) -> None:
    (repo.git / "refs/heads/loop").symlink_to(repo.git / "refs")
    (repo.git / "worktrees").symlink_to(repo.git)

    assert note_refs(repo.folder).lines


@pytest.mark.parametrize("name", ["commondir", "HEAD"])
def test_a_nul_in_a_path_is_no_repository(repo: Repo, name: str) -> None:
    (repo.git / name).write_bytes(b"a\0b")

    assert isinstance(find(repo.folder, "1234567", note_refs(repo.folder)), Nothing)


def test_a_reftable_is_refused_in_words(repo: Repo) -> None:
    (repo.git / "reftable").mkdir()
    made = repo.commit("three")

    assert "reftable" in refused(repo.folder, made, note_refs(repo.folder))


def test_more_refs_than_a_bound_are_not_noted(repo: Repo) -> None:
    names = "".join(f"{n:040x} refs/tags/t{n}\n" for n in range(MAX_REFS + 1))
    (repo.git / "packed-refs").write_text(names)

    assert "more than" in note_refs(repo.folder).problem


# Which git.


def test_a_git_that_lies_in_the_project_is_not_started(repo: Repo, tmp_path: Path) -> None:
    noted = note_refs(repo.folder)
    made = repo.commit("three")
    trap = tmp_path / "trap"
    program = repo.folder / "bin/git"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ntouch '{trap}'\n")
    program.chmod(0o755)
    (tmp_path / "link").symlink_to(program.parent)
    path = f"{program.parent}:{tmp_path / 'link'}:bin:{NOBODY['PATH']}"

    found = asyncio.run(GitCommits({"PATH": path}).find(repo.folder, made, noted))
    alone = asyncio.run(GitCommits({"PATH": str(program.parent)}).find(repo.folder, made, noted))

    assert isinstance(found, Commit)
    assert isinstance(alone, Nothing)
    assert "no git on PATH" in alone.problem
    assert not trap.exists()


def test_nothing_is_left_behind_or_written(repo: Repo, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "t"))
    (tmp_path / "t").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    noted = note_refs(repo.folder)
    made = repo.commit("three")
    before = sorted(p for p in repo.folder.rglob("*"))

    accepted(repo.folder, made, noted)

    assert sorted(p for p in repo.folder.rglob("*")) == before
    assert not list((tmp_path / "t").iterdir())


def test_a_repository_made_meanwhile_from_another_s_objects_does_not_count(
    repo: Repo, tmp_path: Path
) -> None:
    """Borrowed or cut off, its commits need not have been made there."""
    project = tmp_path / "project"
    noted = note_refs(tmp_path)
    borrower = Repo.new(project)
    (borrower.git / "objects/info/alternates").write_text(f"{repo.git}/objects\n")
    theirs = repo("rev-parse", "HEAD")
    assert borrower("cat-file", "-t", theirs) == "commit"
    assert "was not there when" in refused(project, theirs, noted)

    shutil.rmtree(project)
    repo("clone", "-q", "--depth=1", f"file://{repo.folder}", str(project))
    assert "was not there when" in refused(project, theirs, noted)


def test_refs_that_cannot_be_told_any_more_prove_nothing(repo: Repo) -> None:
    noted = note_refs(repo.folder)
    made = repo.commit("three")
    assert accepted(repo.folder, made, noted)
    (repo.git / "reftable").mkdir()

    assert "cannot be told" in refused(repo.folder, made, noted)


def test_git_is_told_to_fetch_nothing_and_to_ask_for_little_memory(
    repo: Repo, tmp_path: Path
) -> None:
    noted, told = note_refs(repo.folder), tmp_path / "told"
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nenv > "{told}"\n')
    program.chmod(0o755)
    asked = GitCommits({"PATH": str(program.parent)}).find(repo.folder, "1" * 40, noted)

    assert isinstance(asyncio.run(asked), Nothing)

    given = dict(line.split("=", 1) for line in told.read_text().splitlines())
    assert given["GIT_NO_LAZY_FETCH"] == given["GIT_NO_REPLACE_OBJECTS"] == "1"
    assert 0 < int(given["GIT_ALLOC_LIMIT"]) <= 1 << 28
    assert given["GIT_ALLOW_PROTOCOL"] == "none"
    assert given["GIT_TERMINAL_PROMPT"] == given["GIT_OPTIONAL_LOCKS"] == "0"
