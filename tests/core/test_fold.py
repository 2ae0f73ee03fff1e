"""The laws of the fold, and who may do what."""

import copy

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskboard.core.check import check
from taskboard.core.commit import apply, commit
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.fold import advance, fold
from taskboard.core.state import TRANSITIONS, Kind, Status, row_for, stored_status
from taskboard.core.task import Owed, World
from taskboard.errors import Refused, StaleRun
from taskboard.testing.facts import about, claimed, created, late

TS = "2026-11-20T12:00:00.000000Z"
SPELLED = {
    Kind.OPEN: "open",
    Kind.UNKNOWN: "unknown",
    Kind.READY: "ready",
    Kind.BLOCKED: "blocked:retry:2026-11-20T12:00:00Z",
    Kind.RUNNING: "running:agent:2026-11-20T12:00Z",
    Kind.DONE: "done",
    Kind.FAILED: "failed:final",
    Kind.WITHDRAWN: "withdrawn",
}


class Book:
    """A world with every event that made it."""

    def __init__(self, *commits):
        self.world = World()
        self.events = []
        for drafts in commits:
            self.add(*drafts)

    def add(self, *drafts):
        ids = [f"event-{self.world.seq + n}" for n in range(1, len(drafts) + 1)]
        sealed = commit(self.world, drafts, ts=TS, device="here", ids=ids)
        apply(self.world, sealed)
        self.events += [one.event for one in sealed]
        return self

    def task(self, number=1):
        return self.world.tasks[f"id-{number}"]


def task_in(kind):
    """A task of that kind, come by honest ways."""
    if kind is None:
        return None
    if kind is Kind.WITHDRAWN:
        return Book([created()], [about(E.WITHDRAWN, 1, "withdrawn")]).task()
    if kind is Kind.RUNNING:
        return Book([created()], [claimed()]).task()
    return Book([_born(kind)]).task()


def _born(kind):
    return msgspec.structs.replace(created(), to=SPELLED[kind])


def draft_for(event, task, to=None):
    row = row_for(task.status.kind if task else None, event)
    run = {"current": "agent-1", "new": "agent-2"}.get(row.run if row else "none")
    run = "agent-1" if event is E.COST_RECORDED else run
    return about(event, 1, to, run=run, attempt=2 if run == "agent-2" else None, agent="agent")


@pytest.mark.parametrize("event", TRANSITIONS)
@pytest.mark.parametrize("kind", [None, *Kind])
def test_every_pair_is_a_move_of_its_row_or_a_refusal(kind, event):
    task = task_in(kind)
    row = row_for(kind, event)
    if event is E.COST_RECORDED and task is not None:
        task = msgspec.structs.replace(task, owed=Owed("agent-1", 1, "generate"))
    for target in Kind:
        draft = draft_for(event, task, SPELLED[target])
        if row is None or (not row.same and target not in row.targets):
            with pytest.raises(Refused) as caught:
                advance(task, draft, ts=TS, seq=9)
            assert caught.value.exit_code == 3
        else:
            after = advance(task, draft, ts=TS, seq=9)
            assert after.status.kind is (kind if row.same else target)


@pytest.mark.parametrize("event", [e for e in TRANSITIONS if row_for(Kind.DONE, e) is None])
def test_done_is_for_ever(event):
    with pytest.raises(Refused) as caught:
        advance(task_in(Kind.DONE), draft_for(event, None, "ready"), ts=TS, seq=9)
    assert caught.value.code == "terminal_blocked"
    assert caught.value.task == "TASK-001"


@pytest.mark.parametrize("event", [e for e in TRANSITIONS if row_for(Kind.FAILED, e) is None])
def test_out_of_failed_leads_only_a_requeue(event):
    with pytest.raises(Refused) as caught:
        advance(task_in(Kind.FAILED), draft_for(event, None, "ready"), ts=TS, seq=9)
    assert caught.value.code == "terminal_blocked"
    assert "taskboard ready TASK-001" in caught.value.hint


@pytest.mark.parametrize("draft", late("agent-1"), ids=lambda draft: draft.type.value)
@pytest.mark.parametrize("kind", [Kind.READY, Kind.BLOCKED, Kind.RUNNING, Kind.OPEN])
def test_a_run_that_is_not_current_is_refused_for_every_verb(kind, draft):
    book = Book([created()], [claimed()], [about(E.RECLAIMED, 1, "ready", run="agent-1")])
    if kind is Kind.RUNNING:
        book.add(claimed(attempt=2, agent="other"))
    elif kind is not Kind.READY:
        book.add(about(E.BLOCKED, 1, SPELLED[kind]))
    assert book.task().kind is kind
    with pytest.raises(StaleRun) as caught:
        advance(book.task(), draft, ts=TS, seq=9)
    assert (caught.value.code, caught.value.exit_code) == ("stale_run", 3)


@pytest.mark.parametrize("draft", late("agent-1"), ids=lambda draft: draft.type.value)
def test_the_current_run_may_say_all_of_that(draft):
    advance(task_in(Kind.RUNNING), draft, ts=TS, seq=9)


