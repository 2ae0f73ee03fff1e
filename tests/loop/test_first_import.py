"""A board that lived without us comes under the runtime: one pass, no gate, no churn."""

from __future__ import annotations

from collections import Counter

WORDS = {
    "done": 200,
    "Done": 5,
    "todo": 20,
    "in progress": 9,
    "✅ Completed (March 1)": 4,
    "Ready for review": 7,
    "wontfix": 3,
    "blocked:ada:brief": 6,
    "failed:flaky": 2,
}


def long_lived():
    parts = ["# Everything\n"]
    number = 0
    for word, count in WORDS.items():
        for _ in range(count):
            number += 1
            parts.append(
                f"## OPS-{number} Task {number}\n- status: {word}\n\nwhat was meant {number}\n"
            )
    for agent in ("claude-1", "codex-2"):
        number += 1
        parts.append(
            f"## OPS-{number} Left running\n- status: running:{agent}:2026-10-01T08:00Z\n"
            "- run: ok\n\nstill to do\n"
        )
    return "\n".join(parts)


def test_a_board_of_two_hundred_tasks_is_taken_in_at_once_and_hardly_touched(desk):
    text = long_lived()
    desk.save(text)
    desk.turn(start=True)
    events = Counter(desk.events())

    kinds = Counter(t.kind.value for t in desk.play(desk.ctx.ledger.look()).tasks.values())
    assert kinds == {"done": 207, "open": 20, "unknown": 23, "blocked": 6, "failed": 2}
    assert events["created"] == sum(WORDS.values()) + 2
    assert events["reclaimed"] == 2
    assert events["file_changed_triggered"] == 1
    assert events["claimed"] == events["completed"] == 2  # what was left running has run again
    assert not {"evidence_blocked", "terminal_blocked", "anomaly_flagged"} & set(events)
    changed = [
        (old, new)
        for old, new in zip(text.splitlines(), _without_results(desk.board), strict=True)
        if old != new
    ]
    assert sorted(changed) == [
        ("- status: running:claude-1:2026-10-01T08:00Z", "- status: done"),
        ("- status: running:codex-2:2026-10-01T08:00Z", "- status: done"),
    ]


def _without_results(board):
    lines = board.splitlines()
    assert len([line for line in lines if line.startswith(("- result:", "- note:"))]) == 2
    return [line for line in lines if not line.startswith("- result:")]


def test_a_second_turn_finds_nothing_to_do(desk):
    desk.save(long_lived())
    desk.turn(start=True)
    board, events = desk.board, desk.events()
    desk.open()
    desk.turn(start=True)

    assert desk.board == board
    assert desk.events() == events


def test_an_imported_state_is_as_final_as_one_of_our_own(desk):
    desk.save(long_lived())
    desk.turn(start=True)
    desk.save(desk.board.replace("Task 1\n- status: done", "Task 1\n- status: ready"))
    desk.turn()

    assert desk.state("OPS-1") == "done"
    assert desk.events("OPS-1")[-1] == "terminal_blocked"


def test_a_time_that_is_called_utc_and_is_not_leaves_a_trace(desk):
    """Local time with a Z behind it: the line is rewritten when the run is taken back."""
    desk.save("# B\n\n## TASK-001 One\n- status: running:bot:2026-11-20T19:00Z\n- run: ok\n")
    desk.turn(start=True)
    [flag] = [e for e in desk.facts() if e.type == "anomaly_flagged"]

    assert desk.events("TASK-001")[:3] == ["created", "anomaly_flagged", "reclaimed"]
    assert flag.data["code"] == "TB116"
    assert "2026-11-20T19:00Z" in flag.data["note"]
    assert flag.data["status"] == "running:bot:2026-11-20T19:00Z"
    assert desk.state("TASK-001") == "done"


def test_a_time_that_is_past_is_no_anomaly(desk):
    desk.save("# B\n\n## TASK-001 One\n- status: running:bot:2026-11-20T09:00Z\n- run: ok\n")
    desk.turn(start=True)

    assert "anomaly_flagged" not in desk.events()
