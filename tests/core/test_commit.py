import msgspec

from taskboard.core.commit import REMEMBERED, Recent, apply, commit, opening, repeated
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.task import World
from taskboard.testing.facts import about, created

TS = "2026-11-20T12:00:00.000000Z"


def made(world, *drafts):
    ids = [f"spare-{n}" for n in range(len(drafts))]
    return commit(world, drafts, ts=TS, device="here", ids=ids)


def test_a_commit_changes_nothing_until_it_is_applied():
    world = World()
    sealed = made(world, created())
    assert (world.seq, world.tasks) == (0, {})
    apply(world, sealed)
    assert world.seq == 1
    assert world.head == sealed[-1].event.hash


def test_a_drafts_own_id_is_used_and_the_others_get_spare_ones():
    own = msgspec.structs.replace(created(2), id="own")
    assert [one.event.id for one in made(World(), created(1), own)] == ["spare-0", "own"]


def test_an_opening_is_put_first_and_only_once():
    opened, first = opening([created()], "the-ledger", "task-board.md")
    assert opened.data == {"ledger_id": "the-ledger", "board": "task-board.md"}
    assert first == created()
    forked = [Draft(type=E.LEDGER_OPENED, data={"ledger_id": "forked"})]
    assert opening(forked, "other", "x.md") == forked


def test_ten_thousand_ids_are_remembered_and_no_more():
    world = World()
    apply(world, made(world, created()))
    (one,) = made(world, about(E.DECIDED))
    recent = Recent()
    for number in range(REMEMBERED + 1):
        recent.note([msgspec.structs.replace(one.event, id=str(number))], number)
    known = [n for n in (0, 1, 2, REMEMBERED) if recent.places([about(E.DECIDED, id=str(n))])]
    assert known == [1, 2, REMEMBERED]


def test_a_repeated_first_commit_is_given_back_without_the_opening():
    world = World()
    events = [one.event for one in made(world, *opening([created()], "ledger", "x.md"))]
    assert repeated([created()], events) == events[1:]
