"""The conformance suite of the ``Ledger`` and ``History`` contracts.

``LAWS`` are async functions; each is given ``open_ledger``, which opens the same, at first empty
ledger anew at every call, as another process would (an implementation in memory may give the
same object). A test of an implementation is one line::

    @pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
    def test_it_keeps(law, tmp_path): asyncio.run(law(lambda: MyLedger(tmp_path)))
"""

# ruff: noqa: D103  a law's name is its sentence

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from taskboard.core.codec import decode
from taskboard.core.event import FIRST_PREV, Draft, Event
from taskboard.core.event import EventType as E
from taskboard.core.fold import fold
from taskboard.core.task import World
from taskboard.errors import Conflict, NotFound, Refused, StaleRun
from taskboard.ledger import History, Ledger
from taskboard.testing.facts import about, claimed, created, late


class Whole(Ledger, History, Protocol):
    """Both contracts in one object."""


Open = Callable[[], Whole]
Law = Callable[[Open], Awaitable[None]]


async def history(ledger: History, after: int = 0) -> list[Event]:
    """Every event with a greater sequence; each line must say what its event says."""
    events = []
    async for event, line in ledger.read(after):
        assert decode(line) == event
        events.append(event)
    return events


def same(a: World, b: World) -> bool:
    """Whether two worlds say the same of everything."""
    return vars(a) == vars(b)


async def _refused(ledger: Whole, drafts: Sequence[Draft], kind: type[Refused] = Refused) -> None:
    before = await history(ledger)
    try:
        await ledger.append(drafts)
    except kind:
        pass
    else:
        raise AssertionError(f"{[draft.type for draft in drafts]} was recorded")
    assert await history(ledger) == before


async def what_is_acknowledged_is_in_every_later_fold(open_ledger: Open) -> None:
    first = open_ledger()
    events = await first.append([created()])
    world = await open_ledger().look()
    assert world.tasks["id-1"].task == "TASK-001"
    assert (world.seq, world.head) == (events[-1].seq, events[-1].hash)
    assert (await first.look()).seq == world.seq


async def a_ledger_opens_itself_in_its_first_commit(open_ledger: Open) -> None:
    ledger = open_ledger()
    (event,) = await ledger.append([created()])
    opened, first = await history(ledger)
    assert opened.type == E.LEDGER_OPENED
    assert (opened.seq, opened.more, opened.prev) == (1, 1, FIRST_PREV)
    assert first == event
    assert (await ledger.look()).ledger_id == opened.data["ledger_id"]


async def the_chain_has_no_gap_and_commits_count_down(open_ledger: Open) -> None:
    ledger = open_ledger()
    await ledger.append([created(1), created(2), created(3)])
    await ledger.append([about(E.DECIDED)])
    events = await history(ledger)
    assert [event.seq for event in events] == [1, 2, 3, 4, 5]
    assert [event.more for event in events] == [3, 2, 1, 0, 0]
    assert [event.prev for event in events] == [FIRST_PREV, *(e.hash for e in events[:-1])]


async def events_say_from_where_to_where(open_ledger: Open) -> None:
    ledger = open_ledger()
    made = await ledger.append([created(), claimed(), about(E.STEP_STARTED, run="agent-1")])
    assert [(e.from_, e.to) for e in made] == [
        (None, "ready"),
        ("ready", "running:agent:2026-11-20T12:00Z"),
        ("running:agent:2026-11-20T12:00Z", "running:agent:2026-11-20T12:00Z"),
    ]
    assert made[2].attempt == 1, "the attempt of a run is known by the run"
    (failed,) = await ledger.append([about(E.FAILED, 1, "failed:final", run="agent-1")])
    assert (failed.spent, failed.v) == (1, 1)


