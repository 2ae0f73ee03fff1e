"""What is worth telling, and how far telling has come."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskboard.core.event import EventType as E
from taskboard.core.notice import CHANNEL, Outbox, outcome, place, single, summary, worth


def test_ends_and_waiting_for_somebody_are_worth_telling(book):
    made = book()
    for name in ("TASK-001", "TASK-002", "TASK-003", "TASK-004"):
        made.create(name)
        made.claim(name)
    assert worth(made.done("TASK-001")) == "done"
    assert worth(made.fail("TASK-002")) == "failed"
    assert worth(made.fail("TASK-003", "blocked:ann:evidence")) == "blocked"
    assert worth(made.fail("TASK-004", "blocked:retry:2026-11-20T12:00Z")) is None


@pytest.mark.parametrize(
    ("to", "told"),
    [
        ("blocked:task:TASK-002", None),
        ("blocked:until:2026-11-20T12:00Z", None),
        ("blocked:children:2", None),
        ("blocked:quota:2026-11-20T12:00Z", None),
        ("blocked:bob:look", "blocked"),
    ],
)
@pytest.mark.parametrize("actor", ["daemon", "agent:TASK-009@1", "ann", "board"])
def test_waiting_for_time_or_tasks_is_not_nor_what_a_person_says(book, to, told, actor):
    made = book()
    made.create("TASK-001")
    event = made.say(E.BLOCKED, "TASK-001", to, actor=actor)
    assert worth(event) == (told if actor not in ("ann", "board") else None)


def test_a_task_that_an_agent_makes_for_a_person_is(book):
    made = book()
    asked = made.create("TASK-001", "blocked:ann:review", actor="agent:TASK-009@1")
    assert worth(asked) == "blocked"
    assert worth(made.create("TASK-002", "ready", actor="agent:TASK-009@1")) is None


def test_a_persons_word_through_the_gate_is_not_and_a_container_is(book):
    made = book()
    made.create("TASK-001", "open")
    made.create("TASK-002")
    assert worth(made.say(E.COMPLETED, "TASK-001", "done", tier="human")) is None
    assert worth(made.say(E.COMPLETED, "TASK-002", "done", tier="artifact")) == "done"


def test_what_moves_nothing_is_not(book):
    made = book()
    made.create("TASK-001")
    made.claim("TASK-001")
    made.fail("TASK-001")
    assert worth(made.say(E.DEADLETTERED, "TASK-001", "failed:final")) is None


def news(made, count):
    for number in range(count):
        name = f"TASK-{number + 1:03}"
        made.create(name)
        made.claim(name)
        made.done(name)


@given(st.lists(st.integers(0, 9), max_size=12))
def test_what_is_told_one_after_the_other_is_told_once(book, pauses):
    """New facts come while one is told: in the end each was told, in order, none twice."""
    made, box, told, read = book(), Outbox(0), [], 0
    for number, pause in enumerate(pauses):
        for extra in range(pause % 3):
            name = f"TASK-{number}{extra:02}"
            made.create(name)
            made.claim(name)
            made.done(name)
        for event in made.events[read:]:
            box.take(event)
        read = len(made.events)
        if box.count and pause < 7:
            notice = summary(box, {}) if box.count > 2 else single(box.waiting[0], None)
            told += [e["id"] for e in notice.document["tasks"] or [notice.document]]
            made.write(outcome(notice, ok=True))
            box.settle(notice.upto)
    told += [event.id for event in box.waiting]
    assert told == [e.id for e in made.events if worth(e)]


def test_how_far_it_has_come_is_what_the_last_telling_says(book):
    made = book()
    news(made, 3)
    made.tell(E.DELIVERED, channel=CHANNEL, upto=4)
    made.tell(E.DAEMON_STARTED, notify=True)
    made.tell(E.DELIVERED, channel="telegram", upto=9)
    assert place(made.events[::-1]) == (4, False)


def test_before_the_first_that_told_there_is_nothing_to_tell(book):
    made = book()
    first = made.tell(E.DAEMON_STARTED, notify=True)
    news(made, 1)
    made.tell(E.DAEMON_STARTED, notify=True)
    assert place(made.events[::-1]) == (first.seq, True)


def test_nor_is_there_before_one_that_did_not_tell(book):
    made = book()
    made.tell(E.DELIVERED, channel=CHANNEL, upto=1)
    made.tell(E.DAEMON_STARTED)
    second = made.tell(E.DAEMON_STARTED, notify=True)
    assert place(made.events[::-1]) == (second.seq, False)
    assert place(made.events[-2::-1]) == (None, False)


def test_a_summary_names_some_and_counts_all_and_fits_a_variable(book):
    made = book()
    news(made, 200)
    box = Outbox(0)
    for event in made.events:
        box.take(event)
    notice = summary(box, made.world.tasks)
    assert notice.document["count"] == 200
    assert len(notice.document["tasks"]) == 50
    assert notice.upto == made.events[-1].seq
    assert notice.variables["TASKBOARD_TEXT"].startswith("200 done: TASK-001, TASK-002")
    assert len(notice.variables["TASKBOARD_TEXT"]) <= 200
    assert set(notice.document["tasks"][0]) <= set(notice.document)
    json.dumps(notice.document)
