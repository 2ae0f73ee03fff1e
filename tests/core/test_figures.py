"""Figures of a ledger: every one against a plain count of the same facts."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.figures import PARTS, Figures

DAY = 86400.0


def figures(book, since=None, until=None):
    found = Figures(
        book.moment(since) if since is not None else None,
        book.moment(until if until is not None else book.now),
    )
    for event in book.events:
        found.take(event)
    return found


def shape(book, **span):
    return figures(book, **span).shape()


LIVES = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.sampled_from(
            ("create", "claim", "done", "fail", "retry", "reclaim", "ready", "cancel", "release")
        ),
        st.floats(0, 5 * DAY, allow_nan=False),
    ),
    max_size=60,
)


def live(book, moves):
    """Make whatever of these moves is legal."""
    for number, move, wait in moves:
        task = f"TASK-{number:03}"
        found = book.world.named(task)
        kind = found.status.kind.value if found is not None else "none"
        book.at(book.now + wait)
        if (move, kind) == ("create", "none"):
            book.create(task)
        elif (move, kind) == ("claim", "ready"):
            book.claim(task)
        elif kind == "running":
            if move == "done":
                book.done(task, duration_s=wait, cost_usd=0.5)
            elif move == "fail":
                book.fail(task)
            elif move == "reclaim":
                book.say(E.RECLAIMED, task, "ready", cause="dead")
            elif move == "release":
                book.say(E.RELEASED, task, "ready", cause="stop")
            elif move == "retry":
                book.fail(task, "blocked:retry:2026-11-20T12:00Z")
            elif move == "cancel":
                book.say(E.CANCELLED, task, "failed:cancelled", actor="ann")
        elif (move, kind) == ("ready", "failed"):
            book.say(E.REQUEUED, task, "ready", actor="ann")
        elif (move, kind) == ("ready", "blocked"):
            book.say(E.UNBLOCKED, task, "ready", actor="ann")


@given(LIVES, st.floats(0, 60 * DAY), st.booleans())
@settings(max_examples=100)
def test_the_counts_are_those_of_the_facts_and_the_parts_sum_to_the_whole(
    book, moves, since, narrowed
):
    made = book()
    live(made, moves)
    found = shape(made, since=since if narrowed else None)
    start = made.moment(since) if narrowed else made.START
    facts = [e for e in made.events if datetime.fromisoformat(e.ts) >= start]

    def count(*types, to=None):
        return sum(e.type in types and (to is None or e.to == to) for e in facts)

    assert found["tasks"]["created"] == count("created")
    assert found["tasks"]["done"] == count("completed")
    assert found["tasks"]["failed"] == count("failed", to="failed:final")
    assert found["tasks"]["cancelled"] == count("cancelled")
    runs = found["runs"]
    assert runs["count"] == count("completed", "failed", "reclaimed")
    assert runs["failed"] == count("failed", "reclaimed")
    assert runs["released"] == count("released")
    assert found["stale_resets"] == count("reclaimed")
    assert found["cost_usd"] == pytest.approx(0.5 * count("completed"))
    assert 0 <= found["tasks"]["unattended"] <= found["tasks"]["done"]
    rate = runs["failed"] / runs["count"] if runs["count"] else None
    assert runs["error_rate"] == (pytest.approx(rate, abs=1e-4) if rate is not None else None)

    series = found["series"]
    assert 1 <= len(series) <= PARTS
    for one, two in pairwise(series):
        assert one["until"] == two["since"]
    for name in found["tasks"]:
        assert sum(part["tasks"][name] for part in series) == found["tasks"][name]
    for name in ("count", "failed", "reclaimed"):
        assert sum(part["runs"][name] for part in series) == runs[name]
    assert sum(p["interventions"] for p in series) == found["interventions"]


@given(LIVES)
@settings(max_examples=50)
def test_nothing_is_kept_of_what_has_ended(book, moves):
    made = book()
    live(made, moves)
    for number in range(6):  # facts about ended tasks bring nothing back
        if f"TASK-{number:03}" in made.world.names:
            made.say(E.ANOMALY_FLAGGED, f"TASK-{number:03}", code="TB999")
    found = figures(made)
    closed = ("done", "failed", "withdrawn")
    alive = {t.task_id for t in made.world.tasks.values() if t.kind.value not in closed}
    assert set(found._open) == alive


def test_the_queue_is_counted_from_when_a_task_could_have_begun(book):
    made = book()
    made.at(0).create("TASK-001")
    made.at(0).create("TASK-002", needs="TASK-001")
    made.at(10).claim("TASK-001")
    made.at(50).done("TASK-001")
    made.at(53).claim("TASK-002")
    assert shape(made)["latency_s"]["queue"] == {"p50": 3.0, "p90": 10.0, "p99": 10.0}


def test_the_queue_does_not_count_the_time_that_a_task_was_not_to_begin_before(book):
    made = book()
    made.create("TASK-001", **{"not-before": "2026-11-16T08:10:00Z"})
    made.at(605).claim("TASK-001")
    assert shape(made)["latency_s"]["queue"]["p50"] == 5.0


def test_waiting_for_a_person_is_no_queue(book):
    made = book()
    made.create("TASK-001", "blocked:ann:look")
    made.at(1000).say(E.UNBLOCKED, "TASK-001", "ready", actor="ann")
    made.at(1002).claim("TASK-001")
    assert shape(made)["latency_s"]["queue"]["p50"] == 2.0


def test_a_run_takes_what_it_says_or_else_the_time_between_its_facts(book):
    made = book()
    made.create("TASK-001")
    made.create("TASK-002")
    made.claim("TASK-001")
    made.claim("TASK-002")
    made.at(100).done("TASK-001", duration_s=7.5)
    made.at(100).done("TASK-002")
    assert shape(made)["latency_s"]["run"] == {"p50": 7.5, "p90": 100.0, "p99": 100.0}


def test_a_save_counts_by_what_its_event_says(book):
    made = book()
    for waited in (2.1, 2.3, 9.9):
        made.tell(E.FILE_CHANGED_TRIGGERED, actor="board", digest="d", latency_s=waited)
    made.tell(E.FILE_CHANGED_TRIGGERED, actor="board", digest="d")
    assert shape(made)["latency_s"]["trigger"] == {"p50": 2.3, "p90": 9.9, "p99": 9.9}


def test_a_task_that_nobody_touched_after_its_claim_was_done_unattended(book):
    made = book()
    for name in ("TASK-001", "TASK-002", "TASK-003", "TASK-004"):
        made.create(name)
        made.say(E.EDITED, name, actor="board", text="t")  # before its claim: part of asking
        made.claim(name)
    made.done("TASK-001")
    made.say(E.QUESTION_ANSWERED, "TASK-002", actor="ann", answer="a")
    made.done("TASK-002")
    made.fail("TASK-003")
    made.say(E.REQUEUED, "TASK-003", "ready", actor="board")
    made.claim("TASK-003")
    made.done("TASK-003")
    made.say(E.RELEASED, "TASK-004", "ready", cause="stop")
    made.claim("TASK-004")
    made.done("TASK-004")
    found = shape(made)
    assert found["tasks"]["unattended"] == 2
    assert found["interventions"] == 2


def test_one_save_is_one_intervention_however_many_facts_it_makes(book):
    made = book()
    made.create("TASK-001")
    made.claim("TASK-001")
    made.say(E.BLOCKED, "TASK-001", "blocked:ann:answer", cause="question")
    ready = Draft(
        type=E.UNBLOCKED, task_id="id-TASK-001", task="TASK-001", to="ready", actor="board"
    )
    made.say(E.QUESTION_ANSWERED, "TASK-001", actor="board", answer="a", more=(ready,))
    assert shape(made)["interventions"] == 1


def test_a_completion_by_hand_is_done_and_no_run(book):
    made = book()
    made.create("TASK-001", "open")
    made.say(E.COMPLETED, "TASK-001", "done", actor="ann", tier="human", verified=False)
    found = shape(made)
    assert (found["tasks"]["done"], found["tasks"]["unattended"]) == (1, 0)
    assert found["runs"]["count"] == 0


def test_what_was_before_us_is_not_counted(book):
    made = book()
    made.create("TASK-001", "done", actor="import")
    made.create("TASK-002", "failed:final", actor="import")
    found = shape(made)
    assert set(found["tasks"].values()) == {0}


def test_models_are_counted_in_tokens_and_dollars(book):
    made = book()
    used = {"model": "m", "input": 10, "output": 5, "cache_read": 100}
    made.tell(E.DECIDED, by="claude", cost_usd=0.25, usage=[used])
    found = shape(made)
    assert (found["cost_usd"], found["tokens"]) == (0.25, 115)


@pytest.mark.parametrize("days", [0.01, 0.5, 1, 3, 20, 100, 700, 4000, 20000])
def test_any_span_is_cut_into_no_more_parts_than_a_line_has_room_for(book, days):
    made = book()
    made.at(days * DAY).create("TASK-001")
    series = shape(made)["series"]
    assert 1 <= len(series) <= PARTS
    assert series[-1]["tasks"]["created"] == 1


def test_times_order_nothing_and_lose_nothing(book):
    made = book()
    made.at(100).create("TASK-001")
    made.at(-5000).create("TASK-002")
    made.at(900_000).create("TASK-003")
    found = shape(made, until=200)
    assert found["tasks"]["created"] == 3
    assert sum(p["tasks"]["created"] for p in found["series"]) == 3


@pytest.mark.parametrize("jump", [-1e9, -3600.0])
def test_no_length_of_time_is_told_that_a_set_clock_lies_in_the_midst_of(book, jump):
    made = book()
    made.at(0).create("TASK-001")
    made.at(5).create("TASK-002")
    made.at(jump).create("TASK-003")
    made.at(jump + 1).claim("TASK-002")
    made.at(jump + 3).create("TASK-004")
    made.at(jump + 7).claim("TASK-004")
    made.at(100).claim("TASK-003")
    for number in (1, 2, 3, 4):
        if number == 1:
            made.claim("TASK-001")
        made.at(110).done(f"TASK-00{number}")
    found = shape(made, until=200)
    assert found["latency_s"]["queue"] == dict.fromkeys(("p50", "p90", "p99"), 4.0)
    assert found["latency_s"]["run"] == dict.fromkeys(("p50", "p90", "p99"), 10.0)
    assert found["tasks"]["done"] == 4


@pytest.mark.parametrize("since", [None, 1e9])
def test_figures_never_begin_after_they_end(book, since):
    made = book().at(5000)
    made.events.clear()
    made.create("TASK-001")
    found = shape(made, since=since, until=100)
    assert found["since"] == found["until"]


def test_an_empty_ledger_has_figures_too(book):
    found = Figures(None, book.START).shape()
    assert found["since"] == found["until"]
    assert found["series"] == []
    assert found["runs"]["error_rate"] is None
