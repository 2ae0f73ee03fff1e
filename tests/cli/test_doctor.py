"""`doctor` where files cannot be read: each of its checks says what it can, with what cures it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

REASONS = {
    errno.EACCES: "owner and permissions",
    errno.EPERM: "owner and permissions",
    errno.EROFS: "mounted read-only",
    errno.ENOSPC: "Make room",
    errno.EIO: "mend the disk",
}


@pytest.fixture
def refuse(monkeypatch):
    """The system refuses to open what lies at a path, or beneath it, for a reason."""

    def refused(place: Path, reason: int, *, flags: int = 0) -> None:
        opened = os.open

        def asked(path, how, *rest, **more):
            at = Path(os.fsdecode(path))
            if place in (at, *at.parents) and (not flags or how & flags):
                raise OSError(reason, os.strerror(reason), str(path))
            return opened(path, how, *rest, **more)

        monkeypatch.setattr(os, "open", asked)

    return refused


def checks(desk) -> dict[str, dict]:
    said = desk("doctor", "--json")
    assert said.err == ""
    found = {check["name"]: check for check in said.json["checks"]}
    assert said.code == (0 if all(c["ok"] for c in found.values()) else 1)
    return found


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("events.jsonl", "ledger"),
        ("task-board.md", "board"),
        (".taskboard/projection", "board"),
    ],
)
@pytest.mark.parametrize("reason", REASONS)
def test_what_cannot_be_read_is_one_finding_and_hides_no_other(board, refuse, name, check, reason):
    board.ok("add", "One", "--run", "true")
    well = checks(board)
    refuse(board.folder / name, reason)
    found = checks(board)
    assert not found[check]["ok"]
    assert str(board.folder / name) in found[check]["message"]
    assert "recorded" not in found[check]["message"], "it only reads"
    assert REASONS[reason] in found[check]["hint"]
    if check == "board":
        assert found["ledger"] == well["ledger"]
    told = well.keys() - {"ledger", "board"}
    assert {n: found[n]["ok"] for n in told} == {n: well[n]["ok"] for n in told}


def test_a_folder_in_the_boards_place_is_said_by_every_command(board):
    board.board.unlink()
    board.board.mkdir()
    assert "plain file" in checks(board)["board"]["hint"]
    for words in (["list"], ["add", "One"], ["once", "--wait", "0s"]):
        said = board(*words, "--json")
        assert (said.code, said.error["code"]) == (75, "storage")
        assert "plain file" in said.error["hint"]


def test_a_folder_in_which_nothing_can_be_written_is_told(board, monkeypatch):
    assert checks(board)["write-back"]["ok"]
    monkeypatch.setattr(os, "access", lambda _path, mode, **_more: not mode & os.W_OK)
    found = checks(board)["write-back"]
    assert not found["ok"]
    assert str(board.folder) in found["message"]
    assert "owner and permissions" in found["hint"]


def test_a_board_that_cannot_be_written_is_named_and_no_temporary_file_is(board, refuse):
    refuse(board.folder / "events.jsonl", errno.EROFS, flags=os.O_APPEND)
    said = board("add", "One", "--json")
    assert said.code == 75
    assert said.error["message"].endswith("Nothing was recorded.")
    assert "mounted read-only" in said.error["hint"]


@pytest.mark.parametrize("reason", REASONS)
def test_what_was_recorded_and_not_written_says_so(board, monkeypatch, reason):
    opened = os.open

    def asked(path, how, *rest, **more):
        if str(path).endswith(".taskboard-tmp") and ".task-board.md." in str(path):
            raise OSError(reason, os.strerror(reason), str(path))
        return opened(path, how, *rest, **more)

    monkeypatch.setattr(os, "open", asked)
    said = board("add", "One", "--json")
    assert said.code == 75
    assert str(board.board) in said.error["message"]
    assert ".taskboard-tmp" not in said.error["message"]
    assert REASONS[reason] in said.error["hint"]
    assert "so nothing is lost" in said.error["hint"]