@pytest.mark.parametrize("draft", late("agent-1"), ids=lambda draft: draft.type.value)
def test_without_its_run_a_running_task_does_not_move(draft):
    nobody = msgspec.structs.replace(draft, run=None, attempt=None)
    with pytest.raises(StaleRun):
        advance(task_in(Kind.RUNNING), nobody, ts=TS, seq=9)


def test_a_claim_of_a_running_task_is_no_stale_run():
    with pytest.raises(Refused) as caught:
        advance(task_in(Kind.RUNNING), claimed(attempt=2), ts=TS, seq=9)
    assert caught.value.code == "transition_blocked"


@pytest.mark.parametrize("kind", [Kind.OPEN, Kind.UNKNOWN, Kind.BLOCKED, Kind.WITHDRAWN])
def test_only_ready_can_be_claimed(kind):
    with pytest.raises(Refused) as caught:
        advance(task_in(kind), claimed(attempt=2), ts=TS, seq=9)
    assert caught.value.code == "transition_blocked"


def test_attempts_rise_may_skip_and_are_never_used_twice():
    book = Book([created()], [claimed(attempt=3)], [about(E.RELEASED, 1, "ready", run="agent-3")])
    for attempt in (1, 3, 0):
        with pytest.raises(StaleRun):
            advance(book.task(), claimed(attempt=attempt), ts=TS, seq=9)
    book.add(claimed(attempt=7))
    assert book.task().attempt == 7
    assert book.task().run.attempt == 7


def ended(event, to, **data):
    return about(event, 1, to, run="agent-1", data=data)


@pytest.mark.parametrize(
    ("end", "spent"),
    [
        (ended(E.FAILED, "blocked:retry:2026-11-20T12:10Z"), 1),
        (ended(E.FAILED, "failed:final"), 1),
        (ended(E.RECLAIMED, "ready"), 1),
        (ended(E.RECLAIMED, "ready", unspent=True), 0),
        (ended(E.RELEASED, "ready"), 0),
        (ended(E.RELAYED, "ready"), 0),
        (ended(E.CANCELLED, "failed:cancelled"), 0),
        (ended(E.BLOCKED, "blocked:siyao:answer"), 0),
        (ended(E.BLOCKED, "blocked:quota:2026-11-20T13:00Z"), 0),
        (ended(E.COMPLETED, "done"), 0),
    ],
    ids=lambda value: value.type.value if isinstance(value, Draft) else str(value),
)
def test_a_run_ends_once_and_spends_only_what_failed(end, spent):
    book = Book([created()], [claimed()], [end])
    assert book.task().run is None
    assert book.task().spent == spent
    with pytest.raises(Refused):
        advance(book.task(), end, ts=TS, seq=9)


def test_a_requeue_begins_a_new_round():
    book = Book([created()], [claimed()], [ended(E.FAILED, "failed:final", error="no proof")])
    assert (book.task().refusal, book.task().spent) == ("no proof", 1)
    book.add(about(E.REQUEUED, 1, "ready"))
    task = book.task()
    assert (task.round, task.spent, task.refusal, task.attempt) == (2, 0, None, 1)


def test_a_claim_freezes_the_definition():
    book = Book([created(1, text="a" * 64, fields={"run": "true"})], [claimed()])
    book.add(about(E.EDITED, 1, data={"text": "b" * 64, "fields": {"run": "false"}}))
    task = book.task()
    assert (task.run.text, task.run.fields) == ("a" * 64, {"run": "true"})
    assert (task.text, task.fields) == ("b" * 64, {"run": "false"})


def test_statuses_shown_are_remembered_in_order_and_bounded():
    book = Book([created()])
    for number in range(40):
        book.add(about(E.BLOCKED, 1, f"blocked:siyao:{number}"))
    assert book.task().shown[-1] == "blocked:siyao:38"
    assert len(book.task().shown) == 16


def test_a_running_task_on_a_first_board_is_a_run_to_be_reclaimed():
    book = Book([_born(Kind.RUNNING)])
    run = book.task().run
    assert (run.executor, run.attempt, run.expires) == ("imported", 1, TS)
    book.add(about(E.RECLAIMED, 1, "ready", run=run.run))
    assert book.task().kind is Kind.READY


def test_a_check_changes_nothing_and_sees_its_own_drafts():
    book = Book([created()])
    before = copy.deepcopy(vars(book.world))
    after = check(book.world, [claimed(), created(2), claimed(2)], ts=TS, device="here")
    assert [task.status.kind for task in after] == [Kind.RUNNING, Kind.READY, Kind.RUNNING]
    with pytest.raises(Refused):
        check(book.world, [claimed(), claimed(attempt=2)], ts=TS, device="here")
    assert vars(book.world) == before


def test_a_name_is_given_once():
    book = Book([created()])
    double = msgspec.structs.replace(created(2), task="TASK-001")
    for drafts in ([double], [created(2), msgspec.structs.replace(created(3), task="TASK-002")]):
        with pytest.raises(Refused) as caught:
            check(book.world, drafts, ts=TS, device="here")
        assert caught.value.data["reason"] == "id_taken"
    with pytest.raises(Refused) as caught:
        check(book.world, [about(E.DECIDED, 9)], ts=TS, device="here")
    assert caught.value.data["reason"] == "no_task"


