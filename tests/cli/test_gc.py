"""``gc`` at the command line."""

from __future__ import annotations

import pytest

TEXT = "# B\n\n## TASK-001 One\n- status: ready\n- run: echo hello\n\nwords\n"


@pytest.fixture
def old(board):
    """A task that was done long ago, where a millisecond is long."""
    board.write(TEXT)
    board.ok("once")
    (board.folder / "taskboard.toml").write_text('retain = "0.001s"\n')
    return board


def runs(board):
    return sorted(path.name for path in (board.folder / ".taskboard" / "runs").iterdir())


def test_a_dry_run_says_what_would_go_and_writes_nothing(old):
    before = old.files()
    said = old.ok("gc", "--dry-run")
    assert (said["kind"], said["dry_run"], said["runs"]) == ("gc", True, runs(old))
    assert said["bytes"] > 5
    assert "Would remove 1 run's logs" in old("gc", "--dry-run").out
    assert old.files() == before


def test_what_went_is_said_recorded_and_no_fault(old):
    names = runs(old)
    assert old("gc").out.startswith("Removed 1 run's logs")
    assert runs(old) == []
    assert old("gc").out == "Nothing is old enough to go.\n"
    assert names[0] in old("tail", "--json").out.splitlines()[-1]
    assert old.ok("verify")["ok"] is True
    assert old.ok("show", "TASK-001")["runs"][0]["log"] is None
    assert "    log removed by gc, 20" in old("show", "TASK-001").out


def test_what_only_a_person_can_decide_about_is_named(old):
    (old.folder / ".taskboard" / "conflicts").mkdir()
    (old.folder / ".taskboard" / "conflicts" / "one.md").write_text("four")
    assert "Left for you: 1 file in .taskboard/conflicts/ (4 B)." in old("gc").out
    assert old.ok("gc")["left"] == [{"folder": ".taskboard/conflicts", "files": 1, "bytes": 4}]


@pytest.mark.parametrize(("text", "size"), [("200M", 200 << 20), ("1.5k", 1536), ("0", 0)])
def test_room_is_said_as_people_say_it(board, text, size):
    assert board.ok("gc", "--at-most", text)["at_most"] == size


def test_what_is_no_size_is_refused(board):
    assert board("gc", "--at-most", "much").code == 2