async def folding_what_was_read_gives_the_same_world(open_ledger: Open) -> None:
    ledger = open_ledger()
    await ledger.append([created(1, text="0" * 64, fields={"run": "true"}), created(2)])
    missing = Draft(type=E.FILE_CHANGED_TRIGGERED, data={"digest": "d", "gone": ["TASK-002"]})
    await ledger.append([missing, about(E.EDITED, 2, data={"title": "other"}), claimed(1)])
    await ledger.append([about(E.COMPLETED, 1, "done", run="agent-1", data={"tier": "exit"})])
    live = await ledger.look()
    assert same(fold(World(), await history(ledger)), live)
    assert same(await open_ledger().look(), live)


async def a_refused_draft_takes_its_whole_commit_with_it(open_ledger: Open) -> None:
    ledger = open_ledger()
    await ledger.append([created()])
    await _refused(ledger, [about(E.COMPLETED, 1, "done", run="nobody")])
    await _refused(ledger, [created(2), about(E.REQUEUED, 1, "ready"), created(3)])
    await _refused(ledger, [created(2), about(E.CREATED, 2, "ready")])
    assert set((await ledger.look()).tasks) == {"id-1"}
    await ledger.append([created(2)])


async def an_id_is_never_given_to_a_second_task(open_ledger: Open) -> None:
    ledger = open_ledger()
    await ledger.append([created()])
    again = Draft(type=E.CREATED, task_id="id-9", task="TASK-001", to="ready")
    await _refused(ledger, [again])


async def after_holds_for_the_very_world_it_was_made_on(open_ledger: Open) -> None:
    one, other = open_ledger(), open_ledger()
    await one.append([created()], after=0)
    seq = (await other.look()).seq
    await one.append([about(E.DECIDED)], after=seq)
    try:
        await other.append([about(E.DECIDED)], after=seq)
    except Conflict:
        pass
    else:
        raise AssertionError("the world had moved on")
    assert (await other.look()).seq == seq + 1
    await other.append([about(E.DECIDED)], after=seq + 1)


async def an_id_seen_before_gives_the_first_result(open_ledger: Open) -> None:
    ledger = open_ledger()
    drafts = [created(), Draft(type=E.DECIDED, task_id="id-1", id="the-id")]
    first = await ledger.append(drafts)
    await ledger.append([created(2)])
    assert await ledger.append(drafts) == first
    assert await open_ledger().append(drafts) == first
    assert await ledger.append(drafts, after=0) == first
    assert (await ledger.look()).seq == 4
    new = Draft(type=E.DECIDED, task_id="id-1", id="new")
    await _refused(ledger, [drafts[1], new])
    assert len(await ledger.append([new])) == 1


async def nothing_appended_is_nothing_recorded(open_ledger: Open) -> None:
    ledger = open_ledger()
    assert await ledger.append([]) == []
    assert (await ledger.look()).seq == 0
    assert await history(ledger) == []


async def look_gives_the_same_object_every_time(open_ledger: Open) -> None:
    ledger = open_ledger()
    world = await ledger.look()
    await ledger.append([created()])
    assert world is await ledger.look()
    assert world.seq == 2


async def reading_goes_on_after_a_sequence(open_ledger: Open) -> None:
    ledger = open_ledger()
    await ledger.append([created()])
    for _ in range(5):
        await ledger.append([about(E.DECIDED), about(E.DECIDED)])
    assert [e.seq for e in await history(ledger, 7)] == [8, 9, 10, 11, 12]
    assert await history(ledger, 12) == []
    assert await history(ledger, 99) == []


async def objects_come_back_by_their_digest(open_ledger: Open) -> None:
    ledger = open_ledger()
    digest = await ledger.keep(b"a text \xff\x00")
    assert await ledger.keep(b"a text \xff\x00") == digest
    assert len(digest) == 64
    assert await open_ledger().fetch(digest) == b"a text \xff\x00"
    try:
        await ledger.fetch("0" * 64)
    except NotFound:
        pass
    else:
        raise AssertionError("nothing was kept under that digest")