def test_types_of_a_newer_version_are_kept_and_mean_nothing():
    book = Book([created()])
    newer = msgspec.structs.replace(book.events[-1], type="painted", seq=2, task_id="id-1")
    before = copy.copy(book.task())
    fold(book.world, [newer])
    assert book.task() == before
    assert book.world.seq == 2


def test_names_gone_from_the_board_are_marked_and_unmarked():
    look = {"digest": "d", "gone": ["TASK-001", "TASK-404"]}
    gone = Draft(type=E.FILE_CHANGED_TRIGGERED, data=look)
    book = Book([created(), gone, about(E.EDITED, 1, data={"title": "x"})])
    assert (book.task().missing_since, book.task().title) == (TS, "x")
    book.add(Draft(type=E.FILE_CHANGED_TRIGGERED, data={"digest": "e", "back": ["TASK-001"]}))
    assert book.task().missing_since is None
    assert book.world.digest == "e"


def test_pause_and_resume_are_the_worlds():
    book = Book([Draft(type=E.PAUSED)])
    assert book.world.paused
    assert not book.add(Draft(type=E.RESUMED)).world.paused


NUMBERS = st.integers(1, 3)
DATA = st.fixed_dictionaries(
    {},
    optional={
        "title": st.text(max_size=3),
        "text": st.sampled_from(["a" * 64, "b" * 64]),
        "fields": st.dictionaries(st.sampled_from(["run", "needs"]), st.text(max_size=3)),
        "note": st.none() | st.text(max_size=3),
        "result": st.none() | st.text(max_size=3),
        "unspent": st.booleans(),
        "keep": st.booleans(),
        "receipts": st.lists(st.just({"tier": "exit", "ok": True}), max_size=1),
        "error": st.text(max_size=3),
    },
)
ANY_DRAFT = st.builds(
    about,
    st.sampled_from(sorted(TRANSITIONS)),
    NUMBERS,
    st.sampled_from(sorted(SPELLED.values())),
    run=st.none() | st.sampled_from(["agent-1", "agent-2", "imported-id-1"]),
    attempt=st.none() | st.integers(1, 5),
    agent=st.just("agent"),
    step=st.none() | st.just("analyze"),
    actor=st.sampled_from(["board", "daemon"]),
    data=DATA,
)
LOOK = st.builds(
    Draft,
    type=st.just(E.FILE_CHANGED_TRIGGERED),
    data=st.fixed_dictionaries(
        {"digest": st.text("ab", min_size=1, max_size=2)},
        optional={
            "gone": st.lists(st.sampled_from(["TASK-001", "TASK-002"]), max_size=2),
            "back": st.lists(st.sampled_from(["TASK-001", "TASK-002"]), max_size=2),
            "held": st.none() | st.just("empty"),
        },
    ),
)
PAUSE = st.builds(Draft, type=st.sampled_from([E.PAUSED, E.RESUMED, E.DAEMON_STARTED]))
COMMITS = st.lists(st.lists(ANY_DRAFT | LOOK | PAUSE, min_size=1, max_size=3), max_size=25)


def story(commits):
    """What of these commits the state machine allows, after two tasks were made."""
    book = Book([created(1), created(2)])
    for drafts in commits:
        try:
            book.add(*drafts)
        except Refused:
            continue
    return book


@settings(max_examples=60, deadline=None)
@given(COMMITS, st.data())
def test_folding_in_parts_is_folding_at_once(commits, data):
    book = story(commits)
    cut = data.draw(st.integers(0, len(book.events)))
    parts = fold(fold(World(), book.events[:cut]), book.events[cut:])
    whole = fold(World(), book.events)
    assert vars(parts) == vars(whole) == vars(book.world)


@settings(max_examples=60, deadline=None)
@given(COMMITS)
def test_whatever_happens_terminal_never_regresses_and_every_run_ends_once(commits):
    book = story(commits)
    runs, ended_runs, last = [], [], {}
    for event in book.events:
        if event.task_id is None:
            continue
        before, last[event.task_id] = last.get(event.task_id), event.to
        if event.type == E.CLAIMED:
            runs.append((event.task_id, event.attempt))
        if before == event.to:
            continue
        if before and before.startswith("running"):
            ended_runs.append((event.task_id, event.run))
        if before and before.split(":")[0] in ("done", "failed"):
            assert event.type == E.REQUEUED
            assert before != "done"
    assert len(runs) == len(set(runs)), "an attempt is never used twice"
    for task in book.world.tasks.values():
        assert (task.run is not None) == (task.kind is Kind.RUNNING)
        assert task.status == Status(*task.status)


def test_only_a_task_that_waits_for_its_retry_is_retried():
    waiting = msgspec.structs.replace(
        task_in(Kind.BLOCKED), status=stored_status("blocked:siyao:brief")
    )
    with pytest.raises(Refused) as caught:
        advance(waiting, draft_for(E.RETRIED, waiting, "ready"), ts=TS, seq=9)
    assert caught.value.code == "transition_blocked"
