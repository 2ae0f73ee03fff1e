import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskboard.core.event import EventType as E
from taskboard.core.state import (
    CLOSED,
    OPEN_WORDS,
    TERMINAL,
    TRANSITIONS,
    Kind,
    Status,
    next_events,
    read_status,
    row_for,
    stored_status,
)

TIME = "2026-04-20T15:25Z"

# The state machine, written down a second time: event -> (sources, targets), "-" for none.
WAITING = "open unknown ready blocked"
STATES = "open unknown ready blocked running done failed withdrawn"
SAME = {
    "step_started": "running",
    "step_completed": "running",
    "step_failed": "running",
    "artifact_recorded": "running",
    "validated": "running",
    "question_asked": "running",
    "edited": "open unknown ready blocked running done failed",
    "deadlettered": "failed",
    "decided": STATES,
    "anomaly_flagged": STATES,
    "escalated": STATES,
    "question_answered": STATES,
    "cost_recorded": STATES,
    "delivered": STATES,
    "delivery_failed": STATES,
    "evidence_blocked": STATES,
    "dependency_blocked": STATES,
    "terminal_blocked": STATES,
    "transition_blocked": STATES,
}
MOVES = {
    ("created", "-"): "open unknown ready blocked done failed running",
    **{("withdrawn", s): "withdrawn" for s in WAITING.split()},
    ("restored", "withdrawn"): WAITING,
    **{("blocked", s): "blocked open" for s in WAITING.split()},
    ("blocked", "running"): "blocked",
    **{("unblocked", s): "ready" for s in ("open", "unknown", "blocked")},
    ("retried", "blocked"): "ready",
    ("claimed", "ready"): "running",
    ("released", "running"): "ready",
    ("relayed", "running"): "ready",
    ("reclaimed", "running"): "ready failed",
    **{("completed", s): "done" for s in (*WAITING.split(), "running")},
    ("failed", "running"): "blocked failed",
    ("requeued", "failed"): "ready",
    **{("cancelled", s): "failed" for s in WAITING.split()},
    ("cancelled", "running"): "failed blocked",
}
NO_TASK = {
    "ledger_opened",
    "file_changed_triggered",
    "paused",
    "resumed",
    "ledger_repaired",
    "segment_sealed",
    "daemon_started",
    "daemon_stopped",
    "git_moved",
    "board_written",
    "space_freed",
}


def expected(event, source):
    if source in SAME.get(event, "").split():
        return {source}
    return set(MOVES.get((event, source), "").split())


@pytest.mark.parametrize("event", E)
@pytest.mark.parametrize("source", [None, *Kind])
def test_every_pair_of_state_and_event_is_a_row_or_a_refusal(event, source):
    row = row_for(source, event)
    allowed = expected(event.value, source.value if source else "-")
    if row is None:
        assert not allowed
    elif row.same:
        assert allowed == {source.value}
    else:
        assert {kind.value for kind in row.targets} == allowed


def test_events_without_a_row_are_those_about_no_task():
    assert {event.value for event in E if event not in TRANSITIONS} == NO_TASK


def test_no_pair_has_two_rows():
    for rows in TRANSITIONS.values():
        sources = [kind for row in rows for kind in row.sources]
        assert len(sources) == len(set(sources))


def test_only_a_requeue_leads_out_of_a_terminal_state():
    for event, rows in TRANSITIONS.items():
        for row in rows:
            if not row.same and row.sources & TERMINAL:
                assert event is E.REQUEUED
                assert row.sources == {Kind.FAILED}


def test_what_a_run_says_must_be_said_by_the_current_run():
    for event, rows in TRANSITIONS.items():
        for row in rows:
            if row.sources == {Kind.RUNNING}:
                assert row.run == "current", event


def test_closed_states_hold_no_parent_back():
    assert {kind.value for kind in CLOSED} == {"done", "failed", "withdrawn"}


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("ready", Status(Kind.READY)),
        ("Ready", Status(Kind.READY)),
        (" READY ", Status(Kind.READY)),
        ("done", Status(Kind.DONE)),
        ("todo", Status(Kind.OPEN)),
        ("In Progress", Status(Kind.UNKNOWN)),
        ("Ready for review", Status(Kind.UNKNOWN)),
        ("ready.", Status(Kind.UNKNOWN)),
        ("", Status(Kind.UNKNOWN)),
        ("blocked", Status(Kind.UNKNOWN)),
        ("blocked:siyao:brief", Status(Kind.BLOCKED, "siyao:brief")),
        ("Blocked:Siyao:Brief", Status(Kind.BLOCKED, "Siyao:Brief")),
        ("blocked:task:TASK-010", Status(Kind.BLOCKED, "task:TASK-010")),
        (f"blocked:until:{TIME}", Status(Kind.BLOCKED, f"until:{TIME}")),
        ("blocked:until:tomorrow", Status(Kind.UNKNOWN)),
        ("blocked:retry:soon", Status(Kind.UNKNOWN)),
        ("blocked:children:2", Status(Kind.BLOCKED, "children:2")),
        (f"running:claude-a4b:{TIME}", Status(Kind.RUNNING, f"claude-a4b:{TIME}")),
        ("running:claude-a4b", Status(Kind.UNKNOWN)),
        ("failed:cancelled", Status(Kind.FAILED, "cancelled")),
        ("failed", Status(Kind.UNKNOWN)),
        ("withdrawn", Status(Kind.UNKNOWN)),
        ("unknown", Status(Kind.UNKNOWN)),
    ],
)
def test_a_typed_word_means_one_thing(word, status):
    assert read_status(word) == status


@pytest.mark.parametrize("word", sorted(OPEN_WORDS))
def test_words_for_not_yet_are_open(word):
    assert read_status(word.upper()).kind is Kind.OPEN


@given(st.text())
def test_any_word_is_read(word):
    status = read_status(word)
    if status.kind not in (Kind.OPEN, Kind.UNKNOWN):
        assert stored_status(status.text) == status


def test_a_status_knows_who_and_what():
    status = read_status(f"running:claude-a4b:{TIME}")
    assert (status.who, status.what) == ("claude-a4b", TIME)
    assert (Status(Kind.DONE).who, Status(Kind.DONE).what) == ("", "")


@pytest.mark.parametrize("kind", Kind)
def test_what_may_come_next_moves_the_task(kind):
    for name in next_events(kind):
        row = row_for(kind, E(name))
        assert row is not None
        assert not row.same


def test_what_may_come_next_is_in_order():
    assert next_events(Kind.DONE) == []
    assert next_events(Kind.FAILED) == ["requeued"]
    assert next_events(Kind.READY) == ["blocked", "cancelled", "claimed", "completed", "withdrawn"]
