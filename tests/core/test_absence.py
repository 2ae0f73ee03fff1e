"""When a person left, and what happened since: told from the ledger alone."""

from __future__ import annotations

import pytest

from taskboard.core.absence import Absence, Leaving
from taskboard.core.acts import is_own, is_persons
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E

HOUR = 3600.0


def left(book, now, me="ann"):
    leaving = Leaving(me, "desk", book.moment(now))
    leaving.take(book.events)
    found = leaving.found()
    return found.task if found is not None else None


@pytest.mark.parametrize(
    ("actor", "more", "persons", "own"),
    [
        ("ann", {}, True, True),
        ("bob", {}, True, False),
        ("board", {}, True, True),
        ("board", {"origin": "git"}, False, False),
        ("daemon", {}, False, False),
        ("import", {}, False, False),
        ("agent:TASK-009@1", {}, False, False),
    ],
)
def test_a_fact_is_a_persons_by_its_actor(book, actor, more, persons, own):
    made = book()
    data = {"title": "t", "fields": {}, **more}
    event = made.say(E.CREATED, "TASK-001", "ready", actor=actor, **data)
    assert (is_persons(event), is_own(event, "ann", "desk")) == (persons, own)


def test_a_board_of_another_machine_is_not_ones_own(book):
    made = book()
    draft = Draft(
        type=E.CREATED, task_id="i", task="TASK-001", to="open", actor="board", data={"fields": {}}
    )
    event = made.write(draft, device="elsewhere")
    assert not is_own(event, "ann", "desk")


def test_what_an_agent_outside_says_of_its_run_is_no_persons_act(book):
    made = book()
    made.create("TASK-001")
    made.claim("TASK-001", agent="ann")
    run = made.world.named("TASK-001").run.run
    draft = Draft(
        type=E.COMPLETED, task_id="id-TASK-001", task="TASK-001", to="done", run=run, agent="ann",
        actor="ann", data={"tier": "artifact"},
    )  # fmt: skip
    assert not is_persons(made.write(draft))


def test_one_left_with_the_last_act_before_a_pause_of_half_an_hour(book):
    made = book()
    made.at(0).create("TASK-001")
    made.at(600).create("TASK-002")
    made.at(1200).claim("TASK-001")
    made.at(9 * HOUR).done("TASK-001")
    assert left(made, 9 * HOUR) == "TASK-002"


def test_acts_of_the_present_stay_do_not_hide_the_night(book):
    made = book()
    made.at(0).create("TASK-001")
    made.at(9 * HOUR).create("TASK-002")
    made.at(9 * HOUR + 600).create("TASK-003")
    assert left(made, 9 * HOUR + 900) == "TASK-001"


def test_who_never_left_has_not_left(book):
    made = book()
    for minutes in range(0, 120, 20):
        made.at(60 * minutes).create(f"TASK-{minutes:03}")
    assert left(made, 120 * 60) is None
    assert left(made, 120 * 60, me="bob") is None


def absence(events):
    found = Absence()
    for event in events:
        found.take(event)
    return found


def names(ends):
    return [end.event.task for end in ends]


def test_endings_are_told_the_latest_first_with_what_they_took(book):
    made = book()
    for name in ("TASK-001", "TASK-002"):
        made.create(name)
        made.claim(name)
        made.fail(name, "blocked:retry:2026-11-20T12:00Z", cost_usd=0.5)
        made.say(E.RETRIED, name, "ready")
        made.claim(name)
        made.done(name, cost_usd=0.25)
    found = absence(made.events)
    done = found.endings(found.done)
    assert names(done) == ["TASK-002", "TASK-001"]
    assert [(end.runs, end.cost_usd) for end in done] == [(2, 0.75), (2, 0.75)]
    assert found.cost_usd == pytest.approx(1.5)
    assert found.created == 2


def test_what_failed_and_goes_on_again_has_not_failed(book):
    made = book()
    for name in ("TASK-001", "TASK-002"):
        made.create(name)
        made.claim(name)
        made.fail(name)
    made.say(E.REQUEUED, "TASK-001", "ready", actor="agent:TASK-009@1")
    found = absence(made.events)
    assert names(found.endings(found.failed)) == ["TASK-002"]


def test_dead_runs_daemons_and_tellings_are_counted(book):
    made = book()
    made.create("TASK-001")
    made.tell(E.DAEMON_STARTED)
    made.claim("TASK-001")
    made.tell(E.DAEMON_STARTED)  # after one that did not say goodbye
    made.say(E.RECLAIMED, "TASK-001", "ready", cause="the machine was restarted")
    made.tell(E.DAEMON_STOPPED)
    made.tell(E.DAEMON_STARTED)
    made.say(E.DELIVERY_FAILED, "TASK-001", channel="notify", upto=3, reason="exit status 1")
    found = absence(made.events)
    assert [e.attempt for e in found.reset] == [1]
    assert (found.daemon_starts, found.crashes) == (3, 1)
    assert len(found.undelivered) == 1


def test_a_hold_lasts_until_a_save_that_is_not_held(book):
    made = book()
    for seconds, held in ((10, "empty"), (20, "empty"), (30, "fence"), (40, None), (50, None)):
        made.at(seconds).tell(E.FILE_CHANGED_TRIGGERED, actor="board", digest="d", held=held)
    holds = absence(made.events).holds
    assert [(h.reason, h.since[17:19], (h.until or "")[17:19]) for h in holds] == [
        ("empty", "10", "30"),
        ("fence", "30", "40"),
    ]
