"""The whole product without a key: ``--offline-model``, and what is said of decisions."""

from __future__ import annotations

import os

import pytest

from taskboard.cli.offline import offline_model

BOARD = """# Board

## TASK-001 Compare the prices
- status: ready
- inputs: prices.csv
- artifacts: report.md
- measure: The report names the cheapest.

Compare what is in the file.

## TASK-002 Choose a colour
- status: ready

Paint the door.

Question for the owner: Blue or red?
"""


@pytest.fixture
def offline(board, monkeypatch):
    """A trusted workspace whose user has set neither who decides nor who works."""
    for name in ("TASKBOARD_EXECUTOR", "TASKBOARD_DECIDER"):
        monkeypatch.delenv(name)
    (board.folder / "prices.csv").write_text("pear,2\napple,1\n")
    board.write(BOARD)
    return board


def test_a_board_is_worked_off_without_a_key(offline):
    before = dict(os.environ)
    said = offline.ok("once", "--offline-model")

    assert dict(os.environ) == before
    assert said["completed"] == ["TASK-001"]
    assert said["blocked"] == ["TASK-002"]
    shown = offline.ok("show", "TASK-001")
    assert shown["task"]["state"] == "done"
    assert {r["tier"] for r in shown["receipts"]} == {"artifact", "output"}
    assert (offline.folder / "report.md").read_text().strip()
    opinions = [r["detail"] for r in shown["receipts"] if "judged_by" in r["detail"]]
    assert opinions[0]["measure"] == "The report names the cheapest."
    assert offline.task("TASK-002")["state"] == "blocked:ada:answer"


def test_what_was_asked_is_answered_and_goes_on(offline):
    offline.ok("once", "--offline-model")
    (asked,) = offline.ok("show", "TASK-002")["questions"]
    assert "Blue or red?" in asked["text"]
    assert asked["by"].startswith("claude-")
    assert f"asked by {asked['by']}:" in offline("show", "TASK-002").out

    offline.ok("answer", "TASK-002", "Blue.")
    offline.ok("ready", "TASK-002")
    offline.ok("once", "--offline-model")

    assert offline.task("TASK-002")["state"] == "done"


def test_a_decision_is_told_in_one_line(offline):
    offline.ok("once", "--offline-model")
    [line, *_] = offline("tail", "--type", "decided").out.splitlines()

    assert "decided by claude start TASK-00" in line
    assert "with claude" in line
    assert "$0.0" in line


def test_everything_that_was_spent_stands_on_the_events(offline):
    import json

    offline.ok("once", "--offline-model")
    events = [json.loads(x) for x in offline("tail", "--json").out.splitlines()]
    paid = {e["type"]: e["data"]["cost_usd"] for e in events if e["data"].get("usage")}

    assert {"decided", "step_completed", "validated"} <= paid.keys()
    assert set(paid.values()) == {0.0}  # and so no budget is spent on it


def test_what_the_user_has_set_goes_before_it(offline, monkeypatch):
    monkeypatch.setenv("TASKBOARD_DECIDER", "priority")
    offline.ok("once", "--offline-model")
    [line, *_] = offline("tail", "--type", "decided").out.splitlines()

    assert "decided by priority start" in line
    assert "$" not in line


@pytest.mark.parametrize("wanted", [True, False])
def test_the_environment_is_as_before_when_work_breaks(wanted, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "mine")
    before = dict(os.environ)

    def work():
        with offline_model(wanted):
            assert (os.environ["ANTHROPIC_API_KEY"] == "mine") != wanted
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        work()
    assert dict(os.environ) == before


def test_doctor_says_who_works_who_decides_and_what_confines(board):
    checks = {c["name"]: c for c in board.ok("doctor")["checks"]}

    assert {"executor shell", "executor claude", "executor codex", "decider"} <= checks.keys()
    assert checks["decider"]["message"].startswith("priority (decider = 'priority'")
    assert checks["executor shell"]["ok"]
    assert "cage" in checks


def test_doctor_warns_when_the_one_that_is_wanted_cannot_be_used(board, monkeypatch):
    monkeypatch.setenv("TASKBOARD_EXECUTOR", "codex")
    monkeypatch.setenv("PATH", str(board.folder))
    checks = {c["name"]: c for c in board.ok("doctor")["checks"]}

    assert checks["executor codex"]["warn"]
    assert checks["executor codex"]["hint"]


def test_a_run_is_passed_on_by_command(board):
    board.ok("add", "Work", "--agent", "codex")
    board.ok("claim", "TASK-001", "--agent", "me")
    said = board.ok("release", "TASK-001@1", "--to", "gemini")

    assert said["state"] == "ready"
    assert "passed on: outside -> gemini (manual)" in board("tail", "--type", "relayed").out


def test_a_run_is_passed_on_to_known_agents_only(board):
    board.ok("add", "Work")
    board.ok("claim", "TASK-001", "--agent", "me")
    said = board("release", "TASK-001@1", "--to", "nobody", "--json")

    assert said.code == 2
    assert said.error["message"] == "No agent here is called nobody."
    assert "codex" in said.error["hint"]
