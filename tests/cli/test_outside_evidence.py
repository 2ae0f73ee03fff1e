"""``complete`` with commits and URLs, on a real repository. Nothing here reaches a network."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest


@pytest.fixture
def git(board, monkeypatch):
    """The board's folder as a repository of its own, and git in it."""
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)

    def run(*words):
        done = subprocess.run(
            ["git", *words], cwd=board.folder, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    run("init", "-q", "-b", "main")
    run("config", "user.name", "A")
    run("config", "user.email", "a@example.com")
    run("commit", "-q", "--allow-empty", "-m", "before")
    return run


def claimed(board):
    board.ok("add", "Work")
    return board.ok("claim", "TASK-001", "--agent", "me")["label"]


def test_a_commit_made_for_a_task_completes_it_and_an_old_one_does_not(board, git):
    label = claimed(board)
    old = git("rev-parse", "HEAD")
    git("commit", "-q", "--allow-empty", "-m", "new")
    new = git("rev-parse", "HEAD")

    said = board("complete", label, "--commit", old, "--json")
    assert (said.code, said.error["code"]) == (3, "evidence_blocked")
    assert "was there already" in said.error["message"]
    done = board.ok("complete", label, "--commit", new[:8])

    assert (done["evidence_type"], done["tier"], done["verified"]) == ("commit", "commit", True)
    (receipt,) = board.ok("show", "TASK-001")["receipts"]
    assert receipt["detail"] == {"commit": new}


def test_untrusted_no_commit_is_looked_for_and_nothing_is_written(board, git):
    label = claimed(board)
    (board.folder / "taskboard.toml").write_text("slots = 3\n")
    board.write(f"{board.board.read_text()}\n## TASK-002 Not looked at yet\n")
    before = board.files()

    said = board("complete", label, "--commit", git("rev-parse", "HEAD"), "--json")

    assert (said.code, said.error["code"]) == (3, "untrusted")
    assert board.files() == before


def test_untrusted_no_git_is_started_to_look_for_a_commit(board, git, tmp_path, monkeypatch):
    real, told = shutil.which("git"), tmp_path / "told"
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "git"
    program.write_text(f'#!/bin/sh\necho "$*" >> "{told}"\nexec "{real}" "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    label = claimed(board)
    git("commit", "-q", "--allow-empty", "-m", "new")
    made = git("rev-parse", "HEAD")
    told.unlink(missing_ok=True)
    trusted = board.folder / "taskboard.toml"
    trusted.write_text("slots = 3\n")

    said = board("complete", label, "--commit", made, "--json")
    assert (said.code, said.error["code"]) == (3, "untrusted")
    assert not told.exists()
    assert board.task("TASK-001")["state"].startswith("running:me")

    trusted.unlink()
    assert board.ok("complete", label, "--commit", made)["tier"] == "commit"
    assert "cat-file" in told.read_text(), "trusted, it is this git that is asked"


@pytest.mark.parametrize("url", ["http://localhost:3000/x", "https://10.0.0.1/", "https://[::1]/"])
def test_a_url_of_this_network_s_own_is_a_placeholder(board, url):
    said = board("complete", claimed(board), "--url", url, "--json")

    assert (said.code, said.error["code"]) == (3, "evidence_blocked")
    assert "placeholder" in said.error["message"]
    assert board.task("TASK-001")["state"].startswith("running:me")


@pytest.mark.parametrize("option", ["--url", "--commit"])
def test_what_is_offered_moves_no_cursor_when_it_is_repeated(board, option):
    label = claimed(board)

    said = board("complete", label, option, "https://a.dev/\x1b[2J\x07\u202ex")

    assert said.code == 3
    assert not set("\x1b\x07\u202e") & set(said.err + board.board.read_text())
    assert not set("\x1b\x07\u202e") & set(board("show", "TASK-001").out)


def test_a_command_that_commits_proves_itself_and_one_that_does_not_does_not(board, git):
    board.write(
        "# B\n\n## TASK-001 Commits\n- status: ready\n- evidence: commit\n- max-attempts: 1\n"
        "- run: `git commit -q --allow-empty -m made`\n\n"
        "## TASK-002 Does not\n- status: blocked:task:TASK-001\n- evidence: commit\n"
        "- max-attempts: 1\n- run: `true`\n"
    )
    said = board("once", "--json")

    assert (said.json["completed"], said.json["failed"]) == (["TASK-001"], ["TASK-002"])
    assert board.task("TASK-001")["tier"] == "commit"
    assert "was there already" in board("show", "TASK-002").out