async def of_many_who_claim_one_wins(open_ledger: Open) -> None:
    ledgers = [open_ledger() for _ in range(8)]
    await ledgers[0].append([created()])
    for attempt in range(1, 6):
        tries = [
            ledger.append([claimed(attempt=attempt, agent=f"a{n}")])
            for n, ledger in enumerate(ledgers)
        ]
        results = await asyncio.gather(*tries, return_exceptions=True)
        won = [one for one in results if not isinstance(one, BaseException)]
        assert len(won) == 1
        assert all(isinstance(one, Refused) for one in results if one is not won[0])
        run = won[0][0].run
        assert (await ledgers[-1].look()).tasks["id-1"].run.run == run  # type: ignore[union-attr]
        await ledgers[0].append([about(E.RELEASED, 1, "ready", run=run)])


async def a_late_run_is_refused_for_every_verb(open_ledger: Open) -> None:
    ledger = open_ledger()
    await ledger.append([created(), claimed(attempt=1, agent="old")])
    await open_ledger().append([about(E.RECLAIMED, 1, "ready", run="old-1")])
    await ledger.append([claimed(attempt=2, agent="new")])
    for draft in late("old-1"):
        await _refused(ledger, [draft], StaleRun)
    await _refused(ledger, [claimed(attempt=3, agent="old")])
    await ledger.append([about(E.COMPLETED, 1, "done", run="new-2")])
    for draft in late("old-1"):
        await _refused(ledger, [draft])
    assert (await ledger.look()).tasks["id-1"].status.text == "done"


async def tasks_append_side_by_side(open_ledger: Open) -> None:
    ledger = open_ledger()
    await ledger.append([created(n) for n in range(20)])

    async def work(number: int) -> None:
        for turn in range(10):
            (event,) = await ledger.append([about(E.DECIDED, number, data={"turn": turn})])
            assert event.data == {"turn": turn}

    await asyncio.gather(*(work(n) for n in range(20)))
    events = (await history(ledger))[21:]
    assert len(events) == 200
    for number in range(20):
        turns = [e.data["turn"] for e in events if e.task_id == f"id-{number}"]
        assert turns == list(range(10))


async def who_stops_waiting_harms_nobody(open_ledger: Open) -> None:
    ledger = open_ledger()
    await ledger.append([created(n) for n in range(6)])
    tries = [asyncio.create_task(ledger.append([about(E.DECIDED, n)])) for n in range(6)]
    await asyncio.sleep(0)
    tries[0].cancel()
    await asyncio.sleep(0)
    tries[3].cancel()
    results = await asyncio.gather(*tries, return_exceptions=True)
    kept = {e.task_id for e in (await history(ledger))[7:]}
    for number, result in enumerate(results):
        if isinstance(result, list):
            assert f"id-{number}" in kept
    assert all(isinstance(results[n], list) for n in (1, 2, 4, 5))
    assert same(await open_ledger().look(), await ledger.look())


async def what_utf8_cannot_spell_is_replaced(open_ledger: Open) -> None:
    ledger = open_ledger()
    await ledger.append([created(1, fields={"note": "caf\udce9"})])
    live = await ledger.look()
    assert live.tasks["id-1"].fields == {"note": "caf?"}
    assert same(await open_ledger().look(), live)


LAWS: tuple[Law, ...] = (
    what_is_acknowledged_is_in_every_later_fold,
    a_ledger_opens_itself_in_its_first_commit,
    the_chain_has_no_gap_and_commits_count_down,
    events_say_from_where_to_where,
    folding_what_was_read_gives_the_same_world,
    a_refused_draft_takes_its_whole_commit_with_it,
    an_id_is_never_given_to_a_second_task,
    after_holds_for_the_very_world_it_was_made_on,
    an_id_seen_before_gives_the_first_result,
    nothing_appended_is_nothing_recorded,
    look_gives_the_same_object_every_time,
    reading_goes_on_after_a_sequence,
    objects_come_back_by_their_digest,
    of_many_who_claim_one_wins,
    a_late_run_is_refused_for_every_verb,
    tasks_append_side_by_side,
    who_stops_waiting_harms_nobody,
    what_utf8_cannot_spell_is_replaced,
)
