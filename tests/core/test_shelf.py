"""Tasks that are over lie packed, and are what they were."""

import msgspec
import pytest

from taskboard.core.commit import apply, commit
from taskboard.core.event import EventType as E
from taskboard.core.fold import Fold, fold
from taskboard.core.lazy import LazyMap
from taskboard.core.shelf import BLOCK, Shelf
from taskboard.core.task import World
from taskboard.testing.facts import about, claimed, created

TS = "2026-11-20T12:00:00.000000Z"
MANY = 3 * BLOCK


def book(*commits):
    """What these commits make of a world, fact by fact, and their events."""
    world, events = World(), []
    for number, drafts in enumerate(commits):
        ids = [f"event-{number}-{n}" for n in range(len(drafts))]
        made = commit(world, drafts, ts=TS, device="here", ids=ids)
        apply(world, made)
        events += [one.event for one in made]
    return world, events


def lives(count, *more):
    """Tasks that are claimed and fail, but for every tenth; then ``more``."""
    for number in range(1, count + 1):
        yield [created(number, title=f"Task {number}", fields={"run": "true"}, work=f"{number}")]
        yield [claimed(number, attempt=1)]
        if number % 10:
            name = "agent-1"
            yield [about(E.FAILED, number, "failed:final", run=name, data={"error": "no"})]
    yield from more


def packed(events, *, every=7):
    """A world folded as a ledger is, put away after every few events."""
    world = World()
    folding = Fold(world)
    for number, event in enumerate(events):
        folding.add(event)
        if number % every == 0:
            folding.put_away()
    return world


def lying(world):
    """How many of its tasks are packed."""
    return sum(type(one) is int for one in world.tasks._found.values())


def test_a_world_whose_finished_tasks_are_packed_says_the_same():
    world, events = book(*lives(MANY))
    found = packed(events)
    assert lying(found) >= MANY - MANY // 10 - 2 * BLOCK
    assert list(found.tasks) == list(world.tasks)
    assert found.open_tasks() == world.open_tasks()
    assert found.tasks["id-7"] == world.tasks["id-7"]
    assert vars(found) == vars(world)
    assert vars(found) == vars(fold(World(), events))


def test_few_finished_tasks_are_not_packed():
    world, events = book(*lives(BLOCK))
    found = packed(events)
    assert not isinstance(found.tasks, LazyMap)
    assert vars(found) == vars(world)


def test_a_task_that_changes_after_it_was_packed_says_the_same():
    again = [[about(E.REQUEUED, n, "ready"), claimed(n, attempt=2)] for n in (1, 2, 3)]
    gone = [[about(E.EDITED, n, data={"hidden": True})] for n in range(11, 20)]
    world, events = book(*lives(MANY, *again, *gone))
    found = packed(events)
    assert {one.task_id for one in found.open_tasks()} >= {"id-1", "id-2", "id-3"}
    assert found.tasks["id-11"].hidden
    assert vars(found) == vars(world)


def test_tasks_that_end_again_and_again_do_not_fill_the_memory():
    count = BLOCK + 1
    rounds = []
    for attempt in range(2, 12):
        for n in range(1, count + 1):
            if n % 10:
                name = f"agent-{attempt}"
                rounds.append([about(E.REQUEUED, n, "ready"), claimed(n, attempt=attempt)])
                rounds.append([about(E.FAILED, n, "failed:final", run=name)])
    world, events = book(*lives(count, *rounds))
    found = World()
    folding = Fold(found)
    for event in events:
        folding.add(event)
        folding.put_away()
    assert folding._shelf.count <= 4 * count
    assert vars(found) == vars(world)


def test_an_older_look_at_a_task_does_not_change_with_what_is_folded_later():
    world, events = book(*lives(3))
    half = fold(World(), events[:5])
    before = dict(half.tasks)
    kept = {name: msgspec.structs.replace(task) for name, task in before.items()}
    fold(half, events[5:])
    assert before == kept
    assert half.tasks["id-2"] != before["id-2"]
    assert vars(half) == vars(world)


@pytest.mark.parametrize("odd", [5, ["a"], {"a": [1.5, None]}, 2**70])
def test_what_an_event_says_of_another_kind_stays_as_it_was_said(odd):
    _, events = book(*lives(MANY))
    task = packed(events).tasks["id-1"]
    strange = msgspec.structs.replace(task, title=odd, refusal=odd)
    shelf = Shelf()
    first, second = shelf.put([strange, task])
    if odd == 2**70:
        assert first is None  # it stays where it is
    else:
        assert shelf.load("", first) == strange
    assert shelf.load("", second) == task
