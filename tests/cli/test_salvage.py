"""`salvage` rescues a damaged ledger, and nothing else; `verify --since` sees a cut."""

import json
from pathlib import Path

import pytest

BOARD = """\
# Board

## TASK-001 First
- status: ready
- run: echo first >> log.txt
- artifacts: log.txt

## TASK-002 Second
- status: todo
- run: echo second >> log.txt
"""


@pytest.fixture
def events(desk):
    """A ledger with one task done, by its lines."""
    desk.write(BOARD)
    desk.ok("init")
    desk.ok("trust")
    desk.ok("once")
    return desk.folder / "events.jsonl"


def damage(path, number):
    """Change one letter of a line; the line as it was."""
    lines = path.read_bytes().splitlines(keepends=True)
    was = lines[number]
    lines[number] = was.replace(b'"actor":"', b'"actor":"x')
    path.write_bytes(b"".join(lines))
    return json.loads(was)


def test_a_damaged_ledger_is_rescued_and_the_old_one_kept(desk, events):
    lost = damage(events, 3)
    old = events.read_bytes()
    error = desk("list", "--json").error
    assert error["code"] == "corrupt"
    assert "taskboard salvage" in error["hint"]
    said = desk.ok("salvage")
    assert [(g["first"], g["last"], g["file"]) for g in said["lost"]] == [(4, 4, "events.jsonl")]
    assert said["trusted"]
    assert lost["task"] is None or lost["task"] in said["tasks"]
    assert Path(said["salvaged_from"]["file"]).read_bytes() == old
    assert desk.ok("verify")["ok"]
    assert [t["state"] for t in desk.ok("list")["tasks"]] == ["done", "open"]
    assert desk.ok("once")["started"] == []
    assert (desk.folder / "log.txt").read_text() == "first\n"


def test_a_run_whose_claim_is_lost_is_held_for_a_person_and_stays_held(desk, events):
    desk.write(desk.board.read_text().replace("- status: todo", "- status: ready"))
    desk.ok("pause")  # the save that says `ready` is the last that was read
    desk.ok("resume")
    desk.ok("claim", "TASK-002", "--agent", "me")
    lines = events.read_bytes().splitlines()
    claim = max(n for n, line in enumerate(lines) if b'"claimed"' in line)
    damage(events, claim)
    assert desk.ok("salvage")["held"] == ["TASK-002"]
    assert desk.ok("once")["started"] == []
    assert "- status: blocked:ada:fork" in desk.board.read_text()
    assert (desk.folder / "log.txt").read_text() == "first\n"


def test_a_board_whose_last_save_is_lost_is_rebuilt_from_the_one_before(desk, events):
    desk.write(desk.board.read_text() + "\n## TASK-003 Third\n- status: todo\n\nits words\n")
    desk.ok("cancel", "TASK-002")
    lines = events.read_bytes().splitlines()
    save = max(n for n, line in enumerate(lines) if b'"file_changed_triggered"' in line)
    written = next(json.loads(line) for line in lines[save:] if b'"edits"' in line)
    damage(events, save)
    desk.board.unlink()
    desk.ok("salvage")
    error = desk("board", "--at", written["ts"], "--json").error
    assert (error["code"], "was lost" in error["message"]) == ("no_workspace", True)
    said = desk("board")
    assert said.code == 0
    assert "is lost" in said.err
    assert desk("rebuild").code == 0
    board = desk.board.read_text()
    assert "- status: failed:cancelled" in board
    assert "its words" in board
    assert desk.ok("once")["started"] == []


def test_the_text_says_what_was_lost_and_where_the_old_file_is(desk, events):
    damage(events, 3)
    said = desk("salvage")
    assert said.code == 0
    assert "Lost: event 4 (" in said.out
    assert ".taskboard/quarantine/" in said.out


def test_what_is_not_damaged_is_left_alone(desk, events):
    before = events.read_bytes()
    said = desk("salvage", "--json")
    assert said.code == 3
    assert "is not damaged" in said.error["message"]
    events.write_bytes(before[:-300])  # cut off: that is a rollback, not damage
    assert desk("salvage").code == 3
    assert events.read_bytes() == before[:-300]


def test_a_head_kept_elsewhere_sees_a_cut_that_nothing_else_here_can_see(desk, events):
    head = desk("verify", "--head").out.strip()
    seq, digest = head.split()
    for spelling in (head, digest, f"{seq}:{digest}"):
        assert desk.ok("verify", "--since", spelling)["ok"]
    desk.ok("add", "Another")
    assert desk.ok("verify", "--since", head)["ok"]
    lines = events.read_bytes().splitlines(keepends=True)
    events.write_bytes(b"".join(lines[: int(seq) - 1]))
    said = desk("verify", "--since", head, "--json")
    assert said.code == 65
    assert not said.json["ok"]
    for wrong in ("x", "0" * 63, f"1 2 {digest}", f"x {digest}", ""):
        assert desk("verify", "--since", wrong).code == 2


def test_a_head_of_another_ledger_is_not_in_this_one(desk, events):
    said = desk("verify", "--since", f"3 {'0' * 64}", "--json")
    assert said.code == 65
    assert said.json["fault"]["seq"] == 3
    assert "0" * 64 in said.json["fault"]["reason"]
    assert events.exists()
